//! Log calls: macros, callsites, loggers, filters, and joining a segment.
//!
//! A macro's expansion tests the callsite's level, encodes the values and hands on to `emit`, which
//! is not generic: the encoding alone is compiled anew for each call.

pub mod builder;
pub mod callsite;
pub mod emit;
pub mod filter;
mod installed;
pub mod logger;
mod overflow;
pub mod producer;
mod thread;

pub use builder::{Builder, Guard, builder};
pub use callsite::Callsite;
pub use filter::Filter;
pub use installed::early_calls;
pub use logger::{Interner, Logger, Pairs, logger};
pub use overflow::Overflow;
pub use producer::Producer;
