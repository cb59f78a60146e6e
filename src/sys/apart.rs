//! Shared memory that a forked child puts aside: a private copy stands in its place, and the shared
//! pages wait elsewhere until they are put back. `call/forked.rs` does this where a fork came in the
//! middle of a log call. Allocation-free: it runs in the child of a process with threads.
#![expect(unsafe_code, reason = "mappings are moved by calls into libc")]

use std::ptr::{self, NonNull};

/// Private zeroed pages. `None`: no memory.
#[must_use]
pub fn map_private(len: usize) -> Option<NonNull<u8>> {
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    address(at)
}

/// Unmaps what [`map_private`] gave.
///
/// # Safety
/// Nobody uses it any more.
pub unsafe fn unmap(at: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(at.as_ptr().cast(), len) };
}

/// Lays a private copy over the shared pages at `base` and tells where those are from now on. `None`:
/// all is as before, since there is no memory, or since the pages are private already.
///
/// # Safety
/// `base..base + len` is one mapping, of which no other thread makes use meanwhile.
#[must_use]
pub unsafe fn put_aside(base: NonNull<u8>, len: usize) -> Option<NonNull<u8>> {
    let copy = map_private(len)?;
    // SAFETY: both are mapped, `copy` is ours alone; a mapping of old length 0 is mapped a second
    // time, which the kernel does for shared ones only; the move replaces the mapping at `base`,
    // whose pages stay mapped elsewhere.
    unsafe {
        ptr::copy_nonoverlapping(base.as_ptr().cast_const(), copy.as_ptr(), len);
        let Some(shared) = remap(base, 0, len, None) else {
            unmap(copy, len);
            return None;
        };
        if remap(copy, len, len, Some(base)).is_none() {
            unmap(shared, len);
            unmap(copy, len);
            return None;
        }
        Some(shared)
    }
}

/// Moves the mapping at `from` to `to`, in whose place it comes. False: nothing has changed.
///
/// # Safety
/// Both are mappings of `len` bytes; what stands at `to` is needed no more, and nobody uses `from`.
#[must_use]
pub unsafe fn put_back(from: NonNull<u8>, len: usize, to: NonNull<u8>) -> bool {
    // SAFETY: the caller's promise.
    unsafe { remap(from, len, len, Some(to)).is_some() }
}

/// Runs `action` with the shared pages, which are at `shared`, in the place of the private copy at
/// `base`. False: it did not run, since an address range was missing.
///
/// # Safety
/// As for [`put_aside`], while this runs; `shared` is what that gave.
pub unsafe fn with_shared(
    base: NonNull<u8>,
    len: usize,
    shared: NonNull<u8>,
    action: impl FnOnce(),
) -> bool {
    let Some(place) = map_private(len) else { return false };
    // SAFETY: each move replaces a mapping whose pages are mapped elsewhere, or that is `place`; the
    // shared pages stay mapped at `shared` all the time.
    unsafe {
        let moved = remap(base, len, len, Some(place)).is_some();
        let there = moved && remap(shared, 0, len, Some(base)).is_some();
        if there {
            action();
        }
        moved && remap(place, len, len, Some(base)).is_some() && there
    }
}

/// # Safety
/// As `mremap` asks.
unsafe fn remap(
    from: NonNull<u8>,
    old: usize,
    len: usize,
    to: Option<NonNull<u8>>,
) -> Option<NonNull<u8>> {
    let from = from.as_ptr().cast();
    // SAFETY: the caller's promise.
    address(unsafe {
        match to {
            None => libc::mremap(from, old, len, libc::MREMAP_MAYMOVE),
            Some(to) => {
                let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
                libc::mremap(from, old, len, flags, to.as_ptr())
            }
        }
    })
}

fn address(at: *mut libc::c_void) -> Option<NonNull<u8>> {
    if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) }
}
