//! What the benchmarks share: the records that they log and the lines that must come of them, the
//! drain as a child process, cores and what lies between them, and the result as a line of JSON.
//!
//! One question a binary, see `src/bin/`. A binary prints its result twice: as JSON for machines,
//! then for people.

pub mod checks;
pub mod contender;
pub mod cores;
pub mod drain;
pub mod floor;
pub mod lines;
#[cfg(feature = "peers")]
pub mod peers;
pub mod producers;
pub mod report;
pub mod results;
pub mod setting;
pub mod spread;
pub mod svg;
pub mod ticks;
pub mod turn;

/// What went wrong: a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Ends the process with what `run` came to.
#[must_use]
pub fn exit(name: &str, result: Result<(), Failure>) -> std::process::ExitCode {
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{name}: {failure}");
            std::process::ExitCode::FAILURE
        }
    }
}
