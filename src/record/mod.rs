//! Records: events as bytes, and back.
//!
//! Producers encode ([`Value`], [`Writer`]), the drain decodes ([`decode()`]). How a value stands in
//! its bytes is `layout::value`; how the payload is made up is `layout::record`.

mod any;
pub(crate) mod backtrace;
pub mod callsite;
pub mod decode;
pub mod event;
pub mod secret;
#[cfg(feature = "serde")]
mod serialize;
pub mod staged;
pub(crate) mod text;
mod types;
pub mod value;
pub mod writer;

pub use callsite::{CallsiteInfo, Facts};
pub use decode::{DecodeError, Raw, Strings, decode};
pub use event::{AnyValue, ErrorChain, Event, Field};
pub use secret::{Redacted, Secret};
#[cfg(feature = "serde")]
pub use serialize::AsSerde;
pub use staged::{AsDebug, AsDisplay, AsError, List, Map, WithBacktrace};
pub use value::{Bytes, Uuid, Value};
#[cfg(not(logring_loom))]
pub(crate) use writer::Padded;
pub use writer::{Extents, Rest, Scratch, Writer};

#[cfg(test)]
mod tests;
