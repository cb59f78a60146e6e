//! One local sink with its cursor in the ledger: runs the batch protocol, step by step.
//!
//! The drain submits rendered batches and calls [`Cursor::step`] from its loop. A step writes one
//! batch or says why it cannot; a sink that is stuck holds up nobody but itself. The order of the
//! steps, with a fence between them, is what makes a kill at any instruction harmless:
//!
//! 1. `pending` for each block and lane that the batch touches
//! 2. the note: which file, from where to where; then `prepared`
//! 3. the bytes
//! 4. `committed`
//! 5. `consumed` = pending
//! 6. the drain frees the blocks that all cursors have consumed: after [`Step::Done`]

mod output;
mod restart;
#[cfg(test)]
mod tests;

pub use restart::{Replay, Replayed};

use crate::{
    ledger::{ClockLine, Kind, Ledger, Marks, Note},
    seam::{Mutation, mutated},
    sink::{Trouble, TroubleKind},
};
use output::Output;
use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

/// Rendered bytes of some records, and the positions after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whole lines. May be empty, when a filter let nothing through.
    pub bytes: Vec<u8>,
    /// Of each block and lane touched, the position after the batch.
    pub marks: Marks,
    /// The time below which everything has been read, in clock ticks.
    pub watermark: u64,
    /// How its clock ticks were turned into time.
    pub clock: ClockLine,
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// The batch is in the sink and its positions are consumed. Whoever holds the last `Arc` can
    /// use its buffers again.
    Done(Arc<Batch>),
    /// Nothing to write.
    Idle,
    /// The batch stays at the head of the queue; see [`Cursor::stuck`].
    Stuck {
        /// A step before this does nothing.
        retry_at: Instant,
    },
}

/// Why a cursor does not get on.
#[derive(Debug)]
pub struct Stuck {
    /// The last error; `WouldBlock` means that a stream takes nothing at present.
    pub error: io::Error,
    /// Since when the sink has taken no byte.
    pub since: Instant,
    /// When the next step tries again.
    pub retry_at: Instant,
    delay: Duration,
}

const RETRY_FIRST: Duration = Duration::from_millis(1);
const RETRY_LAST: Duration = Duration::from_secs(1);
/// Bytes that a disk must have room for before a file on it that was given up counts again.
const ROOM_TO_HEAL: u64 = 256 << 10;

/// A prepared batch on its way.
#[derive(Clone, Copy, Debug)]
struct Writing {
    id: u64,
    before: u64,
    written: usize,
}

impl Writing {
    const fn end(&self) -> u64 {
        self.before + self.written as u64
    }
}

/// One local sink with its cursor.
#[derive(Debug)]
pub struct Cursor {
    ledger: Arc<Ledger>,
    index: usize,
    name: String,
    output: Output,
    epoch: u32,
    queue: VecDeque<Arc<Batch>>,
    queued_bytes: usize,
    writing: Option<Writing>,
    replay: Option<restart::Unfinished>,
    erased: bool,
    stuck: Option<Stuck>,
    troubles: Vec<Trouble>,
    missed: u64,
}

impl Cursor {
    /// Adds a batch to the queue. The queue is as bounded as the ring is: each batch in it pins its
    /// blocks. The drain looks at [`Self::queued_bytes`] before it renders more.
    ///
    /// A cursor that has failed takes none: what it misses is counted when it heals.
    pub fn submit(&mut self, batch: Arc<Batch>) {
        if self.has_failed() {
            return;
        }
        self.queued_bytes += batch.bytes.len();
        self.queue.push_back(batch);
    }

    /// Bytes that are queued and not yet written.
    #[must_use]
    pub const fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Why the cursor does not get on, if so.
    #[must_use]
    pub const fn stuck(&self) -> Option<&Stuck> {
        self.stuck.as_ref()
    }

