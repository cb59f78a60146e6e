//! Records: events as bytes, and back.

pub mod event;

pub use event::{AnyValue, ErrorChain, Event, Field};
