//! What a cursor writes to: a regular file with the length and tail it ought to have, a stream, or a
//! sink of the user's own.

use crate::{
    ledger::{ClockLine, Identity, Kind, Note},
    sink::{LogFile, Own, Stat, Stream, Tail, stat},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Where the bytes go.
#[derive(Debug)]
pub(super) enum Output {
    File(Box<Target>),
    Stream(Stream),
    Own(Own),
}

/// A regular file as this drain left it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) file: LogFile,
    /// Its length as far as committed.
    pub(super) len: u64,
    pub(super) tail: Tail,
    /// The tail after the batch that is prepared.
    pub(super) next: Tail,
    /// A batch is repaired in a file that stands at the path no longer.
    pub(super) is_moved: bool,
    /// Up to here it was synced by this drain.
    pub(super) synced: u64,
    /// Its name in the directory was synced by this drain.
    pub(super) is_named: bool,
    /// A sync failed and it is still the open file: no later one is to be believed.
    pub(super) is_in_doubt: bool,
}

impl Output {
    /// Opens what `path` means. A regular file is created when nothing is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(stream) = Stream::at(path)? {
            return Ok(Self::Stream(stream));
        }
        let (file, len) = LogFile::open(path)?;
        let (tail, next) = (Tail::default(), Tail::default());
        let path = path.to_owned();
        Ok(Self::File(Box::new(Target {
            path,
            file,
            len,
            tail,
            next,
            is_moved: false,
            synced: 0,
            is_named: false,
            is_in_doubt: false,
        })))
    }

    /// Whether [`Self::open`] has a chance.
    pub(super) fn check(path: &Path) -> io::Result<()> {
        if Stream::is_own(path) { Ok(()) } else { LogFile::can_open(path) }
    }

    /// The note of a batch of these bytes, but for its id, watermark and clock.
    pub(super) fn note(&mut self, kind: Kind, bytes: &[u8]) -> Note {
        let nothing = Note {
            id: 0,
            kind,
            file: Identity::default(),
            before: 0,
            after: 0,
            tail_before: 0,
            tail_after: 0,
            watermark: 0,
            clock: ClockLine::default(),
        };
        match self {
            Self::Stream(_) | Self::Own(_) => nothing,
            Self::File(target) => {
                target.next.follow(&target.tail, bytes);
                Note {
                    file: target.file.identity,
                    before: target.len,
                    after: target.len + bytes.len() as u64,
                    tail_before: target.tail.hash(),
                    tail_after: target.next.hash(),
                    ..nothing
                }
            }
        }
    }

    /// Writes some of `bytes`, at `at` where the output knows positions.
    pub(super) fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<usize> {
        match self {
            Self::File(target) => target.file.write_at(bytes, at),
            Self::Stream(stream) => stream.write(bytes),
            Self::Own(own) => own.write(bytes),
        }
    }

    /// All bytes of a batch are written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Own(own) => own.flush(),
            Self::File(_) | Self::Stream(_) => Ok(()),
        }
    }

    /// Whether what was written of a batch was for nothing: it begins again at its first line.
    pub(super) const fn has_lost_its_reader(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Stream(stream) => !stream.is_open(),
            Self::Own(own) => own.has_failed(),
        }
    }

    /// Whether the file is the one that was left with `len` bytes.
    pub(super) fn is_as_left(&self, len: u64) -> io::Result<bool> {
        match self {
            Self::Stream(_) | Self::Own(_) => Ok(true),
            Self::File(target) if target.is_moved => Ok(target.file.len()? == len),
            Self::File(target) => Ok(target
                .present()?
                .is_some_and(|found| found.identity.is(&target.file.identity) && found.len == len)),
        }
    }

    /// Cuts an unfinished batch, when the open file ends where its writing stopped.
    pub(super) fn cut_own(&self, before: u64, end: u64) -> io::Result<()> {
        match self {
            Self::File(target) if target.file.len()? == end => target.file.cut(before),
            _ => Ok(()),
        }
    }

    /// The prepared batch of so many bytes is committed.
    pub(super) fn committed(&mut self, bytes: usize) {
        if let Self::File(target) = self {
            target.len += bytes as u64;
            std::mem::swap(&mut target.tail, &mut target.next);
        }
    }

    /// Waits until what was written is on the medium, the file's name included.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        match self {
            Self::File(target) => target.sync(),
            Self::Stream(_) | Self::Own(_) => Ok(()),
        }
    }

    /// From which byte to which nobody can say whether they are on the medium.
    pub(super) const fn in_doubt(&self) -> (u64, u64) {
        match self {
            Self::File(target) => (target.synced, target.len),
            Self::Stream(_) | Self::Own(_) => (0, 0),
        }
    }
}

impl Target {
    fn sync(&mut self) -> io::Result<()> {
        if self.is_in_doubt {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        self.is_in_doubt = true;
        self.file.sync()?;
        self.is_in_doubt = false;
        if !self.is_named {
            let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            std::fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
            self.is_named = true;
        }
        self.synced = self.len;
        Ok(())
    }

    /// Renames the file at the path, if it is this one. Returns its new name.
    pub(super) fn move_aside(&self) -> io::Result<PathBuf> {
        if !self.present()?.is_some_and(|found| found.identity.is(&self.file.identity)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut aside = PathBuf::new();
        for number in 1u32.. {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".unsynced-{number}"));
            aside = name.into();
            // By a link, which replaces nothing.
            match std::fs::hard_link(&self.path, &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => {
                    linked?;
                    break;
                }
            }
        }
        std::fs::remove_file(&self.path)?;
        Ok(aside)
    }

    /// What stands at the path.
    pub(super) fn present(&self) -> io::Result<Option<Stat>> {
        stat(&self.path)
    }

    /// Opens what stands at the path, or creates it; its present length is the base.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let (file, len) = LogFile::open(&self.path)?;
        self.tail = file.tail(len)?;
        (self.file, self.len, self.is_moved) = (file, len, false);
        (self.synced, self.is_named, self.is_in_doubt) = (0, false, false);
        Ok(())
    }

    /// Finds the file of `note` as it was before that batch: here, or under another name in the
    /// directory. If so it is the open file from now on. Returns its length.
    pub(super) fn locate(&mut self, note: &Note) -> io::Result<Option<u64>> {
        let (elsewhere, len) = if self.file.identity.is(&note.file) {
            (None, self.file.len()?)
        } else {
            match LogFile::find(&self.path, &note.file)? {
                Some((file, len)) => (Some(file), len),
                None => return Ok(None),
            }
        };
        if len < note.before {
            return Ok(None);
        }
        let tail = elsewhere.as_ref().unwrap_or(&self.file).tail(note.before)?;
        if tail.hash() != note.tail_before {
            return Ok(None);
        }
        if let Some(file) = elsewhere {
            (self.file, self.is_moved) = (file, true);
        }
        (self.tail, self.len) = (tail, note.before);
        Ok(Some(len))
    }
}
