//! The lock file beside a segment. Byte 0 is held while a segment is created or removed or a drain
//! takes over; byte 1 + i is held by the process of process entry i for as long as it lives.
//!
//! Record locks fall when their process closes *any* descriptor of the file, so each lock file is
//! opened once per process, kept in the list here and never closed, whatever happens to its segments.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::name::check_owner;
use crate::error::{Error, Result};
use crate::sys::{self, file};

/// A lock file that this process has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockFile {
    fd: RawFd,
    /// Device and inode.
    pub id: (u64, u64),
}

static OPEN: Mutex<Vec<LockFile>> = Mutex::new(Vec::new());
static EXCLUSIVE: Mutex<()> = Mutex::new(());
/// Creation of a large segment takes tens of milliseconds; many wait for each other in turn.
const PATIENCE: Duration = Duration::from_secs(20);

impl LockFile {
    /// The lock file at `path`; `None` when there is none and none is to be created.
    ///
    /// # Errors
    /// It cannot be opened or created, or belongs to somebody else.
    pub fn open(path: &Path, create: bool) -> Result<Option<Self>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |id| move |lock: &&Self| lock.id == id;
        if let Ok(meta) = fs::symlink_metadata(path)
            && let Some(lock) = open.iter().find(known((meta.dev(), meta.ino())))
        {
            return Ok(Some(*lock));
        }
        let what = |error| Error::os(format!("open the lock file {}", path.display()), error);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path);
        let file = match opened {
            Err(error) if !create && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(what)?,
        };
        let meta = file.metadata().map_err(what)?;
        let id = (meta.dev(), meta.ino());
        if let Some(lock) = open.iter().find(known(id)) {
            // Put there between the two looks; closing this descriptor would drop our locks.
            let _ = file.into_raw_fd();
            return Ok(Some(*lock));
        }
        if !meta.is_file() {
            return Err(Error::not_permitted(format!("{} is not a file", path.display())));
        }
        check_owner(path, &meta, "0600")?;
        let lock = Self { fd: file.into_raw_fd(), id };
        open.push(lock);
        Ok(Some(lock))
    }

    /// Whether the descriptor is still this file: user code may have closed it and opened another.
    /// Allocation-free.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        file::identity(self.fd) == Some(self.id)
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Whether this is what stands at `path`.
    fn stands_at(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.id)
    }
}

/// Runs `action` while no other process or thread creates, removes or takes over the segment whose
/// lock file stands at `path`; creates the file when it is absent.
///
/// # Errors
/// The lock file's, those of `action`, or another process held it for 20 s.
pub fn exclusively<T>(path: &Path, action: impl FnOnce(LockFile) -> Result<T>) -> Result<T> {
    let _guard = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let until = Instant::now() + PATIENCE;
    loop {
        let lock = LockFile::open(path, true)?.expect("created when absent");
        if sys::lock_byte(lock.fd, 0) {
            // A removal before us took the file away: the next creator would not meet us on it.
            if lock.stands_at(path) {
                let result = action(lock);
                sys::unlock_byte(lock.fd, 0);
                return result;
            }
            sys::unlock_byte(lock.fd, 0);
        }
        if Instant::now() > until {
            return Err(Error::timed_out(format!(
                "another process has held {} for {} s: is it stopped?",
                path.display(),
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
