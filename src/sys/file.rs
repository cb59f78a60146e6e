//! Files: record locks, allocation, and names given to complete files. `shm/create.rs` and
//! `shm/process.rs` call it.
//!
//! Record locks belong to the process and fall with *any* descriptor of the file that it closes:
//! a lock file is opened once per process and never closed.

use std::ffi::{CStr, CString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::{self, NonNull};

/// Takes this process's write lock on the byte at `offset`; false when another process has it.
/// Allocation-free.
#[must_use]
pub fn lock_byte(fd: RawFd, offset: u64) -> bool {
    record_lock(fd, libc::F_SETLK, libc::F_WRLCK, offset).is_some()
}

/// Gives this process's lock on the byte at `offset` back.
pub fn unlock_byte(fd: RawFd, offset: u64) {
    record_lock(fd, libc::F_SETLK, libc::F_UNLCK, offset);
}

/// Whether another process has a lock on the byte at `offset`; what cannot be asked counts as
/// locked. One's own locks are not seen.
#[must_use]
pub fn byte_is_locked(fd: RawFd, offset: u64) -> bool {
    record_lock(fd, libc::F_GETLK, libc::F_WRLCK, offset)
        .is_none_or(|kind| kind != libc::F_UNLCK as libc::c_short)
}

fn record_lock(
    fd: RawFd,
    command: libc::c_int,
    kind: libc::c_int,
    offset: u64,
) -> Option<libc::c_short> {
    let mut lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: libc::off_t::try_from(offset).ok()?,
        l_len: 1,
        l_pid: 0,
    };
    loop {
        // SAFETY: `lock` is a live flock; an fd that is not ours gives an error.
        if unsafe { libc::fcntl(fd, command, &raw mut lock) } == 0 {
            return Some(lock.l_type);
        }
        if io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
}

/// Opens what stands at `path` for reading and writing: never a symbolic link, never waiting for a
/// peer of a pipe, closed on exec.
///
/// # Errors
/// The operating system's; `ELOOP` for a symbolic link.
pub fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}

/// Opens what stands at `path` for reading, never waiting for a peer of a pipe, closed on exec; a
/// symbolic link is followed or refused.
///
/// # Errors
/// The operating system's; `ELOOP` for a symbolic link that is not followed.
pub fn open_to_read(path: &Path, follow: bool) -> io::Result<File> {
    let no_follow = if follow { 0 } else { libc::O_NOFOLLOW };
    OpenOptions::new()
        .read(true)
        .custom_flags(no_follow | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}

/// Whether nobody reads what is written to `fd` any more: the other end of a pipe or socket is gone.
#[must_use]
pub fn reader_is_gone(fd: RawFd) -> bool {
    let mut asked = libc::pollfd { fd, events: 0, revents: 0 };
    // SAFETY: one live pollfd; the call returns at once.
    let found = unsafe { libc::poll(&raw mut asked, 1, 0) };
    found == 1 && asked.revents & (libc::POLLERR | libc::POLLHUP) != 0
}

/// A file of mode 0600 in `directory` that has no name yet and vanishes with its last descriptor.
///
/// # Errors
/// The operating system's; `EOPNOTSUPP` or `EISDIR` where the file system has no such files.
pub fn open_unnamed(directory: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_TMPFILE | libc::O_CLOEXEC)
        .open(directory)
}

/// Gives an unnamed file its name, through `/proc`. Never replaces what stands there.
///
/// # Errors
/// The operating system's; `EEXIST` when the name is taken, `ENOENT` without `/proc`.
pub fn link_unnamed(file: &File, path: &Path) -> io::Result<()> {
    let from = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let to = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: both are live C strings.
    let code = unsafe {
        libc::linkat(
            libc::AT_FDCWD,
            from.as_ptr(),
            libc::AT_FDCWD,
            to.as_ptr(),
            libc::AT_SYMLINK_FOLLOW,
        )
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sees to it that the medium has room for `bytes` more from `offset` on, without making the file
/// longer. Where that cannot be asked for, there may be room.
///
/// # Errors
/// The operating system's; `ENOSPC` when there is no room.
pub fn reserve(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    let too_far = |_| io::Error::from_raw_os_error(libc::EFBIG);
    let offset = libc::off_t::try_from(offset).map_err(too_far)?;
    let bytes = libc::off_t::try_from(bytes).map_err(too_far)?;
    loop {
        let mode = libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: the fd is open for as long as the reference lives.
        if unsafe { libc::fallocate(file.as_raw_fd(), mode, offset, bytes) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL) => return Ok(()),
            _ => return Err(error),
        }
    }
}

/// Makes a file `len` bytes long with all of them allocated, zeroed. The caller has compared `len`
/// with [`file_size_limit`]: beyond it the kernel sends a deadly signal.
///
/// # Errors
/// The operating system's; `ENOSPC` when there is no room.
pub fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len = libc::off_t::try_from(len).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    loop {
        // SAFETY: the fd is open for as long as the reference lives.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            code => return Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// The longest file that this process may write (`RLIMIT_FSIZE`); `None` = no limit.
#[must_use]
pub fn file_size_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live rlimit.
    let code = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    (code == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// Total and free bytes of the file system of `path`; `None` when it does not say.
#[must_use]
pub fn file_system_bytes(path: &Path) -> Option<(u64, u64)> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: a live C string and a place for one statvfs, which zeroed bytes are.
    let stat = unsafe {
        if libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) != 0 {
            return None;
        }
        stat.assume_init()
    };
    let unit = stat.f_frsize;
    Some((stat.f_blocks.saturating_mul(unit), stat.f_bavail.saturating_mul(unit)))
}

/// Device and inode of an open descriptor; `None` for one that is not open. Allocation-free.
#[must_use]
pub fn identity(fd: RawFd) -> Option<(u64, u64)> {
    status(fd).map(|stat| (stat.st_dev, stat.st_ino))
}

fn status(fd: RawFd) -> Option<libc::stat> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: a place for one stat, which zeroed bytes are; a wrong fd gives an error.
    unsafe { (libc::fstat(fd, stat.as_mut_ptr()) == 0).then(|| stat.assume_init()) }
}

/// The first `len` bytes of the file at `path`, mapped for reading and for ever; `None` when there is
/// no such regular file of ours of that length. Allocation-free.
#[must_use]
pub fn map_read_only(path: &CStr, len: usize) -> Option<NonNull<u8>> {
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: a live C string; the descriptor is closed below and used by nobody else.
    let fd = unsafe { libc::open(path.as_ptr(), flags) };
    if fd < 0 {
        return None;
    }
    let fits = status(fd).is_some_and(|stat| {
        stat.st_mode & libc::S_IFMT == libc::S_IFREG
            && stat.st_uid == effective_uid()
            && u64::try_from(stat.st_size).is_ok_and(|size| size >= len as u64)
    });
    // SAFETY: a mapping at an address of the kernel's choice; it outlives the descriptor.
    let at = unsafe {
        let at = if fits {
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, fd, 0)
        } else {
            libc::MAP_FAILED
        };
        libc::close(fd);
        at
    };
    if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) }
}

/// The user on whose behalf this process acts.
#[must_use]
pub fn effective_uid() -> u32 {
    // SAFETY: no arguments.
    unsafe { libc::geteuid() }
}
