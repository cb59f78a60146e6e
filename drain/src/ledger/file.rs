//! The ledger's file: found, checked, begun anew or set aside.
//!
//! A ledger that is not this segment's, or is damaged, is renamed to `<path>.aside` and never used;
//! a half-created one (its magic is stored last) is simply begun again.

use super::{
    Ledger,
    layout::{
        BLOCKS_AT, ENTRIES, EPOCH_AT, LANES_AT, MAGIC, MAGIC_AT, NAME_BYTES, SUM_AT, Shape,
        UUID_AT, VERSION, VERSION_AT, entry,
    },
    note::Note,
    words::{WORD, Words},
};
use crate::{seam, sink::hash_word};
use logring::{Error, Result};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What [`Ledger::open`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// No ledger: what the ring still holds is sent again.
    New,
    /// The segment's ledger.
    Found,
    /// One that cannot be used; it was renamed and a new one begun.
    SetAside {
        /// Its new path. An older one that stood there is gone.
        to: PathBuf,
        /// Why, as half a sentence ("it is of another segment").
        why: String,
    },
}

impl Ledger {
    /// Opens or creates the ledger at `path` for the segment `uuid`. `cursors` are the names of the
    /// sinks; a cursor's index is its place there. To be called under the drain lock. Cost: a look
    /// at all positions of all cursors, and at creation the writing of them.
    ///
    /// The epoch grows first of all; then what a kill left between commit and consume is redone.
    ///
    /// # Errors
    /// More than 16 cursors, two of one name, a name of more than 1,024 bytes; a path that cannot
    /// be opened, created, allocated or mapped.
    pub fn open(
        path: &Path,
        uuid: [u8; 16],
        blocks: u32,
        lanes: u32,
        cursors: &[String],
    ) -> Result<(Self, Opened)> {
        check_names(cursors)?;
        let shape = Shape { blocks, lanes };
        let cannot = |error| Error::os(format!("open the ledger {}", path.display()), error);
        let mut opened = Opened::Found;
        let mut file = open_file(path).map_err(cannot)?;
        if !is_begun(&file).map_err(cannot)? {
            opened = Opened::New;
        } else if let Err(why) = check(&file, Words::map, uuid, shape).map_err(cannot)? {
            let to = aside(path);
            rename(path, &to).map_err(|error| {
                Error::os(format!("set the ledger {} aside", path.display()), error)
            })?;
            file = open_file(path).map_err(cannot)?;
            opened = Opened::SetAside { to, why };
        }
        if opened != Opened::Found {
            set_len(&file, 0).map_err(cannot)?;
            grow(&file, shape.bytes(0)).map_err(cannot)?;
        }
        let words = Words::map(&file).map_err(cannot)?;
        let mut ledger = Self { words, shape, entries: Vec::new(), epoch: 1 };
        grow(&file, shape.bytes(ledger.areas_wanted(cursors))).map_err(cannot)?;
        ledger.words = Words::map(&file).map_err(cannot)?;
        if opened != Opened::Found {
            begin(&ledger.words, uuid, shape);
        }
        ledger.epoch = ledger.raise_epoch();
        for entry in (0..ENTRIES).filter(|&entry| ledger.is_used(entry)) {
            ledger.redo(entry);
        }
        ledger.assign(cursors);
        Ok((ledger, opened))
    }
}

impl Ledger {
    /// What the ledger at `path` says of the segment `uuid`, without changing it, whether a drain has
    /// it open or not. Its cursors are those of all sinks that were among the last drain's.
    ///
    /// # Errors
    /// It cannot be opened or mapped, or is not one of this segment; `is_not_found` when there is none.
    pub fn look(path: &Path, uuid: [u8; 16], blocks: u32, lanes: u32) -> Result<Self> {
        let shape = Shape { blocks, lanes };
        let cannot = |error| Error::os(format!("open the ledger {}", path.display()), error);
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)
            .map_err(cannot)?;
        let unusable =
            |why: String| Error::not_a_segment(format!("the ledger {}: {why}", path.display()));
        if !is_begun(&file).map_err(cannot)? {
            return Err(unusable("it is not complete".into()));
        }
        check(&file, Words::map_private, uuid, shape).map_err(cannot)?.map_err(unusable)?;
        let words = Words::map_private(&file).map_err(cannot)?;
        let mut ledger = Self { words, shape, entries: Vec::new(), epoch: 0 };
        ledger.epoch = ledger.words.load(EPOCH_AT) as u32;
        let in_use = |state| state == super::state::ACTIVE || state == super::state::OUT;
        ledger.entries =
            (0..ENTRIES).filter(|&at| in_use(ledger.entry_word(at, entry::STATE))).collect();
        for entry in ledger.entries.clone() {
            ledger.redo(entry);
        }
        Ok(ledger)
    }

    /// The names of its cursors, in their order.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|&entry| self.name(entry).unwrap_or_default())
    }
}

