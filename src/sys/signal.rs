//! Signals of the process's own threads: a thread that is started while they are blocked never runs
//! a handler, so that handlers run on the application's threads. The embedded drain is started so.
#![expect(unsafe_code, reason = "calls into libc")]

use std::mem::MaybeUninit;
use std::ptr;

/// Signals by which a thread is told of its own fault. Blocked, they would end the process without
/// the handler that tells what happened.
const FAULTS: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

/// The calling thread's mask as it was; back in force when this is dropped.
struct Before(libc::sigset_t);

impl Drop for Before {
    fn drop(&mut self) {
        // SAFETY: a mask that the same call has filled.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// Runs `action` with all signals blocked on this thread but those of its own faults. A thread that
/// `action` starts has them blocked for its life; what comes meanwhile is delivered to another
/// thread, or to this one afterwards.
pub fn with_signals_blocked<T>(action: impl FnOnce() -> T) -> T {
    let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is filled before it is changed and read; the old mask is written by the last
    // call, which fails for no set and no `how` that is given here.
    let _before = unsafe {
        libc::sigfillset(blocked.as_mut_ptr());
        for fault in FAULTS {
            libc::sigdelset(blocked.as_mut_ptr(), fault);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), before.as_mut_ptr());
        Before(before.assume_init())
    };
    action()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mask of the calling thread, as `/proc` shows it.
    fn mask() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc has us");
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        u64::from_str_radix(line.expect("a mask").trim(), 16).expect("hexadecimal")
    }

    #[test]
    fn a_thread_started_inside_has_all_but_faults_blocked_for_good() {
        let before = mask();
        let thread = with_signals_blocked(|| {
            let (go, wait) = std::sync::mpsc::channel::<()>();
            (go, std::thread::spawn(move || (wait.recv().is_err(), mask()).1))
        });
        assert_eq!(mask(), before, "and its starter's mask is as before");
        drop(thread.0);
        let blocked = thread.1.join().expect("thread");
        let has = |signal: libc::c_int| blocked >> (signal - 1) & 1 == 1;
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGCHLD, libc::SIGALRM] {
            assert!(has(signal), "signal {signal} in {blocked:x}");
        }
        assert!(!FAULTS.into_iter().any(has), "{blocked:x}");
    }
}
