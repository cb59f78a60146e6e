//! `logring-drain segments`: its subcommands and their arguments.

use clap::{Args, Subcommand};

/// List, look into and remove segments
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  logring-drain segments ls\n  \
                  logring-drain segments info billing --json\n  logring-drain segments rm billing")]
pub struct SegmentsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: SegmentsCommand,
}

#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "the commands are documented by their arguments' types")]
pub enum SegmentsCommand {
    Ls(LsArgs),
    Info(InfoArgs),
    Rm(RmArgs),
}

/// List the segments of this user
///
/// Shows of each its size, its layout version, how many living processes log into it, which drain
/// reads it, when it was created, and how much of its ring is in use. Segments of another layout
/// version and damaged ones are listed as such.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  logring-drain segments ls")]
pub struct LsArgs {
    /// One JSON object a line for each segment
    #[arg(long)]
    pub json: bool,
}

/// Show all that is known of a segment
///
/// The header, the geometry, who holds the drain lock, blocks, dictionary, level words, and the
/// processes that have logged. Changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  logring-drain segments info billing")]
pub struct InfoArgs {
    /// The segment's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Remove a segment that nobody uses
///
/// Refuses while a process that has logged into it lives, or a drain runs, and names them. What no
/// drain has written yet is gone with it. Removes the files beside it and the drain's ledger too.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  logring-drain segments rm billing\n\n\
                        Exit codes beside the usual ones:\n  3 somebody uses the segment")]
pub struct RmArgs {
    /// The segment's name
    #[arg(value_name = "NAME")]
    pub name: String,
}
