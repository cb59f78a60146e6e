//! Runs a drain by its effective config.

use crate::cli::exit::{Exit, Failure};
use crate::config::Config;

/// Drains the config's segment until told to stop.
///
/// # Errors
/// A segment or sink that cannot be opened or is lost.
pub fn run(config: Config) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Segment, format!("cannot attach to segment {}", config.segment)))
}
