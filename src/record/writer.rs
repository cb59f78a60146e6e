//! Where encoded bytes go: a raw cursor over a record's payload in its slots, or over a scratch
//! buffer that grows.
//!
//! The ring opens a [`Writer`] over the slots that it has marked; values put their bytes through
//! it. A put is one comparison and one store; the step to the next slot, over its reserved stamp
//! word, and on to the extension blocks, is out of line. When nothing is left the rest of the bytes
//! is dropped silently: a length that was wrong may cut a record, it never writes outside of it.
//! There is no panic path.
#![expect(unsafe_code, reason = "raw slot pointers: the memory is shared and never borrowed")]

mod scratch;

use std::fmt;
use std::ptr::{self, NonNull};

use bincode::error::EncodeError;

use crate::layout::record::CONTINUATION;
use crate::layout::value;

pub use scratch::Scratch;

/// A cursor over a record's payload area.
///
/// # Invariants
/// W1: `pos..rest.end` is writable by this writer alone for as long as it lives (where both are equal,
/// nothing is; both are null in a closed writer). W2: `rest` points to a [`Rest`] that outlives the
/// writer and that nobody else touches meanwhile; that of a closed writer is never written. Both are
/// promised by [`Writer::new`].
///
/// It is two words, so that it is handed on in registers.
pub struct Writer {
    pos: *mut u8,
    rest: *mut Rest,
}

/// Where a writer's current slot ends, and what comes after it.
#[derive(Debug)]
pub struct Rest {
    end: *mut u8,
    /// What opened the writer.
    #[cfg_attr(logring_loom, expect(dead_code, reason = "the models have no call path"))]
    owner: *const (),
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
        Self {
            end: ptr::null_mut(),
            owner: ptr::null(),
            slots_left,
            slot_size,
            next_extent: 0,
            extents: ptr::null(),
            scratch: None,
        }
    }

    /// The extension blocks of a long record. A writer over them begins with `pos == end`.
    #[inline]
    #[must_use]
    pub const fn extents(extents: *const Extents, slot_size: u32) -> Self {
        Self { extents, ..Self::slots(0, slot_size) }
    }

    /// The same, remembering what opens writers over it.
    #[cfg(not(logring_loom))]
    #[inline(always)]
    #[must_use]
    pub(crate) const fn owned_by(self, owner: *const ()) -> Self {
        Self { owner, ..self }
    }

    /// Leaves nothing after the current slot; the owner stays.
    #[cfg(not(logring_loom))]
    #[inline(always)]
    pub(crate) const fn clear(&mut self) {
        self.slots_left = 0;
        self.extents = ptr::null();
    }
}

/// That of closed writers: nothing, and never written.
#[cfg(not(logring_loom))]
struct Nothing(Rest);
// SAFETY: it is read only; its pointers are null.
#[cfg(not(logring_loom))]
unsafe impl Sync for Nothing {}
#[cfg(not(logring_loom))]
static NOTHING: Nothing = Nothing(Rest::slots(0, 0));

impl Writer {
    /// A writer over `pos..end`, the rest of a slot, and then over what `rest` says.
    ///
    /// # Safety
    /// `pos..end` and all memory that `rest` describes (its slots stand right behind `end`; its
    /// extents are blocks of the ring) is writable and nobody else's until the writer is gone;
    /// `rest` and what it points to stay in place as long.
    #[inline(always)]
    #[must_use]
    pub const unsafe fn new(pos: *mut u8, end: *mut u8, rest: *mut Rest) -> Self {
        // SAFETY: the caller's promise.
        unsafe { (*rest).end = end };
        Self { pos, rest }
    }

    /// What opened it; null for one over scratch and for a closed one.
    #[cfg(not(logring_loom))]
    #[inline(always)]
    pub(crate) const fn owner(&self) -> *const () {
        // SAFETY: W2.
        unsafe { (*self.rest).owner }
    }

    /// The writer of a record that was dropped: it takes nothing. Not public: with it a value's
    /// `encode` could take its writer away.
    #[cfg(not(logring_loom))]
    #[inline(always)]
    #[must_use]
    pub(crate) const fn closed() -> Self {
        Self { pos: ptr::null_mut(), rest: (&raw const NOTHING.0).cast_mut() }
    }

