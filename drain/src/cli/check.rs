//! `logring-drain check`: says whether a config file is right, and what it comes to.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use crate::config::Settings;

/// Check a config file and print the config in effect
///
/// Prints every setting, with the defaults for those that the file does not name. What is wrong is
/// told with file, line and column, and exit code 2.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  logring-drain check --config drain.toml")]
pub struct CheckArgs {
    /// The config file in TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Checks the file and prints the effective config.
///
/// # Errors
/// A file that cannot be read or is not right.
pub fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let config = Settings::read(&args.config)?.effective().map_err(|error| {
        // What is missing stands on no line.
        error.within(args.config.display())
    })?;
    // A reader that went away has seen enough.
    let _ = write!(std::io::stdout(), "{config}");
    Ok(Exit::Ok)
}
