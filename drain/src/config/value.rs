//! Values of settings as people write them: durations, sizes, levels. Called by serde for the file
//! and by clap for the command line, so that both take the same words.

use std::time::Duration;

use jiff::SignedDuration;
use logring::{Error, Level, Result};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

use crate::render::time::Digits;

/// The longest duration that makes sense for any setting.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A duration of more than nothing and at most a day.
///
/// # Errors
/// Anything else.
pub fn parse_duration(text: &str) -> Result<Duration> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero() && *duration <= DURATION_MAX)
        .ok_or_else(|| {
            Error::invalid(format!(
                "`{text}` is not a duration from 1ns to 24h, expected one like 500ms, 2s, 1m 30s"
            ))
        })
}

/// The largest ring: as many blocks as a block's number can tell apart, each of the default size.
const SIZE_MAX: u64 = 64 << 30;

/// A number of bytes, as such or with `KiB`, `MiB` or `GiB`, up to that of the largest ring.
///
/// # Errors
/// Anything else, and nothing.
pub fn parse_size(text: &str) -> Result<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let (digits, shift) = units
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?.trim_end(), *shift)))
        .unwrap_or((text, 0));
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(1 << shift))
        .filter(|bytes| (1..=SIZE_MAX).contains(bytes))
        .ok_or_else(|| {
            Error::invalid(format!(
                "`{text}` is not a size up to 64GiB, expected a number of bytes like 16777216 or 16MiB"
            ))
        })
}

pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    parse_duration(&text).map(Some).map_err(D::Error::custom)
}

pub(super) fn write_duration<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    // All durations here were parsed, so they fit.
    let duration = SignedDuration::try_from(*value).unwrap_or(SignedDuration::MAX);
    to.collect_str(&format_args!("{duration:#}"))
}

pub(super) fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number of bytes like 16777216 or \"16MiB\"")]
    enum Size {
        Bytes(u64),
        Text(String),
    }
    let text = match Size::deserialize(from)? {
        Size::Bytes(bytes) => bytes.to_string(),
        Size::Text(text) => text,
    };
    parse_size(&text).map(Some).map_err(D::Error::custom)
}

pub(super) fn level<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Level>, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

pub(super) fn write_level<S: Serializer>(value: &Option<Level>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(level) => to.collect_str(level),
        None => to.serialize_none(),
    }
}

pub(super) fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<Digits, D::Error> {
    match i64::deserialize(from)? {
        6 => Ok(Digits::Six),
        9 => Ok(Digits::Nine),
        other => Err(D::Error::invalid_value(Unexpected::Signed(other), &"6 or 9")),
    }
}

pub(super) fn write_digits<S: Serializer>(value: &Digits, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u8(match value {
        Digits::Six => 6,
        Digits::Nine => 9,
    })
}
