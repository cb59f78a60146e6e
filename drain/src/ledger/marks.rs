//! Positions: which block and lane has been consumed how far, per cursor, and the pending ones of
//! the batch that is being written. Steps (1) and (5) of the batch protocol.

use super::{
    Ledger,
    layout::{BLOCK, LANE, entry},
};
use crate::seam::{Mutation, mutated};
use logring::layout::word::{GEN_BITS, INC_BITS, ORDINAL_BITS};

/// A position in a block: `slots` slots consumed in generation `generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockMark {
    /// Index of the block.
    pub block: u32,
    /// Generation the position belongs to, from 1.
    pub generation: u32,
    /// Slots consumed, from slot 0 on.
    pub slots: u32,
}

/// A lane's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneMark {
    /// Index of the lane.
    pub lane: u32,
    /// Its incarnation; the mark counts only for this one. Less than 2^31.
    pub inc: u32,
    /// Ordinal of the block being read.
    pub ordinal: u64,
    /// Last sequence that was seen, or reported as lost.
    pub sequence: u64,
    /// [`TORN`], or 0.
    pub flags: u32,
}

/// The last of a lane's sequences is that of a record whose writer died: it was told as torn.
pub const TORN: u32 = 1;

/// The positions after a batch, of each block and lane that it touches; each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Blocks.
    pub blocks: Vec<BlockMark>,
    /// Lanes.
    pub lanes: Vec<LaneMark>,
}

// Words of a block's positions.
const PENDING_ID: usize = 0;
const PENDING: usize = 1;
const CONSUMED: usize = 2;
// Words of a lane's positions; the pending id is at 0 here too.
const LANE_PENDING: usize = 1;
const LANE_CONSUMED: usize = 4;
const LANE_MARK: usize = 3;

const _: () = assert!(CONSUMED < BLOCK && LANE_CONSUMED + LANE_MARK <= LANE);

const fn pack_block(mark: &BlockMark) -> u64 {
    (mark.generation as u64) << 32 | mark.slots as u64
}

const fn unpack_block(block: u32, word: u64) -> BlockMark {
    BlockMark { block, generation: (word >> 32) as u32, slots: word as u32 }
}

/// The lowest bit is set, so that 0 stays "no mark".
const fn pack_lane(mark: &LaneMark) -> [u64; LANE_MARK] {
    let head = (mark.flags as u64) << 32 | ((mark.inc << 1) | 1) as u64;
    [head, mark.ordinal, mark.sequence]
}

/// Whether `a` is after `b` among numbers of so many bits that wrap around.
const fn is_after(a: u64, b: u64, bits: u32) -> bool {
    let ahead = a.wrapping_sub(b) & ((1 << bits) - 1);
    ahead != 0 && ahead < 1 << (bits - 1)
}

impl BlockMark {
    /// Whether this position is further than `other`; generation 0 is before all.
    const fn is_after(&self, other: &Self) -> bool {
        if self.generation == other.generation || other.generation == 0 {
            return self.generation != 0 && (other.generation == 0 || self.slots > other.slots);
        }
        is_after(self.generation as u64, other.generation as u64, GEN_BITS)
    }
}

impl LaneMark {
    const fn is_after(&self, other: &Self) -> bool {
        if self.inc != other.inc {
            return is_after(self.inc as u64, other.inc as u64, INC_BITS);
        }
        self.sequence > other.sequence
            || self.sequence == other.sequence
                && is_after(self.ordinal, other.ordinal, ORDINAL_BITS)
    }
}

impl Ledger {
    /// What `cursor` has consumed of `block`: (generation, slots); (0, 0) = nothing yet. It counts
    /// only while the block's word has that generation. One load.
    ///
    /// # Panics
    /// When the ledger has no such cursor or block.
    #[must_use]
    pub fn consumed(&self, cursor: usize, block: u32) -> (u32, u32) {
        let mark = self.block_consumed(self.entries[cursor], block);
        (mark.generation, mark.slots)
    }

    /// The position of `cursor` in `lane`, if it has one.
    ///
    /// # Panics
    /// When the ledger has no such cursor or lane.
    #[must_use]
    pub fn lane(&self, cursor: usize, lane: u32) -> Option<LaneMark> {
        self.lane_at(self.shape.lane(self.entries[cursor], lane) + LANE_CONSUMED, lane)
    }

    fn block_consumed(&self, entry: usize, block: u32) -> BlockMark {
        unpack_block(block, self.words.load(self.shape.block(entry, block) + CONSUMED))
    }

    fn lane_at(&self, at: usize, lane: u32) -> Option<LaneMark> {
        let head = self.words.load(at);
        (head & 1 == 1).then(|| LaneMark {
            lane,
            inc: head as u32 >> 1,
            flags: (head >> 32) as u32,
            ordinal: self.words.load(at + 1),
            sequence: self.words.load(at + 2),
        })
    }

