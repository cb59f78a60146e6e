//! structlog's renderers, byte for byte: what a sink with a `renderer` of its own writes. They print
//! the fields that the sink's processors leave, in structlog's order, and nothing else: context,
//! fields of the call, `event`, then what processors added.
//!
//! Where structlog lets through what could deceive a reader (control characters, forged lines), or
//! writes what is no JSON, they differ, unless `exact = true`; `docs/parity.md` lists it.

pub(super) mod block;
pub(super) mod console;
mod items;
pub(super) mod json;
pub(super) mod key_value;
pub(super) mod logfmt;
pub(super) mod safe;

pub(super) use console::style::style;

use std::borrow::Cow;

use logring::record::{AnyValue, Event};

use super::Renderer;
use super::template::Templates;
use super::template::mark::is_mark;
use super::unique::as_dict;

/// A key and its value.
pub(super) type Pair<'e, 'a> = (&'e str, Cow<'e, AnyValue<'a>>);

/// How pairs become a line.
pub(super) trait Form: Send {
    /// Appends the line, without its newline.
    fn write(&self, pairs: Vec<Pair<'_, '_>>, out: &mut String);
}

/// A renderer that prints the fields of an event in structlog's order, in a form of its own.
pub(super) struct Fields<F> {
    form: F,
    templates: Templates,
    line: String,
}

impl<F: Form> Fields<F> {
    pub(super) fn new(form: F) -> Self {
        Self { form, templates: Templates::new(), line: String::new() }
    }
}

/// The pairs that stand in an event, `text` at the place of its text, and the marks that it carries.
pub(super) fn pairs<'e, 'a>(event: &'e Event<'a>, text: &'e AnyValue<'a>) -> Vec<Pair<'e, 'a>> {
    let fields = event.context.iter().chain(&event.fields);
    let mut pairs: Vec<Pair<'_, '_>> = as_dict(fields.map(|field| {
        let value = if is_mark(&field.value) { text } else { &field.value };
        (&*field.key, Cow::Borrowed(value))
    }));
    for (mark, is_set) in [("late", event.late), ("truncated", event.truncated)] {
        if is_set && pairs.iter().all(|(key, _)| *key != mark) {
            pairs.push((mark, Cow::Owned(AnyValue::Bool(true))));
        }
    }
    pairs
}

impl<F: Form> Renderer for Fields<F> {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let text = AnyValue::Str(Cow::Owned(self.templates.filled(event).to_owned()));
        self.line.clear();
        self.form.write(pairs(event, &text), &mut self.line);
        out.extend_from_slice(self.line.as_bytes());
        out.push(b'\n');
    }
}
