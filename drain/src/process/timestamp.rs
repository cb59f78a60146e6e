//! `timestamp`: when an event was logged, as structlog's `TimeStamper` and `MaybeTimeStamper`.

use std::borrow::Cow;

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};
use crate::render::python::strftime::Strftime;
use crate::render::zone::Zone;

/// Adds the time of the log call under `key`: `fmt` is `iso` (the default), `unix`, or a format as
/// `strftime` knows it. UTC; with `utc = false` the drain's local zone, which is the producers'
/// unless they set another one for themselves; with `tz` that zone. `only_if_absent` leaves a field
/// of that name alone.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let event = r#"{"timestamp":"2026-11-21T22:14:03.123456789Z","event":"x"}"#;
/// assert_eq!(
///     tried(r#"{ name = "timestamp", fmt = "iso" }"#, event),
///     r#"{"event": "x", "timestamp": "2026-11-21T22:14:03.123456Z"}"#
/// );
/// assert_eq!(
///     tried(r#"{ name = "timestamp", fmt = "%H:%M", tz = "Europe/Vienna", key = "at" }"#, event),
///     r#"{"event": "x", "at": "23:14"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct Timestamp {
    format: Format,
    zone: Option<TimeZone>,
    /// ISO texts say their offset: `Z`, or `+01:00` of a zone that was asked for.
    has_offset: bool,
    key: String,
    only_if_absent: bool,
    /// The last second in a zone, since most events share theirs.
    last: Option<(i64, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    fmt: Format,
    utc: Option<bool>,
    tz: Option<Zone>,
    #[serde(default = "timestamp")]
    key: String,
    #[serde(default)]
    only_if_absent: bool,
}

fn timestamp() -> String {
    "timestamp".to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
enum Format {
    #[default]
    Iso,
    Unix,
    Strftime(Strftime),
}

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "iso" => Ok(Self::Iso),
            "unix" => Ok(Self::Unix),
            _ if !text.contains('%') => {
                Err(format!("unknown format `{text}`, expected iso, unix, or one like %H:%M:%S"))
            }
            _ => Strftime::parse(&text).map(Self::Strftime),
        }
    }
}

impl TryFrom<Options> for Timestamp {
    type Error = &'static str;

    fn try_from(options: Options) -> Result<Self, &'static str> {
        let Options { fmt: format, utc, tz, key, only_if_absent } = options;
        if tz.is_some() && utc.is_some() {
            return Err("expected `utc` or `tz`, not both");
        }
        let is_utc = utc.unwrap_or(true) && tz.is_none();
        if matches!(format, Format::Unix) && !is_utc {
            return Err("a unix timestamp is always UTC, expected no `tz` and no `utc = false`");
        }
        let has_offset = utc != Some(false);
        let zone = match tz {
            Some(Zone(zone)) => Some(zone),
            None if is_utc => None,
            None => Some(TimeZone::system()),
        };
        Ok(Self { format, zone, has_offset, key, only_if_absent, last: None })
    }
}

impl Configured for Timestamp {
    const SHAPES: bool = true;

    fn takes(&self) -> Option<&str> {
        matches!(self.key.as_str(), "timestamp" | "level" | "event").then_some(&self.key)
    }
}

impl Processor for Timestamp {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        if self.only_if_absent && event.get(&self.key).is_some() {
            return Flow::Keep;
        }
        let value = match &self.format {
            // Rounded twice, as `time.time()` is.
            Format::Unix => AnyValue::F64(event.timestamp_ns as f64 / 1e9),
            Format::Iso => AnyValue::Str(Cow::Owned(self.iso(event.timestamp_ns))),
            Format::Strftime(format) => {
                let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
                let time = Instant::from_nanosecond(event.timestamp_ns.into())
                    .unwrap_or(Instant::UNIX_EPOCH)
                    .to_zoned(zone);
                AnyValue::Str(Cow::Owned(format.text(&time)))
            }
        };
        event.set(&self.key, value);
        Flow::Keep
    }
}

impl Timestamp {
    /// As Python's `isoformat`: microseconds, cut, left out if there are none.
    fn iso(&mut self, nanoseconds: i64) -> String {
        let (second, rest) =
            (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
        if self.last.as_ref().is_none_or(|(last, _)| *last != second) {
            self.last = Some((second, self.whole_second(second)));
        }
        let text = self.last.as_ref().map_or("", |(_, text)| text);
        // Of `2026-11-21T22:14:03` and the offset behind it.
        let (time, offset) = text.split_at(text.len().min(19));
        match rest / 1000 {
            0 => format!("{time}{offset}"),
            micros => format!("{time}.{micros:06}{offset}"),
        }
    }

    fn whole_second(&self, second: i64) -> String {
        let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
        let Some(zone) = &self.zone else { return instant.to_string() };
        let time = instant.to_zoned(zone.clone());
        let civil = time.datetime();
        if !self.has_offset {
            return civil.to_string();
        }
        let offset = time.offset().seconds();
        let sign = if offset < 0 { '-' } else { '+' };
        let (minutes, seconds) = (offset.abs() / 60, offset.abs() % 60);
        let mut text = format!("{civil}{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        if seconds != 0 {
            text.push_str(&format!(":{seconds:02}"));
        }
        text
    }
}
