//! Which events are wanted: by level, by target, by fields. A processor of `tail`; the drain's notices
//! do not come by here, so that what is missing is told whatever is filtered.

use std::borrow::Cow;
use std::str::FromStr;

use logring::record::{AnyValue, Event, Field};
use logring::{Error, Level, Result};
use serde_json::Value;

use crate::process::{Flow, Processor};
use crate::render::{JsonRenderer, LineOptions, Renderer};

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldFilter {
    key: String,
    /// The value; `None` = any.
    value: Option<Value>,
}

impl FromStr for FieldFilter {
    type Err = Error;

    /// `key=value` or `key`; the value a JSON scalar, else text.
    fn from_str(text: &str) -> Result<Self> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        };
        if key.is_empty() {
            return Err(Error::invalid(format!(
                "the field {text:?} has no key, expected key=value or key"
            )));
        }
        let scalar = |text: &str| match serde_json::from_str(text) {
            Ok(Value::Array(_) | Value::Object(_)) | Err(_) => Value::String(text.to_owned()),
            Ok(scalar) => scalar,
        };
        Ok(Self { key: key.to_owned(), value: value.map(scalar) })
    }
}

/// All that is wanted of an event.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The lowest level.
    pub level: Option<Level>,
    /// The target, or one above it.
    pub target: Option<String>,
    /// Fields, all of them.
    pub fields: Vec<FieldFilter>,
}

impl Wanted {
    /// Whether the event is wanted.
    pub(crate) fn has(&self, event: &Event<'_>) -> bool {
        self.level.is_none_or(|least| event.level >= least)
            && self.target.as_deref().is_none_or(|target| is_below(&event.target, target))
            && self.fields.iter().all(|field| field.fits(event))
    }

    /// As a processor.
    pub(crate) fn processor(self) -> impl Processor {
        move |event: &mut Event<'_>| if self.has(event) { Flow::Keep } else { Flow::Drop }
    }
}

/// Whether `target` is `above` or below it, as in a specification of levels.
fn is_below(target: &str, above: &str) -> bool {
    target.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl FieldFilter {
    fn fits(&self, event: &Event<'_>) -> bool {
        // As in a line: the call's fields win over the context's, later ones over earlier ones, and
        // all of them over what every event has.
        let given = event.fields.iter().rev().chain(event.context.iter().rev());
        let mut given = given.filter(|field| field.key == self.key);
        match given.next() {
            Some(field) => self.is(&field.value),
            None => match fact(event, &self.key) {
                Some(value) => self.is(&value),
                None => false,
            },
        }
    }

    fn is(&self, value: &AnyValue<'_>) -> bool {
        let Some(wanted) = &self.value else { return true };
        match (wanted, value) {
            (Value::String(wanted), AnyValue::Str(text) | AnyValue::Text(text)) => wanted == text,
            (Value::Number(wanted), AnyValue::I64(number)) => match wanted.as_i64() {
                Some(wanted) => wanted == *number,
                None => wanted.as_f64() == Some(*number as f64),
            },
            (Value::Number(wanted), AnyValue::U64(number)) => match wanted.as_u64() {
                Some(wanted) => wanted == *number,
                None => wanted.as_f64() == Some(*number as f64),
            },
            (Value::Number(wanted), AnyValue::F64(number)) => wanted.as_f64() == Some(*number),
            (Value::Bool(wanted), AnyValue::Bool(value)) => wanted == value,
            (wanted, AnyValue::Null) => wanted.is_null(),
            (_, AnyValue::Bool(_) | AnyValue::I64(_) | AnyValue::U64(_) | AnyValue::Str(_)) => {
                false
            }
            (wanted, rare) => in_json(rare).as_ref() == Some(wanted),
        }
    }
}

/// What every event has.
fn fact<'a>(event: &'a Event<'_>, key: &str) -> Option<AnyValue<'a>> {
    match key {
        "pid" => Some(AnyValue::U64(event.pid.into())),
        "thread" => Some(AnyValue::U64(event.tid.into())),
        "line" => Some(AnyValue::U64(event.line.into())),
        "file" => Some(AnyValue::Str(Cow::Borrowed(&event.file))),
        "target" => Some(AnyValue::Str(Cow::Borrowed(&event.target))),
        _ => None,
    }
}

/// The value as it stands in a line of JSON.
fn in_json(value: &AnyValue<'_>) -> Option<Value> {
    let field = Field { key: Cow::Borrowed("value"), value: value.clone() };
    let event = Event { fields: vec![field], ..Event::default() };
    let mut line = Vec::new();
    JsonRenderer::new(LineOptions::default()).render(&event, &mut line);
    let mut line: Value = serde_json::from_slice(&line).ok()?;
    Some(line.get_mut("value")?.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event<'static> {
        let field = |key, value| Field { key: Cow::Borrowed(key), value };
        Event {
            level: Level::Warning,
            target: Cow::Borrowed("db::pool"),
            pid: 7,
            context: vec![field("tenant", AnyValue::Str(Cow::Borrowed("acme")))],
            fields: vec![
                field("id", AnyValue::U64(91)),
                field("delta", AnyValue::I64(-3)),
                field("ms", AnyValue::F64(2.0)),
                field("text", AnyValue::Str(Cow::Borrowed("91"))),
                field("ok", AnyValue::Bool(true)),
                field("none", AnyValue::Null),
                field("uuid", AnyValue::Uuid([0xab; 16])),
                field("took", AnyValue::Duration(1_500_000)),
                field("tenant", AnyValue::Str(Cow::Borrowed("beta"))),
            ],
            ..Event::default()
        }
    }

    #[test]
    fn scalars_compare_by_their_type() {
        for (field, fits) in [
            ("id=91", true),
            ("id=91.0", true),
            ("id=\"91\"", false),
            ("id=92", false),
            ("delta=-3", true),
            ("ms=2", true),
            ("text=91", false),
            ("text=\"91\"", true),
            ("ok=true", true),
            ("ok=\"true\"", false),
            ("none=null", true),
            ("none", true),
            ("uuid=abababab-abab-abab-abab-abababababab", true),
            ("took=0.0015", true),
            ("tenant=beta", true),
            ("tenant=acme", false),
            ("pid=7", true),
            ("absent", false),
            ("absent=1", false),
            ("text=[91]", false),
        ] {
            let wanted = Wanted { fields: vec![field.parse().expect(field)], ..Wanted::default() };
            assert_eq!(wanted.has(&event()), fits, "{field}");
        }
        let error = "=3".parse::<FieldFilter>().expect_err("no key");
        assert_eq!(error.to_string(), "the field \"=3\" has no key, expected key=value or key");
    }

    #[test]
    fn targets_are_cut_at_their_parts() {
        for (target, fits) in [("db", true), ("db::pool", true), ("d", false), ("db::p", false)] {
            let wanted = Wanted { target: Some(target.into()), ..Wanted::default() };
            assert_eq!(wanted.has(&event()), fits, "{target}");
        }
        for (level, fits) in [(Level::Warning, true), (Level::Error, false)] {
            assert_eq!(Wanted { level: Some(level), ..Wanted::default() }.has(&event()), fits);
        }
    }
}