    /// Step (1): the positions after batch `id`, not yet counting.
    pub(crate) fn pend(&self, cursor: usize, id: u64, marks: &Marks) {
        let entry = self.entries[cursor];
        let pend = |at: usize, fields: &[u64]| {
            // The old id first goes: it may be the committed one, and a kill in between would have
            // the new position redone as consumed although nothing of it is written.
            if !mutated(Mutation::PendingKeepsItsId) {
                self.words.store(at + PENDING_ID, 0);
            }
            for (n, field) in fields.iter().enumerate() {
                self.words.store(at + PENDING + n, *field);
            }
            self.words.store(at + PENDING_ID, id);
        };
        for mark in &marks.blocks {
            pend(self.shape.block(entry, mark.block), &[pack_block(mark)]);
        }
        for mark in &marks.lanes {
            pend(self.shape.lane(entry, mark.lane), &pack_lane(mark));
        }
        self.words.step_ends();
    }

    /// Step (5): these positions count.
    pub(crate) fn consume(&self, cursor: usize, marks: &Marks) {
        let entry = self.entries[cursor];
        for mark in &marks.blocks {
            self.set_block(entry, mark);
        }
        for mark in &marks.lanes {
            self.set_lane(entry, mark);
        }
        self.words.step_ends();
    }

    fn set_block(&self, entry: usize, mark: &BlockMark) {
        self.words.store(self.shape.block(entry, mark.block) + CONSUMED, pack_block(mark));
    }

    fn set_lane(&self, entry: usize, mark: &LaneMark) {
        let at = self.shape.lane(entry, mark.lane) + LANE_CONSUMED;
        for (n, field) in pack_lane(mark).into_iter().enumerate() {
            self.words.store(at + n, field);
        }
    }

    /// The positions that batch `id` pended. Cost: a look at each block and lane.
    pub(crate) fn pending(&self, cursor: usize, id: u64) -> Marks {
        self.pending_of(self.entries[cursor], id)
    }

    fn pending_of(&self, entry: usize, id: u64) -> Marks {
        let blocks = (0..self.shape.blocks).filter_map(|block| {
            let at = self.shape.block(entry, block);
            (self.words.load(at + PENDING_ID) == id)
                .then(|| unpack_block(block, self.words.load(at + PENDING)))
        });
        let lanes = (0..self.shape.lanes).filter_map(|lane| {
            let at = self.shape.lane(entry, lane);
            (self.words.load(at + PENDING_ID) == id)
                .then(|| self.lane_at(at + LANE_PENDING, lane))
                .flatten()
        });
        Marks { blocks: blocks.collect(), lanes: lanes.collect() }
    }

    /// Step (5) once more for the committed batch of an entry: a kill may have come between.
    pub(super) fn redo(&self, entry: usize) {
        let committed = self.entry_word(entry, entry::COMMITTED);
        if committed == 0 || mutated(Mutation::ConsumedNotRedone) {
            return;
        }
        let marks = self.pending_of(entry, committed);
        for mark in &marks.blocks {
            if self.block_consumed(entry, mark.block) != *mark {
                self.set_block(entry, mark);
            }
        }
        for mark in &marks.lanes {
            let at = self.shape.lane(entry, mark.lane) + LANE_CONSUMED;
            if self.lane_at(at, mark.lane) != Some(*mark) {
                self.set_lane(entry, mark);
            }
        }
        self.words.step_ends();
    }

    /// Drops every pending but those of the committed batch.
    pub(crate) fn erase_foreign_pendings(&self, cursor: usize) {
        let entry = self.entries[cursor];
        let committed = self.entry_word(entry, entry::COMMITTED);
        let erase = |at: usize| {
            let id = self.words.load(at);
            if id != 0 && id != committed {
                self.words.store(at, 0);
            }
        };
        (0..self.shape.blocks).for_each(|block| erase(self.shape.block(entry, block)));
        (0..self.shape.lanes).for_each(|lane| erase(self.shape.lane(entry, lane)));
        self.words.step_ends();
    }

    /// Moves `cursor` to where the most advanced of all cursors stands, and says how many lane
    /// sequences it passes over by that. In a lane entry that was taken anew meanwhile, the end of
    /// the former lane is not known here and not counted.
    pub(crate) fn catch_up(&self, cursor: usize) -> u64 {
        let own = self.entries[cursor];
        let others = || (0..super::layout::ENTRIES).filter(|&e| e != own && self.is_used(e));
        for block in 0..self.shape.blocks {
            let mut best = self.block_consumed(own, block);
            let old = best;
            for mark in others().map(|entry| self.block_consumed(entry, block)) {
                if mark.is_after(&best) {
                    best = mark;
                }
            }
            if best != old {
                self.set_block(own, &best);
            }
        }
        let mut missed = 0;
        for lane in 0..self.shape.lanes {
            let mark_of = |entry| self.lane_at(self.shape.lane(entry, lane) + LANE_CONSUMED, lane);
            let old = mark_of(own);
            let mut best = old;
            for mark in others().filter_map(mark_of) {
                if best.is_none_or(|best| mark.is_after(&best)) {
                    best = Some(mark);
                }
            }
            if let Some(best) = best.filter(|best| Some(*best) != old) {
                missed += match old {
                    Some(old) if old.inc == best.inc => best.sequence - old.sequence,
                    _ => best.sequence,
                };
                self.set_lane(own, &best);
            }
        }
        self.words.step_ends();
        missed
    }
}
