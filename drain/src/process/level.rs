//! `level`: the level's word, as structlog's `add_log_level`.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};

/// Adds the level's word under `level`.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#""level""#, r#"{"event":"x","level":"warn","a":1}"#),
///     r#"{"a": 1, "event": "x", "level": "warning"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddLevel {}

impl Configured for AddLevel {
    const SHAPES: bool = true;

    fn takes(&self) -> Option<&str> {
        Some("level")
    }
}

impl Processor for AddLevel {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let word = match event.level.name() {
            Some(word) => Cow::Borrowed(word),
            None => Cow::Owned(event.level.to_string()),
        };
        event.set("level", AnyValue::Str(word));
        Flow::Keep
    }
}
