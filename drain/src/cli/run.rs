//! `logring-drain run`: its arguments, and the effective config that they make with a file.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::config::{Config, OwnLevels, Settings, Sink, parse_duration, parse_size};

/// Drain a segment until stopped
///
/// Reads what processes log into the segment, puts it into one order by time, and appends it to
/// each sink. Creates the segment if it is absent. SIGTERM or Ctrl-C ends it after everything
/// committed so far has been written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  logring-drain run --segment billing --sink json:billing.jsonl\n\n\
                  With a config file, of which the flags override what they name:\n  \
                  logring-drain run --config drain.toml --max-hold 5s"
)]
pub struct RunArgs {
    /// The segment's name: the one that the processes give to `logring::builder`
    #[arg(long, value_name = "NAME")]
    segment: Option<String>,
    /// A config file in TOML; `logring-drain check` tells whether it is right
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where lines go: json:PATH appends JSON lines to a file, logfmt:PATH logfmt lines; console
    /// prints lines for people. Without a path, stdout. Repeat it for several; then the config
    /// file's sinks do not count
    #[arg(long = "sink", value_name = "KIND[:PATH]")]
    sinks: Vec<Sink>,
    /// Wait until a process has created the segment, instead of creating it
    #[arg(long)]
    wait: bool,
    /// Ask the drain that runs on the segment to end, wait until it has, and go on where it was:
    /// for an upgrade without a gap
    #[arg(long)]
    takeover: bool,
    /// Size of the ring, if this creates the segment, like 64MiB [default: 16MiB]
    #[arg(long, value_name = "N", value_parser = parse_size)]
    ring_bytes: Option<u64>,
    /// How long the order of all waits for one record that a process has begun and not finished
    /// [default: 2s]
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    max_hold: Option<Duration>,
}

impl RunArgs {
    /// The effective config: flags over the file over the defaults.
    ///
    /// # Errors
    /// Those of the file, and of the whole.
    pub fn config(self) -> logring::Result<Config> {
        let file = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        let flags = Settings {
            segment: self.segment,
            order: None,
            max_hold: self.max_hold,
            ring_bytes: self.ring_bytes,
            wait: self.wait.then_some(true),
            processors: Vec::new(),
            levels: OwnLevels::new(),
            sinks: self.sinks,
        };
        Ok(Config { takeover: self.takeover, ..flags.over(file).effective()? })
    }
}
