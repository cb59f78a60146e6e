//! `logring-drain level`: its arguments.

use clap::Args;

use crate::level::Options;

/// Show or set the levels in force, for all processes at once
///
/// Without a specification, shows the rules that are set and the level of each target that has
/// logged. With one, adds it to the rules: they win over what processes were started with, hold for
/// every process that logs into the segment, now and later, and until they are reset. When the command
/// returns, the next log call obeys. No drain need run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  logring-drain level --segment billing\n  \
                        logring-drain level --segment billing billing::db=debug,hyper=off\n  \
                        logring-drain level --segment billing --reset\n\n\
                        A part is `LEVEL` for all targets or `TARGET=LEVEL` for one and those below \
                        it; levels are words, numbers, `off` or `all`.")]
pub struct LevelArgs {
    /// The segment's name
    #[arg(long, value_name = "NAME")]
    segment: String,
    /// What is to be in force, as in LOGRING: `info,billing::db=debug`
    #[arg(value_name = "SPEC")]
    specs: Vec<String>,
    /// Take all rules back; with targets, those of these targets
    #[arg(long)]
    reset: bool,
}

impl From<LevelArgs> for Options {
    fn from(args: LevelArgs) -> Self {
        let LevelArgs { segment, specs, reset } = args;
        Self { segment, specs, reset }
    }
}
