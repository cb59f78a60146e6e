//! The watermark: a time such that all records below it are visible to the sweep that follows.
//!
//! The clock is read first, the barrier comes after it, the sweep after both. A producer marks its
//! slot before it reads the clock, so a record with a time below the watermark had its claim and
//! mark before the barrier: the sweep sees it committed, or its lane busy.
//!
//! In window order there is no barrier: what is older than the window is taken to be visible, and
//! a record that comes later than that is late.

use std::time::Duration;

use logring::layout::header::clock;
use logring::shm::Segment;
use logring::sync::{fence, order};
use logring::sys;

use crate::clock::Clock;
use crate::config::Order;

/// How long records are waited for in window order.
const WINDOW: Duration = Duration::from_millis(5);

/// How often the coarse clock is looked at while a tick of it is waited for: it has 1 to 10 ms.
const TICK: Duration = Duration::from_micros(500);

/// Takes watermarks in a segment's clock.
#[derive(Debug)]
pub(crate) struct Watermark {
    clock_kind: u32,
    /// The kernel takes the barrier, and strict order is wanted.
    strict: bool,
}

impl Watermark {
    pub(crate) fn new(segment: &Segment, order: Order) -> Self {
        let strict = order == Order::Strict && sys::membarrier();
        Self { clock_kind: segment.clock_kind(), strict }
    }

    /// Whether the order is strict.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// The time below which everything is visible after this call; `clock` knows how many ticks
    /// the window has. It is the time of the call where somebody waits for `all` that was logged before:
    /// in window order that takes as long as the window is.
    pub(crate) fn take(&self, clock: &Clock, all: bool) -> u64 {
        let mut now = now(self.clock_kind);
        if all && self.clock_kind == clock::COARSE {
            // What was logged before may have been logged at this very tick, and must be below.
            let tick = now;
            while now == tick {
                std::thread::sleep(TICK);
                now = self::now(self.clock_kind);
            }
        }
        // For processes that membarrier does not reach.
        fence(order::mark_fence()); // pair:membarrier
        if self.strict {
            let worked = sys::membarrier(); // pair:membarrier
            debug_assert!(worked, "it worked when the drain started");
            return now;
        }
        if all {
            std::thread::sleep(WINDOW);
            return now;
        }
        now.saturating_sub(clock.ticks(WINDOW))
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
