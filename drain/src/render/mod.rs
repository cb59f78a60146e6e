//! Renderers: event to bytes. The drain hands each event that its processors kept to the renderer
//! of every sink, which appends one line to that sink's batch.
//!
//! A renderer keeps untrusted text harmless: whatever stands in an event, it is one line, without
//! control characters or characters that reorder text. It never fails.

pub mod escape;
mod guarded;
pub mod json;
mod line;
pub mod number;
pub mod template;
pub mod time;
mod unique;

pub(crate) use guarded::Guarded;
pub use guarded::RENDERER_ERROR;
pub use json::{JsonOptions, JsonRenderer};

use logring::record::Event;

/// Turns events into bytes.
pub trait Renderer: Send {
    /// Appends `event` to `out` as one line, its newline included.
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>);
}
