//! All renderers that a configuration can name: the one place where names meet their code. A new one
//! is a file beside this one and a line in `ALL`; `docs/add-a-renderer.md` walks through it.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

use super::structlog::{Fields, Form, console, json, key_value, logfmt};
use super::{Renderer, pattern};

/// What a configuration can name, in alphabetical order: those of whole events, and those of the
/// fields in structlog's order.
const ALL: &[(&str, Make)] = &[
    ("console", fields::<console::Console>),
    ("json", fields::<json::Json>),
    ("key_value", fields::<key_value::KeyValue>),
    ("logfmt", fields::<logfmt::Logfmt>),
    ("pattern", events::<pattern::Pattern>),
];

type Make = fn(ValueDeserializer<'_>) -> Result<Box<dyn Renderer>, Error>;

/// Their names.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

/// The renderer of this name with `options`, a table; `None` if there is none.
///
/// # Errors
/// A wrong option, with its place.
pub fn make(name: &str, options: Spanned<DeValue<'_>>) -> Option<Result<Box<dyn Renderer>, Error>> {
    let (_, make) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(make(ValueDeserializer::from(options)))
}

fn events<R: Renderer + DeserializeOwned + 'static>(
    options: ValueDeserializer<'_>,
) -> Result<Box<dyn Renderer>, Error> {
    R::deserialize(options).map(|renderer| Box::new(renderer) as Box<dyn Renderer>)
}

fn fields<F: Form + DeserializeOwned + 'static>(
    options: ValueDeserializer<'_>,
) -> Result<Box<dyn Renderer>, Error> {
    F::deserialize(options).map(|form| Box::new(Fields::new(form)) as Box<dyn Renderer>)
}
