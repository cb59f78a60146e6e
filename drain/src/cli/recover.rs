//! `logring-drain recover`: its arguments.

use clap::Args;
use logring::Level;

use crate::recover::Options;
use crate::render::Form;

/// Print what a dead or copied segment holds
///
/// Prints the records that no drain has written yet, in time order, and with them what is known to
/// be missing. Takes nothing and changes nothing: a drain that is started afterwards writes them all
/// the same. What was printed is said on stderr.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  logring-drain recover billing\n\nOf a copy that was taken from another \
                  machine:\n  logring-drain recover ./logring-0-billing --format json > billing.jsonl"
)]
pub struct RecoverArgs {
    /// A segment's name, or the file of one; what has a slash in it is a file
    #[arg(value_name = "SEGMENT|FILE")]
    what: String,
    /// The form of lines: json, logfmt or console [default: console on a terminal, else json]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// Only records of this level or above
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Also what a drain has written already, as far as it still stands there
    #[arg(long)]
    all: bool,
}

impl From<RecoverArgs> for Options {
    fn from(args: RecoverArgs) -> Self {
        let RecoverArgs { what, format, level, all } = args;
        Self { what, form: format, level, all }
    }
}
