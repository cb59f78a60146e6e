//! `logring-drain stats`: its arguments.

use clap::Args;

use crate::stats::Options;

/// Show who logs, how full the ring is and how far the drain is
///
/// Shows for each process its threads and records, with those that are lost, torn or malformed; how
/// many blocks of the ring are free and the most that were in use at once; how far the drain and
/// each of its sinks is. Takes nothing and changes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  logring-drain stats --segment billing\n\nFor a program, one object a \
                  second:\n  logring-drain stats --segment billing --json --watch"
)]
pub struct StatsArgs {
    /// The segment's name
    #[arg(long, value_name = "NAME")]
    segment: String,
    /// Print one object of JSON, in one line
    #[arg(long)]
    json: bool,
    /// Print again every second
    #[arg(long)]
    watch: bool,
}

impl From<StatsArgs> for Options {
    fn from(args: StatsArgs) -> Self {
        let StatsArgs { segment, json, watch } = args;
        Self { segment, json, watch }
    }
}
