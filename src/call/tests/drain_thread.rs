//! What the thread of a drain logs: past the ring, into its queue.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::capture::{Found, decoded, records};
use super::fields;
use crate::Level;
use crate::call::{DrainThread, Filter, Logger, Producer};
use crate::layout::record::flags;
use crate::record::{AnyValue, Event};
use crate::ring::Memory;

fn logger() -> Logger {
    Logger::of(Producer::on_heap(Filter::at(Level::Info)))
}

/// What the queue has, as events.
fn taken(log: &Logger, thread: &DrainThread) -> Vec<Event<'static>> {
    let mut queue = VecDeque::new();
    thread.take(&mut queue);
    let times: Vec<_> = queue.iter().map(|record| record.timestamp).collect();
    assert!(times.is_sorted(), "{times:?}");
    let found = queue.into_iter().map(|record| Found {
        level: record.level,
        flags: record.flags,
        callsite: 0,
        context_len: record.context_len,
        payload: record.payload,
    });
    decoded(log.segment().unwrap(), found.collect())
}

/// Logs itself while it is printed.
struct Talks<'a>(&'a Logger);

impl fmt::Debug for Talks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!(logger: self.0, "inner");
        f.write_str("outer's value")
    }
}

#[test]
fn a_thread_that_has_logged_drains_and_logs_again() {
    let log = logger();
    let segment = log.segment().unwrap();
    let bound = log.bind(kv! { bound = 1 });
    info!(logger: log, "before");
    let thread = DrainThread::enter(segment);
    for n in 0..3 {
        // The same statement, in the ring and past it.
        info!(logger: bound, "said {n}", n);
    }
    debug!(logger: log, "not enabled");
    info!(logger: log, "outer", talks = ?Talks(&log));
    assert!(log.flush(Duration::ZERO).unwrap_err().is_invalid());
    assert!(thread.has_records());
    let events = taken(&log, &thread);
    let texts: Vec<_> = events.iter().map(|event| &*event.event).collect();
    assert_eq!(texts, ["said {n}", "said {n}", "said {n}", "inner", "outer"]);
    assert_eq!(fields(&events[2]), ["n=I64(2)"]);
    assert_eq!(
        (&*events[2].context[0].key, &events[2].context[0].value),
        ("bound", &AnyValue::I64(1))
    );
    assert_eq!(fields(&events[4]), ["talks=Text(\"outer's value\")"]);
    assert_eq!((events[4].level, &*events[4].target), (Level::Info, module_path!()));
    assert!(!thread.has_records() && thread.take_lost() == 0);
    drop(thread);
    info!(logger: log, "after");
    let found = decoded(segment, records(segment));
    let texts: Vec<_> = found.iter().map(|event| &*event.event).collect();
    assert_eq!(texts, ["before", "after"]);
}

#[test]
fn a_thread_that_has_never_logged_takes_no_lane() {
    let log = logger();
    let segment = log.segment().unwrap();
    let thread = DrainThread::enter(segment);
    let bound = log.bind(kv! { bound = "here" });
    info!(logger: bound, "said", long = "x".repeat(10_000));
    let events = taken(&log, &thread);
    assert_eq!(events.len(), 1);
    let bound_here = &events[0].context[0];
    assert_eq!((&*bound_here.key, &bound_here.value), ("bound", &AnyValue::Str("here".into())));
    // No block is claimed, no process is registered.
    assert!(segment.process().is_none());
    assert!(
        (0..segment.block_count()).all(|block| segment
            .stamp(segment.block(block), 0)
            .load(crate::sync::Ordering::Relaxed)
            == 0)
    );
    drop(thread);
    info!(logger: bound, "in the ring");
    assert_eq!(records(segment).len(), 1);
}

#[test]
fn what_is_muted_is_counted_and_what_nobody_took_is_told_later() {
    let log = logger();
    let segment = log.segment().unwrap();
    let thread = DrainThread::enter(segment);
    thread.mute(true);
    info!(logger: log, "muted");
    thread.mute(false);
    assert_eq!((thread.take_lost(), taken(&log, &thread).len()), (1, 0));
    for _ in 0..3 {
        info!(logger: log, "never taken");
    }
    drop(thread);
    let process = segment.process().expect("registered to be told");
    assert_eq!(segment.drops(process.index).load(crate::sync::Ordering::Relaxed), 3);
}

#[test]
fn what_is_too_long_is_cut_and_marked() {
    let log = logger();
    let thread = DrainThread::enter(log.segment().unwrap());
    let most = log.segment().unwrap().max_record_bytes() as usize;
    info!(logger: log, "long", text = "x".repeat(2 * most));
    let mut queue = VecDeque::new();
    thread.take(&mut queue);
    assert_eq!((queue[0].payload.len(), queue[0].flags), (most, flags::TRUNCATED));
}

#[test]
fn other_segments_are_logged_to_as_usual() {
    let (log, other) = (logger(), logger());
    let thread = DrainThread::enter(log.segment().unwrap());
    let inner = DrainThread::enter(other.segment().unwrap());
    info!(logger: other, "to the second");
    assert_eq!((taken(&log, &thread).len(), taken(&other, &inner).len()), (0, 1));
    drop(inner);
    info!(logger: other, "to the second");
    assert_eq!(records(other.segment().unwrap()).len(), 1);
    drop(thread);
    assert_eq!(records(log.segment().unwrap()).len(), 0);
}
