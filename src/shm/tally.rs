//! How many records there were and what became of them, counted by drains: per process in its entry, and
//! for the whole segment in the drain area. Written once all of it is in every sink, read by
//! `logring-drain stats`.
//!
//! These are for people: of a drain that is killed, what it was just writing may be uncounted.

use super::segment::Segment;
use crate::layout::{drain_area, process};
use crate::sync::Ordering::Relaxed;

/// Counts of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sequences that threads took which have ended and were read to their end: one for each record,
    /// whatever became of it.
    pub taken: u64,
    /// Dropped since the ring was full, and reported.
    pub lost: u64,
    /// Begun and never finished, since the thread died, and reported.
    pub torn: u64,
    /// Of bytes that made no sense, and reported.
    pub malformed: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            taken: self.taken.wrapping_add(other.taken),
            lost: self.lost.wrapping_add(other.lost),
            torn: self.torn.wrapping_add(other.torn),
            malformed: self.malformed.wrapping_add(other.malformed),
        }
    }
}

impl Segment {
    /// Adds to the counts of a process and to those of the segment. The drain alone calls this.
    pub fn add_tally(&self, process: u32, tally: Tally) {
        let totals = self.offsets().drain_area + drain_area::TAKEN;
        let own = self.process_entry(process).map(|entry| entry + process::TAKEN);
        for at in own.into_iter().chain([totals]) {
            let sum = self.tally_at(at).plus(tally);
            for (index, count) in [sum.taken, sum.lost, sum.torn, sum.malformed].iter().enumerate()
            {
                self.u64_at(at + index * 8).store(*count, Relaxed);
            }
        }
    }

    /// The counts of the whole segment, those of processes that are gone included.
    #[must_use]
    pub fn total_tally(&self) -> Tally {
        self.tally_at(self.offsets().drain_area + drain_area::TAKEN)
    }

    pub(super) fn tally_at(&self, at: usize) -> Tally {
        let [taken, lost, torn, malformed] =
            [0, 8, 16, 24].map(|offset| self.u64_at(at + offset).load(Relaxed));
        Tally { taken, lost, torn, malformed }
    }
}

const _: () = {
    assert!(process::LOST == process::TAKEN + 8 && process::TORN == process::TAKEN + 16);
    assert!(process::MALFORMED == process::TAKEN + 24);
    assert!(
        drain_area::LOST == drain_area::TAKEN + 8 && drain_area::TORN == drain_area::TAKEN + 16
    );
    assert!(drain_area::MALFORMED == drain_area::TAKEN + 24);
};
