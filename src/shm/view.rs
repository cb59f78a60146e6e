//! A range of mapped memory, seen as words. The one place that makes references out of mapped bytes.
//!
//! Everyone in `shm/` reads and writes a segment through it. It checks bounds and alignment, and it
//! never hands out a slice: other processes may be writing the same bytes, so bytes are copied in and
//! out by relaxed word accesses.
#![expect(unsafe_code, reason = "the one door from mapped bytes to atomic words")]

use std::ffi::CStr;
use std::ptr::NonNull;

use crate::error::{Error, Result};
use crate::layout::geometry::PAGE;
use crate::layout::{Geometry, lane};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::sys::{self, file, robust, truncation};

/// Mapped memory of a known length.
#[derive(Debug)]
pub struct View {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: all access is by atomics, and the memory belongs to no thread.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    /// A view of `len` bytes at `base`.
    ///
    /// # Safety
    /// The range is mapped for reading, and for writing where it is written, for as long as the view
    /// lives; `base` is page-aligned; nobody in this process makes plain references into it.
    #[must_use]
    pub unsafe fn new(base: NonNull<u8>, len: usize) -> Self {
        debug_assert!(base.as_ptr().addr().is_multiple_of(4096));
        Self { base, len }
    }

    /// A page of private memory that reads as zero again in a forked child, never given back; the
    /// second value says whether the kernel will wipe it.
    ///
    /// # Errors
    /// No memory.
    pub fn wipe_on_fork() -> Result<(Self, bool)> {
        let (base, wipes) = sys::map_wipe_on_fork(PAGE)?;
        // SAFETY: mapped just now, for ever; nobody else knows of it.
        Ok((unsafe { Self::new(base, PAGE) }, wipes))
    }

    /// From now on this process outlives that the mapped file is cut: what is missing reads as zeros.
    /// For memory that is never unmapped.
    ///
    /// # Errors
    /// Another view has the handler; the kernel refuses.
    pub(super) fn outlive_truncation(&self) -> Result<()> {
        // SAFETY: mapped for good, as the callers have pinned it; all access is by atomics here.
        unsafe { truncation::outlive(self.base, self.len) }
            .map_err(|error| Error::os("handle SIGBUS", error))
    }

    /// Its first byte.
    #[inline]
    #[must_use]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Its length in bytes.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no view is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The word at `offset`.
    ///
    /// # Panics
    /// Out of bounds or not a multiple of 8: offsets come from a checked geometry and checked indexes.
    #[inline]
    #[must_use]
    pub fn u64_at(&self, offset: usize) -> &AtomicU64 {
        let at = self.at(offset, 8);
        // SAFETY: `at` has checked bounds and alignment; the mapping outlives the view.
        unsafe { AtomicU64::from_ptr(at.as_ptr().cast()) }
    }

    /// The half word at `offset`.
    ///
    /// # Panics
    /// Out of bounds or not a multiple of 4.
    #[inline]
    #[must_use]
    pub fn u32_at(&self, offset: usize) -> &AtomicU32 {
        let at = self.at(offset, 4);
        // SAFETY: `at` has checked bounds and alignment; the mapping outlives the view.
        unsafe { AtomicU32::from_ptr(at.as_ptr().cast()) }
    }

    /// The address of `size` bytes at `offset`, which is a multiple of `size` or of 8.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    #[inline]
    #[must_use]
    pub fn at(&self, offset: usize, size: usize) -> NonNull<u8> {
        let fits = offset.checked_add(size).is_some_and(|end| end <= self.len);
        let aligned = offset.is_multiple_of(size.min(8));
        assert!(fits && aligned, "{size} bytes at offset {offset} of {} mapped ones", self.len);
        // SAFETY: in bounds, as just checked.
        unsafe { self.base.add(offset) }
    }

    /// Copies `bytes` to `offset`, a multiple of 8; the last word's other bytes become 0. The place
    /// is the caller's alone, or readers check what they read.
    ///
    /// # Panics
    /// Out of bounds (the length rounded up to 8) or not aligned.
    pub fn copy_in(&self, offset: usize, bytes: &[u8]) {
        for (index, chunk) in bytes.chunks(8).enumerate() {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.u64_at(offset + index * 8).store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
    }

    /// Appends `len` bytes from `offset`, a multiple of 8, to `out`.
    ///
    /// # Panics
    /// Out of bounds (the length rounded up to 8) or not aligned.
    pub fn copy_out(&self, offset: usize, len: usize, out: &mut Vec<u8>) {
        out.reserve(len);
        for index in 0..len.div_ceil(8) {
            let word = self.u64_at(offset + index * 8).load(Ordering::Relaxed).to_le_bytes();
            out.extend_from_slice(&word[..(len - index * 8).min(8)]);
        }
    }

    /// Whether the bytes from `offset`, a multiple of 8, are `bytes`.
    ///
    /// # Panics
    /// Out of bounds (the length rounded up to 8) or not aligned.
    #[must_use]
    pub fn holds(&self, offset: usize, bytes: &[u8]) -> bool {
        bytes.chunks(8).enumerate().all(|(index, chunk)| {
            let word = self.u64_at(offset + index * 8).load(Ordering::Relaxed).to_le_bytes();
            word[..chunk.len()] == *chunk
        })
    }

    /// Stores 0 to the words of `offset..offset + len`, both multiples of 8.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    pub fn zero(&self, offset: usize, len: usize) {
        for at in (offset..offset + len).step_by(8) {
            self.u64_at(at).store(0, Ordering::Relaxed);
        }
    }
}

