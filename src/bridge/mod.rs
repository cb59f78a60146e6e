//! Bridges: what a program or its crates log by `log` or `tracing` goes through the ring, unchanged.
//!
//! With the feature `log` or `tracing` one more word where the segment is installed does it:
//!
//! ```no_run
//! # fn main() -> logring::Result<()> {
//! # #[cfg(all(feature = "log", feature = "tracing"))]
//! let _guard = logring::builder("billing").log_bridge().tracing_bridge().install()?;
//! # Ok(())
//! # }
//! ```
//!
//! | there | here |
//! |---|---|
//! | a callsite: level, target, file, line, names of fields | interned once; a record has its number |
//! | a message without values | the event's text, interned with the callsite |
//! | a message with values | text, formatted where it is logged, as it is there |
//! | integers, doubles, booleans, texts, bytes, errors | typed fields |
//! | all else (`?x`, `%x`) | text |
//! | `trace debug info warn error` | `trace debug info warning error` |
//! | a span of `tracing` | context of what is logged in it, by logring's own macros and `log` too |
//!
//! The level that is in force for a target decides, also when an operator changes it while the
//! process runs. That is asked at each call: one that is not enabled costs about ninety instructions,
//! half of them or more the other crate's, where one of logring's own costs eight. What must cost
//! nothing is left out when the program is compiled: both crates have features `max_level_info` and
//! the like.

mod foreign;
mod leaked;

#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "tracing")]
pub mod tracing;
