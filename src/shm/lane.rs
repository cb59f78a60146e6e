//! The lane table: how a thread takes a lane, and when a lane is over.
//!
//! A lane is over when the kernel has marked its robust mutex, or when its process is proven dead
//! (`process.rs`). No time that passes ever ends a lane.

use super::segment::Segment;
use super::tally::Tally;
use crate::layout::LaneRef;
use crate::layout::lane::{self as at, INC_MAX, LaneKind, LaneWord};
use crate::sync::{AtomicU64, Ordering, order};
use crate::sys::{self, Lock, robust};

/// What a lane entry says; nobody vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneInfo {
    /// Who has it; `None` for a damaged word.
    pub word: Option<LaneWord>,
    /// The thread, in its own pid namespace; 0 while it is not known yet.
    pub tid: u32,
    /// The sum, modulo 2^32, of the last sequences of all lanes that had this entry before.
    pub passed: u32,
}

impl Segment {
    /// Takes a free lane for the calling thread, which holds its robust mutex until it ends. `None`:
    /// the table is full. The mapping stays for the life of the process.
    pub fn register_lane(&self, process: u32, kind: LaneKind) -> Option<LaneRef> {
        self.pin();
        let count = self.geometry().lane_count;
        // Processes stand close together in their table: so do their lanes here, apart enough that
        // those who start at once do not meet.
        let first = (u64::from(process) * 4 + u64::from(sys::tid() % 4)) % u64::from(count);
        for step in 0..count {
            let index = ((first + u64::from(step)) % u64::from(count)) as u32;
            let word = self.lane_word(index)?;
            let seen = word.load(Ordering::Relaxed);
            let Some(LaneWord::Free { inc }) = LaneWord::of(seen) else { continue };
            let live = LaneWord::Live { inc, process, kind }.raw();
            // pair:entry
            if word.compare_exchange(seen, live, order::entry_cas(), Ordering::Relaxed).is_err() {
                continue;
            }
            let entry = self.lane_entry(index)?;
            let locked = self.view().mutex_init(entry + at::ARM)
                && matches!(self.view().mutex_try_lock(entry + at::ARM), Ok(Lock::Locked));
            if !locked {
                self.vacate_lane(entry, inc, None);
                return None;
            }
            self.u32_at(entry + at::TID).store(sys::tid(), Ordering::Relaxed);
            return Some(LaneRef { index, inc });
        }
        None
    }

    /// What the entry of this index says; `None` when there is no such entry.
    #[must_use]
    pub fn lane_info(&self, index: u32) -> Option<LaneInfo> {
        let entry = self.lane_entry(index)?;
        let word = self.u64_at(entry + at::WORD).load(order::entry_load()); // pair:entry
        let (tid, passed) = halves(self.u64_at(entry + at::TID).load(Ordering::Relaxed));
        Some(LaneInfo { word: LaneWord::of(word), tid, passed })
    }

    /// The word of the entry of this index alone; `None` when there is no such entry, or when it says
    /// nothing that has a meaning.
    #[inline]
    #[must_use]
    pub fn lane_state(&self, index: u32) -> Option<LaneWord> {
        LaneWord::of(self.lane_word(index)?.load(order::entry_load())) // pair:entry
    }

    /// Whether the lane's thread has ended, as far as the kernel's mark tells: true is certain, false
    /// is not. A lane whose entry has gone to another incarnation, and one that does not exist, has
    /// ended. Two loads: for every sweep.
    #[inline]
    #[must_use]
    pub fn lane_has_ended(&self, lane: LaneRef) -> bool {
        let Some(entry) = self.lane_entry(lane.index) else { return true };
        match LaneWord::of(self.u64_at(entry + at::WORD).load(Ordering::Relaxed)) {
            Some(LaneWord::Live { inc, .. }) if inc == lane.inc => {
                // pair:over
                let arm = self.view().mutex_word(entry + at::ARM).load(order::over_load());
                arm & robust::OWNER_DIED != 0
            }
            _ => true,
        }
    }

    /// Whether the lane is over: its thread has ended, or its process is proven dead. Up to 10 us for
    /// a living lane: ask [`Segment::lane_has_ended`] in each sweep and this now and then.
    #[must_use]
    pub fn lane_is_over(&self, lane: LaneRef) -> bool {
        if self.lane_has_ended(lane) {
            return true;
        }
        match self.lane_info(lane.index).and_then(|info| info.word) {
            Some(LaneWord::Live { inc, process, .. }) if inc == lane.inc => {
                self.process_is_dead(process)
            }
            _ => true,
        }
    }

    /// Gives the entry of a lane that is over back, as the next incarnation; false when the entry is
    /// not this lane's. The drain alone calls this, when all blocks of the lane are free and its
    /// losses are told; `last` is the last sequence that it used.
    pub fn release_lane(&self, lane: LaneRef, last: u64) -> bool {
        let info = self.lane_info(lane.index);
        match (info.and_then(|info| info.word), self.lane_entry(lane.index)) {
            (Some(LaneWord::Live { inc, process, .. }), Some(entry)) if inc == lane.inc => {
                self.vacate_lane(entry, inc, Some((process, last)));
                true
            }
            _ => false,
        }
    }

    /// Zeroes the entry, the arm's word last: a drain that is killed on the way leaves a lane that is
    /// over, and its successor does it again.
    fn vacate_lane(&self, entry: usize, inc: u32, passed_on: Option<(u32, u64)>) {
        let view = self.view();
        let who = self.u64_at(entry + at::TID);
        // A lane without a thread died before its first record, or was counted already: one store says
        // both, so that a drain that does it again does not count the lane twice.
        if let Some((process, last)) = passed_on
            && let (1.., passed) = halves(who.load(Ordering::Relaxed))
        {
            who.store(u64::from(passed.wrapping_add(last as u32)) << 32, Ordering::Relaxed);
            self.add_tally(process, Tally { taken: last, ..Tally::default() });
        }
        self.u64_at(entry + at::ATTEMPTED).store(0, Ordering::Relaxed);
        view.zero(entry + at::ARM + 8, at::ARM_BYTES - 8);
        view.zero(entry + at::ARM, 8);
        let next = LaneWord::Free { inc: (inc + 1) & INC_MAX }.raw();
        self.u64_at(entry + at::WORD).store(next, order::entry_free()); // pair:entry
    }

    fn lane_word(&self, index: u32) -> Option<&AtomicU64> {
        self.lane_entry(index).map(|entry| self.u64_at(entry + at::WORD))
    }

    /// Where the entry begins; `None` for an index out of range.
    #[inline]
    fn lane_entry(&self, index: u32) -> Option<usize> {
        (index < self.geometry().lane_count)
            .then(|| self.offsets().lanes + index as usize * at::SIZE)
    }
}

/// Thread and `passed` in the word that holds both.
fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}
