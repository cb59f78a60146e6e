//! Log calls: macros, callsites, loggers, filters, and joining a segment.
//!
//! A macro's expansion tests the callsite's level, encodes the values and hands on to `emit`, which
//! is not generic: the encoding alone is compiled anew for each call.

#[macro_use]
mod macros;

mod aside;
pub mod builder;
pub mod callsite;
pub(crate) mod captured;
mod check;
mod clock;
pub mod context;
mod drain_thread;
pub mod dynamic;
pub mod emit;
mod fields;
pub mod filter;
mod flush;
mod forked;
mod installed;
pub mod levels;
pub mod limit;
pub mod logger;
mod overflow;
pub mod panics;
pub mod producer;
pub mod staged;
mod thread;

pub use builder::{Builder, Guard, builder};
pub use callsite::Callsite;
pub use clock::Clock;
pub use context::Pairs;
pub use context::keys::renamed_keys;
pub use drain_thread::{DrainThread, PrivateRecord};
pub use dynamic::{Record, Site};
pub use emit::truncated::truncated_records;
pub use filter::Filter;
pub use flush::{flush, flush_durable};
pub use installed::early_calls;
pub use logger::{Interner, Logger, TmpBound, logger};
pub use overflow::Overflow;
pub use panics::{CatchAsync, Caught, catch, catch_async, log_panics};
pub use producer::Producer;

/// What the macros' expansions name. Not for use: it changes with them.
#[doc(hidden)]
pub mod private {
    pub use super::callsite::Callsite;
    pub use super::check::check_names;
    pub use super::emit::{begin, commit};
    pub use super::fields::Fields;
    pub use super::limit::{Every, EveryN, Once, Sample};
    pub use super::logger::DEFAULT;
    pub use super::staged::{
        ByCall, ByError, ByNothing, ByReference, ByValue, Probe, plain, staged,
    };
    #[cfg(feature = "serde")]
    pub use serde_core::Serialize;
}

#[cfg(test)]
mod tests;
