//! Who wakes whom: the drain's doorbell, producers that wait for a block, callers of `flush`.

use super::DrainArea;
use crate::layout::drain_area::sleeping;
use crate::sync::Ordering::{Relaxed, SeqCst};
use crate::sync::{fence, order};
use crate::sys;

impl DrainArea<'_> {
    /// A producer wakes the drain if it sleeps. One load when it does not.
    #[inline]
    pub fn ring_doorbell(&self) {
        if self.sleeping().load(Relaxed) != sleeping::NOT {
            self.ring();
        }
    }

    /// A producer that was idle has committed a record: it wakes a drain that does not look by itself.
    /// Of the drain's word and the record one is seen by the other side: the drain says how it sleeps
    /// before the barrier of its last look (pair:membarrier), and the record was marked before or behind it.
    #[inline]
    pub fn end_deep_sleep(&self) {
        if self.sleeping().load(Relaxed) == sleeping::DEEP {
            self.ring();
        }
    }

    #[cold]
    fn ring(&self) {
        // Only the first of many needs the call.
        if self.sleeping().swap(sleeping::NOT, Relaxed) != sleeping::NOT {
            self.doorbell().fetch_add(1, Relaxed);
            sys::futex_wake(self.doorbell(), 1);
        }
    }

    /// The drain is about to sleep: the doorbell's value to wait upon. A record that is committed
    /// between its last look and this waits for one light sleep at most; before a deep one the drain
    /// looks once more.
    #[must_use]
    pub fn fall_asleep(&self, how: u32) -> u32 {
        let doorbell = self.doorbell().load(Relaxed);
        self.sleeping().store(how, Relaxed);
        fence(SeqCst);
        doorbell
    }

    /// The drain is awake.
    pub fn wake_up(&self) {
        self.sleeping().store(sleeping::NOT, Relaxed);
    }

    /// Blocks have become free, or the right to collect them: wakes who waits for that.
    pub fn announce_free(&self) {
        // A producer sets `waiting`, then looks for a block; here the block is free, then `waiting`
        // is looked at: with a full fence on both sides one of the two sees the other.
        self.free_epoch().fetch_add(1, SeqCst); // pair:waiting
        fence(SeqCst); // pair:waiting
        if self.waiting().swap(0, Relaxed) != 0 {
            sys::futex_wake(self.free_epoch(), u32::MAX >> 1);
        }
    }

    /// All that was committed before flush number `flush` was asked for is written.
    pub fn finish_flush(&self, flush: u32) {
        self.flush_done().store(flush, order::flush_done_store()); // pair:flush-done
        sys::futex_wake(self.flush_done(), u32::MAX >> 1);
    }
}
