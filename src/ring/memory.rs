//! What the ring's protocol needs of memory. The ring never casts mapped bytes itself: it is handed
//! words, which lets the same code run over a mapped segment and under the model checker, whose
//! atomics have another size than real ones.

use crate::layout::LaneRef;
use crate::sync::AtomicU64;

/// A ring's words. All indexes are in range: callers check what comes from shared memory.
pub trait Memory {
    /// A handle to a block's slots that makes the next slot's address one addition.
    type Block: Copy + Default;

    /// Whether what is read stays in place until this reader lets it go, as it does for the drain,
    /// which alone frees. See [`super::Unpinned`].
    const PINS: bool = true;

    /// Slots of a block.
    fn slots_per_block(&self) -> u32;
    /// Blocks of the ring.
    fn block_count(&self) -> u32;
    /// Lanes of the segment.
    fn lane_count(&self) -> u32;
    /// Words of 8 bytes in a slot.
    fn slot_words(&self) -> u32;
    /// The block word (`layout::BlockWord`).
    fn word(&self, block: u32) -> &AtomicU64;
    /// The block's `begun` word (`layout::Begun`).
    fn begun(&self, block: u32) -> &AtomicU64;
    /// The block's `ext_of` word (`layout::ExtOf`).
    fn ext_of(&self, block: u32) -> &AtomicU64;
    /// The hint bitmap's word for blocks `64 * index ..`: a bit set = perhaps free.
    fn hint(&self, index: u32) -> &AtomicU64;
    /// The lane's last dropped sequence.
    fn attempted(&self, lane: u32) -> &AtomicU64;
    /// The lane that collects several blocks, 0 = none.
    fn collecting(&self) -> &AtomicU64;
    /// The handle of a block.
    fn block(&self, block: u32) -> Self::Block;
    /// The stamp of a slot.
    fn stamp(&self, block: Self::Block, slot: u32) -> &AtomicU64;
    /// From one slot to the next, in what [`Self::stamp_at`] counts in.
    #[inline(always)]
    fn step(&self) -> u32 {
        1
    }
    /// The stamp of the slot at a multiple of [`Self::step`] in its block.
    #[inline(always)]
    fn stamp_at(&self, block: Self::Block, offset: u32) -> &AtomicU64 {
        self.stamp(block, offset)
    }
    /// Which segment it is, to the callsites of this process; never 0.
    fn tag(&self) -> u32 {
        1
    }
    /// Notes in the block's head that `lane` begins it, for readers that find it freed.
    fn sign(&self, _block: u32, _lane: LaneRef) {}
    /// Whether what has been copied from the block is of this generation: nobody has begun to write
    /// over it.
    #[inline(always)]
    fn holds(&self, _block: u32, _generation: u32) -> bool {
        true
    }
    /// The addresses of a block's word and first slot, for [`Self::prefetch`].
    fn addresses(&self, _block: u32) -> [usize; 2] {
        [0; 2]
    }
    /// Brings these near, for writing. A hint: any address is fine.
    fn prefetch(_addresses: [usize; 2]) {}
    /// Brings a slot near, for reading. A hint.
    fn prefetch_slot(&self, _block: Self::Block, _slot: u32) {}
    /// Writes a slot's lines back to memory and drops them from this core's cache, so that their
    /// next writer does not have to take them away from it. A hint.
    fn flush(&self, _block: Self::Block, _slot: u32) {}
    /// Word `word` of a slot (0 is the stamp), as the drain copies it.
    fn slot_word(&self, block: Self::Block, slot: u32, word: u32) -> u64;
    /// Copies a slot's words from word `from` on, as many as `to` has, each as it stands in memory.
    #[inline]
    fn copy_words(&self, block: Self::Block, slot: u32, from: u32, to: &mut [[u8; 8]]) {
        for (word, to) in (from..).zip(to) {
            *to = self.slot_word(block, slot, word).to_le_bytes();
        }
    }
}
