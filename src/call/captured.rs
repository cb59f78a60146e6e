//! Records of threads whose logging is captured for a test: encoded as any record is, into memory of
//! their own instead of the ring, and decoded when they are committed.
#![expect(unsafe_code, reason = "a writer goes over the record's bytes by pointers")]

use std::cell::Cell;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::local::{Sources, capture};
use super::emit::{Origin, truncated};
use super::{Filter, Logger, thread};
use crate::level::Level;
use crate::record::{CallsiteInfo, Event, Raw, Rest, Strings, Writer, decode};
use crate::sync::{AtomicU32, Ordering};
use crate::sys;

/// Where captured events go.
#[derive(Debug)]
pub(crate) struct Sink {
    events: Mutex<Vec<Event<'static>>>,
    filter: Filter,
    closed: AtomicU32,
    /// Who captures once this one is closed.
    before: Option<Arc<Self>>,
}

/// A captured record that is being written.
struct Open {
    sink: Arc<Sink>,
    level: u8,
    flags: u16,
    context_len: u32,
    payload: Vec<u8>,
    rest: Rest,
    /// The one that a signal handler's is on top of.
    below: *mut Self,
}

thread_local! {
    static OPEN: Cell<*mut Open> = const { Cell::new(ptr::null_mut()) };
}

/// Longest payload, as it is in a segment by default.
pub(super) const MAX_RECORD_BYTES: usize = super::builder::MAX_RECORD_BYTES as usize;

impl Sink {
    pub(crate) fn new(filter: Filter, before: Option<Arc<Self>>) -> Arc<Self> {
        let closed = AtomicU32::new(0);
        Arc::new(Self { events: Mutex::default(), filter, closed, before })
    }

    pub(crate) fn close(&self) {
        // Relaxed: on another thread it may come through a little later.
        self.closed.store(1, Ordering::Relaxed);
    }

    /// Who captures once this one is closed.
    pub(crate) fn before(&self) -> Option<&Arc<Self>> {
        self.before.as_ref()
    }

    /// What has been captured.
    pub(crate) fn events(&self) -> std::sync::MutexGuard<'_, Vec<Event<'static>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether such records are captured.
    pub(super) fn admits(&self, level: u8, target: &str) -> bool {
        level >= self.filter.threshold(target)
    }
}

/// Who captures what threads log that nobody captures by themselves.
static EVERYWHERE: Mutex<Option<Arc<Sink>>> = Mutex::new(None);
/// 1 while there is somebody.
static ANYWHERE: AtomicU32 = AtomicU32::new(0);

/// Captures, from now on, every thread that is not captured by itself.
pub(crate) fn set_everywhere(sink: Option<Arc<Sink>>) {
    // Relaxed: on another thread it may come through a little later.
    ANYWHERE.store(u32::from(sink.is_some()), Ordering::Relaxed);
    *EVERYWHERE.lock().unwrap_or_else(PoisonError::into_inner) = sink;
}

/// Who captures what the calling thread logs by this logger.
#[cold]
pub(super) fn sink(logger: &Logger) -> Option<Arc<Sink>> {
    own_sink().or_else(everywhere).filter(|_| logger.is_default())
}

fn own_sink() -> Option<Arc<Sink>> {
    let mut sink = capture()?;
    // Relaxed: see `close`.
    while sink.closed.load(Ordering::Relaxed) != 0 {
        sink = sink.before.clone()?;
    }
    Some(sink)
}

fn everywhere() -> Option<Arc<Sink>> {
    if ANYWHERE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    EVERYWHERE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Opens a record.
pub(super) fn begin(
    sink: Arc<Sink>,
    origin: &dyn Origin,
    level: Level,
    set: u16,
    context: Sources<'_>,
    len: usize,
) -> Writer {
    let facts = origin.content();
    let wanted = 4 + facts.len() + context.len() + len;
    let payload = wanted.min(MAX_RECORD_BYTES);
    let open = Box::into_raw(Box::new(Open {
        sink,
        level: level.number(),
        flags: truncated::mark(set, payload < wanted),
        context_len: context.len() as u32,
        payload: vec![0; payload],
        rest: Rest::slots(0, 0).owned_by(thread::nobody()),
        below: OPEN.get(),
    }));
    OPEN.set(open);
    // SAFETY: the box is this call's alone until `commit`, its bytes stay in place, and nothing comes
    // after them.
    let mut writer = unsafe {
        let start = (*open).payload.as_mut_ptr();
        Writer::new(start, start.add(payload), &raw mut (*open).rest)
    };
    writer.put_slice(&(facts.len() as u32).to_le_bytes());
    writer.put_slice(&facts);
    context.put(&mut writer);
    writer
}

/// Ends the record that was opened last; false when there is none.
pub(super) fn commit() -> bool {
    let open = OPEN.get();
    if open.is_null() {
        return false;
    }
    // SAFETY: a box from `begin`, which nobody else has any more: its writer is gone.
    let open = unsafe { Box::from_raw(open) };
    OPEN.set(open.below);
    let raw = Raw {
        timestamp_ns: sys::realtime_ns().cast_signed(),
        level: open.level,
        callsite: 0,
        flags: open.flags,
        context_len: open.context_len,
        pid: sys::pid(),
        tid: sys::tid(),
        payload: &open.payload,
    };
    let mut event = Event::default();
    if decode(&raw, &NoStrings, &mut event).is_ok() {
        open.sink.events().push(event.into_owned());
    }
    true
}

/// All stands inline in captured records.
struct NoStrings;

impl Strings for NoStrings {
    fn string(&self, _: u32) -> Option<&str> {
        None
    }

    fn callsite(&self, _: u32) -> Option<&CallsiteInfo<'static>> {
        None
    }
}
