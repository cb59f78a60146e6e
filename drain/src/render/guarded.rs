//! A renderer of the user's own, kept from doing harm: an event in which it panics becomes a line of
//! JSON instead, with the field [`RENDERER_ERROR`].

use std::borrow::Cow;

use logring::record::{AnyValue, Event, Field};

use super::{JsonRenderer, LineOptions, Renderer};
use crate::panics::caught;

/// The field that marks an event in which a renderer panicked: the panic's text.
pub const RENDERER_ERROR: &str = "renderer_error";

/// The user's renderer, and the one that stands in for it.
pub(crate) struct Guarded {
    renderer: Box<dyn Renderer>,
    stand_in: JsonRenderer,
}

impl Guarded {
    pub(crate) fn new(renderer: Box<dyn Renderer>) -> Self {
        Self { renderer, stand_in: JsonRenderer::new(LineOptions::default()) }
    }
}

impl Renderer for Guarded {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let before = out.len();
        if let Err(text) = caught(|| self.renderer.render(event, out)) {
            // What it had written of this line; never more than there is.
            out.truncate(before);
            let mut event = event.clone();
            let value = AnyValue::Str(Cow::Owned(text));
            event.fields.push(Field { key: Cow::Borrowed(RENDERER_ERROR), value });
            self.stand_in.render(&event, out);
        }
    }
}
