//! The drain's own events: what it lost, found damaged or had to decide. They go through the same
//! pipeline as records and are lines of the same shape, with target `logring` and the field
//! `kind`. The drain makes them; this file only says what they look like. `docs/output.md` lists
//! them, `tests/golden_output.rs` shows them.
//!
//! Nothing that a producer wrote stands in a notice, but numbers.

use std::borrow::Cow;
use std::time::Duration;

use logring::Level;
use logring::record::{AnyValue, Event, Field};

/// The target of all notices.
pub const TARGET: &str = "logring";

/// Whom a notice is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Process id; it stands as the line's `pid`.
    pub pid: u32,
    /// Thread id; it stands as the field `thread`.
    pub tid: u32,
}

/// `count` records of a lane were dropped or overwritten since the ring was full.
#[must_use]
pub fn lost(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    of_lane("lost", Level::Warning, "records lost", timestamp_ns, count, who)
}

/// `count` records of a thread's flight recorder were overwritten before they were asked for.
#[must_use]
pub fn overwritten(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    let text = "records of the flight recorder overwritten";
    of_lane("overwritten", Level::Info, text, timestamp_ns, count, who)
}

/// The field of an event that comes from a flight recorder.
pub(crate) const FLIGHT: Field<'static> =
    Field { key: Cow::Borrowed("flight"), value: AnyValue::Bool(true) };

/// The owner of a lane died while it wrote `count` records.
#[must_use]
pub fn torn(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    of_lane("torn", Level::Warning, "records torn", timestamp_ns, count, who)
}

/// `count` records of a lane made no sense: a bug, damage, or somebody's doing.
#[must_use]
pub fn malformed(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    of_lane("malformed", Level::Error, "records malformed", timestamp_ns, count, who)
}

/// `count` records of a lane had a time that has not come yet, or a number that no thread reaches:
/// somebody else's bytes. They go out, by the drain's own time.
#[must_use]
pub fn implausible(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    let text = "records with a time or number that cannot be";
    of_lane("implausible", Level::Warning, text, timestamp_ns, count, who)
}

/// A lane kept a record open for longer than `max_hold`: time order goes on without it, and
/// `count` records of it may come late.
#[must_use]
pub fn late(timestamp_ns: i64, count: u64, who: Who) -> Event<'static> {
    of_lane("late", Level::Warning, "records may come late", timestamp_ns, count, who)
}

/// Without a ledger's mark of this lane, what it wrote before sequence `first` is unknown.
#[must_use]
pub fn unknown_start(timestamp_ns: i64, first: u64, who: Who) -> Event<'static> {
    let text = "lane read from its first record found";
    let mut event = event("unknown-start", Level::Warning, text, timestamp_ns, who);
    event.fields.push(field("first", AnyValue::U64(first)));
    event.fields.push(field("thread", AnyValue::U64(who.tid.into())));
    event
}

/// The wall clock stepped by `by_ns` nanoseconds; `drain_pid` found it.
#[must_use]
pub fn clock_step(timestamp_ns: i64, drain_pid: u32, by_ns: i64) -> Event<'static> {
    let who = Who { pid: drain_pid, tid: drain_pid };
    let mut event = event("clock-step", Level::Warning, "wall clock stepped", timestamp_ns, who);
    event.fields.push(field("by", AnyValue::Duration(by_ns)));
    event
}

/// The machine was suspended for so long while the drain ran; `drain_pid` found it.
#[must_use]
pub fn suspended(timestamp_ns: i64, drain_pid: u32, by: Duration) -> Event<'static> {
    let who = Who { pid: drain_pid, tid: drain_pid };
    let text = "machine was suspended for {for}";
    let mut event = event("suspended", Level::Warning, text, timestamp_ns, who);
    let ns = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
    event.fields.push(field("for", AnyValue::Duration(ns)));
    event
}

/// The sink named `sink` missed `count` records while it could not be written to.
#[must_use]
pub fn missed(timestamp_ns: i64, drain_pid: u32, sink: &str, count: u64) -> Event<'static> {
    let who = Who { pid: drain_pid, tid: drain_pid };
    let mut event = event("missed", Level::Error, "records missed by a sink", timestamp_ns, who);
    event.fields.push(field("count", AnyValue::U64(count)));
    event.fields.push(field("sink", AnyValue::Str(Cow::Owned(sink.to_owned()))));
    event
}

/// `count` records passed while who shows them, process `pid`, looked away: only `tail` says this.
#[must_use]
pub fn unseen(timestamp_ns: i64, pid: u32, count: u64) -> Event<'static> {
    let who = Who { pid, tid: pid };
    let text = "{count} records passed unseen";
    let mut event = event("unseen", Level::Warning, text, timestamp_ns, who);
    event.fields.push(field("count", AnyValue::U64(count)));
    event
}

/// Something that the drain has to say in a sentence: what somebody did to a sink's file, or to the
/// ledger.
#[must_use]
pub fn trouble(
    timestamp_ns: i64,
    drain_pid: u32,
    kind: &'static str,
    sentence: String,
) -> Event<'static> {
    let who = Who { pid: drain_pid, tid: drain_pid };
    let event = event(kind, Level::Warning, "", timestamp_ns, who);
    Event { event: Cow::Owned(sentence), ..event }
}

fn of_lane(
    kind: &'static str,
    level: Level,
    text: &'static str,
    timestamp_ns: i64,
    count: u64,
    who: Who,
) -> Event<'static> {
    let mut event = event(kind, level, text, timestamp_ns, who);
    event.fields.push(field("count", AnyValue::U64(count)));
    event.fields.push(field("thread", AnyValue::U64(who.tid.into())));
    event
}

fn event(
    kind: &'static str,
    level: Level,
    text: &'static str,
    timestamp_ns: i64,
    who: Who,
) -> Event<'static> {
    Event {
        timestamp_ns,
        level,
        target: Cow::Borrowed(TARGET),
        event: Cow::Borrowed(text),
        pid: who.pid,
        tid: who.tid,
        fields: vec![field("kind", AnyValue::Str(Cow::Borrowed(kind)))],
        ..Event::default()
    }
}

fn field(key: &'static str, value: AnyValue<'static>) -> Field<'static> {
    Field { key: Cow::Borrowed(key), value }
}
