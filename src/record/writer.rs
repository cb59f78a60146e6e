//! Where encoded bytes go: a raw cursor over a record's payload in its slots, or over a scratch
//! buffer that grows.
//!
//! The ring opens a [`Writer`] over the slots that it has marked; values put their bytes through
//! it. A put is one comparison and one store; the step to the next slot, over its reserved stamp
//! word, and on to the extension blocks, is out of line. When nothing is left the rest of the bytes
//! is dropped silently: a length that was wrong may cut a record, it never writes outside of it.
//! There is no panic path.
#![expect(unsafe_code, reason = "raw slot pointers: the memory is shared and never borrowed")]

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use bincode::error::EncodeError;

use crate::layout::record::CONTINUATION;
use crate::layout::value;

/// A cursor over a record's payload area.
///
/// # Invariants
/// W1: `pos..end` is writable by this writer alone for as long as it lives (`pos == end` allows
/// nothing, and both are null in a closed writer). W2: `rest` is null or points to a [`Rest`] that
/// outlives the writer and that nobody else touches meanwhile. Both are promised by [`Writer::new`].
pub struct Writer {
    pos: *mut u8,
    end: *mut u8,
    rest: *mut Rest,
    owner: *const (),
}

/// What comes after a writer's current slot.
#[derive(Debug)]
pub struct Rest {
    slots_left: u32,
    slot_size: u32,
    next_extent: u32,
    extents: *const Extents,
    scratch: Option<NonNull<Scratch>>,
}

/// The extension blocks of a long record, in order.
#[derive(Debug)]
pub struct Extents {
    /// Block numbers, each followed by the block's generation.
    pub list: *const [u32; 2],
    /// How many there are.
    pub count: u32,
    /// The first slot of block 0.
    pub slots_base: *mut u8,
    /// Bytes of a block.
    pub block_bytes: usize,
    /// Slots of a block, at least 1.
    pub slots_per_block: u32,
}

impl Rest {
    /// The further slots of a record that stands in one block: `slots_left` slots of `slot_size`
    /// bytes, the first of them at the writer's `end`.
    #[inline]
    #[must_use]
    pub const fn slots(slots_left: u32, slot_size: u32) -> Self {
        Self { slots_left, slot_size, next_extent: 0, extents: ptr::null(), scratch: None }
    }

    /// The extension blocks of a long record. A writer over them begins with `pos == end`.
    #[inline]
    #[must_use]
    pub const fn extents(extents: *const Extents, slot_size: u32) -> Self {
        Self { slots_left: 0, slot_size, next_extent: 0, extents, scratch: None }
    }
}

impl Writer {
    /// A writer over `pos..end`, the rest of a slot, and then over what `rest` says; a null `rest`
    /// is a record of one slot.
    ///
    /// # Safety
    /// `pos..end` and all memory that `rest` describes (its slots stand right behind `end`; its
    /// extents are blocks of the ring) is writable and nobody else's until the writer is gone;
    /// `rest` and what it points to stay in place as long.
    #[inline(always)]
    #[must_use]
    pub const unsafe fn new(pos: *mut u8, end: *mut u8, rest: *mut Rest) -> Self {
        Self { pos, end, rest, owner: ptr::null() }
    }

    /// The same, remembering what opened it.
    #[inline(always)]
    pub(crate) const fn owned_by(self, owner: *const ()) -> Self {
        Self { owner, ..self }
    }

    /// What opened it.
    #[inline(always)]
    pub(crate) const fn owner(&self) -> *const () {
        self.owner
    }

    /// The writer of a record that was dropped: it takes nothing.
    #[inline(always)]
    #[must_use]
    pub(crate) const fn closed() -> Self {
        Self {
            pos: ptr::null_mut(),
            end: ptr::null_mut(),
            rest: ptr::null_mut(),
            owner: ptr::null(),
        }
    }

