//! The drain's own events: losses and troubles, as lines of the same shape as all others, with
//! target `logring`, a `kind` and a `count`.

use std::borrow::Cow;

use logring::Level;
use logring::record::{AnyValue, Event, Field};

/// Whom a notice is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The process, in its own pid namespace.
    pub pid: u32,
    /// The thread; 0 = the whole process.
    pub tid: u32,
}

/// An event of kind `kind` about `who`.
fn event(
    time_ns: i64,
    level: Level,
    kind: &'static str,
    text: &'static str,
    count: u64,
    who: Who,
) -> Event<'static> {
    let field = |key, value| Field { key: Cow::Borrowed(key), value };
    let mut fields = vec![
        field("kind", AnyValue::Str(Cow::Borrowed(kind))),
        field("count", AnyValue::U64(count)),
    ];
    if who.tid != 0 {
        fields.push(field("tid", AnyValue::U64(who.tid.into())));
    }
    Event {
        timestamp_ns: time_ns,
        level,
        target: Cow::Borrowed("logring"),
        event: Cow::Borrowed(text),
        pid: who.pid,
        tid: who.tid,
        fields,
        ..Event::default()
    }
}

/// Records that were dropped since the ring was full.
#[must_use]
pub fn lost(time_ns: i64, count: u64, who: Who) -> Event<'static> {
    event(time_ns, Level::Warning, "lost", "records lost: the ring was full", count, who)
}

/// A record whose owner died while writing it.
#[must_use]
pub fn torn(time_ns: i64, count: u64, who: Who) -> Event<'static> {
    event(time_ns, Level::Warning, "torn", "a record was torn: its thread died in it", count, who)
}

/// Records whose bytes made no sense.
#[must_use]
pub fn malformed(time_ns: i64, count: u64, who: Who) -> Event<'static> {
    event(time_ns, Level::Error, "malformed", "records made no sense", count, who)
}

/// A step of the wall clock.
#[must_use]
pub fn clock_step(time_ns: i64, by_ns: i64) -> Event<'static> {
    let mut notice =
        event(time_ns, Level::Warning, "clock-step", "the wall clock stepped", 1, Who::default());
    notice.pid = std::process::id();
    notice.fields.push(Field { key: Cow::Borrowed("by"), value: AnyValue::Duration(by_ns) });
    notice
}

/// Something that the drain has to say, in a sentence.
#[must_use]
pub fn trouble(time_ns: i64, kind: &'static str, sentence: String) -> Event<'static> {
    let pid = std::process::id();
    let who = Who { pid, tid: 0 };
    Event { event: Cow::Owned(sentence), ..event(time_ns, Level::Warning, kind, "", 1, who) }
}
