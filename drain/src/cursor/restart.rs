//! How a cursor begins: it finds its file, finishes or drops the batch that a killed drain left, and
//! takes on a file that it finds changed.
//!
//! A file is ours when device, inode, birth and the hash of its last bytes say so. What does not
//! match is never cut, and nothing is ever made longer but by writing records to it.

use super::{
    Batch, Cursor, Writing,
    output::{Output, Target},
};
use crate::{
    ledger::{ClockLine, Kind, Ledger, Marks, Note},
    seam::{Mutation, mutated},
    sink::{Own, SinkSpec, Trouble, TroubleKind},
};
use logring::{Error, Result};
use std::{
    collections::VecDeque,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A batch that the previous drain prepared and did not commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The positions after it; before it are those of [`Ledger::consumed`] and [`Ledger::lane`].
    pub marks: Marks,
    /// Its watermark.
    pub watermark: u64,
    /// How its clock ticks were turned into time.
    pub clock: ClockLine,
}

/// What came of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The batch is at the head of the queue; [`Cursor::step`] finishes it.
    Finishing,
    /// Nothing of it stands in the file, its positions are not consumed: its records are to be read
    /// and submitted like all others.
    Dropped,
}

/// A replay and its note.
#[derive(Debug)]
pub(super) struct Unfinished {
    note: Note,
    replay: Replay,
}

impl Cursor {
    /// Whether the sink `spec` can be opened, as far as can be told without making anything.
    ///
    /// # Errors
    /// What [`Self::open`] would say.
    pub fn check(spec: &SinkSpec) -> Result<()> {
        Output::check(spec.path()).map_err(|error| cannot_open(spec, error))
    }

    /// Opens the sink `spec` as cursor number `index` of the ledger. A new output file is created
    /// with mode 0640 less the umask, its directory must exist.
    ///
    /// Afterwards the drain asks for [`Self::replay`] before it submits anything.
    ///
    /// # Errors
    /// The path cannot be opened or created, or another cursor writes to the same file.
    pub fn open(ledger: &Arc<Ledger>, index: usize, spec: &SinkSpec) -> Result<Self> {
        let cannot = |error| cannot_open(spec, error);
        let output = Output::open(spec.path()).map_err(cannot)?;
        Self::on(ledger, index, spec.to_string(), output).map_err(cannot)
    }