/// Robust mutexes in the range. A mapping with a held one in it is never unmapped: `Segment` and
/// `DrainLock` pin theirs before they lock.
impl View {
    /// Makes the 40 bytes at `offset` an unlocked robust mutex; false when the C library cannot.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    #[must_use]
    pub fn mutex_init(&self, offset: usize) -> bool {
        let at = self.at(offset, MUTEX_BYTES);
        // SAFETY: checked bounds and alignment; the entry is the caller's alone (it has claimed it).
        unsafe { robust::robust_init(at) }.is_ok()
    }

    /// Tries to lock the mutex at `offset` for this thread.
    ///
    /// # Errors
    /// The mutex is damaged.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    pub fn mutex_try_lock(&self, offset: usize) -> Result<robust::Lock> {
        let at = self.at(offset, MUTEX_BYTES);
        // SAFETY: checked bounds and alignment; the C library checks the kind; pinned, see above.
        unsafe { robust::robust_try_lock(at) }
    }

    /// Unlocks the mutex at `offset` if this thread holds it.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    pub fn mutex_unlock(&self, offset: usize) {
        let at = self.at(offset, MUTEX_BYTES);
        // SAFETY: checked bounds and alignment; a robust mutex checks that its owner unlocks it.
        unsafe { robust::robust_unlock(at) }
    }

    /// The word of the mutex at `offset` that the kernel marks.
    ///
    /// # Panics
    /// Out of bounds or not aligned.
    #[inline]
    #[must_use]
    pub fn mutex_word(&self, offset: usize) -> &AtomicU32 {
        let at = self.at(offset, MUTEX_BYTES);
        // SAFETY: checked bounds and alignment; the mapping outlives the view.
        unsafe { robust::robust_word(at) }
    }
}

/// A read-only view of a file that may not exist yet: mapped at the first look that finds it, then
/// kept for ever. Looking allocates nothing and takes no lock. The words are for loads only.
#[derive(Debug)]
pub struct LateView {
    /// The mapping's address; 0 = not mapped yet.
    base: AtomicU64,
}

impl Default for LateView {
    fn default() -> Self {
        Self::new()
    }
}

impl LateView {
    /// Nothing is mapped yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { base: AtomicU64::new(0) }
    }

    /// The first `len` bytes of the file at `path`; `None` while there is no such file of ours. Two
    /// who map at once keep a mapping each; later looks use the first one's.
    #[must_use]
    pub fn get_or_map(&self, path: &CStr, len: usize) -> Option<View> {
        let mut base = self.base.load(Ordering::Relaxed) as usize;
        if base == 0 {
            base = file::map_read_only(path, len)?.as_ptr().expose_provenance();
            // Relaxed: the kernel made the memory, the address is all there is to pass on.
            let (new, order) = (base as u64, Ordering::Relaxed);
            if let Err(first) = self.base.compare_exchange(0, new, order, order) {
                base = first as usize;
            }
        }
        let base = NonNull::new(std::ptr::with_exposed_provenance_mut(base))?;
        // SAFETY: mapped for ever by `map_read_only`, exposed there; callers load only.
        Some(unsafe { View::new(base, len) })
    }
}

/// The slots of a ring inside a view: addresses by shift and addition alone.
#[derive(Debug)]
pub struct Slots {
    base: NonNull<u8>,
    /// First address at which no whole word stands any more.
    end: NonNull<u8>,
    block_count: u32,
    slots_per_block: u32,
    slot_shift: u32,
}

// SAFETY: as for `View`.
unsafe impl Send for Slots {}
// SAFETY: as for `View`.
unsafe impl Sync for Slots {}

/// A block's first slot.
///
/// The default is no block at all (a null address): what a lane has before its first claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Block(*mut u8);

impl Default for Block {
    fn default() -> Self {
        Self(std::ptr::null_mut())
    }
}

impl Block {
    /// The address of slot 0.
    #[inline(always)]
    #[must_use]
    pub fn as_ptr(self) -> *mut u8 {
        self.0
    }

    /// The address of so many bytes behind its start.
    #[inline(always)]
    #[must_use]
    pub fn at(self, offset: u32) -> *mut u8 {
        self.0.wrapping_add(offset as usize)
    }
}

