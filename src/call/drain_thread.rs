//! What a drain's own thread logs: its processors, its sinks, and the libraries that they call.
//!
//! None of it goes into the ring that the thread drains: there it would be read again, logged about
//! again, and wait for room that only this thread can make. It goes to a queue in private memory,
//! which the drain empties into its output. Other segments' rings take such records as usual, but
//! the thread never waits for room in them: two drains could wait for each other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::producer::Producer;
use super::thread;
use crate::shm::Segment;
use crate::sync::Ordering::Relaxed;
use crate::sys;

/// Most bytes that wait for the drain; what comes when they are there is dropped and counted. They
/// wait for one pass over the ring: a processor that logs about each record of a full one fits.
const QUEUE_BYTES_MAX: usize = 64 << 20;

/// A record that a drain's thread has logged; its callsite stands inline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateRecord {
    /// The segment's clock at the call.
    pub timestamp: u64,
    /// The level's number.
    pub level: u8,
    /// As in a record's header, see `layout::record::flags`.
    pub flags: u16,
    /// Bytes of context behind the callsite.
    pub context_len: u32,
    /// Callsite, context and fields, as a record without a callsite id has them.
    pub payload: Vec<u8>,
}

#[derive(Debug)]
struct Queue {
    segment: &'static Segment,
    /// A forked child is no drain, whatever thread it was forked from.
    pid: u32,
    records: VecDeque<PrivateRecord>,
    bytes: usize,
    /// Its payload is being encoded.
    open: Option<PrivateRecord>,
    lost: u64,
    muted: bool,
}

thread_local! {
    /// One for each segment that this thread drains.
    static QUEUES: RefCell<Vec<Queue>> = const { RefCell::new(Vec::new()) };
}

/// While this lives, the calling thread is the drain of a segment: what it logs there comes out of
/// [`DrainThread::take`].
#[derive(Debug)]
#[must_use = "the thread logs into the ring again when this is dropped"]
pub struct DrainThread {
    segment: &'static Segment,
    of_this_thread: PhantomData<*const ()>,
}

impl DrainThread {
    /// The calling thread drains `segment` from now on.
    pub fn enter(segment: &'static Segment) -> Self {
        QUEUES.with_borrow_mut(|queues| {
            queues.push(Queue {
                segment,
                pid: sys::pid(),
                records: VecDeque::new(),
                bytes: 0,
                open: None,
                lost: 0,
                muted: false,
            });
        });
        if let Some(producer) = Producer::known(segment) {
            thread::set_drain(producer, true);
        }
        Self { segment, of_this_thread: PhantomData }
    }

    /// Moves what has been logged since the last call to the end of `to`, in the order of its
    /// timestamps. One comparison when there is nothing.
    pub fn take(&self, to: &mut VecDeque<PrivateRecord>) {
        self.with(|queue| {
            to.append(&mut queue.records);
            queue.bytes = 0;
        });
    }

    /// How many records were dropped since the last call.
    #[must_use]
    pub fn take_lost(&self) -> u64 {
        self.with(|queue| std::mem::take(&mut queue.lost)).unwrap_or(0)
    }

    /// Whether anything has been logged since the last [`DrainThread::take`].
    #[must_use]
    pub fn has_records(&self) -> bool {
        self.with(|queue| !queue.records.is_empty()).unwrap_or(false)
    }

    /// Drops and counts what is logged while `muted`.
    pub fn mute(&self, muted: bool) {
        self.with(|queue| queue.muted = muted);
    }

    fn with<T>(&self, look: impl FnOnce(&mut Queue) -> T) -> Option<T> {
        QUEUES.with_borrow_mut(|queues| {
            queues.iter_mut().find(|queue| queue.is_of(self.segment)).map(look)
        })
    }
}

impl Drop for DrainThread {
    fn drop(&mut self) {
        let ended = QUEUES.try_with(|queues| {
            let mut queues = queues.borrow_mut();
            let at = queues.iter().position(|queue| queue.is_of(self.segment))?;
            Some(queues.remove(at))
        });
        if let Ok(Some(queue)) = ended {
            queue.count_rest();
        }
        if let Some(producer) = Producer::known(self.segment) {
            thread::set_drain(producer, false);
        }
    }
}

impl Queue {
    /// What nobody took is told by the next drain.
    fn count_rest(&self) {
        let rest = self.records.len() as u64 + self.lost;
        if rest > 0
            && self.pid == sys::pid()
            && let Some(process) = self.segment.register_process()
        {
            self.segment.drops(process.index).fetch_add(rest, Relaxed);
        }
    }

    fn is_of(&self, segment: &Segment) -> bool {
        ptr::eq(self.segment, segment)
    }
}

/// Whether the calling thread is the drain of `segment`.
pub(super) fn drains(segment: &Segment) -> bool {
    any(|queue| queue.is_of(segment))
}

/// Whether the calling thread is a drain, of whatever segment.
pub(super) fn is_drain() -> bool {
    any(|_| true)
}

fn any(fits: impl Fn(&Queue) -> bool) -> bool {
    let look = |queues: &RefCell<Vec<Queue>>| match queues.try_borrow() {
        Ok(queues) => queues.iter().any(|queue| fits(queue) && queue.pid == sys::pid()),
        // An allocator's hook, from inside of the queue.
        Err(_) => true,
    };
    QUEUES.try_with(look).unwrap_or(false)
}

/// Begins a record of so many bytes of payload: where they go. The place stays until [`commit`].
/// `None`: dropped and counted.
pub(super) fn open(
    producer: &'static Producer,
    header: PrivateRecord,
    payload: usize,
) -> Option<NonNull<u8>> {
    let add = |queue: &mut Queue| {
        let is_full = queue.bytes + payload > QUEUE_BYTES_MAX && !queue.records.is_empty();
        if queue.muted || is_full || queue.open.is_some() {
            queue.lost += 1;
            return None;
        }
        let record = queue.open.insert(PrivateRecord { payload: vec![0; payload], ..header });
        NonNull::new(record.payload.as_mut_ptr())
    };
    let opened = QUEUES.try_with(|queues| {
        let mut queues = queues.try_borrow_mut().ok()?;
        queues.iter_mut().find(|queue| queue.is_of(producer.segment())).map(add)
    });
    opened.ok().flatten().unwrap_or_else(|| {
        producer.count_drop();
        None
    })
}

/// Ends the record that [`open`] began.
#[cold]
#[inline(never)]
pub(super) fn commit() {
    let _ = QUEUES.try_with(|queues| {
        let Ok(mut queues) = queues.try_borrow_mut() else { return };
        for queue in queues.iter_mut() {
            if let Some(record) = queue.open.take() {
                queue.bytes += record.payload.len();
                queue.records.push_back(record);
            }
        }
    });
}
