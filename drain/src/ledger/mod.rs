//! The ledger: the drain's own file of positions, per cursor how far each block and lane has been
//! written to its sink. It is why a drain that is killed at any instruction neither loses a record
//! nor writes one twice.
//!
//! One mapped file (0600) per segment, beside the drain's state, never in memory that producers
//! write: a forged length would cut a log. The drain opens it under the drain lock, and cursors
//! (`cursor.rs`) run their batches through it. Its words survive the process, not the machine.
//!
//! Batch ids are `epoch << 32 | count` and never used again: the epoch grows with each open, and
//! whenever a batch is given up.

mod file;
mod layout;
mod marks;
mod note;
#[cfg(test)]
mod tests;
mod words;

pub use file::Opened;
pub use marks::{BlockMark, LaneMark, Marks, TORN};
pub use note::ClockLine;
pub(crate) use note::{Identity, Kind, Note};

use crate::seam::{Mutation, mutated};
use layout::{ENTRIES, EPOCH_AT, NAME_BYTES, Shape, entry, entry_at};
use words::{WORD, Words};

/// States of an entry.
mod state {
    /// Never used.
    pub(super) const FREE: u64 = 0;
    /// Counts: a block is free for use only when this cursor has consumed it.
    pub(super) const ACTIVE: u64 = 1;
    /// New, returned or failed: it does not count until it has caught up.
    pub(super) const OUT: u64 = 2;
    /// Its sink was not among those of the last open.
    pub(super) const REMOVED: u64 = 3;
}

/// The drain's file of positions. Cheap to share between cursors (`Arc`); all its methods take
/// `&self`, for one thread at a time.
#[derive(Debug)]
pub struct Ledger {
    words: Words,
    shape: Shape,
    /// The entry of each cursor, in the order given to [`Ledger::open`].
    entries: Vec<usize>,
    epoch: u32,
}

