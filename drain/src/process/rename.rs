//! `rename`: another key for the event's text or for a field, as structlog's `EventRenamer`.

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};

/// Renames the key `from` (the text's, `event`, by default) `to`, and the key `replace_by`, where
/// there is one, `from`. What is renamed stands behind all other fields then.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#"{ name = "rename", to = "msg", replace_by = "_event" }"#,
///         r#"{"event":"x","_event":"shown","a":1}"#
///     ),
///     r#"{"a": 1, "msg": "x", "event": "shown"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    #[serde(default = "event")]
    from: String,
    to: String,
    replace_by: Option<String>,
}

fn event() -> String {
    "event".to_owned()
}

impl Configured for Rename {
    const SHAPES: bool = true;

    fn takes(&self) -> Option<&str> {
        (self.from == "event").then_some("event")
    }
}

impl Processor for Rename {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let Self { from, to, replace_by } = self;
        if let Some(value) = text::take(event, from) {
            event.set(to, value);
        }
        let other = replace_by.as_ref().and_then(|key| text::take(event, key));
        // As in structlog, where `None` is as good as absent.
        if let Some(value) = other.filter(|value| *value != AnyValue::Null) {
            event.set(from, value);
        }
        Flow::Keep
    }
}
