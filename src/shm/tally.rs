//! What became of records, counted by drains: per process in its entry, and for the whole segment in
//! the drain area. Written once the records are in every sink, read by `logring-drain stats`.
//!
//! These are for people. A drain that is killed may leave its last batch uncounted.

use super::segment::Segment;
use crate::layout::{drain_area, process};
use crate::sync::Ordering::Relaxed;

/// Counts of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Written by a drain.
    pub read: u64,
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
            read: self.read.wrapping_add(other.read),
            lost: self.lost.wrapping_add(other.lost),
            torn: self.torn.wrapping_add(other.torn),
            malformed: self.malformed.wrapping_add(other.malformed),
        }
    }
}

impl Segment {
    /// Adds to the counts of a process and to those of the segment. The drain alone calls this.
    pub fn add_tally(&self, process: u32, tally: Tally) {
        let totals = self.offsets().drain_area + drain_area::READ;
        let own = self.process_entry(process).map(|entry| entry + process::READ);
        for at in own.into_iter().chain([totals]) {
            let sum = self.tally_at(at).plus(tally);
            for (index, count) in [sum.read, sum.lost, sum.torn, sum.malformed].iter().enumerate() {
                self.u64_at(at + index * 8).store(*count, Relaxed);
            }
        }
    }

    /// The counts of the whole segment, those of processes that are gone included.
    #[must_use]
    pub fn total_tally(&self) -> Tally {
        self.tally_at(self.offsets().drain_area + drain_area::READ)
    }

    pub(super) fn tally_at(&self, at: usize) -> Tally {
        let [read, lost, torn, malformed] =
            [0, 8, 16, 24].map(|offset| self.u64_at(at + offset).load(Relaxed));
        Tally { read, lost, torn, malformed }
    }
}

const _: () = {
    assert!(process::LOST == process::READ + 8 && process::TORN == process::READ + 16);
    assert!(process::MALFORMED == process::READ + 24);
    assert!(drain_area::LOST == drain_area::READ + 8 && drain_area::TORN == drain_area::READ + 16);
    assert!(drain_area::MALFORMED == drain_area::READ + 24);
};