impl Slots {
    /// The slots of `geometry`, from `offset` of `view`, which they do not outlive.
    ///
    /// # Panics
    /// They do not fit: the geometry was checked before.
    #[must_use]
    pub fn new(view: &View, offset: usize, geometry: &Geometry) -> Self {
        let len = geometry.block_bytes() * geometry.block_count as usize;
        assert!(offset.checked_add(len).is_some_and(|end| end <= view.len()), "slots fit the view");
        // SAFETY: both in bounds, as just checked.
        let (base, end) = unsafe { (view.base().add(offset), view.base().add(offset + len)) };
        Self {
            base,
            end,
            block_count: geometry.block_count,
            slots_per_block: geometry.slots_per_block,
            slot_shift: geometry.slot_size.trailing_zeros(),
        }
    }

    /// The block of this number.
    ///
    /// # Panics
    /// No such block.
    #[inline]
    #[must_use]
    pub fn block(&self, block: u32) -> Block {
        assert!(block < self.block_count, "block {block} of {}", self.block_count);
        let slot = block as usize * self.slots_per_block as usize;
        // SAFETY: a block below the count lies between base and end.
        Block(unsafe { self.base.add(slot << self.slot_shift) }.as_ptr())
    }

    /// Where the block of this number begins, were there one: not to be read or written through.
    #[inline(always)]
    #[must_use]
    pub fn first_byte_of(&self, block: u32) -> *const u8 {
        let slot = block as usize * self.slots_per_block as usize;
        self.base.as_ptr().wrapping_add(slot << self.slot_shift)
    }

    /// The address of a slot, for its owner.
    #[inline(always)]
    #[must_use]
    pub fn slot_ptr(&self, block: Block, slot: u32) -> *mut u8 {
        debug_assert!(slot < self.slots_per_block);
        block.0.wrapping_add((slot as usize) << self.slot_shift)
    }

    /// Hands each line of a slot to `each`.
    #[inline(always)]
    pub fn lines(&self, block: Block, slot: u32, mut each: impl FnMut(*mut u8)) {
        let mut line = self.slot_ptr(block, slot);
        let end = line.wrapping_add(1 << self.slot_shift);
        while line.addr() < end.addr() {
            each(line);
            line = line.wrapping_add(LINE_BYTES);
        }
    }

    /// The stamp of a slot of a block of these slots. The slot is below `slots_per_block`: the ring
    /// checks what comes from shared memory.
    #[inline(always)]
    #[must_use]
    pub fn stamp(&self, block: Block, slot: u32) -> &AtomicU64 {
        debug_assert!(slot < self.slots_per_block);
        // SAFETY: in the block, as the ring's contract says (`ring::Memory`: indexes are in range).
        unsafe { AtomicU64::from_ptr(block.0.add((slot as usize) << self.slot_shift).cast()) }
    }

    /// The stamp of the slot so many bytes behind a block's start: a slot of the block, as the ring's
    /// writer counts them.
    #[inline(always)]
    #[must_use]
    pub fn stamp_at(&self, block: Block, offset: u32) -> &AtomicU64 {
        debug_assert!(offset >> self.slot_shift < self.slots_per_block);
        // SAFETY: as in `stamp`; the writer steps by whole slots and stops at the block's end.
        unsafe { AtomicU64::from_ptr(block.at(offset).cast()) }
    }

    /// Word `word` of a slot, by a relaxed load; 0 for a word outside of the ring.
    #[inline(always)]
    #[must_use]
    pub fn slot_word(&self, block: Block, slot: u32, word: u32) -> u64 {
        let mut bytes = [[0; 8]];
        self.copy_words(block, slot, word, &mut bytes);
        u64::from_le_bytes(bytes[0])
    }

    /// Copies words of a slot from word `from` on, as many as `to` has, by relaxed loads; zeros
    /// where that is not inside the ring.
    #[inline(always)]
    pub fn copy_words(&self, block: Block, slot: u32, from: u32, to: &mut [[u8; 8]]) {
        let offset = ((slot as usize) << self.slot_shift) + from as usize * 8;
        let start = block.0.wrapping_add(offset);
        let room = self.end.addr().get().wrapping_sub(start.addr());
        if start < self.base.as_ptr() || start > self.end.as_ptr() || room < to.len() * 8 {
            return to.fill([0; 8]);
        }
        let copy = |index: usize, to: &mut [u8; 8]| {
            // SAFETY: inside the ring, as just checked; blocks and offsets are multiples of 8.
            let word = unsafe { AtomicU64::from_ptr(start.add(index * 8).cast()) };
            *to = word.load(Ordering::Relaxed).to_le_bytes();
        };
        // By lines, so that the compiler unrolls the inner loop.
        let (lines, rest) = to.as_chunks_mut::<8>();
        let behind = lines.len() * 8;
        for (line, to) in lines.iter_mut().enumerate() {
            to.iter_mut().enumerate().for_each(|(index, to)| copy(line * 8 + index, to));
        }
        rest.iter_mut().enumerate().for_each(|(index, to)| copy(behind + index, to));
    }
}

/// Bytes of a cache line; where it is more, a line is named twice.
const LINE_BYTES: usize = 64;
const MUTEX_BYTES: usize = lane::ARM_BYTES;
