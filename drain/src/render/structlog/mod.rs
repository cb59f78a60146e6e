//! structlog's renderers, byte for byte: what a sink with a `renderer` of its own writes. They print
//! the fields that the sink's processors leave, in structlog's order, and nothing else: context,
//! fields of the call, `event`, then what processors added.
//!
//! Where structlog lets through what could deceive a reader (control characters, forged lines), or
//! writes what is no JSON, they differ, unless `exact = true`; `docs/parity.md` lists it.

mod console;
mod items;
mod json;
mod key_value;
mod logfmt;
mod safe;

pub(super) use console::style;

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

use super::Renderer;
use super::template::Templates;
use super::unique::as_dict;

/// All of them by the name that a configuration gives them; a new one is a file and a line.
const ALL: &[(&str, Make)] = &[
    ("console", make::<console::Console>),
    ("json", make::<json::Json>),
    ("key_value", make::<key_value::KeyValue>),
    ("logfmt", make::<logfmt::Logfmt>),
];

type Make = fn(ValueDeserializer<'_>) -> Result<Box<dyn Form>, Error>;

/// A key and its value.
type Pair<'e, 'a> = (&'e str, Cow<'e, AnyValue<'a>>);

/// How pairs become a line.
trait Form: Send {
    /// Appends the line, without its newline.
    fn write(&self, pairs: Vec<Pair<'_, '_>>, out: &mut String);
}

/// A renderer of structlog's, with its options.
pub struct StructlogRenderer {
    form: Box<dyn Form>,
    /// Whether a value stands for the event's text.
    is_text: fn(&AnyValue<'_>) -> bool,
    templates: Templates,
    line: String,
}

impl StructlogRenderer {
    /// The names that [`StructlogRenderer::new`] knows.
    pub fn names() -> Vec<&'static str> {
        ALL.iter().map(|(name, _)| *name).collect()
    }

    /// The renderer of this name with `options`, a table; `None` if there is none. `is_text` knows
    /// the value that stands for the event's text.
    ///
    /// # Errors
    /// A wrong option, with its place.
    pub fn new(
        name: &str,
        options: Spanned<DeValue<'_>>,
        is_text: fn(&AnyValue<'_>) -> bool,
    ) -> Option<Result<Self, Error>> {
        let (_, make) = ALL.iter().find(|(known, _)| *known == name)?;
        let form = make(ValueDeserializer::from(options));
        let (templates, line) = (Templates::new(), String::new());
        Some(form.map(|form| Self { form, is_text, templates, line }))
    }
}

fn make<F: Form + DeserializeOwned + 'static>(
    options: ValueDeserializer<'_>,
) -> Result<Box<dyn Form>, Error> {
    F::deserialize(options).map(|form| Box::new(form) as Box<dyn Form>)
}

impl Renderer for StructlogRenderer {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.templates.fill(&event.event, &event.fields, |piece| text.push_str(piece));
        let text = AnyValue::Str(Cow::Owned(text));
        let fields = event.context.iter().chain(&event.fields);
        let mut pairs: Vec<Pair<'_, '_>> = as_dict(fields.map(|field| {
            let value = if (self.is_text)(&field.value) { &text } else { &field.value };
            (&*field.key, Cow::Borrowed(value))
        }));
        for (mark, is_set) in [("late", event.late), ("truncated", event.truncated)] {
            if is_set && pairs.iter().all(|(key, _)| *key != mark) {
                pairs.push((mark, Cow::Owned(AnyValue::Bool(true))));
            }
        }
        self.line.clear();
        self.form.write(pairs, &mut self.line);
        out.extend_from_slice(self.line.as_bytes());
        out.push(b'\n');
    }
}

impl std::fmt::Debug for StructlogRenderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StructlogRenderer")
    }
}