impl Ledger {
    /// How many times this ledger has been opened, and batches of it given up, until this open.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch as u64
    }

    /// The epoch of this open, for the ids of cursors.
    pub(crate) const fn first_epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether blocks must wait for `cursor`: not one that has failed, nor one that is new and has
    /// not been opened yet.
    ///
    /// # Panics
    /// When the ledger has no such cursor.
    #[must_use]
    pub fn counts(&self, cursor: usize) -> bool {
        self.word(cursor, entry::STATE) == state::ACTIVE
    }

    fn entry_word(&self, entry: usize, word: usize) -> u64 {
        self.words.load(entry_at(entry) + word)
    }

    fn is_used(&self, entry: usize) -> bool {
        self.entry_word(entry, entry::STATE) != state::FREE
    }

    fn word(&self, cursor: usize, word: usize) -> u64 {
        self.entry_word(self.entries[cursor], word)
    }

    fn set_word(&self, cursor: usize, word: usize, value: u64) {
        self.words.store(entry_at(self.entries[cursor]) + word, value);
    }

    /// An epoch above all that were used; ids of the caller's next batches come from it.
    pub(crate) fn raise_epoch(&self) -> u32 {
        let epoch = self.words.load(EPOCH_AT) + 1;
        self.words.store(EPOCH_AT, epoch);
        self.words.step_ends();
        if mutated(Mutation::BatchIdReused) {
            return 1;
        }
        // `open` sets a ledger aside long before this could wrap.
        epoch as u32
    }

    pub(crate) fn committed(&self, cursor: usize) -> u64 {
        self.word(cursor, entry::COMMITTED)
    }

    /// The note of the newest committed batch.
    pub(crate) fn committed_note(&self, cursor: usize) -> Option<Note> {
        Note::load(&self.words, self.entries[cursor], self.committed(cursor))
    }

    /// The note of a batch that was prepared and not committed.
    pub(crate) fn prepared_note(&self, cursor: usize) -> Option<Note> {
        let prepared = self.word(cursor, entry::PREPARED);
        if prepared == self.committed(cursor) {
            return None;
        }
        Note::load(&self.words, self.entries[cursor], prepared)
    }

    /// Step (2).
    pub(crate) fn prepare(&self, cursor: usize, note: &Note) {
        let entry = self.entries[cursor];
        note.store(&self.words, entry, entry_at(entry) + entry::PREPARED);
    }

    /// Step (4).
    pub(crate) fn commit(&self, cursor: usize, id: u64) {
        self.words.step_ends();
        self.set_word(cursor, entry::COMMITTED, id);
        self.words.step_ends();
    }

    /// A prepared batch counts no longer. What it wrote must have been cut before.
    pub(crate) fn forget_prepared(&self, cursor: usize) {
        if self.word(cursor, entry::PREPARED) != self.committed(cursor) {
            self.set_word(cursor, entry::PREPARED, self.committed(cursor));
        }
        self.words.step_ends();
    }

    /// The cursor has failed: from now on blocks do not wait for it.
    pub(crate) fn leave(&self, cursor: usize) {
        self.set_word(cursor, entry::STATE, state::OUT);
        self.words.step_ends();
    }

    /// The cursor counts again.
    pub(crate) fn join(&self, cursor: usize) {
        self.words.step_ends();
        self.set_word(cursor, entry::STATE, state::ACTIVE);
        self.words.step_ends();
    }

    /// Notes that this drain has the cursor's sink open.
    pub(crate) fn set_opened(&self, cursor: usize) {
        self.set_word(cursor, entry::OPENED, self.epoch());
    }

    /// Another cursor of this drain that writes to the same file.
    pub(crate) fn writer_of(&self, cursor: usize, file: &Identity) -> Option<String> {
        (0..self.entries.len())
            .filter(|&other| other != cursor && self.word(other, entry::OPENED) == self.epoch())
            .find(|&other| self.committed_note(other).is_some_and(|note| note.file.is(file)))
            .and_then(|other| self.name(self.entries[other]))
    }

    /// The name of an entry, as it was given; `None` when it makes no sense.
    fn name(&self, entry: usize) -> Option<String> {
        let len = usize::try_from(self.entry_word(entry, entry::NAME_LEN)).ok()?;
        if len > NAME_BYTES {
            return None;
        }
        let words = (0..len.div_ceil(WORD)).map(|n| self.entry_word(entry, entry::NAME + n));
        let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        bytes.truncate(len);
        String::from_utf8(bytes).ok()
    }

    /// How many areas the file needs so that each of `cursors` can have one.
    fn areas_wanted(&self, cursors: &[String]) -> usize {
        // Entries are taken from the lowest on, so those in use are the first ones.
        let names: Vec<_> =
            (0..ENTRIES).filter(|&e| self.is_used(e)).map(|e| self.name(e)).collect();
        let new = cursors.iter().filter(|cursor| !names.iter().flatten().any(|n| n == *cursor));
        (names.len() + new.count()).min(ENTRIES)
    }

    /// Makes a free or removed entry a new cursor's; its state is stored last.
    fn take_entry(&self, entry: usize, name: &str) {
        let at = entry_at(entry);
        self.words.store(at + entry::STATE, state::FREE);
        self.words.clear(at + 1..at + entry::NAME_LEN);
        self.words.clear(self.shape.area(entry));
        self.words.store(at + entry::NAME_LEN, name.len() as u64);
        for (n, chunk) in name.as_bytes().chunks(WORD).enumerate() {
            let mut word = [0; WORD];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words.store(at + entry::NAME + n, u64::from_le_bytes(word));
        }
        self.words.step_ends();
        self.words.store(at + entry::STATE, state::OUT);
        self.words.step_ends();
    }

    /// Finds or makes the entry of each cursor; all others are removed.
    fn assign(&mut self, cursors: &[String]) {
        let names: Vec<Option<String>> = (0..ENTRIES)
            .map(|entry| self.is_used(entry).then(|| self.name(entry)).flatten())
            .collect();
        let known = |cursor: &String| names.iter().position(|name| name.as_ref() == Some(cursor));
        let mut assigned: Vec<Option<usize>> = cursors.iter().map(known).collect();
        for entry in 0..ENTRIES {
            let state_at = entry_at(entry) + entry::STATE;
            let wanted = assigned.contains(&Some(entry));
            match self.words.load(state_at) {
                state::FREE => {}
                state::REMOVED if wanted => self.words.store(state_at, state::OUT),
                _ if wanted => {}
                state::REMOVED => {}
                _ => self.words.store(state_at, state::REMOVED),
            }
        }
        for (cursor, slot) in cursors.iter().zip(&mut assigned) {
            if slot.is_none() {
                let is_free = |e: &usize| !self.is_used(*e);
                let is_removed = |e: &usize| self.entry_word(*e, entry::STATE) == state::REMOVED;
                let entry = (0..ENTRIES)
                    .find(is_free)
                    .or_else(|| (0..ENTRIES).find(is_removed))
                    .expect("open has checked that there are no more cursors than entries");
                self.take_entry(entry, cursor);
                *slot = Some(entry);
            }
        }
        self.entries = assigned.into_iter().flatten().collect();
    }
}
