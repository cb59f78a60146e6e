//! A regular file that is written at offsets, and what can be asked about it.
//!
//! No `O_APPEND`: it makes `pwrite` ignore the offset. Symlinks to regular files are followed. A new
//! file gets 0640 less the umask; its directory must exist.

use super::tail::{TAIL_BYTES, Tail};
use crate::{
    ledger::Identity,
    seam::{after_write, before_call, before_write},
};
use logring::sys::file::{open_unnamed, reserve};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{DirEntryExt, FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
    time::UNIX_EPOCH,
};

/// What `stat` says about a file, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) identity: Identity,
    pub(crate) len: u64,
}

impl Stat {
    fn of(metadata: &Metadata) -> Self {
        let birth = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            identity: Identity {
                dev: metadata.dev(),
                ino: metadata.ino(),
                birth: birth.map_or(0, |birth| birth.as_nanos() as u64),
            },
            len: metadata.len(),
        }
    }
}

/// What stands at `path`; `None` when nothing does.
pub(crate) fn stat(path: &Path) -> io::Result<Option<Stat>> {
    before_call()?;
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Stat::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// An open output file.
#[derive(Debug)]
pub(crate) struct LogFile {
    file: File,
    pub(crate) identity: Identity,
}

impl LogFile {
    /// Opens what stands at `path`, or creates it. Only regular files: anything else is an error.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, u64)> {
        before_call()?;
        Self::open_with(path, OpenOptions::new().create(true).mode(0o640), 0)
    }

    /// Whether [`Self::open`] has a chance, as far as can be told without making anything. Says
    /// nothing against streams, which it does not touch.
    pub(crate) fn can_open(path: &Path) -> io::Result<()> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                Self::open_with(path, &mut OpenOptions::new(), 0).map(drop)
            }
            Ok(metadata) if metadata.is_dir() => Err(io::Error::from_raw_os_error(libc::EISDIR)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                match open_unnamed(directory.unwrap_or(Path::new("."))).map(drop) {
                    // A file system without such files; the directory is there.
                    Err(error)
                        if matches!(
                            error.raw_os_error(),
                            Some(libc::EOPNOTSUPP | libc::EISDIR)
                        ) =>
                    {
                        Ok(())
                    }
                    tried => tried,
                }
            }
            looked => looked.map(drop),
        }
    }

    fn open_with(path: &Path, options: &mut OpenOptions, flags: i32) -> io::Result<(Self, u64)> {
        // Non-blocking for the case that a FIFO has come to stand there; files know no blocking.
        let flags = flags | libc::O_NONBLOCK | libc::O_NOCTTY;
        let file = options.read(true).write(true).custom_flags(flags).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let stat = Stat::of(&metadata);
        Ok((Self { file, identity: stat.identity }, stat.len))
    }

    /// Looks in the directory of `path` for the file with this identity, whatever its name is now.
    pub(crate) fn find(path: &Path, identity: &Identity) -> io::Result<Option<(Self, u64)>> {
        // The directory that a symlink at the path leads to, as long as it leads anywhere.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = match real.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Ok(None),
        };
        before_call()?;
        for item in fs::read_dir(directory)? {
            let item = item?;
            if item.ino() != identity.ino {
                continue;
            }
            before_call()?;
            let found = Self::open_with(&item.path(), &mut OpenOptions::new(), libc::O_NOFOLLOW);
            if let Ok((file, len)) = found
                && file.identity.is(identity)
            {
                return Ok(Some((file, len)));
            }
        }
        Ok(None)
    }

    /// Its present length.
    pub(crate) fn len(&self) -> io::Result<u64> {
        before_call()?;
        Ok(self.file.metadata()?.len())
    }

    /// Writes some of `bytes` at `at`; returns how many.
    pub(crate) fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        let most = before_write(bytes.len())?;
        let written = self.file.write_at(&bytes[..most], at);
        after_write();
        written
    }

    /// Reads the bytes from `at` up to `end`, or as many as there are.
    pub(crate) fn read(&self, at: u64, end: u64) -> io::Result<Vec<u8>> {
        before_call()?;
        let wanted = usize::try_from(end.saturating_sub(at)).map_err(io::Error::other)?;
        let mut bytes = vec![0; wanted];
        let mut len = 0;
        while len < wanted {
            match self.file.read_at(&mut bytes[len..], at + len as u64) {
                Ok(0) => break,
                Ok(read) => len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The tail before position `end`.
    pub(crate) fn tail(&self, end: u64) -> io::Result<Tail> {
        Ok(Tail::of(self.read(end.saturating_sub(TAIL_BYTES as u64), end)?))
    }

    /// Cuts what stands beyond `end`. A file that is shorter stays so: lengthening writes NULs.
    pub(crate) fn cut(&self, end: u64) -> io::Result<()> {
        if self.len()? > end {
            before_call()?;
            self.file.set_len(end)?;
        }
        Ok(())
    }

    /// An error when the medium has no room for `bytes` more.
    pub(crate) fn has_room(&self, bytes: u64) -> io::Result<()> {
        before_call()?;
        reserve(&self.file, self.file.metadata()?.len(), bytes)
    }

    /// Waits until the file's bytes are on the medium.
    pub(crate) fn sync(&self) -> io::Result<()> {
        before_call()?;
        self.file.sync_data()
    }
}
