//! `logger_name`: who logged, as structlog's `add_logger_name`.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};

/// Adds the event's target under `logger`.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#""logger_name""#, r#"{"event":"x","target":"billing::db"}"#),
///     r#"{"event": "x", "logger": "billing::db"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggerName {}

impl Configured for LoggerName {
    const SHAPES: bool = true;
}

impl Processor for LoggerName {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let target = Cow::Owned(event.target.to_string());
        event.set("logger", AnyValue::Str(target));
        Flow::Keep
    }
}
