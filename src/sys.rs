//! The operating system and the processor: clocks, cache hints, membarrier, futexes, wipe-on-fork
//! pages. `shm/` and the log path call it; nothing here knows what a segment is.
//!
//! The only code of this crate that differs between processors. x86-64 is the proven arm; the
//! aarch64 arm compiles but is untested. What is marked allocation-free may be called where the
//! process's own locks must not be taken: in a signal handler, in a forked child.
#![expect(unsafe_code, reason = "calls into libc and the instructions that have no safe form")]

pub mod apart;
pub mod file;
pub mod guard;
pub mod identity;
pub mod robust;
pub mod signal;
pub(crate) mod thread_word;
pub mod truncation;

use std::io::{self, Read};
use std::ptr::{self, NonNull};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::sync::{AtomicU32, Ordering};

pub use file::{byte_is_locked, lock_byte, unlock_byte};
pub use identity::{
    ask_to_end, boot_id, comm, host_name, pid, pid_namespace, process_is_gone, random_u64,
    start_time, tid,
};
pub use robust::{Lock, robust_init, robust_lock, robust_try_lock, robust_unlock, robust_word};
pub use signal::with_signals_blocked;

/// The time stamp counter. About 10 ns in a loop; other loads and stores may pass it in the
/// processor, but the compiler keeps it where it stands.
#[inline(always)]
#[must_use]
pub fn now_ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // The instruction clears the upper halves of both.
        let (low, high): (u64, u64);
        // SAFETY: reads a counter that user code may read. No `nomem`: the store before it stays
        // before it.
        unsafe {
            std::arch::asm!("rdtsc", out("rax") low, out("rdx") high, options(nostack, preserves_flags));
        }
        high << 32 | low
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks: u64;
        // SAFETY: as above; the virtual counter.
        unsafe {
            std::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nostack, preserves_flags));
        }
        ticks
    }
}

/// The time stamp counter, with everything before it done and nothing after it begun: for the
/// watermark.
#[inline]
#[must_use]
pub fn now_ticks_fenced() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        let (low, high): (u32, u32);
        // SAFETY: as in `now_ticks`, between two load fences.
        unsafe {
            std::arch::asm!(
                "lfence", "rdtsc", "lfence",
                out("eax") low, out("edx") high, options(nostack, preserves_flags)
            );
        }
        u64::from(high) << 32 | u64::from(low)
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks: u64;
        // SAFETY: as in `now_ticks`, between two context synchronisations.
        unsafe {
            std::arch::asm!(
                "isb", "mrs {}, cntvct_el0", "isb",
                out(reg) ticks, options(nostack, preserves_flags)
            );
        }
        ticks
    }
}

/// Keeps a clock that is read after this from being read before the fence ahead of it: a fence
/// orders memory, not the counter. For processes that may not use membarrier.
#[inline]
pub fn clock_fence() {
    // SAFETY: a barrier has no operands and changes no state that the compiler knows of.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("lfence", options(nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("isb", options(nostack, preserves_flags));
    }
}

/// Nanoseconds since the epoch by `CLOCK_REALTIME`. Allocation-free, about 35 ns.
#[must_use]
pub fn realtime_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME)
}

/// Nanoseconds since the epoch as of the last kernel tick (1 to 4 ms old). Allocation-free.
#[must_use]
pub fn realtime_coarse_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME_COARSE)
}

/// Nanoseconds by `CLOCK_MONOTONIC`. Allocation-free.
#[must_use]
pub fn monotonic_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds by `CLOCK_BOOTTIME`: as `CLOCK_MONOTONIC`, but it counts while the machine is suspended.
/// Allocation-free.
#[must_use]
pub fn boottime_ns() -> u64 {
    clock_ns(libc::CLOCK_BOOTTIME)
}

/// Nanoseconds by `CLOCK_MONOTONIC_RAW`, whose rate nobody adjusts. Allocation-free.
#[must_use]
pub fn monotonic_raw_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC_RAW)
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec. The clocks used here always exist.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// More than `/proc/cpuinfo` has for one processor.
const CPUINFO_BYTES: u64 = 16 << 10;

/// Whether ticks are the same on all cores and never stop: the kernel itself uses the counter as its
/// clock and the processor says that its rate is constant.
#[must_use]
pub fn tsc_is_trusted() -> bool {
    if cfg!(target_arch = "aarch64") {
        // The architecture's generic timer is that by definition.
        return true;
    }
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    let current = std::fs::read_to_string(source).unwrap_or_default();
    // The first processor's lines: the kernel writes them as they are read, and there may be hundreds.
    let mut cpuinfo = String::new();
    if let Ok(file) = std::fs::File::open("/proc/cpuinfo") {
        // What could be read says enough, or says no.
        let _ = file.take(CPUINFO_BYTES).read_to_string(&mut cpuinfo);
    }
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_ascii_whitespace().any(|word| word == flag);
    current.trim() == "tsc" && has("constant_tsc") && has("nonstop_tsc")
}

/// Asks for the line of `at` in a state to be written. A hint: any address is fine.
#[inline(always)]
pub fn prefetch_write(at: *const u8) {
    // SAFETY: a prefetch never faults and changes no memory.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("prefetchw [{}]", in(reg) at.addr(), options(nostack, preserves_flags, nomem));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) at.addr(), options(nostack, preserves_flags, nomem));
    }
}

