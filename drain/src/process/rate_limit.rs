//! `rate_limit`: no more than so many events of a kind in a span of time.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use logring::Level;
use logring::record::{AnyValue, Event, Field};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::options::Span;
use super::registry::Configured;
use super::{Due, Flow, Processor};

/// Lets `max` events of a kind through in each span `per` (`1s`) of their own time, and drops the
/// rest. Of a kind are events with the same values under the keys `by`, which are fields or `event`,
/// `target`, `level`, `pid`; by default `["target", "event"]`. When the span is over, a line of the
/// drain's says how many were dropped: `"target":"logring"`, `"kind":"suppressed"`, `count`, and the
/// text of their kind in `of`.
///
/// Its counts are in memory. After a kill of the drain they begin anew: a batch that was not
/// finished is rendered again, and may have other events let through; what was not yet told is not
/// told. No event is written twice.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let one = r#"{ name = "rate_limit", max = 1, per = "1s" }"#;
/// let event = |second: u32| {
///     format!("{{\"timestamp\":\"2026-01-01T00:00:0{second}Z\",\"event\":\"x\",\"n\":{second}}}")
/// };
/// let lines = tried(one, &[event(0), event(0), event(1)].join("\n"));
/// let lines: Vec<&str> = lines.lines().collect();
/// assert_eq!(lines[0], r#"{"n": 0, "event": "x"}"#);
/// assert!(lines[1].contains(r#""kind": "suppressed", "count": 1, "of": "x""#), "{lines:?}");
/// assert_eq!(lines[2], r#"{"n": 1, "event": "x"}"#);
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    #[serde(deserialize_with = "max")]
    max: u64,
    #[serde(default = "second")]
    per: Span,
    #[serde(default = "kind")]
    by: Vec<String>,
    #[serde(skip)]
    kinds: HashMap<String, Kind>,
    #[serde(skip)]
    untold: VecDeque<Event<'static>>,
    /// When the span ends in which the counts were made.
    #[serde(skip)]
    ends_ns: i64,
}

#[derive(Debug, Default)]
struct Kind {
    seen: u64,
    /// The text of the first that was dropped.
    of: String,
}

/// Kinds beyond are counted as one: what strangers send must not grow the drain.
const KINDS_MAX: usize = 4096;
/// So much of a text is told.
const OF_BYTES: usize = 200;

fn max<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match u64::deserialize(from)? {
        0 => Err(D::Error::custom("max 0 lets nothing through, expected 1 or more")),
        max => Ok(max),
    }
}

fn second() -> Span {
    Span(1_000_000_000)
}

fn kind() -> Vec<String> {
    vec!["target".to_owned(), "event".to_owned()]
}

impl Configured for RateLimit {}

impl Processor for RateLimit {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let mut key = kind_of(event, &self.by);
        if self.kinds.len() >= KINDS_MAX && !self.kinds.contains_key(&key) {
            key.clear();
        }
        let kind = self.kinds.entry(key).or_default();
        kind.seen += 1;
        if kind.seen <= self.max {
            return Flow::Keep;
        }
        if kind.of.is_empty() {
            let end = event.event.floor_char_boundary(OF_BYTES);
            event.event[..end].clone_into(&mut kind.of);
        }
        Flow::Drop
    }

    fn overdue(&mut self, now_ns: i64) -> Option<Due> {
        let Span(per) = self.per;
        if now_ns >= self.ends_ns {
            for (_, Kind { seen, of }) in self.kinds.drain() {
                if let Some(count @ 1..) = seen.checked_sub(self.max) {
                    self.untold.push_back(suppressed(self.ends_ns.min(now_ns), count, of));
                }
            }
            // The map has no order; lines have one.
            self.untold.make_contiguous().sort_by(|one, other| {
                let text = |event: &Event<'_>| format!("{:?}", event.get("of"));
                text(one).cmp(&text(other))
            });
            self.ends_ns = (now_ns - now_ns.rem_euclid(per)).saturating_add(per);
        }
        self.untold.pop_front().map(Due::Notice)
    }
}

fn suppressed(timestamp_ns: i64, count: u64, of: String) -> Event<'static> {
    let field = |key, value| Field { key: Cow::Borrowed(key), value };
    Event {
        timestamp_ns,
        level: Level::Warning,
        target: Cow::Borrowed("logring"),
        event: Cow::Borrowed("records suppressed"),
        pid: std::process::id(),
        fields: vec![
            field("kind", AnyValue::Str(Cow::Borrowed("suppressed"))),
            field("count", AnyValue::U64(count)),
            field("of", AnyValue::Str(Cow::Owned(of))),
        ],
        ..Event::default()
    }
}

/// The values under these keys, as one text.
pub(super) fn kind_of(event: &Event<'_>, by: &[String]) -> String {
    let mut kind = String::new();
    for key in by {
        match (key.as_str(), event.get(key)) {
            ("event", _) => kind.push_str(&event.event),
            ("target", None) => kind.push_str(&event.target),
            ("level", None) => kind.push_str(&event.level.to_string()),
            ("pid", None) => kind.push_str(&event.pid.to_string()),
            (_, Some(value)) => kind.push_str(&format!("{value:?}")),
            (_, None) => {}
        }
        kind.push('\0');
    }
    kind
}
