//! `set`: fields with fixed values.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::registry::Configured;
use super::{Flow, Processor};

/// Sets `fields` to these values, in alphabetical order; with `only_if_absent` those that the event
/// does not have.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#"{ name = "set", fields = { env = "prod", shard = 3 } }"#,
///         r#"{"event":"x","env":"?"}"#
///     ),
///     r#"{"env": "prod", "event": "x", "shard": 3}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    #[serde(deserialize_with = "fields")]
    fields: Vec<(String, AnyValue<'static>)>,
    #[serde(default)]
    only_if_absent: bool,
}

impl Configured for Set {
    const SHAPES: bool = true;
}

impl Processor for Set {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        for (key, value) in &self.fields {
            if !self.only_if_absent || event.get(key).is_none() {
                event.set(key, value.clone());
            }
        }
        Flow::Keep
    }
}

fn fields<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(String, AnyValue<'static>)>, D::Error> {
    let table = toml::Table::deserialize(from)?;
    if table.is_empty() {
        return Err(D::Error::custom("no field, expected at least one"));
    }
    Ok(table.into_iter().map(|(key, value)| (key, any(value))).collect())
}

fn any(value: toml::Value) -> AnyValue<'static> {
    match value {
        toml::Value::String(text) => AnyValue::Str(Cow::Owned(text)),
        toml::Value::Integer(number) => AnyValue::I64(number),
        toml::Value::Float(number) => AnyValue::F64(number),
        toml::Value::Boolean(truth) => AnyValue::Bool(truth),
        toml::Value::Datetime(time) => AnyValue::Str(Cow::Owned(time.to_string())),
        toml::Value::Array(items) => AnyValue::List(items.into_iter().map(any).collect()),
        toml::Value::Table(pairs) => AnyValue::Map(
            pairs.into_iter().map(|(key, value)| (Cow::Owned(key), any(value))).collect(),
        ),
    }
}
