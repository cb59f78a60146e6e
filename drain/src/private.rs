//! What the drain's own thread logs (processors, sinks, libraries that they call), on its way into
//! the output: in its place in the time order, past the processors, which would log about it again.
//!
//! A sink that logs while it writes would have its own words to write next, without end. So what
//! sinks log is taken only after a record of somebody else's; else it is dropped and counted.

use std::collections::VecDeque;

use logring::call::{DrainThread, PrivateRecord};
use logring::shm::Segment;

/// What the thread of one drain has logged.
#[derive(Debug)]
pub(crate) struct Private {
    thread: DrainThread,
    waiting: VecDeque<PrivateRecord>,
    sinks_may_log: bool,
}

impl Private {
    /// The calling thread is the drain of `segment` for as long as this lives.
    pub(crate) fn new(segment: &'static Segment) -> Self {
        let thread = DrainThread::enter(segment);
        Self { thread, waiting: VecDeque::new(), sinks_may_log: true }
    }

    /// Takes up what has been logged so far; to be called before a watermark is taken.
    pub(crate) fn collect(&mut self) {
        self.thread.take(&mut self.waiting);
    }

    /// The next record that was logged before `clock`.
    #[inline]
    pub(crate) fn next_before(&mut self, clock: u64) -> Option<PrivateRecord> {
        self.waiting.pop_front_if(|record| record.timestamp < clock)
    }

    /// Whether there may be such a record.
    #[inline]
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A record of somebody else's goes out.
    #[inline]
    pub(crate) fn others_speak(&mut self) {
        self.sinks_may_log = true;
    }

    /// Runs `write`, in which sinks write.
    pub(crate) fn while_writing<T>(&mut self, write: impl FnOnce() -> T) -> T {
        self.collect();
        self.thread.mute(!self.sinks_may_log);
        let done = write();
        self.thread.mute(false);
        if self.thread.has_records() {
            self.sinks_may_log = false;
        }
        done
    }

    /// How many were dropped since this was last asked. 0 while telling it would make sinks log
    /// again, and drop again, without end.
    pub(crate) fn take_lost(&mut self) -> u64 {
        if self.sinks_may_log { self.thread.take_lost() } else { 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.thread.has_records()
    }
}
