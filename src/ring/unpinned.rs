//! A ring as it is read by who holds nothing back: what is being copied may be freed, claimed and
//! written over at any moment. So the block's word is looked at again after the copy, and what was
//! copied from another generation is thrown away before it is believed.
//!
//! `tail` and `recover` read through [`Unpinned`]. It never stores to the ring, flushes no line that a
//! writer may want, and reads what stands in freed blocks too. The drain reads through [`Recycled`]
//! where a lane overwrites its own blocks.

use super::Memory;
use crate::layout::word::{BlockWord, GEN_MAX};
use crate::sync::Ordering::Relaxed;
use crate::sync::{AtomicU64, named_fence, order};

/// The ring of `M` for such a reader.
#[derive(Debug)]
pub struct Unpinned<'a, M>(pub &'a M);

/// The ring of `M` for the drain, where it reads a lane whose owner may overwrite its own blocks.
#[derive(Debug)]
pub struct Recycled<'a, M>(pub &'a M);

/// Whether the block still holds what was copied of it.
fn holds<M: Memory>(memory: &M, block: u32, generation: u32) -> bool {
    named_fence(order::recheck_fence()); // pair:recycle
    match BlockWord::of(memory.word(block).load(Relaxed)) {
        Some(BlockWord::Owned { generation: now, .. }) => now == generation,
        // The free that follows the last generation zeroes the stamps.
        Some(BlockWord::Free { generation: next }) => {
            generation < GEN_MAX && next == generation + 1
        }
        None => false,
    }
}

macro_rules! forward {
    () => {
        type Block = M::Block;

        fn holds(&self, block: u32, generation: u32) -> bool {
            holds(self.0, block, generation)
        }
        fn slots_per_block(&self) -> u32 {
            self.0.slots_per_block()
        }
        fn block_count(&self) -> u32 {
            self.0.block_count()
        }
        fn lane_count(&self) -> u32 {
            self.0.lane_count()
        }
        fn slot_words(&self) -> u32 {
            self.0.slot_words()
        }
        fn word(&self, block: u32) -> &AtomicU64 {
            self.0.word(block)
        }
        fn begun(&self, block: u32) -> &AtomicU64 {
            self.0.begun(block)
        }
        fn ext_of(&self, block: u32) -> &AtomicU64 {
            self.0.ext_of(block)
        }
        fn hint(&self, index: u32) -> &AtomicU64 {
            self.0.hint(index)
        }
        fn attempted(&self, lane: u32) -> &AtomicU64 {
            self.0.attempted(lane)
        }
        fn collecting(&self) -> &AtomicU64 {
            self.0.collecting()
        }
        fn block(&self, block: u32) -> Self::Block {
            self.0.block(block)
        }
        fn stamp(&self, block: Self::Block, slot: u32) -> &AtomicU64 {
            self.0.stamp(block, slot)
        }
        fn slot_word(&self, block: Self::Block, slot: u32, word: u32) -> u64 {
            self.0.slot_word(block, slot, word)
        }
        fn copy_words(&self, block: Self::Block, slot: u32, from: u32, to: &mut [[u8; 8]]) {
            self.0.copy_words(block, slot, from, to);
        }
    };
}

impl<M: Memory> Memory for Unpinned<'_, M> {
    const PINS: bool = false;

    forward!();
}

impl<M: Memory> Memory for Recycled<'_, M> {
    forward!();

    fn prefetch_slot(&self, block: Self::Block, slot: u32) {
        self.0.prefetch_slot(block, slot);
    }
    fn flush(&self, block: Self::Block, slot: u32) {
        self.0.flush(block, slot);
    }
}