fn check_names(cursors: &[String]) -> Result<()> {
    if cursors.len() > ENTRIES {
        let count = cursors.len();
        return Err(Error::invalid(format!("{count} sinks given, at most {ENTRIES} are possible")));
    }
    let mut seen = BTreeSet::new();
    for name in cursors {
        if name.len() > NAME_BYTES {
            let len = name.len();
            return Err(Error::invalid(format!(
                "the sink name `{name}` has {len} bytes, at most {NAME_BYTES} are possible"
            )));
        }
        if !seen.insert(name) {
            return Err(Error::invalid(format!("the sink `{name}` is given twice")));
        }
    }
    Ok(())
}

fn open_file(path: &Path) -> io::Result<File> {
    seam::before_call()?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    seam::before_call()?;
    fs::rename(from, to)
}

fn set_len(file: &File, len: u64) -> io::Result<()> {
    seam::before_call()?;
    file.set_len(len)
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".aside");
    name.into()
}

/// Whether creation has come to its end: the magic is not 0.
fn is_begun(file: &File) -> io::Result<bool> {
    let mut magic = [0; WORD];
    match file.read_exact_at(&mut magic, (MAGIC_AT * WORD) as u64) {
        Ok(()) => Ok(magic != [0; WORD]),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The reason why a begun ledger cannot be used, if there is one.
fn check(
    file: &File,
    map: impl FnOnce(&File) -> io::Result<Words>,
    uuid: [u8; 16],
    shape: Shape,
) -> io::Result<Result<(), String>> {
    let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if len < shape.bytes(0) {
        return Ok(Err(format!("it has {len} bytes, at least {} are needed", shape.bytes(0))));
    }
    let words = map(file)?;
    let word = |at| words.load(at);
    Ok(if word(MAGIC_AT) != MAGIC {
        Err("it does not begin as a ledger does".into())
    } else if word(VERSION_AT) != VERSION {
        Err(format!("it has version {}, this drain writes version {VERSION}", word(VERSION_AT)))
    } else if word(SUM_AT) != sum(&words) {
        Err("its header is damaged".into())
    } else if [word(UUID_AT), word(UUID_AT + 1)] != uuid_words(uuid) {
        Err("it is of another segment".into())
    } else if [word(BLOCKS_AT), word(LANES_AT)] != [u64::from(shape.blocks), u64::from(shape.lanes)]
    {
        Err(format!(
            "it has {} blocks and {} lanes, the segment has {} and {}",
            word(BLOCKS_AT),
            word(LANES_AT),
            shape.blocks,
            shape.lanes
        ))
    } else if word(EPOCH_AT) >= u32::MAX.into() {
        Err(format!("its epoch is {}", word(EPOCH_AT)))
    } else {
        check_entries(&words, shape, len)
    })
}

fn check_entries(words: &Words, shape: Shape, len: usize) -> Result<(), String> {
    let areas = shape.areas(len);
    for entry in 0..ENTRIES {
        let word = |at| words.load(super::entry_at(entry) + at);
        if word(entry::STATE) == super::state::FREE {
            continue;
        }
        if word(entry::STATE) > super::state::REMOVED || entry >= areas {
            return Err(format!("the entry of cursor {entry} is damaged"));
        }
        let committed = word(entry::COMMITTED);
        let newest = committed.max(word(entry::PREPARED));
        if newest >> 32 > words.load(EPOCH_AT)
            || committed != 0 && Note::load(words, entry, committed).is_none()
        {
            return Err(format!("the batches of cursor {entry} are damaged"));
        }
    }
    Ok(())
}

/// Lengthens the file to `wanted` bytes by writing zeros: a hole in a mapped file is a SIGBUS on
/// the day the file system is full.
fn grow(file: &File, wanted: usize) -> io::Result<()> {
    let mut len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let zeros = [0; 16 << 10];
    while len < wanted {
        seam::before_call()?;
        let most = zeros.len().min(wanted - len);
        let written = file.write_at(&zeros[..most], len as u64)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        len += written;
    }
    Ok(())
}

fn begin(words: &Words, uuid: [u8; 16], shape: Shape) {
    words.store(VERSION_AT, VERSION);
    for (n, word) in uuid_words(uuid).into_iter().enumerate() {
        words.store(UUID_AT + n, word);
    }
    words.store(BLOCKS_AT, shape.blocks.into());
    words.store(LANES_AT, shape.lanes.into());
    words.store(SUM_AT, sum(words));
    words.step_ends();
    words.store(MAGIC_AT, MAGIC);
    words.step_ends();
}

fn uuid_words(uuid: [u8; 16]) -> [u64; 2] {
    let bits = u128::from_le_bytes(uuid);
    [bits as u64, (bits >> 64) as u64]
}

/// A check sum of the words that never change; the magic is not among them, since it comes last.
fn sum(words: &Words) -> u64 {
    (VERSION_AT..SUM_AT).fold(MAGIC, |sum, at| hash_word(sum, words.load(at)))
}
