//! The watermark: a time such that all records below it are visible to the sweep that follows.
//!
//! The clock is read first, the barrier comes after it, the sweep after both. A producer marks its
//! slot before it reads the clock, so a record with a time below the watermark had its claim and
//! mark before the barrier: the sweep sees it committed, or its lane busy.

use logring::layout::header::clock;
use logring::shm::Segment;
use logring::sys;

/// Takes watermarks in a segment's clock.
#[derive(Debug)]
pub(crate) struct Watermark {
    clock_kind: u32,
    /// Membarrier works; otherwise order is by window and said so.
    barrier: bool,
}

impl Watermark {
    pub(crate) fn new(segment: &Segment) -> Self {
        Self { clock_kind: segment.clock_kind(), barrier: sys::membarrier() }
    }

    /// Whether the order is strict: the kernel takes the barrier.
    pub(crate) fn is_strict(&self) -> bool {
        self.barrier
    }

    /// The time below which everything is visible after this call.
    pub(crate) fn take(&self) -> u64 {
        let now = now(self.clock_kind);
        if self.barrier {
            sys::membarrier(); // pair:membarrier
        }
        now
    }
}

/// The segment's clock, now, after everything before it and before everything behind it.
pub(crate) fn now(clock_kind: u32) -> u64 {
    match clock_kind {
        clock::TSC => sys::now_ticks_fenced(),
        clock::COARSE => sys::realtime_coarse_ns(),
        _ => sys::realtime_ns(),
    }
}
