//! Looks at a lane that do not move its reading position: at the records behind the one that is read, and
//! whether there is anything at all. For readers whose blocks are held back: what they see stays so.

use super::{Chain, Position};
use crate::layout::stamp::Stamp;
use crate::ring::Memory;
use crate::sync::Ordering::Relaxed;
use crate::sync::order;

impl Chain {
    /// Hands on the records behind the one that stands at `at`, as long as they are committed, of one
    /// slot each and in the same block; at most so many. The reading position stays. For readers whose
    /// blocks are held back: what is handed on stays as it is until the position has passed it.
    #[inline]
    pub fn look_ahead<M: Memory>(
        &self,
        memory: &M,
        at: Position,
        most: u32,
        mut found: impl FnMut(Position, u8),
    ) {
        let block = memory.block(at.block);
        let mut slot = at.slot + 1;
        let end = memory.slots_per_block().min(slot.saturating_add(most));
        while slot < end {
            let raw = memory.stamp(block, slot).load(order::commit_load()); // pair:commit
            let Some((1, level)) = Stamp::record_of(raw, at.generation) else { return };
            found(Position { slot, ..at }, level);
            slot += 1;
        }
        if self.has_more() {
            // As for one: all of this block is committed.
            let end = memory.slots_per_block().min(slot.saturating_add(most + 1));
            (slot..end).for_each(|slot| memory.prefetch_slot(block, slot));
        }
    }

    /// The reading position, if a block is being read and has not been read to its end.
    #[must_use]
    pub fn place(&self, slots_per_block: u32) -> Option<Position> {
        let link = self.current.filter(|_| self.slot < slots_per_block)?;
        Some(Position { block: link.block, generation: link.generation, slot: self.slot })
    }

    /// Whether the reading position is this one.
    #[inline(always)]
    #[must_use]
    pub fn is_at(&self, at: Position) -> bool {
        self.slot == at.slot
            && self
                .current
                .is_some_and(|link| (link.block, link.generation) == (at.block, at.generation))
    }
}

/// Whether nothing is committed or begun at a [`Chain::place`]: to be asked again soon, as it is the state
/// of a moment. One load.
#[inline]
pub fn is_quiet<M: Memory>(memory: &M, at: Position) -> bool {
    let raw = memory.stamp(memory.block(at.block), at.slot).load(Relaxed);
    Stamp::generation_of(raw) != at.generation
}