    /// Whether there is a record behind it.
    #[inline(always)]
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.pos.is_null()
    }

    #[inline(always)]
    fn room(&self) -> usize {
        self.end.addr().wrapping_sub(self.pos.addr())
    }

    /// Puts a tag and what it says in `N` bytes, 0 to 8.
    #[inline(always)]
    pub(crate) fn put_fixed<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        if self.room() > N {
            // SAFETY: W1, and N + 1 bytes of it are left. Two stores: an array of both would be
            // laid on the stack by two and read by one, which stalls.
            unsafe {
                self.pos.write(tag);
                self.pos.add(1).cast::<[u8; N]>().write_unaligned(bytes);
                self.pos = self.pos.add(N + 1);
            }
        } else {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(bytes) {
                *to = from;
            }
            let word = u64::from_le_bytes(word);
            (self.pos, self.end) = put_word_split(self.pos, self.end, self.rest, tag, word, N);
        }
    }

    /// Puts a tag, a length of 4 bytes, and that many bytes.
    #[inline(always)]
    pub(crate) fn put_sized(&mut self, tag: u8, bytes: &[u8]) {
        // A length past 32 bits does not come true: such a record is cut long before.
        let len = (bytes.len() as u32).to_le_bytes();
        if self.room() >= bytes.len().saturating_add(5) {
            // SAFETY: W1, and as many bytes of it are left; a borrowed slice does not overlap
            // memory that is this writer's alone.
            unsafe {
                self.pos.write(tag);
                self.pos.add(1).cast::<[u8; 4]>().write_unaligned(len);
                ptr::copy_nonoverlapping(bytes.as_ptr(), self.pos.add(5), bytes.len());
                self.pos = self.pos.add(5 + bytes.len());
            }
        } else {
            (self.pos, self.end) = put_sized_split(self.pos, self.end, self.rest, tag, bytes);
        }
    }

    /// Puts bytes.
    #[inline(always)]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        if self.room() >= bytes.len() {
            // SAFETY: as in `put_sized`.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), self.pos, bytes.len());
                self.pos = self.pos.add(bytes.len());
            }
        } else {
            (self.pos, self.end) = put_split(self.pos, self.end, self.rest, bytes);
        }
    }

    /// Puts text that `Display` makes, with its tag and length. Runs user code: never in a slot.
    pub(crate) fn put_text(&mut self, text: &dyn fmt::Display) {
        // SAFETY: W2.
        let scratch = unsafe { self.rest.as_ref() }.and_then(|rest| rest.scratch);
        let Some(scratch) = scratch else {
            let mut own = Scratch::new();
            own.write(|out| out.put_text(text));
            return self.put_slice(own.bytes());
        };
        let at = self.offset_in(scratch);
        self.put_fixed(value::TEXT, [0; 4]);
        let start = self.offset_in(scratch);
        // What was written before a formatter failed stays; the writer itself never fails.
        let _ = fmt::Write::write_fmt(self, format_args!("{text}"));
        let len = self.offset_in(scratch).wrapping_sub(start);
        if start.wrapping_sub(at) == 5 {
            let len = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
            // SAFETY: the scratch outlives its writer (`Scratch::write`), and the 5 bytes at `at`
            // were put above.
            unsafe { Scratch::base(scratch).add(at + 1).cast::<[u8; 4]>().write_unaligned(len) };
        }
    }

    fn offset_in(&self, scratch: NonNull<Scratch>) -> usize {
        // SAFETY: the scratch outlives its writer (`Scratch::write`).
        self.pos.addr().wrapping_sub(unsafe { Scratch::base(scratch) }.addr())
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("open", &self.is_open()).field("room", &self.room()).finish()
    }
}

impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put_slice(text.as_bytes());
        Ok(())
    }
}

impl bincode::enc::write::Writer for Writer {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.put_slice(bytes);
        Ok(())
    }
}

/// Puts what fits, steps on, and so on. Takes and gives the cursor by value, so that the common
/// path can keep it in registers.
#[cold]
#[inline(never)]
fn put_split(
    mut pos: *mut u8,
    mut end: *mut u8,
    rest: *mut Rest,
    mut bytes: &[u8],
) -> (*mut u8, *mut u8) {
    // SAFETY: W2 of the writer that called.
    let Some(rest) = (unsafe { rest.as_mut() }) else { return (pos, end) };
    loop {
        let room = end.addr().wrapping_sub(pos.addr());
        let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        // SAFETY: W1, and `now` is no longer than what is left of the slot.
        unsafe {
            ptr::copy_nonoverlapping(now.as_ptr(), pos, now.len());
            pos = pos.add(now.len());
        }
        bytes = later;
        if bytes.is_empty() {
            return (pos, end);
        }
        match rest.step(pos, end, bytes.len()) {
            Some(next) => (pos, end) = next,
            None => return (pos, end),
        }
    }
}

#[cold]
#[inline(never)]
fn put_word_split(
    pos: *mut u8,
    end: *mut u8,
    rest: *mut Rest,
    tag: u8,
    word: u64,
    len: usize,
) -> (*mut u8, *mut u8) {
    let (pos, end) = put_split(pos, end, rest, &[tag]);
    let bytes = word.to_le_bytes();
    put_split(pos, end, rest, bytes.get(..len).unwrap_or(&bytes))
}

#[cold]
#[inline(never)]
fn put_sized_split(
    pos: *mut u8,
    end: *mut u8,
    rest: *mut Rest,
    tag: u8,
    bytes: &[u8],
) -> (*mut u8, *mut u8) {
    let (pos, end) = put_word_split(pos, end, rest, tag, bytes.len() as u64, 4);
    put_split(pos, end, rest, bytes)
}

