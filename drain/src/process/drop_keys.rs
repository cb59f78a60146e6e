//! `drop_keys`: takes fields away.

use logring::record::Event;
use serde::Deserialize;

use super::options::Keys;
use super::registry::Configured;
use super::{Flow, Processor, text};

/// Takes the fields `keys` out of context and call. A placeholder of the event's text that names
/// one of them stays as it was written.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#"{ name = "drop_keys", keys = ["b"] }"#, r#"{"event":"x","a":1,"b":2}"#),
///     r#"{"a": 1, "event": "x"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropKeys {
    keys: Keys,
}

impl Configured for DropKeys {}

impl Processor for DropKeys {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let Self { keys } = self;
        if event.context.iter().chain(&event.fields).any(|field| keys.contains(&field.key)) {
            text::pin(event, |key| keys.contains(key));
            event.context.retain(|field| !keys.contains(&field.key));
            event.fields.retain(|field| !keys.contains(&field.key));
        }
        Flow::Keep
    }
}
