//! `keep_keys`: takes all other fields away.

use logring::record::Event;
use serde::Deserialize;

use super::options::Keys;
use super::registry::Configured;
use super::{Flow, Processor, text};

/// Keeps the fields `keys` of context and call, and no others. In a sink with a renderer of its own
/// the text counts as the field `event`; on the default line it stands in any case.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#"{ name = "keep_keys", keys = ["a", "event"] }"#, r#"{"event":"x","a":1,"b":2}"#),
///     r#"{"a": 1, "event": "x"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepKeys {
    keys: Keys,
}

impl Configured for KeepKeys {}

impl Processor for KeepKeys {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let Self { keys } = self;
        if event.context.iter().chain(&event.fields).any(|field| !keys.contains(&field.key)) {
            text::pin(event, |key| !keys.contains(key));
            event.context.retain(|field| keys.contains(&field.key));
            event.fields.retain(|field| keys.contains(&field.key));
        }
        Flow::Keep
    }
}