impl Rest {
    /// The next stretch of memory; `None` when nothing is left.
    fn step(&mut self, pos: *mut u8, end: *mut u8, wanted: usize) -> Option<(*mut u8, *mut u8)> {
        if let Some(scratch) = self.scratch {
            // SAFETY: the scratch outlives its writer (`Scratch::write`).
            return unsafe { Scratch::grow(scratch, pos, wanted) };
        }
        let slot = if self.slots_left > 0 {
            self.slots_left -= 1;
            end
        } else {
            // SAFETY: W2: extents are null or in place.
            let extents = unsafe { self.extents.as_ref() }?;
            if self.next_extent >= extents.count {
                return None;
            }
            // SAFETY: W2: the list has `count` entries.
            let [block, _] = unsafe { *extents.list.add(self.next_extent as usize) };
            self.next_extent += 1;
            self.slots_left = extents.slots_per_block - 1;
            extents.slots_base.wrapping_add(block as usize * extents.block_bytes)
        };
        // The stamp word at the slot's start is reserved.
        Some((slot.wrapping_add(CONTINUATION), slot.wrapping_add(self.slot_size as usize)))
    }
}

/// Bytes that a scratch buffer holds without an allocation.
const INLINE: usize = 512;
/// Most bytes that a scratch buffer takes, since a `Debug` that never ends must not take all memory.
const SCRATCH_MAX: usize = 16 << 20;

/// A buffer for values whose encoding runs user code: they are encoded here before the record is
/// opened. 512 bytes stand inline, more goes to the heap.
pub struct Scratch {
    used: usize,
    inline: [MaybeUninit<u8>; INLINE],
    spill: Vec<u8>,
}

impl Scratch {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self { used: 0, inline: [const { MaybeUninit::uninit() }; INLINE], spill: Vec::new() }
    }

    /// What has been written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let base = if self.spill.capacity() > 0 {
            self.spill.as_ptr()
        } else {
            self.inline.as_ptr().cast()
        };
        // SAFETY: the first `used` bytes of the buffer in force have been written (`write`).
        unsafe { std::slice::from_raw_parts(base, self.used) }
    }

    /// Forgets what was written from offset `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Lets `fill` write behind what stands here. When it panics, nothing of it counts.
    pub fn write(&mut self, fill: impl FnOnce(&mut Writer)) {
        let this = NonNull::from(self);
        let mut rest = Rest { scratch: Some(this), ..Rest::slots(0, 0) };
        let rest = &raw mut rest;
        // SAFETY: `this` is this call's exclusive borrow; until `fill` is over only the writer
        // touches the buffer.
        let mut out = unsafe {
            let base = Self::base(this);
            let used = (*this.as_ptr()).used;
            Writer {
                pos: base.add(used),
                end: base.add(Self::capacity(this)),
                rest,
                owner: ptr::null(),
            }
        };
        fill(&mut out);
        if out.rest != rest {
            // Safe code can swap the writers of two nested values. Going on would leave a writer
            // whose buffer is gone.
            std::process::abort();
        }
        // SAFETY: as above, and `fill` is over.
        unsafe { (*this.as_ptr()).used = out.pos.addr() - Self::base(this).addr() };
    }

    /// The buffer in force, without a borrow that would end those of a writer.
    ///
    /// # Safety
    /// `this` is a live scratch of the caller's.
    unsafe fn base(this: NonNull<Self>) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if (*this.as_ptr()).spill.capacity() > 0 {
                (*this.as_ptr()).spill.as_mut_ptr()
            } else {
                (&raw mut (*this.as_ptr()).inline).cast()
            }
        }
    }

    /// Bytes of the buffer in force.
    ///
    /// # Safety
    /// `this` is a live scratch of the caller's.
    unsafe fn capacity(this: NonNull<Self>) -> usize {
        // SAFETY: the caller's promise.
        let spill = unsafe { (*this.as_ptr()).spill.capacity() };
        if spill > 0 { spill } else { INLINE }
    }

    /// Moves to a larger buffer; `pos` is the end of what has been written. `None` at the limit, or
    /// when there is no memory.
    ///
    /// # Safety
    /// `this` is a live scratch of the caller's, and `pos` its writer's.
    unsafe fn grow(this: NonNull<Self>, pos: *mut u8, wanted: usize) -> Option<(*mut u8, *mut u8)> {
        // SAFETY: the caller's promise.
        let base = unsafe { Self::base(this) };
        let used = pos.addr() - base.addr();
        let capacity = (used + wanted).next_power_of_two().max(2 * INLINE);
        if capacity > SCRATCH_MAX {
            return None;
        }
        let mut larger = Vec::new();
        larger.try_reserve_exact(capacity).ok()?;
        // SAFETY: `used` bytes have been written in the old buffer and fit the new one, which is
        // another allocation.
        unsafe { ptr::copy_nonoverlapping(base, larger.as_mut_ptr(), used) };
        // SAFETY: the caller's promise; the old buffer has no user left.
        unsafe {
            (*this.as_ptr()).spill = larger;
            let base = Self::base(this);
            Some((base.add(used), base.add(Self::capacity(this))))
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("used", &self.used).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