    /// Whether there is a record behind it.
    #[inline(always)]
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.pos.is_null()
    }

    #[inline(always)]
    fn room(&self) -> usize {
        // SAFETY: W2.
        let end = unsafe { (*self.rest).end };
        end.addr().wrapping_sub(self.pos.addr())
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
            self.pos = put_word_split(self.pos, self.rest, tag, word, N);
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
            self.pos = put_sized_split(self.pos, self.rest, tag, bytes);
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
            self.pos = put_split(self.pos, self.rest, bytes);
        }
    }

    /// Puts text that `Display` makes, with its tag and length. Runs user code: never in a slot.
    pub(crate) fn put_text(&mut self, text: &dyn fmt::Display) {
        // SAFETY: W2.
        let scratch = unsafe { (*self.rest).scratch };
        let Some(scratch) = scratch else {
            let mut own = Scratch::new();
            own.write(|out| out.put_text(text));
            return self.put_slice(own.bytes());
        };
        let at = self.offset_in(scratch);
        self.put_fixed(value::TEXT, [0; 4]);
        let start = self.offset_in(scratch);
        // What was written before a formatter failed stays; where the writer failed the scratch is full,
        // which says that it was cut.
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

/// Bytes that are put into many records: copied by whole chunks where there is room for that.
#[cfg(not(logring_loom))]
#[derive(Debug)]
pub(crate) struct Padded {
    len: usize,
    chunks: Box<[[u8; CHUNK]]>,
}

#[cfg(not(logring_loom))]
pub(crate) const CHUNK: usize = 32;

#[cfg(not(logring_loom))]
impl Padded {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut chunks = vec![[0; CHUNK]; bytes.len().div_ceil(CHUNK)];
        chunks.as_flattened_mut()[..bytes.len()].copy_from_slice(bytes);
        Self { len: bytes.len(), chunks: chunks.into() }
    }

    /// Without what they are padded with.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// With it.
    #[inline(always)]
    pub(crate) fn chunks(&self) -> &[[u8; CHUNK]] {
        &self.chunks
    }

    fn bytes(&self) -> &[u8] {
        let all = self.chunks.as_flattened();
        all.get(..self.len).unwrap_or(all)
    }
}

#[cfg(not(logring_loom))]
impl Writer {
    /// Puts bytes as [`Writer::put_slice`] does. What comes behind them is written over meanwhile, so
    /// it must not have been put yet.
    #[inline(always)]
    pub(crate) fn put_padded(&mut self, bytes: &Padded) {
        if self.room() < bytes.chunks.len() * CHUNK {
            return put_padded_split(self, bytes);
        }
        let put = |at: usize, chunk: &[u8; CHUNK]| {
            // SAFETY: W1, and there is room for all chunks.
            unsafe { self.pos.add(at * CHUNK).cast::<[u8; CHUNK]>().write_unaligned(*chunk) };
        };
        // What fits a slot, without a loop.
        match &*bytes.chunks {
            [one] => put(0, one),
            [one, two] => {
                put(0, one);
                put(1, two);
            }
            all => all.iter().enumerate().for_each(|(at, chunk)| put(at, chunk)),
        }
        self.pos = self.pos.wrapping_add(bytes.len);
    }
}

#[cfg(not(logring_loom))]
#[cold]
#[inline(never)]
fn put_padded_split(out: &mut Writer, bytes: &Padded) {
    out.put_slice(bytes.bytes());
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("open", &self.is_open()).field("room", &self.room()).finish()
    }
}

impl fmt::Write for Writer {
    /// An error where it was cut: a formatter that goes on until there is one ends with it.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put_slice(text.as_bytes());
        if self.is_cut() { Err(fmt::Error) } else { Ok(()) }
    }
}

impl bincode::enc::write::Writer for Writer {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.put_slice(bytes);
        Ok(())
    }
}

/// Puts what fits, steps on, and so on. Takes and gives the position by value, so that the common
/// path can keep it in a register.
#[cold]
#[inline(never)]
fn put_split(mut pos: *mut u8, rest: *mut Rest, mut bytes: &[u8]) -> *mut u8 {
    if pos.is_null() {
        return pos;
    }
    // SAFETY: W2 of the writer that called, which is open.
    let rest = unsafe { &mut *rest };
    loop {
        let room = rest.end.addr().wrapping_sub(pos.addr());
        let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        // SAFETY: W1, and `now` is no longer than what is left of the slot.
        unsafe {
            ptr::copy_nonoverlapping(now.as_ptr(), pos, now.len());
            pos = pos.add(now.len());
        }
        bytes = later;
        if bytes.is_empty() {
            return pos;
        }
        match rest.step(pos, bytes.len()) {
            Some((next, end)) => (pos, rest.end) = (next, end),
            None => return pos,
        }
    }
}

#[cold]
#[inline(never)]
fn put_word_split(pos: *mut u8, rest: *mut Rest, tag: u8, word: u64, len: usize) -> *mut u8 {
    let pos = put_split(pos, rest, &[tag]);
    let bytes = word.to_le_bytes();
    put_split(pos, rest, bytes.get(..len).unwrap_or(&bytes))
}

#[cold]
#[inline(never)]
fn put_sized_split(pos: *mut u8, rest: *mut Rest, tag: u8, bytes: &[u8]) -> *mut u8 {
    let pos = put_word_split(pos, rest, tag, bytes.len() as u64, 4);
    put_split(pos, rest, bytes)
}

impl Rest {
    /// The next stretch of memory; `None` when nothing is left.
    fn step(&mut self, pos: *mut u8, wanted: usize) -> Option<(*mut u8, *mut u8)> {
        if let Some(scratch) = self.scratch {
            // SAFETY: the scratch outlives its writer (`Scratch::write`).
            return unsafe { Scratch::grow(scratch, pos, wanted) };
        }
        let slot = if self.slots_left > 0 {
            self.slots_left -= 1;
            self.end
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

#[cfg(test)]
mod tests;
