//! `dedup`: repeats folded into one line with a count.

use std::borrow::Cow;
use std::collections::HashMap;

use logring::record::{AnyValue, Event, Field};
use serde::Deserialize;

use super::options::{Keys, Span};
use super::rate_limit::kind_of;
use super::registry::Configured;
use super::{Due, Flow, Processor, text};

/// Drops events that are equal to one of the last span `within` (`10s`) of their own time: the same
/// level, target, text and fields, or, with `by`, the same values under those keys (fields, `event`,
/// `target`, `level`, `pid`). When the span is over, the last of the repeats is written, with
/// `repeated`: how many there were.
///
/// It stands before `timestamp`, which makes events differ. What it remembers is in memory. After a
/// kill of the drain it knows nothing: a batch that was not finished is rendered again, and may have
/// a repeat that was folded before; repeats whose span was not over are not told. No event is written
/// twice.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let lines = tried(
///     r#"{ name = "dedup", within = "10s" }"#,
///     "{\"event\":\"x\"}\n{\"event\":\"x\"}\n{\"event\":\"y\"}\n{\"event\":\"x\"}",
/// );
/// assert_eq!(
///     lines,
///     "{\"event\": \"x\"}\n{\"event\": \"y\"}\n{\"event\": \"x\", \"repeated\": 2}"
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedup {
    #[serde(default = "ten_seconds")]
    within: Span,
    by: Option<Keys>,
    #[serde(skip)]
    first: HashMap<String, Seen>,
    /// When the next span ends, to be looked at before the map is.
    #[serde(skip)]
    next_ns: Option<i64>,
}

#[derive(Debug)]
struct Seen {
    ends_ns: i64,
    repeats: u64,
    last: Option<Event<'static>>,
}

/// Events beyond go through: what strangers send must not grow the drain.
const SEEN_MAX: usize = 4096;
/// Events that are longer as text go through too.
const TEXT_MAX: usize = 4096;

fn ten_seconds() -> Span {
    Span(10_000_000_000)
}

impl Configured for Dedup {}

impl Processor for Dedup {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let kind = match &self.by {
            Some(Keys(keys)) => kind_of(event, keys),
            None => format!(
                "{} {}\0{}\0{:?}\0{:?}",
                event.level, event.target, event.event, event.context, event.fields
            ),
        };
        if let Some(seen) = self.first.get_mut(&kind) {
            seen.repeats += 1;
            seen.last = Some(text::kept(event));
            return Flow::Drop;
        }
        if self.first.len() < SEEN_MAX && kind.len() <= TEXT_MAX {
            let ends_ns = event.timestamp_ns.saturating_add(self.within.0);
            self.next_ns = Some(self.next_ns.map_or(ends_ns, |next| next.min(ends_ns)));
            self.first.insert(kind, Seen { ends_ns, repeats: 0, last: None });
        }
        Flow::Keep
    }

    fn overdue(&mut self, now_ns: i64) -> Option<Due> {
        if self.next_ns.is_none_or(|next| now_ns < next) {
            return None;
        }
        let over = |seen: &Seen| seen.ends_ns <= now_ns;
        self.first.retain(|_, seen| seen.repeats > 0 || !over(seen));
        // The earliest repeat first; the map has no order, lines have one.
        let told = self
            .first
            .iter()
            .filter(|(_, seen)| over(seen))
            .min_by_key(|(kind, seen)| (seen.ends_ns, *kind))
            .map(|(kind, _)| kind.clone());
        let Some(seen) = told.and_then(|kind| self.first.remove(&kind)) else {
            self.next_ns = self.first.values().map(|seen| seen.ends_ns).min();
            return None;
        };
        let mut event = seen.last?;
        event
            .fields
            .push(Field { key: Cow::Borrowed("repeated"), value: AnyValue::U64(seen.repeats) });
        Some(Due::Event(event))
    }
}
