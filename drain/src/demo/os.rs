//! The demo's doors to the operating system: fork, wait, kill, and the map of its output.
//!
//! The only unsafe code of the demo. `fork` must be called while the process has one thread, which
//! the demo keeps by starting its own threads after its last fork.
#![expect(unsafe_code, reason = "fork, kill and file maps have no safe form")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;

use memmap2::Mmap;

/// A child process that this one forked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pid(libc::pid_t);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It returned this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

/// Forks. `None` in the child, which must end by [`exit_now`].
///
/// # Errors
/// No room for another process.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the process has one thread here (see the head of the file), so no lock that the child
    // may need is held by a thread that it lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(Pid(pid))),
    }
}

/// Ends this process at once: no destructors, no exit handlers, no buffers of the parent's written.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Forgets a variable of the environment.
pub(super) fn forget_variable(name: &str) {
    // SAFETY: the process has one thread here, so nobody else reads the environment meanwhile.
    unsafe { std::env::remove_var(name) }
}

/// Asks a process to end, by SIGTERM.
pub(super) fn terminate(pid: u32) {
    signal(pid.cast_signed(), libc::SIGTERM);
}

fn signal(pid: libc::pid_t, signal: i32) {
    // SAFETY: `kill` has no preconditions. The pid is a child's that has not been reaped, hence nobody
    // else's.
    unsafe { libc::kill(pid, signal) };
}

/// A file's bytes. The file is the demo's own and nobody shortens it meanwhile.
///
/// # Errors
/// The file cannot be mapped.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the drain that wrote the file has ended; whoever else shortens it during the check ends
    // this process by SIGBUS, and nothing more.
    unsafe { Mmap::map(file) }
}

impl Pid {
    /// The number.
    pub(super) fn number(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// Waits until it ends, and leaves it a zombie.
    ///
    /// # Errors
    /// It is not a child of this process, or has been reaped.
    pub(super) fn wait_for_end(self) -> io::Result<Exit> {
        loop {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            let options = libc::WEXITED | libc::WNOWAIT;
            // SAFETY: `info` is a valid place for what the call writes.
            let done =
                unsafe { libc::waitid(libc::P_PID, self.number(), info.as_mut_ptr(), options) };
            if done == 0 {
                // SAFETY: zeroed is a valid value of it, and the call has filled it in for a child's
                // end, which makes the status its valid part.
                let (code, status) = unsafe {
                    let info = info.assume_init();
                    (info.si_code, info.si_status())
                };
                let exited = code == libc::CLD_EXITED;
                return Ok(if exited { Exit::Code(status) } else { Exit::Signal(status) });
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// Waits until it has ended and forgets it.
    pub(super) fn reap(self) {
        // SAFETY: a null status is allowed.
        while unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) } == -1
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }

    /// Kills it. It must not have been reaped.
    pub(super) fn kill(self) {
        signal(self.0, libc::SIGKILL);
    }
}
