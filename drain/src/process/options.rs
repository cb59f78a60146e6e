//! Kinds of options that several processors have, each checked where it is read, so that the error
//! stands at the option's place in the configuration.

use std::time::Duration;

use jiff::SignedDuration;
use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// At least one key.
#[derive(Clone, Debug)]
pub(super) struct Keys(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = Vec::<String>::deserialize(from)?;
        if keys.is_empty() {
            return Err(D::Error::custom("no key, expected at least one"));
        }
        Ok(Self(keys))
    }
}

impl Keys {
    pub(super) fn contains(&self, key: &str) -> bool {
        self.0.iter().any(|other| other == key)
    }
}

/// A regular expression; matching takes time that grows with the text alone.
#[derive(Clone, Debug)]
pub(super) struct Pattern(pub(super) Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        pattern(&text).map(Self).map_err(D::Error::custom)
    }
}

/// The regular expression `text`, or why it is none, as one line.
pub(crate) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let message = error.to_string();
        let last = message.lines().last().unwrap_or_default().trim();
        let why = last.strip_prefix("error: ").unwrap_or(last);
        format!("`{text}` is not a regular expression: {why}")
    })
}

/// A span of time of more than nothing, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span(pub(super) i64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .and_then(|span| i64::try_from(span.as_nanos()).ok())
            .filter(|nanoseconds| *nanoseconds > 0)
            .map(Self)
            .ok_or_else(|| {
                D::Error::custom(format!(
                    "`{text}` is not a duration, expected one like 500ms, 10s, 1m 30s"
                ))
            })
    }
}

/// A level by its word or number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least(pub(super) logring::Level);

impl<'de> Deserialize<'de> for Least {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(D::Error::custom)
    }
}