    /// A sink of the user's own, called `name`, as cursor number `index` of the ledger. What it gets
    /// is at least once.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn own(
        ledger: &Arc<Ledger>,
        index: usize,
        name: String,
        writer: Box<dyn Write + Send>,
    ) -> Result<Self> {
        let what = format!("begin sink {name}");
        let output = Output::Own(Own::new(writer));
        Self::on(ledger, index, name, output).map_err(|error| Error::os(what, error))
    }

    fn on(ledger: &Arc<Ledger>, index: usize, name: String, output: Output) -> io::Result<Self> {
        let mut cursor = Self {
            ledger: Arc::clone(ledger),
            index,
            name,
            output,
            epoch: ledger.first_epoch(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            writing: None,
            replay: None,
            erased: false,
            stuck: None,
            troubles: Vec::new(),
            missed: 0,
        };
        cursor.restart()?;
        ledger.set_opened(index);
        Ok(cursor)
    }

    fn restart(&mut self) -> io::Result<()> {
        if !self.ledger.counts(self.index) {
            return self.rejoin();
        }
        let Output::File(target) = &mut self.output else {
            // A stream gets the batch once more, like any other.
            self.ledger.forget_prepared(self.index);
            return Ok(());
        };
        let prepared = self.ledger.prepared_note(self.index);
        let Some(note) = prepared.filter(|note| note.kind == Kind::Data) else {
            self.ledger.forget_prepared(self.index);
            return self.adopt();
        };
        if target.locate(&note)?.is_some() {
            let marks = self.ledger.pending(self.index, note.id);
            let replay = Replay { marks, watermark: note.watermark, clock: note.clock };
            self.replay = Some(Unfinished { note, replay });
            return Ok(());
        }
        self.ledger.forget_prepared(self.index);
        self.take_on()?;
        self.tell(TroubleKind::Unknown, note.after, self.len(), None);
        Ok(())
    }

    /// The batch that the previous drain prepared and did not commit. The drain renders exactly
    /// these records again, in the same order, and calls [`Self::finish_replay`].
    #[must_use]
    pub fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref().map(|unfinished| &unfinished.replay)
    }

    /// Compares the batch, rendered again, with what the file has of it. When the file has the
    /// beginning of it, the rest is written in place. When it is rendered otherwise than before,
    /// or not at all, what the file has of it is cut. What somebody else wrote there stays.
    ///
    /// # Errors
    /// The file cannot be read or cut. The replay stays open.
    pub fn finish_replay(&mut self, bytes: Option<&[u8]>) -> Result<Replayed> {
        self.try_finish_replay(bytes)
            .map_err(|error| Error::os(format!("repair the file of sink {}", self.name), error))
    }

    fn try_finish_replay(&mut self, bytes: Option<&[u8]>) -> io::Result<Replayed> {
        let (Some(Unfinished { note, replay }), Output::File(target)) =
            (&self.replay, &mut self.output)
        else {
            return Ok(Replayed::Dropped);
        };
        let note = *note;
        let len = target.file.len()?;
        let found = match bytes {
            Some(bytes) => compare(target, &note, bytes, len)?,
            None => Found::Other,
        };
        if let (Found::Beginning(written), Some(bytes)) = (found, bytes) {
            let (marks, watermark) = (replay.marks.clone(), replay.watermark);
            let batch = Batch { bytes: bytes.to_vec(), marks, watermark, clock: replay.clock };
            self.queued_bytes += batch.bytes.len();
            self.queue.push_front(Arc::new(batch));
            self.writing = Some(Writing { id: note.id, before: note.before, written });
            self.replay = None;
            return Ok(Replayed::Finishing);
        }
        if mutated(Mutation::ForgottenBeforeCut) {
            self.ledger.forget_prepared(self.index);
        }
        // Beyond `after` nothing is ours; then it cannot be told either what before it is.
        let is_ours = found == Found::Other && len <= note.after;
        if is_ours {
            target.file.cut(note.before)?;
        }
        self.ledger.forget_prepared(self.index);
        self.replay = None;
        if !is_ours {
            self.tell(TroubleKind::Unknown, note.after, len, None);
        } else if len > note.before {
            self.tell(TroubleKind::Rewritten, len, note.before, None);
        }
        Ok(Replayed::Dropped)
    }

    /// Goes on with the file at the path if it is as the committed batch left it, else takes it on.
    fn adopt(&mut self) -> io::Result<()> {
        let committed = self.ledger.committed_note(self.index).filter(|note| note.file.ino != 0);
        let Output::File(target) = &mut self.output else { return Ok(()) };
        let Some(note) = committed else { return self.take_on() };
        let len = target.file.len()?;
        let kind = if !target.file.identity.is(&note.file) {
            TroubleKind::Replaced
        } else if len < note.after {
            TroubleKind::Shorter
        } else if len > note.after {
            TroubleKind::Longer
        } else {
            target.tail = target.file.tail(len)?;
            target.len = len;
            if target.tail.hash() == note.tail_after {
                return self.check_writers();
            }
            TroubleKind::Altered
        };
        self.take_on()?;
        self.tell(kind, note.after, self.len(), None);
        Ok(())
    }

    /// Before a batch: the path has the file that this cursor knows, as long as it ought to be; else
    /// what is there is taken on.
    pub(super) fn settle(&mut self, is_trouble: bool) -> io::Result<()> {
        let Output::File(target) = &self.output else { return Ok(()) };
        let kind = match target.present()? {
            Some(found) if found.identity.is(&target.file.identity) => {
                if found.len == target.len {
                    return Ok(());
                }
                if found.len < target.len { TroubleKind::Shorter } else { TroubleKind::Longer }
            }
            _ => TroubleKind::Replaced,
        };
        let expected = target.len;
        self.take_on()?;
        if is_trouble {
            self.tell(kind, expected, self.len(), None);
        }
        Ok(())
    }

    /// A batch of kind OPEN: what stands at the path is our file from now on, its present length the
    /// base. A line that somebody left unfinished there is ended, so that ours stay whole.
    fn take_on(&mut self) -> io::Result<()> {
        let mut bytes: &[u8] = b"";
        if let Output::File(target) = &mut self.output {
            target.reopen()?;
            if target.tail.is_inside_line() {
                bytes = b"\n";
            }
            self.check_writers()?;
        }
        let id = self.next_id();
        let note = Note { id, ..self.output.note(Kind::Open, bytes) };
        self.ledger.prepare(self.index, &note);
        self.writing = Some(Writing { id, before: note.before, written: 0 });
        let written = if bytes.is_empty() { Ok(()) } else { self.write_rest(bytes) };
        self.writing = None;
        if let Err(error) = written {
            self.epoch = self.ledger.raise_epoch();
            self.ledger.forget_prepared(self.index);
            return Err(error);
        }
        self.ledger.commit(self.index, id);
        self.output.committed(bytes.len());
        Ok(())
    }

    /// A cursor that does not count, since it is new, was away or has failed, goes to where the most
    /// advanced stands, and counts from there. What it has of an unfinished batch is cut, since it
    /// will not be replayed.
    pub(super) fn rejoin(&mut self) -> io::Result<()> {
        let prepared = self.ledger.prepared_note(self.index);
        if let (Output::File(target), Some(note)) = (&mut self.output, prepared)
            && target.locate(&note)?.is_some_and(|len| len <= note.after)
        {
            target.file.cut(note.before)?;
        }
        self.ledger.forget_prepared(self.index);
        let is_new = self.ledger.committed(self.index) == 0;
        let missed = self.ledger.catch_up(self.index);
        self.take_on()?;
        self.ledger.join(self.index);
        self.missed += if is_new { 0 } else { missed };
        Ok(())
    }

    fn check_writers(&self) -> io::Result<()> {
        let Output::File(target) = &self.output else { return Ok(()) };
        match self.ledger.writer_of(self.index, &target.file.identity) {
            Some(other) => {
                Err(io::Error::other(format!("the sink {other} writes to the same file")))
            }
            None => Ok(()),
        }
    }

    /// Moves the file out of the way and goes on in a new one. Returns the old one's name.
    pub(super) fn set_aside(&mut self) -> io::Result<PathBuf> {
        if self.writing.is_some() {
            self.give_up()?;
        }
        let Output::File(target) = &self.output else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let aside = target.move_aside()?;
        self.take_on()?;
        Ok(aside)
    }

    pub(super) fn tell(
        &mut self,
        kind: TroubleKind,
        expected: u64,
        found: u64,
        aside: Option<String>,
    ) {
        self.troubles.push(Trouble { sink: self.name.clone(), kind, expected, found, aside });
    }

    fn len(&self) -> u64 {
        match &self.output {
            Output::File(target) => target.len,
            Output::Stream(_) | Output::Own(_) => 0,
        }
    }
}

/// What a file has beyond `before`, beside the batch rendered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// So many bytes of it, from its beginning.
    Beginning(usize),
    /// Something else, although the batch is what it was: somebody else wrote there.
    Foreign,
    /// The batch is not what it was, so nothing can be compared.
    Other,
}

fn compare(target: &mut Target, note: &Note, bytes: &[u8], len: u64) -> io::Result<Found> {
    target.next.follow(&target.tail, bytes);
    if bytes.len() as u64 != note.after - note.before || target.next.hash() != note.tail_after {
        return Ok(Found::Other);
    }
    let there = target.file.read(note.before, len.min(note.after))?;
    let is_beginning = bytes.starts_with(&there);
    Ok(if is_beginning { Found::Beginning(there.len()) } else { Found::Foreign })
}

fn cannot_open(spec: &SinkSpec, error: io::Error) -> Error {
    let path = spec.path();
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if error.kind() == io::ErrorKind::NotFound && !parent.exists() {
        let parent = parent.display();
        return Error::not_found(format!(
            "cannot open sink {spec}: the directory {parent} does not exist; create it first"
        ));
    }
    Error::os(format!("open sink {spec}"), error)
}
