//! A segment as the ring's protocol sees it: words, and slots at one addition.

use std::ptr::NonNull;

use super::segment::Segment;
use super::view::Block;
use crate::layout::lane::{self, LaneWord};
use crate::layout::word::{INC_BITS, LaneRef};
use crate::layout::{drain_area, head};
use crate::ring::Memory;
use crate::sync::{AtomicU64, Ordering};
use crate::sys;

impl Segment {
    /// Has the pages of a block there for this process, so that no store into it waits for one. About
    /// 10 us for 32 KiB the first time; no byte changes.
    pub(crate) fn touch(&self, block: u32) {
        sys::have_pages(self.slots.first_byte_of(block), self.geometry().block_bytes());
    }
}

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
        self.u64_at(self.head(block) + head::BEGUN)
    }

    #[inline]
    fn ext_of(&self, block: u32) -> &AtomicU64 {
        self.u64_at(self.head(block) + head::EXT_OF)
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

    fn sign(&self, block: u32, lane: LaneRef) {
        let info = self.lane_info(lane.index);
        let process = match info.and_then(|info| info.word) {
            Some(LaneWord::Live { process, .. }) => process,
            _ => u32::MAX,
        };
        let pid = self.pid_of(process);
        let tid = info.map_or(0, |info| info.tid);
        let lane = u64::from(lane.index << INC_BITS | lane.inc);
        // Relaxed: `begun` is stored behind them.
        let head = self.head(block);
        self.u64_at(head + head::LANE).store(u64::from(pid) << 32 | lane, Ordering::Relaxed);
        let rest = u64::from(process) << 32 | u64::from(tid);
        self.u64_at(head + head::TID).store(rest, Ordering::Relaxed);
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
    fn step(&self) -> u32 {
        self.geometry().slot_size
    }

    #[inline(always)]
    fn stamp_at(&self, block: Self::Block, offset: u32) -> &AtomicU64 {
        self.slots.stamp_at(block, offset)
    }

    fn tag(&self) -> u32 {
        Self::tag(self)
    }

    #[inline(always)]
    fn slot_word(&self, block: Self::Block, slot: u32, word: u32) -> u64 {
        self.slots.slot_word(block, slot, word)
    }

    #[inline(always)]
    fn copy_words(&self, block: Self::Block, slot: u32, from: u32, to: &mut [[u8; 8]]) {
        self.slots.copy_words(block, slot, from, to);
    }

    fn addresses(&self, block: u32) -> [usize; 2] {
        // Unchecked, since a prefetch of a wrong address does nothing.
        let word = self.offsets().words + block as usize * 8;
        let word = self.view().base().as_ptr().wrapping_add(word);
        [word.addr(), self.slots.first_byte_of(block).addr()]
    }

    #[inline(always)]
    fn prefetch(addresses: [usize; 2]) {
        let [word, slot] = addresses.map(std::ptr::without_provenance);
        sys::prefetch_write(word);
        sys::prefetch_write(slot);
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

/// Who began a block, as its head says; nobody vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The lane.
    pub lane: LaneRef,
    /// Its process, in its own pid namespace.
    pub pid: u32,
    /// Its thread.
    pub tid: u32,
    /// Index of its process's entry.
    pub process: u32,
}

impl Segment {
    /// Who began `block` last. To be believed only while the block holds the generation begun.
    ///
    /// # Panics
    /// No such block.
    #[must_use]
    pub fn signature(&self, block: u32) -> Signature {
        let head = self.head(block);
        let first = self.u64_at(head + head::LANE).load(Ordering::Relaxed);
        let second = self.u64_at(head + head::TID).load(Ordering::Relaxed);
        let (lane, pid) = (first as u32, (first >> 32) as u32);
        Signature {
            lane: LaneRef { index: lane >> INC_BITS, inc: lane & ((1 << INC_BITS) - 1) },
            pid,
            tid: second as u32,
            process: (second >> 32) as u32,
        }
    }

    /// Where a block's head begins.
    #[inline]
    fn head(&self, block: u32) -> usize {
        self.offsets().heads + block as usize * head::SIZE
    }

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
