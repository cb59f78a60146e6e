//! Records longer than a block: a head in the lane's own block, the payload in extension blocks of
//! this record alone, all of them claimed before the mark.
//!
//! Only one lane at a time collects (`collecting`), so that two long records cannot each hold half
//! of the ring and wait for the other half. Nobody waits while marked.

use super::writer::{Claimed, Place, claim};
use super::{LaneCell, Memory};
use crate::layout::word::{BLOCK_BITS, ExtOf, INC_BITS, LaneRef};
use crate::sync::Ordering::Relaxed;

/// What `collecting` says while `lane` collects.
#[must_use]
pub const fn collector(lane: LaneRef) -> u64 {
    ((lane.index as u64) << INC_BITS | lane.inc as u64) + 1
}

/// Which lane `collecting` names.
#[must_use]
pub const fn collector_lane(word: u64) -> Option<LaneRef> {
    match word.checked_sub(1) {
        Some(word) => Some(LaneRef {
            index: (word >> INC_BITS) as u32,
            inc: (word & ((1 << INC_BITS) - 1)) as u32,
        }),
        None => None,
    }
}

/// Tries to become the lane that collects.
pub fn start_collecting<M: Memory>(memory: &M, lane: LaneRef) -> bool {
    // Relaxed, as is its end: the word excludes by being one word, and carries nothing. What the one
    // before has claimed is in the block words, which a claim changes by CAS.
    memory.collecting().compare_exchange(0, collector(lane), Relaxed, Relaxed).is_ok()
}

/// Lets the next one collect.
pub fn stop_collecting<M: Memory>(memory: &M) {
    memory.collecting().store(0, Relaxed);
}

/// Claims one more extension block for the lane of `cell`.
pub fn collect_one<M: Memory>(memory: &M, cell: &LaneCell<M::Block>) -> Option<Claimed> {
    let claimed = claim(memory, cell.lane(), cell.candidate())?;
    cell.set_candidate((claimed.block + 1) % memory.block_count());
    Some(claimed)
}

/// Gives up the blocks collected so far: each becomes an empty link of the lane's chain. The cell
/// is closed; its open block ends.
pub fn give_up<M: Memory>(
    memory: &M,
    cell: &LaneCell<M::Block>,
    collected: impl Iterator<Item = Claimed>,
) {
    cell.pad(memory);
    for claimed in collected {
        cell.abandon(memory, claimed);
    }
}

/// Marks the head, then names it in each of its extension blocks. Only after this the bytes.
///
/// The cell is closed. `None` when the head does not fit its open block; then it is closed still.
pub fn mark_head<M: Memory>(
    memory: &M,
    cell: &LaneCell<M::Block>,
    slots: u32,
    extensions: impl Iterator<Item = Claimed>,
) -> Option<Place<M::Block>> {
    let (open, slot) = cell.open_block().filter(|_| cell.fits(slots))?;
    let ext_of = ExtOf { generation: open.generation, slot, block: open.block };
    let place = cell.mark(memory, slots)?;
    for extension in extensions {
        // Published by the head's stamp (pair:commit).
        memory.ext_of(extension.block).store(ext_of.raw(), Relaxed);
    }
    Some(place)
}

const _: () = assert!(BLOCK_BITS <= 32);
