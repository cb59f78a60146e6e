//! Processors and renderers in a configuration: kept as they were written until a drain makes them,
//! and all of them tried before, so that a file's faults are told at once and nothing is begun.

use logring::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::process::registry::{self, fault, named, unknown};
use crate::process::{Chain, Fault};
use crate::render::{Renderer, registry as renderers};

/// A processor or renderer with its options, as TOML: `"level"` or
/// `{ name = "redact", keys = ["password"] }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named(String);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        toml::Value::deserialize(from).map(|value| Self(value.to_string()))
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value = DeValue::parse(&self.0).map_err(serde::ser::Error::custom)?;
        let value = toml::de::ValueDeserializer::from(value);
        toml::Value::deserialize(value).map_err(serde::ser::Error::custom)?.serialize(to)
    }
}

impl Named {
    /// What `text`, a value of TOML, says.
    ///
    /// # Errors
    /// What is no TOML.
    pub fn parse(text: &str) -> Result<Self> {
        DeValue::parse(text).map_err(|error| Error::invalid(error.message().to_owned()))?;
        Ok(Self(text.to_owned()))
    }

    fn value(&self) -> Result<Spanned<DeValue<'_>>> {
        DeValue::parse(&self.0).map_err(|error| Error::invalid(error.message().to_owned()))
    }
}

/// Adds `processors` to `chain`, in this order.
///
/// # Errors
/// The first that cannot be made.
pub fn add(chain: &mut Chain, processors: &[Named]) -> Result<()> {
    for processor in processors {
        let made = registry::build(processor.value()?).map_err(|fault| refused(&fault))?;
        chain.push_made(made);
    }
    Ok(())
}

/// The processors of one sink, for the renderer that it has.
///
/// # Errors
/// The first that cannot be made.
pub fn chain(processors: &[Named], has_renderer: bool) -> Result<Chain> {
    let mut chain = if has_renderer { Chain::with_text_placed() } else { Chain::new() };
    add(&mut chain, processors)?;
    Ok(chain)
}

/// The renderer that a sink names.
///
/// # Errors
/// An unknown one, a wrong option.
pub fn renderer(renderer: &Named) -> Result<Box<dyn Renderer>> {
    make_renderer(renderer.value()?).map_err(|fault| refused(&fault))
}

fn refused(fault: &Fault) -> Error {
    Error::invalid(fault.message.clone())
}

fn make_renderer(value: Spanned<DeValue<'_>>) -> Result<Box<dyn Renderer>, Fault> {
    let (name, options) = named(value, "renderer")?;
    let span = options.span();
    match renderers::make(name.get_ref(), options) {
        Some(made) => made.map_err(|error| fault(&error, span, name.get_ref())),
        None => Err(unknown(&name, "renderer", &renderers::names())),
    }
}

/// Settings of a sink that say what its default line looks like, each with its default.
const DEFAULT_LINE: [(&str, &str); 6] = [
    ("kind", "json"),
    ("colors", "auto"),
    ("digits", "6"),
    ("thread", "false"),
    ("file", "false"),
    ("line", "false"),
];

/// A scalar as text.
fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        _ => String::new(),
    }
}

/// Everything that is wrong with the processors and renderers of a file. What is no TOML, and what
/// has not the shape of a configuration, is not said here.
pub(super) fn faults(text: &str) -> Vec<Fault> {
    let Ok(file) = DeTable::parse(text) else { return Vec::new() };
    let mut file = file.into_inner();
    let mut faults = Vec::new();
    if let Some(processors) = file.remove("processors") {
        check(processors, false, &mut faults);
    }
    let sinks = file.remove("sink").map(Spanned::into_inner);
    if let Some(DeValue::Array(sinks)) = sinks {
        for sink in sinks {
            let span = sink.span();
            let DeValue::Table(mut sink) = sink.into_inner() else { continue };
            if !sink.contains_key("kind") && !sink.contains_key("renderer") {
                faults.push(Fault::new(span, "missing field `kind`, expected it or `renderer`"));
            }
            let renderer = sink.remove("renderer");
            if let Some(processors) = sink.remove("processors") {
                check(processors, renderer.is_some(), &mut faults);
            }
            let Some(renderer) = renderer else { continue };
            faults.extend(make_renderer(renderer).err());
            for (key, default) in DEFAULT_LINE {
                let Some((key, value)) = sink.remove_entry(key) else { continue };
                if plain(value.get_ref()) != default {
                    let message = format!(
                        "`{}` belongs to the default line, expected `renderer` without it",
                        key.get_ref()
                    );
                    faults.push(Fault::new(key.span(), message));
                }
            }
        }
    }
    faults
}

fn check(processors: Spanned<DeValue<'_>>, has_renderer: bool, faults: &mut Vec<Fault>) {
    let DeValue::Array(processors) = processors.into_inner() else { return };
    for processor in processors {
        let span = processor.span();
        match registry::build(processor) {
            Err(fault) => faults.push(fault),
            Ok(made) => {
                let Some(key) = made.takes.filter(|_| !has_renderer) else { continue };
                let message = format!(
                    "{}: the default line has `{key}` already, expected another key, or a sink \
                     with a `renderer` for lines of what its processors leave",
                    made.name
                );
                faults.push(Fault::new(span, message));
            }
        }
    }
}
