//! A lane's time: when a record comes behind the one before, and what a lane that was idle does with
//! its block.
//!
//! Every call stamps by it, and only a call behind a pause does more. A block is given back by its
//! owner alone: whoever took it from a thread would find that thread's next store in another's record.

use super::LaneCell;
use crate::layout::word::BlockWord;
use crate::ring::Memory;
use crate::sync::Ordering::Relaxed;

/// A lane without a record for so many ticks of its clock is idle: a second by a processor's clock of
/// 2 GHz, two by the kernel's in nanoseconds. A power of two, so that a call spends a shift on it.
const IDLE_TICKS_LOG2: u32 = 31;

impl<B: Copy + Default> LaneCell<B> {
    /// The timestamp to stamp when the clock says `now`: never below the lane's last.
    #[inline(always)]
    pub fn stamp_time(&self, now: u64) -> u64 {
        self.stamp(now).0
    }

    /// Whether `now` is the timestamp to stamp, which it then is; false where it is below the lane's
    /// last, or so far above it that the lane has been idle. One comparison says both.
    #[inline(always)]
    #[must_use]
    pub fn stamp_next(&self, now: u64) -> bool {
        let is_next = now.wrapping_sub(self.timestamp.get()) >> IDLE_TICKS_LOG2 == 0;
        if is_next {
            self.timestamp.set(now);
        }
        is_next
    }

    /// The timestamp to stamp, and whether the lane has been idle until now.
    #[inline(always)]
    pub fn stamp(&self, now: u64) -> (u64, bool) {
        let last = self.timestamp.get();
        let timestamp = now.max(last);
        self.timestamp.set(timestamp);
        (timestamp, (timestamp - last) >> IDLE_TICKS_LOG2 != 0)
    }

    /// Gives the open block back, so that a lane that logs rarely holds none in between: the drain
    /// frees it when it has read it. Not while the one before has not been freed: the rest of a block
    /// is lost by that, so a drain that does not get on costs a lane one of them at most.
    pub fn give_back<M: Memory<Block = B>>(&self, memory: &M) {
        if !self.close() {
            return;
        }
        if let Some((open, _)) = self.open_block()
            && !self.is_given(memory)
        {
            self.given.set([open.block + 1, open.generation]);
            self.pad(memory);
        }
        self.reopen();
    }

    /// Whether the block last given back is still the lane's.
    fn is_given<M: Memory<Block = B>>(&self, memory: &M) -> bool {
        let [number, generation] = self.given.get();
        let owned = BlockWord::Owned { generation, lane: self.lane() };
        // Relaxed: an old look says that it is, and the next call looks again.
        number.checked_sub(1).is_some_and(|block| memory.word(block).load(Relaxed) == owned.raw())
    }
}
