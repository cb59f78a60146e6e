//! The sweep over the block words: which blocks are owned, by whom, as which link of whose chain. The
//! drain's, and that of readers that hold nothing back.

use super::Memory;
use crate::layout::word::{Begun, BlockWord, LaneRef};
use crate::sync::Ordering::Relaxed;
use crate::sync::order;

/// An owned block as a sweep found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The block.
    pub block: u32,
    /// The generation in which it is owned.
    pub generation: u32,
    /// Its owner.
    pub lane: LaneRef,
    /// Its place in the lane's chain; `None` while its owner has not begun it (or never will: an
    /// extension block, or its owner died).
    pub ordinal: Option<u64>,
}

/// The sweep over all block words, which reports each owned block until it has been seen begun.
#[derive(Debug)]
pub struct Sweep {
    /// Per block the word under which it was reported begun.
    settled: Vec<u64>,
}

impl Sweep {
    /// A sweep that has seen nothing yet.
    #[must_use]
    pub fn new(block_count: u32) -> Self {
        Self { settled: vec![0; block_count as usize] }
    }

    /// Reports a block no more in this ownership: it is known to hold nothing.
    pub fn ignore(&mut self, block: u32, generation: u32, lane: LaneRef) {
        if let Some(settled) = self.settled.get_mut(block as usize) {
            *settled = BlockWord::Owned { generation, lane }.raw();
        }
    }

    /// Whether no block is owned that a sweep would report, at about a third of its cost. True is only
    /// the state of a moment, and what a reader does not see yet: for who looks again soon.
    pub fn is_settled<M: Memory>(&self, memory: &M) -> bool {
        (0..memory.block_count()).zip(&self.settled).all(|(block, settled)| {
            let word = memory.word(block).load(Relaxed);
            word == *settled || !matches!(BlockWord::of(word), Some(BlockWord::Owned { .. }))
        })
    }

    /// The same for a reader that takes nothing and holds nothing back: what stands in freed blocks is
    /// found too, as long as nobody claims them. `signed` says who began a block.
    pub fn run_unpinned<M: Memory>(
        &mut self,
        memory: &M,
        signed: impl Fn(u32) -> LaneRef,
        mut found: impl FnMut(Owned),
    ) {
        for (block, settled) in (0..memory.block_count()).zip(&mut self.settled) {
            let word = memory.word(block).load(Relaxed);
            if word == *settled {
                continue;
            }
            let (generation, owner) = match BlockWord::of(word) {
                Some(BlockWord::Owned { generation, lane }) => (generation, Some(lane)),
                // Freed since it was reported: nothing has come to it.
                Some(BlockWord::Free { generation: next }) if was_begun(*settled, next) => {
                    *settled = word;
                    continue;
                }
                // Before the first generation nothing was written, before one that began again all
                // was zeroed.
                Some(BlockWord::Free { generation: next @ 2.. }) => (next - 1, None),
                _ => continue,
            };
            let begun = Begun::of(memory.begun(block).load(order::begun_load())); // pair:begun
            let ordinal = (begun.generation == generation).then_some(begun.ordinal);
            let lane = owner.unwrap_or_else(|| signed(block));
            if !memory.holds(block, generation) || (owner.is_none() && ordinal.is_none()) {
                continue;
            }
            if ordinal.is_some() {
                *settled = word;
            }
            found(Owned { block, generation, lane, ordinal });
        }
    }

    /// Looks at every word; `found` gets what is owned and was not yet reported as begun. Returns
    /// how many blocks are free. About 1 ns a block.
    pub fn run<M: Memory>(&mut self, memory: &M, mut found: impl FnMut(Owned)) -> u32 {
        let mut free = 0;
        for (block, settled) in (0..memory.block_count()).zip(&mut self.settled) {
            // Relaxed: the watermark's barrier stands before the sweep, and `begun` carries the rest.
            let word = memory.word(block).load(Relaxed);
            if word == *settled {
                continue;
            }
            match BlockWord::of(word) {
                Some(BlockWord::Owned { generation, lane }) => {
                    let begun = Begun::of(memory.begun(block).load(order::begun_load())); // pair:begun
                    let begun = (begun.generation == generation).then_some(begun.ordinal);
                    if begun.is_some() {
                        *settled = word;
                    }
                    found(Owned { block, generation, lane, ordinal: begun });
                }
                Some(BlockWord::Free { .. }) => free += 1,
                None => {}
            }
        }
        free
    }
}

/// Whether a block that is free for generation `next` was reported begun in the one before.
fn was_begun(settled: u64, next: u32) -> bool {
    let before = BlockWord::of(settled);
    matches!(before, Some(BlockWord::Owned { generation, .. }) if generation + 1 == next)
}