    /// What somebody else did to the file since the last call. Empty is the rule.
    pub fn take_troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }

    /// The sink, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its index in the ledger.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Writes the next queued batch, steps (1) to (5). Cost for a regular file: one `stat`, one
    /// `pwrite`, and a few stores per block and lane touched; no allocation.
    ///
    /// Does nothing while a [`Replay`] is open, and until its time when the sink is stuck.
    pub fn step(&mut self, now: Instant) -> Step {
        if self.replay.is_some() {
            return Step::Idle;
        }
        let Some(batch) = self.queue.front().cloned() else { return Step::Idle };
        if let Some(Stuck { retry_at, .. }) = self.stuck
            && now < retry_at
        {
            return Step::Stuck { retry_at };
        }
        let written = self.writing.map_or(0, |writing| writing.written);
        match self.run(&batch) {
            Ok(()) => {
                self.stuck = None;
                self.queue.pop_front();
                self.queued_bytes -= batch.bytes.len();
                Step::Done(batch)
            }
            Err(error) => {
                let progress = self.writing.map_or(0, |writing| writing.written) > written;
                Step::Stuck { retry_at: self.set_stuck(error, progress, now) }
            }
        }
    }

    fn set_stuck(&mut self, error: io::Error, progress: bool, now: Instant) -> Instant {
        let (since, delay) = match &self.stuck {
            Some(stuck) if !progress => (stuck.since, (stuck.delay * 2).min(RETRY_LAST)),
            _ => (now, RETRY_FIRST),
        };
        let retry_at = now + delay;
        self.stuck = Some(Stuck { error, since, retry_at, delay });
        retry_at
    }

    fn run(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some(writing) = self.writing
            && writing.written < batch.bytes.len()
            && !self.output.is_as_left(writing.end())?
        {
            self.give_up()?;
        }
        let writing = match self.writing {
            Some(writing) => writing,
            None => self.prepare(batch)?,
        };
        if mutated(Mutation::CommittedBeforeWritten) {
            self.ledger.commit(self.index, writing.id);
        }
        self.write_rest(&batch.bytes)?;
        self.finish(&batch.bytes)?;
        if mutated(Mutation::ConsumedBeforeCommitted) {
            self.ledger.consume(self.index, &batch.marks);
        }
        self.ledger.commit(self.index, writing.id);
        self.ledger.consume(self.index, &batch.marks);
        self.writing = None;
        self.output.committed(batch.bytes.len());
        Ok(())
    }

    /// Steps (1) and (2).
    fn prepare(&mut self, batch: &Batch) -> io::Result<Writing> {
        self.settle(true)?;
        let id = self.next_id();
        let note = Note {
            id,
            watermark: batch.watermark,
            clock: batch.clock,
            ..self.output.note(Kind::Data, &batch.bytes)
        };
        let writing = Writing { id, before: note.before, written: 0 };
        if mutated(Mutation::WrittenBeforePrepared) {
            self.writing = Some(writing);
            self.write_rest(&batch.bytes)?;
        }
        if !self.erased && !mutated(Mutation::ErasedAfterFirstPending) {
            self.ledger.erase_foreign_pendings(self.index);
        }
        self.ledger.pend(self.index, id, &batch.marks);
        if !self.erased && mutated(Mutation::ErasedAfterFirstPending) {
            self.ledger.erase_foreign_pendings(self.index);
        }
        self.erased = true;
        self.ledger.prepare(self.index, &note);
        if self.writing.is_none() {
            self.writing = Some(writing);
        }
        Ok(writing)
    }

    /// Step (3), from where it was interrupted.
    fn write_rest(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        while writing.written < bytes.len() {
            match self.output.write(&bytes[writing.written..], writing.end()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => writing.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if self.output.has_lost_its_reader() {
                        // The next reader gets whole lines: at least once is what streams promise.
                        writing.written = 0;
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The end of step (3): what a sink holds back goes out before the batch counts as written.
    fn finish(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let finished = self.output.finish();
        if let (Err(_), Some(writing)) = (&finished, &mut self.writing) {
            writing.written = 0;
        }
        finished
    }

    /// An id that no batch of this cursor has had, with a note beside the committed one.
    fn next_id(&mut self) -> u64 {
        let count = (self.ledger.committed(self.index) as u32).wrapping_add(1);
        if count == 0 {
            self.epoch = self.ledger.raise_epoch();
        }
        u64::from(self.epoch) << 32 | u64::from(count)
    }

    /// The prepared batch will not be finished, since somebody else changed the file meanwhile: what
    /// was written of it is cut if nothing else stands behind it, and its id is not used again (its
    /// pendings would count as consumed with whatever gets the id next).
    fn give_up(&mut self) -> io::Result<()> {
        if let Some(writing) = self.writing {
            self.output.cut_own(writing.before, writing.end())?;
        }
        self.writing = None;
        self.epoch = self.ledger.raise_epoch();
        self.ledger.forget_prepared(self.index);
        Ok(())
    }

    /// The cursor has failed: its queue is dropped and blocks wait for it no longer. To be called
    /// before any of them is freed.
    pub fn fail(&mut self) {
        self.queue.clear();
        self.queued_bytes = 0;
        (self.writing, self.replay) = (None, None);
        self.ledger.leave(self.index);
    }

    /// Whether [`Self::fail`] has been called and no [`Self::heal`] has succeeded since.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        !self.ledger.counts(self.index)
    }

    /// Tries to make a failed cursor count again, at the position of the most advanced one; to be
    /// called while that one has nothing queued. See [`Self::take_missed`].
    ///
    /// # Errors
    /// The sink is as unwell as before, and does not count yet.
    pub fn heal(&mut self) -> io::Result<()> {
        // Opening a file takes no room: a sink that counted again on a full disk would be stuck at
        // once, and hold the ring as long as before.
        if let Output::File(target) = &self.output {
            target.file.has_room(ROOM_TO_HEAL)?;
        }
        self.epoch = self.ledger.raise_epoch();
        self.rejoin()?;
        self.stuck = None;
        Ok(())
    }

    /// How many records the sink missed while it had failed or was not among the drain's sinks,
    /// since the last call.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    /// Waits until what was written is on the medium. Streams have none.
    ///
    /// After an error nobody can say what of the file is there, and a second try would say that all of
    /// it is: the file is left aside under another name, and a new one begun. The trouble tells which
    /// bytes are in doubt.
    ///
    /// # Errors
    /// What `fdatasync` says.
    pub fn sync(&mut self) -> io::Result<()> {
        let failed = match self.output.sync() {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let (from, to) = self.output.in_doubt();
        let aside = self.set_aside().ok();
        let name = aside.map(|path| path.display().to_string());
        self.tell(TroubleKind::Unsynced, from, to, name);
        Err(failed)
    }

    /// Opens the path anew, for a rotation by others: a file that has been moved is no trouble
    /// then. Each batch looks at the path anyway.
    ///
    /// # Errors
    /// The path cannot be opened or created.
    pub fn reopen(&mut self) -> io::Result<()> {
        match &mut self.output {
            Output::Stream(stream) if self.writing.is_none() => stream.reopen(),
            Output::File(_) if self.writing.is_none() && self.replay.is_none() => {
                self.settle(false)?;
            }
            _ => {}
        }
        Ok(())
    }
}
