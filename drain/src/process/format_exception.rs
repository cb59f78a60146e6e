//! `format_exception`: an error as text or as data, as structlog's `format_exc_info` and
//! `dict_tracebacks`.

use std::borrow::Cow;

use logring::record::{AnyValue, ErrorChain, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};
use crate::render::python::traceback;

/// Takes the error under `key` (`exc_info`) away and adds under `to` (`exception`) what it says:
/// with `format = "plain"` as Python prints a traceback, causes first, with `format = "dict"` as a
/// list of one map for each error, outermost first. A text is taken for an exception that the
/// producer printed. Anything else under `key`, such as a bare `true`, is taken away.
///
/// ```
/// # use logring_drain::process::{Processor, registry::build_text};
/// # use logring::record::{AnyValue, ErrorChain, Event, Field};
/// let mut plain = build_text(r#"{ name = "format_exception", key = "err" }"#).unwrap().processor;
/// let messages = vec!["no answer".into(), "connection reset".into()];
/// let err = AnyValue::Error(ErrorChain { messages, frames: vec![] });
/// let mut event =
///     Event { fields: vec![Field { key: "err".into(), value: err }], ..Event::default() };
/// plain.process(&mut event);
/// assert_eq!(event.get("exception"), Some(&AnyValue::Str(
///     "Error: connection reset\n\nThe above exception was the direct cause of the following \
///      exception:\n\nError: no answer".into()
/// )));
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatException {
    #[serde(default = "exc_info")]
    key: String,
    #[serde(default = "exception")]
    to: String,
    #[serde(default)]
    format: Form,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Plain,
    Dict,
}

fn exc_info() -> String {
    "exc_info".to_owned()
}

fn exception() -> String {
    "exception".to_owned()
}

impl Configured for FormatException {}

impl Processor for FormatException {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let value = match text::take(event, &self.key) {
            Some(AnyValue::Error(chain)) => match self.format {
                Form::Plain => AnyValue::Str(Cow::Owned(traceback(&chain))),
                Form::Dict => dict(chain),
            },
            Some(AnyValue::Str(text) | AnyValue::Text(text)) if !text.is_empty() => {
                AnyValue::Str(text)
            }
            _ => return Flow::Keep,
        };
        event.set(&self.to, value);
        Flow::Keep
    }
}

/// structlog's map for each error of the chain.
fn dict(chain: ErrorChain<'_>) -> AnyValue<'_> {
    let ErrorChain { messages, frames } = chain;
    let mut frames: Vec<AnyValue<'_>> = frames.iter().rev().map(|frame| place(frame)).collect();
    let stacks = messages.into_iter().enumerate().map(|(index, message)| {
        AnyValue::Map(vec![
            ("exc_type".into(), AnyValue::Str("Error".into())),
            ("exc_value".into(), AnyValue::Str(message)),
            ("exc_notes".into(), AnyValue::List(Vec::new())),
            ("syntax_error".into(), AnyValue::Null),
            ("is_cause".into(), AnyValue::Bool(index > 0)),
            ("frames".into(), AnyValue::List(std::mem::take(&mut frames))),
            ("is_group".into(), AnyValue::Bool(false)),
            ("exceptions".into(), AnyValue::List(Vec::new())),
        ])
    });
    AnyValue::List(stacks.collect())
}

/// A frame like `billing::charge at src/charge.rs:12`, taken apart.
fn place(frame: &str) -> AnyValue<'static> {
    let parsed = frame.rsplit_once(" at ").and_then(|(name, place)| {
        // Behind the line there may be a column.
        let numbers: Vec<&str> = place.splitn(3, ':').collect();
        let line: i64 = numbers.get(1)?.parse().ok()?;
        Some((name, *numbers.first()?, line))
    });
    let (name, file, line) = parsed.unwrap_or((frame, "?", 0));
    let text = |text: &str| AnyValue::Str(Cow::Owned(text.to_owned()));
    AnyValue::Map(vec![
        ("filename".into(), text(file)),
        ("lineno".into(), AnyValue::I64(line)),
        ("name".into(), text(name)),
    ])
}
