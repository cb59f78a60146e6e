//! A growing buffer behind a [`Writer`]: values whose encoding runs user code are encoded here, with
//! no record open, and their bytes copied afterwards.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::{Rest, Writer};
use crate::layout::value;

/// Bytes that a scratch buffer holds without an allocation.
const INLINE: usize = 512;
/// Most bytes that a scratch buffer takes, since a `Debug` that never ends must not take all memory.
pub(super) const SCRATCH_MAX: usize = 16 << 20;

/// A buffer for values whose encoding runs user code: they are encoded here before the record is
/// opened. 512 bytes stand inline, more goes to the heap.
pub struct Scratch {
    used: usize,
    /// Something did not fit any more; nothing comes behind it.
    full: bool,
    nesting: Nesting,
    inline: [MaybeUninit<u8>; INLINE],
    spill: Vec<u8>,
}

impl Scratch {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        let inline = [const { MaybeUninit::uninit() }; INLINE];
        let nesting = Nesting { depth: 0, values: 0 };
        Self { used: 0, full: false, nesting, inline, spill: Vec::new() }
    }

    /// Whether what stands here was cut: its last value is shortened, or the ones behind it miss.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full
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
        if len < self.used {
            self.used = len;
            self.full = false;
        }
    }

    /// Lets `fill` write behind what stands here. When it panics, nothing of it counts.
    pub fn write(&mut self, fill: impl FnOnce(&mut Writer)) {
        self.nesting = Nesting::default();
        let this = NonNull::from(self);
        let mut rest = Rest { scratch: Some(this), ..Rest::slots(0, 0) };
        let rest = &raw mut rest;
        // SAFETY: `this` is this call's exclusive borrow; until `fill` is over only the writer
        // touches the buffer.
        let mut out = unsafe {
            let base = Self::base(this);
            let used = (*this.as_ptr()).used;
            Writer::new(base.add(used), base.add(Self::capacity(this)), rest)
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
    pub(super) unsafe fn base(this: NonNull<Self>) -> *mut u8 {
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
    pub(super) unsafe fn grow(
        this: NonNull<Self>,
        pos: *mut u8,
        wanted: usize,
    ) -> Option<(*mut u8, *mut u8)> {
        // SAFETY: the caller's promise.
        let base = unsafe { Self::base(this) };
        let used = pos.addr() - base.addr();
        let wanted = used.saturating_add(wanted).checked_next_power_of_two().unwrap_or(usize::MAX);
        let capacity = wanted.clamp(2 * INLINE, SCRATCH_MAX);
        let mut larger = Vec::new();
        // SAFETY: the caller's promise.
        let full = unsafe { &mut (*this.as_ptr()).full };
        *full = *full || capacity <= used || larger.try_reserve_exact(capacity).is_err();
        if *full {
            return None;
        }
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

/// What is in the value that is being put.
#[derive(Clone, Copy, Default)]
struct Nesting {
    /// Lists and maps that are open.
    depth: u32,
    /// Values in lists and maps.
    values: u32,
}

/// Lists and maps nest no deeper and hold no more values than the drain takes.
impl Writer {
    /// Before a list or map: whether it is not too deep.
    pub(crate) fn descend(&mut self) -> bool {
        let Some(nesting) = self.nesting() else { return true };
        let fits = nesting.depth < value::DEPTH_MAX;
        nesting.depth += u32::from(fits);
        fits
    }

    /// Behind one that was not too deep.
    pub(crate) fn ascend(&mut self) {
        if let Some(nesting) = self.nesting() {
            nesting.depth = nesting.depth.saturating_sub(1);
        }
    }

    /// Before a value in a list or map: whether it is not one too many.
    pub(crate) fn count_value(&mut self) -> bool {
        let Some(nesting) = self.nesting() else { return true };
        nesting.values = nesting.values.saturating_add(1);
        nesting.values <= VALUES_KEPT
    }

    /// Whether something of what was put had no room any more.
    pub(crate) fn is_cut(&self) -> bool {
        // SAFETY: W2, and the scratch outlives its writer (`Scratch::write`).
        unsafe { (*self.rest).scratch.is_some_and(|scratch| (*scratch.as_ptr()).full) }
    }

    /// `None` outside of a scratch: what goes there has no lists and maps.
    fn nesting(&mut self) -> Option<&mut Nesting> {
        // SAFETY: W2, and the scratch outlives its writer (`Scratch::write`). The buffer, which this
        // writer has a pointer to, is not borrowed.
        unsafe { (*self.rest).scratch.map(|scratch| &mut (*scratch.as_ptr()).nesting) }
    }

    /// Where it stands, for [`Writer::go_back`].
    #[cfg(feature = "serde")]
    pub(crate) fn place(&mut self) -> Place {
        // SAFETY: W2.
        let scratch = unsafe { (*self.rest).scratch };
        let depth = self.nesting().map_or(0, |nesting| nesting.depth);
        Place { offset: scratch.map_or(0, |scratch| self.offset_in(scratch)), depth }
    }

    /// Forgets what it put since it stood there. Outside of a scratch: nothing.
    #[cfg(feature = "serde")]
    pub(crate) fn go_back(&mut self, place: Place) {
        // SAFETY: W2.
        let Some(scratch) = (unsafe { (*self.rest).scratch }) else { return };
        if place.offset < self.offset_in(scratch) {
            // SAFETY: the scratch outlives its writer, and what was put into it begins at its base.
            unsafe {
                (*scratch.as_ptr()).full = false;
                self.pos = Scratch::base(scratch).add(place.offset);
            }
        }
        if let Some(nesting) = self.nesting() {
            nesting.depth = place.depth;
        }
    }
}

/// Where a writer stood.
#[cfg(feature = "serde")]
#[derive(Clone, Copy)]
pub(crate) struct Place {
    offset: usize,
    depth: u32,
}

/// Values in the lists and maps of one value that are logged: some are kept for the notes that there
/// were more, of which each open list and map has one.
const VALUES_KEPT: u32 = value::VALUES_MAX - 2 * value::DEPTH_MAX - 2;

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
