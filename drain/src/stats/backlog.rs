//! What lanes that are still known have logged, and what of it no sink has or not every sink has: by the
//! stamps of the blocks in use, and by the positions in the ledger. Without a ledger all that stands
//! in blocks in use counts as not written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use logring::layout::lane::{LaneKind, LaneWord};
use logring::layout::stamp::{Kind, Stamp};
use logring::layout::word::ordinal_distance;
use logring::layout::{Begun, BlockWord, LaneRef, record};
use logring::ring::{Memory, Unpinned};
use logring::shm::Segment;
use logring::sync::{Ordering, order};

use crate::ledger::{LaneMark, Ledger};
use crate::observe;

/// What one lane has logged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    /// Its last sequence.
    last: u64,
    /// The sequence before the first record that no sink has, if one was found.
    before: Option<u64>,
    /// Records that no sink has.
    unread: u64,
    /// Records that not every sink has that counts.
    unwritten: u64,
    /// Records behind what is written, of those that were there at the first look.
    kept: u64,
}

/// Counts over lanes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    /// Sequences taken: one for each record, whatever became of it.
    pub(super) taken: u64,
    /// Records in the ring that not every sink has.
    pub(super) unwritten: u64,
    /// Sequences behind what is written that no record has: lost, and not reported yet.
    pub(super) missing: u64,
}

/// What is in the ring.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Records that no sink has.
    pub(super) unread: u64,
    /// The earliest of their times, in the segment's clock.
    pub(super) oldest: Option<u64>,
    /// Per process entry.
    processes: HashMap<u32, Sum>,
    /// Per cursor, records that its sink does not have.
    cursors: Vec<u64>,
}

/// A committed record in a block.
struct Found {
    slot: u32,
    timestamp: u64,
    sequence: u64,
}

impl Backlog {
    /// Looks at the stamps of all blocks in use, at all lane entries, and at the ledger that `ledger`
    /// then finds.
    ///
    /// Threads log and the drain frees meanwhile, so that no number may be taken for a loss that is only
    /// one of another moment. What a lane had logged or dropped at a first look, `logged`, stands in the
    /// ring at the second, or was freed before it; what was freed, the ledger that is looked at last has
    /// passed. What neither has, nobody has.
    pub(super) fn count(
        segment: &Segment,
        ledger: impl FnOnce() -> Option<Arc<Ledger>>,
    ) -> (Self, Option<Arc<Ledger>>) {
        let mut logged: HashMap<LaneRef, u64> = HashMap::new();
        for (place, found) in places(segment) {
            let last = logged.entry(place.lane).or_default();
            *last = found.iter().map(|record| record.sequence).fold(*last, u64::max);
        }
        let entries = lane_entries(segment);
        for (lane, _) in &entries {
            let last = logged.entry(*lane).or_default();
            *last = (*last).max(observe::attempted(segment, *lane));
        }
        let places: Vec<_> = places(segment).collect();
        let ledger = ledger();
        let positions = Positions::of(ledger.as_deref());
        let mut backlog = Self { cursors: vec![0; positions.all], ..Self::default() };
        let mut lanes: HashMap<LaneRef, Lane> = HashMap::new();
        for (place, found) in &places {
            let lane = lanes.entry(place.lane).or_default();
            let written = positions.mark(place.lane).map(|mark| mark.sequence);
            let logged = logged.get(&place.lane).copied().unwrap_or(0);
            backlog.add(place, found, &positions, lane);
            let counts = |record: &&Found| {
                record.sequence <= logged && written.is_none_or(|at| record.sequence > at)
            };
            lane.kept += found.iter().filter(counts).count() as u64;
        }
        let marks: Vec<_> = entries.iter().map(|(lane, _)| positions.mark(*lane)).collect();
        // One that was given back meanwhile has no mark any more, and counts where its process is.
        let still: HashSet<_> = lane_entries(segment).into_iter().collect();
        let marked = entries.into_iter().zip(marks);
        for ((lane, process), mark) in marked.filter(|(entry, _)| still.contains(entry)) {
            let seen = lanes.get(&lane).copied().unwrap_or_default();
            let written = mark.map_or(0, |mark| mark.sequence);
            let logged = logged.get(&lane).copied().unwrap_or(0);
            // Without a mark the first one found is the first one known.
            let before = mark.map(|mark| mark.sequence).or(seen.before).unwrap_or(0);
            let sum = backlog.processes.entry(process).or_default();
            sum.taken = sum.taken.saturating_add(seen.last.max(written).max(logged));
            sum.unwritten += seen.unwritten;
            let missing = logged.saturating_sub(before).saturating_sub(seen.kept);
            sum.missing = sum.missing.saturating_add(missing);
        }
        (backlog, ledger)
    }

    fn add(&mut self, place: &Place, found: &[Found], positions: &Positions<'_>, lane: &mut Lane) {
        let consumed: Vec<u32> =
            (0..positions.all).map(|cursor| positions.consumed(cursor, place)).collect();
        let counting = || positions.counting.iter().filter_map(|cursor| consumed.get(*cursor));
        let most = counting().copied().max().unwrap_or(0);
        let least = counting().copied().min().unwrap_or(0);
        for record in found {
            for (count, consumed) in self.cursors.iter_mut().zip(&consumed) {
                *count += u64::from(record.slot >= *consumed);
            }
            lane.last = lane.last.max(record.sequence);
            lane.unwritten += u64::from(record.slot >= least);
            if record.slot >= most {
                let before = record.sequence.saturating_sub(1);
                lane.before = Some(lane.before.map_or(before, |known| known.min(before)));
                lane.unread += 1;
                self.unread += 1;
                let oldest = self.oldest.unwrap_or(u64::MAX);
                self.oldest = Some(oldest.min(record.timestamp));
            }
        }
    }

