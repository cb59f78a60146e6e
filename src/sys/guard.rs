//! A lock that a process's memory holds: it falls when that memory ends, by exit, kill or exec, and by
//! nothing else. `shm/process.rs` proves by it, across pid namespaces, that a process is dead.
//!
//! A lock of an open file description lasts as long as anything refers to the description; a mapping
//! does. So the descriptor can be closed at once, and closing all descriptors changes nothing; the
//! mapping is not inherited by forked children. Must never touch a file of which this process holds
//! record locks: closing the descriptor would drop those.
#![expect(
    unsafe_code,
    reason = "locks of open file descriptions, and a mapping that is never read"
)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr;

use super::file;

/// Bytes of the mapping; the kernel makes a page of them.
const LENGTH: usize = 1;

/// Takes the lock on the byte at `offset` of the file `id` (device and inode) at `path` for the rest
/// of this process's memory; false when that cannot be had. Costs a page of address space.
/// Allocation-free for paths below 384 bytes.
#[must_use]
pub fn hold(path: &Path, id: (u64, u64), offset: u64) -> bool {
    let Some(file) = open(path, id) else { return false };
    if lock(&file, libc::F_OFD_SETLK, offset).is_none() {
        return false;
    }
    // SAFETY: a new mapping at a place that the kernel chooses, which nobody can read or write.
    let at = unsafe {
        let (protection, kind) = (libc::PROT_NONE, libc::MAP_SHARED);
        libc::mmap(ptr::null_mut(), LENGTH, protection, kind, file.as_raw_fd(), 0)
    };
    if at == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: the mapping made just now. When this fails, a child holds the lock too: its parent's
    // death is proven later, never too early.
    unsafe { libc::madvise(at, LENGTH, libc::MADV_DONTFORK) };
    true
}

/// Whether nobody holds the lock on the byte at `offset` of the file `id` at `path`, this process
/// included; `None` when that cannot be asked, as when another file has the name.
#[must_use]
pub fn is_free(path: &Path, id: (u64, u64), offset: u64) -> Option<bool> {
    let file = open(path, id)?;
    lock(&file, libc::F_OFD_GETLK, offset).map(|kind| kind == libc::F_UNLCK as libc::c_short)
}

fn open(path: &Path, id: (u64, u64)) -> Option<File> {
    let file = file::open_existing(path).ok()?;
    let meta = file.metadata().ok()?;
    ((meta.dev(), meta.ino()) == id).then_some(file)
}

fn lock(file: &File, command: libc::c_int, offset: u64) -> Option<libc::c_short> {
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: libc::off_t::try_from(offset).ok()?,
        l_len: 1,
        l_pid: 0,
    };
    loop {
        // SAFETY: `lock` is a live flock, and the descriptor is open for as long as the reference.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) } == 0 {
            return Some(lock.l_type);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
}
