//! A segment as the ring's protocol sees it: words, and slots at one addition.

use std::ptr::NonNull;

use super::segment::Segment;
use super::view::Block;
use crate::layout::{drain_area, geometry, lane};
use crate::ring::Memory;
use crate::sync::AtomicU64;
use crate::sys;

impl Memory for Segment {
    type Block = Block;

    #[inline]
    fn slots_per_block(&self) -> u32 {
        self.geometry().slots_per_block
    }

    #[inline]
    fn block_count(&self) -> u32 {
        self.geometry().block_count
    }

    #[inline]
    fn lane_count(&self) -> u32 {
        self.geometry().lane_count
    }

    #[inline]
    fn slot_words(&self) -> u32 {
        self.geometry().slot_size / 8
    }

    #[inline]
    fn word(&self, block: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().words + block as usize * 8)
    }

    #[inline]
    fn begun(&self, block: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().heads + block as usize * geometry::HEAD_BYTES)
    }

    #[inline]
    fn ext_of(&self, block: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().heads + block as usize * geometry::HEAD_BYTES + 8)
    }

    #[inline]
    fn hint(&self, index: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().hints + index as usize * 8)
    }

    #[inline]
    fn attempted(&self, lane: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().lanes + lane as usize * lane::SIZE + lane::ATTEMPTED)
    }

    #[inline]
    fn collecting(&self) -> &AtomicU64 {
        self.u64_at(self.offsets().drain_area + drain_area::COLLECTING)
    }

    #[inline(always)]
    fn block(&self, block: u32) -> Self::Block {
        self.slots.block(block)
    }

    #[inline(always)]
    fn stamp(&self, block: Self::Block, slot: u32) -> &AtomicU64 {
        self.slots.stamp(block, slot)
    }

    #[inline(always)]
    fn slot_word(&self, block: Self::Block, slot: u32, word: u32) -> u64 {
        self.slots.slot_word(block, slot, word)
    }

    #[inline(always)]
    fn copy_words(&self, block: Self::Block, slot: u32, from: u32, to: &mut [[u8; 8]]) {
        self.slots.copy_words(block, slot, from, to);
    }

    #[inline(always)]
    fn prefetch(&self, block: u32) {
        // Unchecked, since a prefetch of a wrong address does nothing: the lane's cell is closed
        // here, and a check would be a way to panic.
        let word = self.offsets().words + block as usize * 8;
        sys::prefetch_write(self.view().base().as_ptr().wrapping_add(word));
        sys::prefetch_write(self.slots.first_byte_of(block));
    }

    #[inline(always)]
    fn prefetch_slot(&self, block: Self::Block, slot: u32) {
        self.slots.lines(block, slot, |line| sys::prefetch_read(line));
    }

    #[inline]
    fn flush(&self, block: Self::Block, slot: u32) {
        if sys::has_flush() {
            self.slots.lines(block, slot, |line| {
                if let Some(line) = NonNull::new(line) {
                    sys::flush_line(line);
                }
            });
        }
    }
}

impl Segment {
    /// Bytes of a slot.
    #[inline(always)]
    #[must_use]
    pub fn slot_size(&self) -> usize {
        self.geometry().slot_size as usize
    }

    /// The address of a slot, for its owner.
    #[inline(always)]
    #[must_use]
    pub fn slot_ptr(&self, block: Block, slot: u32) -> *mut u8 {
        self.slots.slot_ptr(block, slot)
    }
}