    /// The counts of the process of this entry, over its threads that are still known.
    pub(super) fn of_process(&self, process: u32) -> Sum {
        self.processes.get(&process).copied().unwrap_or_default()
    }

    /// The counts of all processes.
    pub(super) fn total(&self) -> Sum {
        self.processes.values().fold(Sum::default(), |sum, of| Sum {
            taken: sum.taken.saturating_add(of.taken),
            unwritten: sum.unwritten + of.unwritten,
            missing: sum.missing.saturating_add(of.missing),
        })
    }

    /// Records that the sink of this cursor does not have.
    pub(super) fn of_cursor(&self, cursor: usize) -> u64 {
        self.cursors.get(cursor).copied().unwrap_or(0)
    }
}

/// The ledger's cursors.
struct Positions<'a> {
    ledger: Option<&'a Ledger>,
    all: usize,
    /// Those for which blocks wait; all if there are none.
    counting: Vec<usize>,
}

impl<'a> Positions<'a> {
    fn of(ledger: Option<&'a Ledger>) -> Self {
        let all = ledger.map_or(0, |ledger| ledger.names().count());
        let counts = |cursor: &usize| ledger.is_some_and(|ledger| ledger.counts(*cursor));
        let mut counting: Vec<usize> = (0..all).filter(counts).collect();
        if counting.is_empty() {
            counting = (0..all).collect();
        }
        Self { ledger, all, counting }
    }

    /// The mark of a lane that is furthest.
    fn mark(&self, lane: LaneRef) -> Option<LaneMark> {
        let ledger = self.ledger?;
        let marks = self.counting.iter().filter_map(|cursor| ledger.lane(*cursor, lane.index));
        marks.filter(|mark| mark.inc == lane.inc).max_by_key(|mark| mark.sequence)
    }

    /// How many of a block's slots a cursor has consumed: the ledger has a mark of the block that a
    /// lane is read in, and of those before it only that they are passed.
    fn consumed(&self, cursor: usize, place: &Place) -> u32 {
        let Some(ledger) = self.ledger else { return 0 };
        let mark = ledger.lane(cursor, place.lane.index);
        let mark = mark.filter(|mark| mark.inc == place.lane.inc);
        if mark.is_some_and(|mark| ordinal_distance(place.ordinal, mark.ordinal) > 0) {
            return u32::MAX;
        }
        match ledger.consumed(cursor, place.block) {
            (of, slots) if of == place.generation => slots,
            _ => 0,
        }
    }
}

/// The blocks in use, each with its records.
fn places(segment: &Segment) -> impl Iterator<Item = (Place, Vec<Found>)> {
    (0..segment.block_count()).filter_map(|block| {
        let mut found = Vec::new();
        Place::of(segment, block, &mut found).map(|place| (place, found))
    })
}

/// Blocks that are not full and have a record, each with its lane and its last record's time.
pub(super) fn open_blocks(segment: &Segment) -> impl Iterator<Item = (LaneRef, u64)> {
    places(segment).filter_map(|(place, found)| {
        let last = found.last().filter(|_| !place.has_ended)?;
        Some((place.lane, last.timestamp))
    })
}

/// Lanes that a thread has, with their process entries. One without a thread is being given back, and
/// counted where its process is.
fn lane_entries(segment: &Segment) -> Vec<(LaneRef, u32)> {
    let entry = |index| {
        let info = segment.lane_info(index).filter(|info| info.tid != 0)?;
        let LaneWord::Live { inc, process, kind } = info.word? else { return None };
        if kind == LaneKind::Flight {
            return None;
        }
        Some((LaneRef { index, inc }, process))
    };
    (0..segment.geometry().lane_count).filter_map(entry).collect()
}

/// A block and its place in its lane's chain.
struct Place {
    block: u32,
    generation: u32,
    lane: LaneRef,
    ordinal: u64,
    /// No record comes into it any more.
    has_ended: bool,
}

impl Place {
    /// The place of a block in use, and its records up to the first that is not committed; `None` when
    /// its owner has not begun it, or it is freed meanwhile.
    fn of(segment: &Segment, block: u32, found: &mut Vec<Found>) -> Option<Self> {
        let word = BlockWord::of(segment.word(block).load(Ordering::Relaxed));
        let Some(BlockWord::Owned { generation, lane }) = word else { return None };
        let begun = Begun::of(segment.begun(block).load(order::begun_load())); // pair:begun
        if begun.generation != generation || lane.index >= segment.geometry().lane_count {
            return None;
        }
        if crate::flight::is_one(segment, lane) {
            // Kept until it is asked for, and overwritten: nothing that waits.
            return None;
        }
        let handle = segment.block(block);
        let (mut slot, mut has_ended) = (0, true);
        while slot < segment.slots_per_block() {
            let raw = segment.stamp(handle, slot).load(order::commit_load()); // pair:commit
            match Stamp::of(raw).filter(|stamp| stamp.generation == generation) {
                Some(Stamp { kind: Kind::Record | Kind::Head, slots: slots @ 1.., .. }) => {
                    let word = |offset: usize| segment.slot_word(handle, slot, offset as u32 / 8);
                    let (timestamp, sequence) = (word(record::TIMESTAMP), word(record::SEQUENCE));
                    found.push(Found { slot, timestamp, sequence });
                    slot = slot.saturating_add(slots);
                }
                stamp => {
                    has_ended = stamp.is_some_and(|stamp| stamp.kind == Kind::Pad);
                    break;
                }
            }
        }
        let place = Self { block, generation, lane, ordinal: begun.ordinal, has_ended };
        Unpinned(segment).holds(block, generation).then_some(place)
    }
}
