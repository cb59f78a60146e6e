//! A growing buffer behind a [`Writer`]: values whose encoding runs user code are encoded here, with
//! no record open, and their bytes copied afterwards.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::{Rest, Writer};

/// Bytes that a scratch buffer holds without an allocation.
const INLINE: usize = 512;
/// Most bytes that a scratch buffer takes, since a `Debug` that never ends must not take all memory.
pub(super) const SCRATCH_MAX: usize = 16 << 20;

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
