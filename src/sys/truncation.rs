//! Outliving SIGBUS: what a mapped file has no page for any more, since somebody cut it, becomes
//! private zeros. For one range of a process, which the drain chooses; producers set no handlers.
#![expect(unsafe_code, reason = "a signal handler, and memory mapped over a range")]

use std::io;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// The range, set once, before the handler is.
static BASE: AtomicU64 = AtomicU64::new(0);
static LEN: AtomicU64 = AtomicU64::new(0);
static HIT: AtomicU32 = AtomicU32::new(0);

const PAGE: usize = 4096;

/// Sets the handler for the range of `len` bytes at `base`.
///
/// # Errors
/// Another range has it; the kernel refuses.
///
/// # Safety
/// The range is a mapping that stays for the life of the process, `base` is page-aligned, and all
/// access to it is by atomics: it turns into zeros at any moment.
pub unsafe fn outlive(base: NonNull<u8>, len: usize) -> io::Result<()> {
    let address = base.as_ptr().expose_provenance() as u64;
    let order = Ordering::Relaxed;
    if let Err(other) = BASE.compare_exchange(0, address, order, order) {
        return if other == address { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) };
    }
    LEN.store(len as u64, order);
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: zeros are a valid action; the handler is async-signal-safe, see there.
    let code = unsafe {
        (*action.as_mut_ptr()).sa_sigaction = on_bus as *const () as usize;
        (*action.as_mut_ptr()).sa_flags = libc::SA_SIGINFO;
        libc::sigaction(libc::SIGBUS, action.as_ptr(), ptr::null_mut())
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a missing part was touched.
#[must_use]
pub fn was_hit() -> bool {
    HIT.load(Ordering::Relaxed) != 0
}

/// One system call, a few atomic words; keeps `errno`.
extern "C" fn on_bus(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel hands over a valid `siginfo_t`; for SIGBUS it has an address.
    let address = unsafe { (*info).si_addr() } as usize;
    let base = BASE.load(Ordering::Relaxed) as usize;
    let end = base + LEN.load(Ordering::Relaxed) as usize;
    // SAFETY: the thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    if (base..end).contains(&address) {
        let page = address & !(PAGE - 1);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let at = ptr::with_exposed_provenance_mut(page);
        // SAFETY: from this page to the end of the range, which `outlive` was promised; behind the
        // first missing page of a file there are only missing ones.
        let mapped = unsafe { libc::mmap(at, end - page, protection, flags, -1, 0) };
        if mapped != libc::MAP_FAILED {
            HIT.store(1, Ordering::Relaxed);
            // SAFETY: as above.
            unsafe { *errno = before };
            return;
        }
    }
    // Not ours: the fault happens again when this returns, and then has its usual end.
    // SAFETY: a call that is allowed in handlers.
    unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
}
