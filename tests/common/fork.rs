//! Children by `fork` alone, as tests of them make and wait for them.

/// Runs `action` in a forked child, which then ends at once.
pub fn fork(action: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child calls what may be called in a forked child of a process with threads: log
    // calls, and the allocator, which the C library keeps usable.
    match unsafe { libc::fork() } {
        0 => {
            action();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) }
        }
        child => {
            assert!(child > 0, "fork: {}", std::io::Error::last_os_error());
            child
        }
    }
}

/// How the child ended, as `waitpid` says it.
pub fn wait(child: libc::pid_t) -> libc::c_int {
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}
