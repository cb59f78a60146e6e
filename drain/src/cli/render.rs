//! `logring-drain render`: a config's processors and renderers over events from standard input.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use crate::config::{Settings, Sink};
use crate::tryout::Tryout;

/// Try out a config's processors and renderers
///
/// Reads events as JSON lines from standard input, runs them through the config's processors and
/// prints what each sink would write; with several sinks, each line behind the sink's path. Lines of
/// the drain's own JSON read back as the events that they were. Nothing is created or written.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    echo '{\"event\":\"hi\",\"password\":\"x\"}' | logring-drain render --config drain.toml")]
pub struct RenderArgs {
    /// The config file in TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Renders standard input to standard output.
///
/// # Errors
/// A file that cannot be read or is not right; a line that is no event.
pub fn render(args: &RenderArgs) -> Result<Exit, Failure> {
    let Settings { processors, mut sinks, .. } = Settings::read(&args.config)?;
    if sinks.is_empty() {
        sinks.push(Sink::json("default"));
    }
    let mut out = std::io::stdout().lock();
    let result = Tryout::new(&processors, sinks)?.run_all(std::io::stdin().lock(), &mut out);
    // A reader that went away has seen enough.
    let _ = out.flush();
    result?;
    Ok(Exit::Ok)
}
