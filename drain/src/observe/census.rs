//! How many records passed by in lanes that ended unseen: by the sums that lane entries keep of the last
//! sequences of all lanes that had them. `tail` asks now and then.
//!
//! A lane that was there before and had nothing left in the ring to see counts from its first record
//! that is seen; what it wrote unseen before that is not known here.

use std::collections::{HashMap, HashSet};

use logring::layout::lane::LaneWord;
use logring::layout::{BlockWord, LaneRef};
use logring::ring::Memory;
use logring::shm::{LaneInfo, Segment};
use logring::sync::Ordering;

use crate::lanes::Lanes;

/// What is accounted for of one lane entry.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// Sequences of lanes that had it and of which nothing is left to see, modulo 2^32.
    settled: u32,
    /// The lane that had it at the beginning and has not been seen.
    unmet: Option<u32>,
}

/// The lane table as it stood before a survey, for what is over by then.
#[derive(Debug)]
pub(crate) struct Table {
    /// Per entry what `passed` says and which incarnation has it or has it next; `None` where both
    /// were changing.
    entries: Vec<Option<(u32, u32)>>,
}

/// What is accounted for, of all lane entries.
#[derive(Debug)]
pub(crate) struct Census {
    entries: Vec<Entry>,
}

impl Table {
    /// Reads all of it: some 50 us with the usual number of lanes.
    pub(crate) fn read(segment: &Segment) -> Self {
        let entry = |index| {
            let info = segment.lane_info(index)?;
            // A lane that is being given back has no thread any more, and may have passed already.
            let is_whole = |info: &LaneInfo| match info.word {
                Some(LaneWord::Live { inc, .. }) if info.tid != 0 => Some(inc),
                Some(LaneWord::Free { inc }) => Some(inc),
                _ => None,
            };
            let inc = is_whole(&info)?;
            let again = segment.lane_info(index)?;
            (again.word == info.word).then_some((info.passed, inc))
        };
        Self { entries: (0..segment.geometry().lane_count).map(entry).collect() }
    }

    /// Whether this lane's entry had gone to another.
    fn has_released(&self, lane: LaneRef) -> bool {
        let entry = self.entries.get(lane.index as usize).copied().flatten();
        entry.is_some_and(|(_, inc)| inc != lane.inc)
    }
}

impl Census {
    /// Everything that has passed until now is accounted for. With `whole`, everything that ever
    /// passed is not: the segment is new.
    pub(crate) fn start(segment: &Segment, whole: bool) -> Self {
        let entry = |index| {
            let info = segment.lane_info(index);
            match info {
                Some(info) if !whole => {
                    let unmet = match info.word {
                        Some(LaneWord::Live { inc, .. }) => Some(inc),
                        _ => None,
                    };
                    Entry { settled: info.passed, unmet }
                }
                _ => Entry::default(),
            }
        };
        Self { entries: (0..segment.geometry().lane_count).map(entry).collect() }
    }

    /// A lane is seen for the first time. True when it was there at the beginning.
    pub(crate) fn meet(&mut self, lane: LaneRef) -> bool {
        let entry = self.entries.get_mut(lane.index as usize);
        entry.is_some_and(|entry| entry.unmet.take_if(|inc| *inc == lane.inc).is_some())
    }

    /// Forgets lanes that are over and of which nothing is left to see, and says how many records of
    /// lanes that are over passed unseen, which were not counted before. `table` was read before the
    /// last survey, and all that was found has been delivered but what lies in the future.
    pub(crate) fn take(&mut self, segment: &Segment, table: &Table, lanes: &mut Lanes) -> u64 {
        let named = named(segment);
        // Per entry: sequences of lanes that are over and still known; `None` = one of them has more
        // to be seen.
        let mut pending: HashMap<u32, Option<u32>> = HashMap::new();
        lanes.retain(|lane| {
            if !table.has_released(lane.lane) {
                return true;
            }
            let Some(entry) = self.entries.get_mut(lane.lane.index as usize) else { return false };
            let has_more = lane.head.is_some() || lane.chain.has_more();
            let last = lane.sequence.map(|last| last as u32).filter(|_| !has_more);
            if named.contains(&lane.lane) || has_more {
                let sum = pending.entry(lane.lane.index).or_insert(Some(0));
                *sum = sum.and_then(|sum| Some(sum.wrapping_add(last?)));
                return true;
            }
            match last {
                Some(last) => entry.settled = entry.settled.wrapping_add(last),
                // It was there before, and none of its records could be read.
                None => entry.unmet = Some(lane.lane.inc),
            }
            false
        });
        let mut unseen = 0;
        for (index, (entry, read)) in (0u32..).zip(self.entries.iter_mut().zip(&table.entries)) {
            let Some((passed, inc)) = *read else { continue };
            if entry.unmet.take_if(|unmet| *unmet != inc).is_some() {
                entry.settled = passed;
                continue;
            }
            let Some(pending) = pending.get(&index).copied().unwrap_or(Some(0)) else { continue };
            let missing = passed.wrapping_sub(entry.settled).wrapping_sub(pending);
            // Bytes that somebody wrote there may say that more was seen than passed.
            if missing.cast_signed() > 0 {
                unseen += u64::from(missing);
                entry.settled = entry.settled.wrapping_add(missing);
            }
        }
        unseen
    }
}

/// The lanes of which a block holds something.
fn named(segment: &Segment) -> HashSet<LaneRef> {
    let name = |block| match BlockWord::of(segment.word(block).load(Ordering::Relaxed))? {
        BlockWord::Owned { lane, .. } => Some(lane),
        BlockWord::Free { .. } => Some(segment.signature(block).lane),
    };
    (0..segment.block_count()).filter_map(name).collect()
}
