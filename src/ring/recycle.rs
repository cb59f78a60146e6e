//! What `overwrite` does in a full ring: a lane goes on in its own oldest block.
//!
//! Called at a crossing that found no free block, on lanes of kind `Recycling` and `Flight` alone: the
//! drain reads those through [`super::Recycled`]. Never touches a block of another lane, and never
//! makes an extension block: those come from free blocks.

use super::writer::Claimed;
use super::{LaneCell, Memory};
use crate::layout::word::{Begun, BlockWord, ExtOf, GEN_MAX, LaneRef, ordinal_distance};
use crate::sync::Ordering::Relaxed;
use crate::sync::{in_order, named_fence, order};

/// Leaves the open block for the oldest of the lane's own, whose records are lost by that: a gap in
/// the lane's sequence, also when the thread dies on the way. False when there is none, or the drain
/// was just freeing it. The cell is closed.
#[cold]
pub fn cross_over<M: Memory>(memory: &M, cell: &LaneCell<M::Block>) -> bool {
    // From here on it has ended: it may itself be the oldest.
    cell.pad(memory);
    // Who dies behind the next step leaves no record after the gap; by this word it is known.
    let ((), claimed) = in_order(
        "attempted_after_recycle",
        || cell.note_attempted(memory),
        || oldest(memory, cell.lane()).and_then(|oldest| recycle(memory, cell.lane(), oldest)),
    );
    let Some(claimed) = claimed else { return false };
    cell.begin(memory, claimed);
    true
}

/// How many blocks the lane has begun and not lost.
pub fn held<M: Memory>(memory: &M, lane: LaneRef) -> u32 {
    own(memory, lane).filter(|own| own.ordinal.is_some()).count() as u32
}

/// A block of the lane.
struct Own {
    at: Claimed,
    /// `None`: it was never begun, it is an extension.
    ordinal: Option<u64>,
}

fn own<M: Memory>(memory: &M, lane: LaneRef) -> impl Iterator<Item = Own> {
    (0..memory.block_count()).filter_map(move |block| {
        let word = BlockWord::of(memory.word(block).load(Relaxed))?;
        let BlockWord::Owned { generation, lane: owner } = word else { return None };
        if owner != lane {
            return None;
        }
        // Relaxed: the lane's own stores.
        let begun = Begun::of(memory.begun(block).load(Relaxed));
        let ordinal = (begun.generation == generation).then_some(begun.ordinal);
        Some(Own { at: Claimed { block, generation }, ordinal })
    })
}

/// The block that is missed least: an extension whose record was overwritten, else the first of the
/// chain. About 1 ns a block of the ring.
fn oldest<M: Memory>(memory: &M, lane: LaneRef) -> Option<Claimed> {
    let mut oldest: Option<(u64, Claimed)> = None;
    // Behind the last generation all stamps are zeroed, which the drain does.
    for Own { at, ordinal } in own(memory, lane).filter(|own| own.at.generation < GEN_MAX) {
        match ordinal {
            None if is_orphan(memory, lane, at) => return Some(at),
            Some(ordinal)
                if oldest.is_none_or(|(known, _)| ordinal_distance(ordinal, known) > 0) =>
            {
                oldest = Some((ordinal, at));
            }
            _ => {}
        }
    }
    oldest.map(|(_, at)| at)
}

/// Whether the head that the block is an extension of is gone; then the block names no head any more.
fn is_orphan<M: Memory>(memory: &M, lane: LaneRef, at: Claimed) -> bool {
    let seen = memory.ext_of(at.block).load(Relaxed);
    let Some(head) = ExtOf::of(seen).filter(|head| head.block < memory.block_count()) else {
        return false;
    };
    let here = BlockWord::Owned { generation: head.generation, lane }.raw();
    // By exchange: if the drain has freed the block meanwhile, it may be another's extension by now.
    memory.word(head.block).load(Relaxed) != here
        && memory.ext_of(at.block).compare_exchange(seen, 0, Relaxed, Relaxed).is_ok()
}

/// A free and a claim in one step, of a block that has ended.
fn recycle<M: Memory>(memory: &M, lane: LaneRef, at: Claimed) -> Option<Claimed> {
    let Claimed { block, generation } = at;
    let owned = BlockWord::Owned { generation, lane }.raw();
    let again = Claimed { block, generation: generation + 1 };
    let next = BlockWord::Owned { generation: again.generation, lane }.raw();
    // pair:free; the drain frees by exchange too, one of the two succeeds
    memory.word(block).compare_exchange(owned, next, order::free_store(), Relaxed).ok()?;
    named_fence(order::recycle_fence()); // pair:recycle
    Some(again)
}
