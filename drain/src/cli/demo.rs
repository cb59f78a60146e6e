//! `logring-drain demo`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// Start many processes that log at once, and check every record of every one
///
/// Starts N processes that are released together and write M records each, drains them into a
/// file, reads the file back, and checks that every record of every process is there once and in
/// order. Ends with exit code 0 only if all of that holds.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  logring-drain demo --processes 100 --records 10000 --out demo.jsonl"
)]
pub struct DemoArgs {
    /// How many processes log
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub processes: u32,
    /// How many records each of them writes
    #[arg(long, value_name = "M", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub records: u32,
    /// The file for the JSON lines; what stands there already is left alone [default: one that is
    /// removed in the end]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