/// Asks for the line of `at` in order to read it. A hint: any address is fine.
#[inline(always)]
pub fn prefetch_read(at: *const u8) {
    // SAFETY: a prefetch never faults and changes no memory.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("prefetcht0 [{}]", in(reg) at.addr(), options(nostack, preserves_flags, nomem));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at.addr(), options(nostack, preserves_flags, nomem));
    }
}

/// Writes the line of `at` back and drops it from all caches, where the processor has `clflushopt`;
/// elsewhere nothing. `at` must be mapped.
#[inline]
pub fn flush_line(at: NonNull<u8>) {
    #[cfg(target_arch = "x86_64")]
    if has_flush() {
        // SAFETY: the line is mapped, as the caller says; memory keeps its contents.
        unsafe {
            std::arch::asm!("clflushopt [{}]", in(reg) at.as_ptr(), options(nostack, preserves_flags));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Whether `flush_line` does anything on this processor.
#[cfg(target_arch = "x86_64")]
#[inline]
#[must_use]
pub fn has_flush() -> bool {
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            // Leaf 7 exists wherever `clflushopt` does; `__cpuid_max` guards the rest.
            let has = std::arch::x86_64::__get_cpuid_max(0).0 >= 7
                && std::arch::x86_64::__cpuid_count(7, 0).ebx & (1 << 23) != 0;
            KNOWN.store(if has { 2 } else { 1 }, Ordering::Relaxed);
            has
        }
        known => known == 2,
    }
}

/// Whether `flush_line` does anything on this processor.
#[cfg(not(target_arch = "x86_64"))]
#[must_use]
pub fn has_flush() -> bool {
    false
}

/// One line on stderr, where there is one: nobody is left to tell if that fails, and a log call never
/// panics. One write, without a buffer.
pub(crate) fn say(what: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "logring: {what}");
}

/// Makes this process one that [`membarrier`] reaches; false where the kernel or seccomp forbids it.
#[must_use]
pub fn membarrier_register() -> bool {
    membarrier_call(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED as libc::c_int)
}

/// A full barrier on each core that runs a registered process, about 10 us; false where the kernel or
/// seccomp forbids it.
#[must_use]
pub fn membarrier() -> bool {
    membarrier_call(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED as libc::c_int)
}

fn membarrier_call(command: libc::c_int) -> bool {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Sleeps while `word` is `expected`, until it is woken, the time is over or a signal comes: look at
/// the condition again whatever the reason. The word may be shared between processes.
pub fn futex_wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let time = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word lives as long as the reference, `time` is null or points at a live timespec.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, time) };
}

/// Wakes up to `count` sleepers on `word`, in any process. 0.3 us when nobody sleeps.
pub fn futex_wake(word: &AtomicU32, count: u32) {
    let count = libc::c_int::try_from(count).unwrap_or(libc::c_int::MAX);
    // SAFETY: the word lives as long as the reference; the kernel uses its address only.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
}

/// Zeroed private pages, never given back, that read as zero again in a forked child. The second
/// value says whether the kernel will wipe them. Allocation-free.
///
/// # Errors
/// No memory.
pub fn map_wipe_on_fork(len: usize) -> Result<(NonNull<u8>, bool)> {
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
    let pages = if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast::<u8>()) };
    let Some(pages) = pages else {
        return Err(Error::os(format!("map {len} bytes"), io::Error::last_os_error()));
    };
    // SAFETY: the range was mapped just now and is ours.
    let wipes = unsafe { libc::madvise(at, len, libc::MADV_WIPEONFORK) == 0 };
    Ok((pages, wipes))
}

/// Has the pages of these bytes there for writing, in one step instead of one fault a page; what stands in
/// them stays. Does nothing where the kernel (before Linux 5.14) cannot.
pub fn have_pages(start: *const u8, len: usize) {
    // SAFETY: no pointers; an answer from memory.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    let before = start.addr() % page.max(1);
    let start = start.wrapping_sub(before).cast_mut();
    // SAFETY: no byte changes; what is not mapped, or not there, is refused.
    unsafe { libc::madvise(start.cast(), len + before, libc::MADV_POPULATE_WRITE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_forward() {
        let before = (now_ticks_fenced(), realtime_ns(), monotonic_ns());
        clock_fence();
        let after = (now_ticks_fenced(), realtime_ns(), monotonic_ns());
        assert!(before.0 < after.0 && before.2 <= after.2);
        assert!(realtime_coarse_ns() <= realtime_ns());
        let ticks = now_ticks();
        assert!(!tsc_is_trusted() || ticks >= after.0, "one counter for all cores");
    }

    #[test]
    fn cache_hints_change_no_memory() {
        let word = Box::new(AtomicU32::new(7));
        prefetch_write(std::ptr::null());
        prefetch_write(word.as_ptr().cast());
        prefetch_read(std::ptr::null());
        flush_line(NonNull::new(word.as_ptr().cast()).expect("a reference"));
        assert_eq!(word.load(Ordering::Relaxed), 7);
        assert_eq!(has_flush(), has_flush());
    }

    #[test]
    fn a_futex_sleeps_only_while_the_word_is_as_expected() {
        let word = AtomicU32::new(1);
        futex_wait(&word, 0, None);
        futex_wait(&word, 1, Some(Duration::from_millis(1)));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(Ordering::Relaxed) == 1 {
                    futex_wait(&word, 1, None);
                }
            });
            word.store(2, Ordering::Relaxed);
            futex_wake(&word, u32::MAX);
        });
        assert!(membarrier_register() && membarrier());
    }
}
