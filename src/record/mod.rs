//! Records: events as bytes, and back.
//!
//! Producers encode ([`Value`], [`Writer`]), the drain decodes ([`decode()`]). How a value stands in
//! its bytes is `layout::value`; how the payload is made up is `layout::record`.

mod any;
pub mod callsite;
pub mod decode;
pub mod event;
pub mod staged;
mod text;
pub mod value;
pub mod writer;

pub use callsite::{CallsiteInfo, Facts};
pub use decode::{DecodeError, Raw, Strings, decode};
pub use event::{AnyValue, ErrorChain, Event, Field};
pub use staged::{AsDebug, AsDisplay, AsError, List, Map};
pub use value::{Bytes, Uuid, Value};
#[cfg(not(logring_loom))]
pub(crate) use writer::Padded;
pub use writer::{Extents, Rest, Scratch, Writer};

#[cfg(test)]
mod tests;
