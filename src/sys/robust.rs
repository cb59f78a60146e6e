//! Robust mutexes in shared memory: the kernel marks their word when the thread that holds them ends,
//! however it ends. Lanes hold one for their life (`shm/lane.rs`), the drain another
//! (`shm/drain_lock.rs`).
//!
//! The C library links all mutexes that a thread holds into one list that runs through them, so memory
//! with a held mutex in it must stay mapped. A forked child starts with an empty list.

use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::error::{Error, Result};
use crate::sync::AtomicU32;

/// How an attempt to lock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Ours.
    Locked,
    /// Ours, and consistent again; the thread that held it before ended with it.
    OwnerDied,
    /// Somebody else's, or this thread's already.
    Held,
}

/// Bits of the mutex word that name the holding thread; 0 = free.
pub const OWNER: u32 = 0x3fff_ffff;
/// Bit of the mutex word that the kernel sets when the holding thread ends.
pub const OWNER_DIED: u32 = 0x4000_0000;

/// Where the word that the kernel marks stands in the mutex.
#[cfg(target_env = "musl")]
const WORD: usize = 4;
/// Where the word that the kernel marks stands in the mutex.
#[cfg(not(target_env = "musl"))]
const WORD: usize = 0;

// glibc on aarch64 says 48, of which the last 8 are never used but zeroed by `robust_init`.
const _: () = assert!(size_of::<libc::pthread_mutex_t>() <= 48);

/// Makes 40 bytes (48 on aarch64) at `at` an unlocked robust mutex that processes may share.
///
/// # Errors
/// The C library knows no such mutexes.
///
/// # Safety
/// `at` is 8-aligned and valid for writes of that size, and no thread uses a mutex there.
pub unsafe fn robust_init(at: NonNull<u8>) -> Result<()> {
    let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: the attributes are initialised by the first call, before the others use them; the mutex
    // is the caller's to initialise.
    let code = unsafe {
        libc::pthread_mutexattr_init(attributes);
        let shared = libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED);
        let robust = libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST);
        let code = match (shared, robust) {
            (0, 0) => libc::pthread_mutex_init(at.as_ptr().cast(), attributes),
            (0, code) | (code, _) => code,
        };
        libc::pthread_mutexattr_destroy(attributes);
        code
    };
    match code {
        0 => Ok(()),
        code => Err(Error::os("make a robust mutex", io::Error::from_raw_os_error(code))),
    }
}

/// Locks, waiting as long as it takes.
///
/// # Errors
/// The mutex is damaged (`ENOTRECOVERABLE` or `EINVAL`).
///
/// # Safety
/// `at` holds a mutex that `robust_init` made, and stays mapped until this thread has unlocked it.
pub unsafe fn robust_lock(at: NonNull<u8>) -> Result<Lock> {
    // SAFETY: passed on to the caller.
    let code = unsafe { libc::pthread_mutex_lock(at.as_ptr().cast()) };
    // SAFETY: passed on to the caller; the code is of that mutex.
    unsafe { taken(at, code) }
}

/// Locks if nobody holds it.
///
/// # Errors
/// The mutex is damaged (`ENOTRECOVERABLE` or `EINVAL`).
///
/// # Safety
/// As for [`robust_lock`].
pub unsafe fn robust_try_lock(at: NonNull<u8>) -> Result<Lock> {
    // SAFETY: passed on to the caller.
    let code = unsafe { libc::pthread_mutex_trylock(at.as_ptr().cast()) };
    // SAFETY: passed on to the caller; the code is of that mutex.
    unsafe { taken(at, code) }
}

/// What the code of a lock call means; a mutex whose owner died is made consistent.
///
/// # Safety
/// `code` was returned by locking the mutex at `at`, just now, on this thread.
unsafe fn taken(at: NonNull<u8>, code: libc::c_int) -> Result<Lock> {
    match code {
        0 => Ok(Lock::Locked),
        libc::EBUSY | libc::EDEADLK | libc::EAGAIN => Ok(Lock::Held),
        libc::EOWNERDEAD => {
            // SAFETY: EOWNERDEAD says that this thread holds it.
            unsafe { libc::pthread_mutex_consistent(at.as_ptr().cast()) };
            Ok(Lock::OwnerDied)
        }
        code => Err(Error::os("lock a robust mutex", io::Error::from_raw_os_error(code))),
    }
}

/// Unlocks; nothing happens when this thread does not hold it.
///
/// # Safety
/// `at` holds a mutex that `robust_init` made.
pub unsafe fn robust_unlock(at: NonNull<u8>) {
    // SAFETY: passed on to the caller; robust mutexes check their owner.
    unsafe { libc::pthread_mutex_unlock(at.as_ptr().cast()) };
}

/// The word that the kernel marks: [`OWNER`] and [`OWNER_DIED`].
///
/// # Safety
/// `at` is 8-aligned and its 40 bytes stay mapped, readable, for as long as the word is used; the
/// word is used for loads only.
#[inline]
#[must_use]
pub unsafe fn robust_word<'a>(at: NonNull<u8>) -> &'a AtomicU32 {
    // SAFETY: in bounds and aligned, as the caller says; the C library and the kernel change it
    // atomically.
    unsafe { AtomicU32::from_ptr(at.as_ptr().add(WORD).cast()) }
}
