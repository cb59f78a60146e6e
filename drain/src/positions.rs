//! Where a sink stands: what the ledger notes of its cursor, and what is queued for it beyond that.
//! Reading goes on, after a restart, from where the furthest one stands.

use std::collections::HashMap;
use std::sync::Arc;

use logring::layout::lane::{LaneKind, LaneWord};
use logring::layout::{BlockWord, LaneRef};
use logring::ring::Memory;
use logring::ring::reader::Chain;
use logring::shm::Segment;
use logring::sync::Ordering;

use crate::lane::{Lane, Owner};
use crate::ledger::{BlockMark, LaneMark, Ledger, Marks};

/// The positions of one cursor.
#[derive(Debug)]
pub(crate) struct Positions {
    ledger: Arc<Ledger>,
    cursor: usize,
    /// Positions of the batch of the previous drain that waits in the cursor's queue: its records
    /// are not to be read again, though the ledger does not count them yet.
    queued_blocks: HashMap<u32, BlockMark>,
    queued_lanes: HashMap<u32, LaneMark>,
    /// All drains that this segment has had noted theirs here: a lane without a mark was never read.
    complete: bool,
}

impl Positions {
    /// Where `cursor` stands behind a batch with marks `queued`.
    pub(crate) fn of(ledger: &Arc<Ledger>, cursor: usize, queued: &Marks) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            cursor,
            queued_blocks: queued.blocks.iter().map(|mark| (mark.block, *mark)).collect(),
            queued_lanes: queued.lanes.iter().map(|mark| (mark.lane, *mark)).collect(),
            complete: false,
        }
    }

    /// The ledger has been there since the segment's first drain.
    pub(crate) fn are_complete(self, complete: bool) -> Self {
        Self { complete, ..self }
    }

    /// The ledger that notes them.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The time below which all had been read when the cursor's last batch was made, in clock ticks.
    pub(crate) fn watermark(&self) -> u64 {
        self.ledger.committed_note(self.cursor).map_or(0, |note| note.watermark)
    }

    /// Slots of `block` that are consumed in `generation`.
    pub(crate) fn consumed(&self, block: u32, generation: u32) -> u32 {
        let queued = self.queued_blocks.get(&block).map(|mark| (mark.generation, mark.slots));
        let noted = self.ledger.consumed(self.cursor, block);
        let of_this = |(of, slots)| if of == generation { slots } else { 0 };
        of_this(noted).max(queued.map_or(0, of_this))
    }

    /// The mark at `index` of the lanes' marks, of whichever incarnation.
    pub(crate) fn mark(&self, index: u32) -> Option<LaneMark> {
        let queued = self.queued_lanes.get(&index).copied();
        queued.or_else(|| self.ledger.lane(self.cursor, index))
    }

    /// The mark of `lane`.
    pub(crate) fn lane(&self, lane: LaneRef) -> Option<LaneMark> {
        let of_this = |mark: &LaneMark| mark.inc == lane.inc;
        let noted = self.ledger.lane(self.cursor, lane.index).filter(of_this);
        // What was queued at the start is older than what has been noted since.
        match (noted, self.queued_lanes.get(&lane.index).copied().filter(of_this)) {
            (Some(noted), Some(queued)) if noted.sequence >= queued.sequence => Some(noted),
            (noted, queued) => queued.or(noted),
        }
    }

    /// A lane seen for the first time, at the place where its last drain left it. `None` when there
    /// is no such entry: the word that named it was forged.
    pub(crate) fn open(&self, segment: &Segment, lane: LaneRef) -> Option<Lane> {
        let owner = owner(segment, lane)?;
        Some(match self.lane(lane) {
            Some(mark) => {
                Lane::new(lane, owner, Chain::new(Some(mark.ordinal)), Some(mark.sequence))
            }
            None => {
                let mut lane = Lane::new(lane, owner, Chain::new(Some(1)), Some(0));
                lane.is_new = !self.complete;
                lane
            }
        })
    }

    /// All of them as marks, of `lanes` lane entries: the end of what another one has to catch up
    /// with.
    pub(crate) fn marks(&self, segment: &Segment, lanes: u32) -> Marks {
        let blocks = owned_blocks(segment).filter_map(|(block, generation)| {
            let slots = self.consumed(block, generation);
            (slots > 0).then_some(BlockMark { block, generation, slots })
        });
        let lanes = (0..lanes).filter_map(|lane| self.mark(lane));
        Marks { blocks: blocks.collect(), lanes: lanes.collect() }
    }

    /// How much of what stands in the ring is consumed, in slots, then how far the lanes are: all
    /// cursors run through the same batches, so more is further.
    pub(crate) fn progress(&self, segment: &Segment, lanes: u32) -> (u64, u64) {
        let slots = owned_blocks(segment)
            .map(|(block, generation)| u64::from(self.consumed(block, generation)))
            .sum();
        let lanes = (0..lanes).filter_map(|lane| self.mark(lane)).fold(0u64, |sum, mark| {
            // An incarnation that follows is further than all of the one before.
            let further = u64::from(mark.inc) << 44;
            sum.wrapping_add(mark.ordinal).wrapping_add(mark.sequence).wrapping_add(further)
        });
        (slots, lanes)
    }
}

/// Whose a lane is. `None` when there is no such entry; of an entry that says something else nobody
/// is named, and its records are read all the same.
pub(crate) fn owner(segment: &Segment, lane: LaneRef) -> Option<Owner> {
    let info = segment.lane_info(lane.index)?;
    Some(match info.word {
        Some(LaneWord::Live { inc, process, kind }) if inc == lane.inc => {
            let pid = segment.process_info(process).map_or(0, |process| process.pid);
            let (recycles, flight) = (kind.recycles(), kind == LaneKind::Flight);
            Owner { pid, tid: info.tid, process: Some(process), recycles, flight }
        }
        _ => Owner::default(),
    })
}

/// The blocks that are owned now, with their generations.
fn owned_blocks(segment: &Segment) -> impl Iterator<Item = (u32, u32)> {
    (0..segment.block_count()).filter_map(|block| {
        match BlockWord::of(segment.word(block).load(Ordering::Relaxed))? {
            BlockWord::Owned { generation, .. } => Some((block, generation)),
            BlockWord::Free { .. } => None,
        }
    })
}
