//! `redact`: keeps secrets out of the output. What must not even reach shared memory is redacted by
//! the type of the value in the producer.

use std::borrow::Cow;
use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use logring::record::{AnyValue, Event};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use sha2::Sha256;

use super::options::{Keys, Pattern};
use super::registry::Configured;
use super::{Flow, Processor, text};

/// Replaces the values of fields named `keys`, in maps at any depth too and whatever their case, and
/// what any of `patterns` matches in texts, the event's text included, by `with` (`[redacted]`). A
/// placeholder of the text shows what its field has become.
///
/// With `hash_key_file`, the path of a file with at least 16 bytes, a value becomes `hmac:` and 32
/// digits instead: equal values stay equal, and nobody without the key can try values out.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#"{ name = "redact", keys = ["password"], patterns = ['\d{4}-\d{4}'] }"#,
///         r#"{"event":"card 1234-5678","user":{"Password":"secret"}}"#
///     ),
///     r#"{"user": {"Password": "[redacted]"}, "event": "card [redacted]"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct Redact {
    keys: Vec<String>,
    patterns: Vec<Pattern>,
    with: Replacement,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    keys: Option<Keys>,
    #[serde(default)]
    patterns: Vec<Pattern>,
    with: Option<String>,
    #[serde(default, deserialize_with = "key")]
    hash_key_file: Option<Key>,
}

#[derive(Debug)]
enum Replacement {
    Text(String),
    Hash(Key),
}

#[derive(Clone)]
struct Key(Hmac<Sha256>);

impl TryFrom<Options> for Redact {
    type Error = &'static str;

    fn try_from(options: Options) -> Result<Self, &'static str> {
        let Options { keys, patterns, with, hash_key_file } = options;
        let keys = keys.map_or_else(Vec::new, |Keys(keys)| keys);
        if keys.is_empty() && patterns.is_empty() {
            return Err("nothing to redact, expected `keys`, `patterns` or both");
        }
        let with = match (with, hash_key_file) {
            (Some(_), Some(_)) => return Err("expected `with` or `hash_key_file`, not both"),
            (_, Some(key)) => Replacement::Hash(key),
            (with, None) => Replacement::Text(with.unwrap_or_else(|| "[redacted]".to_owned())),
        };
        Ok(Self { keys, patterns, with })
    }
}

impl Configured for Redact {}

impl Processor for Redact {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        for field in event.context.iter_mut().chain(&mut event.fields) {
            if !text::is_mark(&field.value) {
                self.field(&field.key, &mut field.value);
            }
        }
        if !self.patterns.is_empty() {
            // The filled text: a match may lie across a placeholder's edge.
            let filled = text::filled(event);
            if let Some(redacted) = self.text(&filled) {
                text::replace(event, redacted);
            }
        }
        Flow::Keep
    }
}

impl Redact {
    fn field(&self, key: &str, value: &mut AnyValue<'_>) {
        if self.keys.iter().any(|other| other.eq_ignore_ascii_case(key)) {
            let replaced = match &self.with {
                Replacement::Text(text) => text.clone(),
                Replacement::Hash(key) => key.hash(value),
            };
            *value = AnyValue::Str(Cow::Owned(replaced));
        } else {
            self.value(value);
        }
    }

    fn value(&self, value: &mut AnyValue<'_>) {
        match value {
            AnyValue::Str(text) | AnyValue::Text(text) => self.replace(text),
            AnyValue::List(items) => items.iter_mut().for_each(|item| self.value(item)),
            AnyValue::Map(pairs) => {
                pairs.iter_mut().for_each(|(key, value)| self.field(key, value))
            }
            AnyValue::Error(chain) => chain.messages.iter_mut().for_each(|text| self.replace(text)),
            _ => {}
        }
    }

    fn replace(&self, text: &mut Cow<'_, str>) {
        if let Some(redacted) = self.text(text) {
            *text = Cow::Owned(redacted);
        }
    }

    /// The text without what the patterns match; `None` if they match nothing.
    fn text(&self, text: &str) -> Option<String> {
        let mut redacted = None;
        for Pattern(pattern) in &self.patterns {
            let current = redacted.as_deref().unwrap_or(text);
            let next = pattern.replace_all(current, |found: &regex::Captures<'_>| {
                let found = found.get(0).map_or("", |found| found.as_str());
                match &self.with {
                    Replacement::Text(text) => text.clone(),
                    Replacement::Hash(key) => key.hash(&AnyValue::Str(found.into())),
                }
            });
            if let Cow::Owned(next) = next {
                redacted = Some(next);
            }
        }
        redacted
    }
}

fn key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Key>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    let said = path.display();
    let key = std::fs::read(&path)
        .map_err(|error| D::Error::custom(format!("cannot read the key {said}: {error}")))?;
    if key.trim_ascii().len() < 16 {
        return Err(D::Error::custom(format!(
            "the key {said} is too short, expected 16 bytes or more"
        )));
    }
    Hmac::new_from_slice(key.trim_ascii()).map(|key| Some(Key(key))).map_err(D::Error::custom)
}

impl Key {
    /// Texts by their bytes, so that a number and its text differ no more than they must; all else
    /// by kind and value.
    fn hash(&self, value: &AnyValue<'_>) -> String {
        let mut mac = self.0.clone();
        match value {
            AnyValue::Str(text) | AnyValue::Text(text) => mac.update(text.as_bytes()),
            other => mac.update(format!("{other:?}").as_bytes()),
        }
        let digest = mac.finalize().into_bytes();
        let mut text = "hmac:".to_owned();
        digest.iter().take(16).for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text
    }
}

impl std::fmt::Debug for Key {
    /// Not the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
