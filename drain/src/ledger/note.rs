//! The note of one batch: which file, from where to where, and what a replay needs.
//!
//! It becomes valid by its id, which is stored last, and counts when `prepared` names that id.

use super::{
    layout::{NOTE, note_at},
    words::Words,
};
use crate::seam::{Mutation, mutated};

/// How clock ticks of a batch were turned into time, so that a replay renders the same bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockLine {
    /// Clock ticks at the anchor.
    pub clock: u64,
    /// Nanoseconds since 1970 at the anchor.
    pub realtime_ns: i64,
    /// Nanoseconds per tick, 32.32 fixed point.
    pub ns_per_tick: u64,
}

/// What a batch is. The number 3 is reserved for rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Kind {
    /// Records.
    Data = 1,
    /// A file found or created: its present length is the new base.
    Open = 2,
}

/// A file, as long as it lives: a path can come to mean another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    /// Nanoseconds since 1970, 0 where the file system does not know: inode numbers are reused.
    pub(crate) birth: u64,
}

impl Identity {
    /// Whether both are the same file. An unknown birth proves nothing.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        let births = self.birth == other.birth || self.birth == 0 || other.birth == 0;
        self.dev == other.dev && self.ino == other.ino && births
    }
}

/// The note of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    /// Zeros for what is not a regular file.
    pub(crate) file: Identity,
    /// Length of the file before the batch and after it.
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Hashes of the last bytes before `before` and before `after`.
    pub(crate) tail_before: u64,
    pub(crate) tail_after: u64,
    pub(crate) watermark: u64,
    pub(crate) clock: ClockLine,
}

impl Note {
    /// Step (2): the note, then its id, then `prepared` at word `prepared_at`.
    pub(super) fn store(&self, words: &Words, entry: usize, prepared_at: usize) {
        let at = note_at(entry, self.id);
        words.store(at, 0);
        words.step_ends();
        if mutated(Mutation::PreparedBeforeItsNote) {
            words.store(prepared_at, self.id);
            words.store(at, self.id);
        }
        let fields = [
            self.kind as u64,
            self.file.dev,
            self.file.ino,
            self.file.birth,
            self.before,
            self.after,
            self.tail_before,
            self.tail_after,
            self.watermark,
            self.clock.clock,
            self.clock.realtime_ns.cast_unsigned(),
            self.clock.ns_per_tick,
        ];
        const _: () = assert!(NOTE >= 13);
        for (n, field) in fields.into_iter().enumerate() {
            words.store(at + 1 + n, field);
        }
        words.step_ends();
        words.store(at, self.id);
        words.step_ends();
        words.store(prepared_at, self.id);
        words.step_ends();
    }

    /// The note of batch `id`; `None` when the place holds another's, or nothing that makes sense.
    pub(super) fn load(words: &Words, entry: usize, id: u64) -> Option<Self> {
        let at = note_at(entry, id);
        let word = |n: usize| words.load(at + n);
        if id == 0 || word(0) != id {
            return None;
        }
        let kind = match word(1) {
            1 => Kind::Data,
            2 => Kind::Open,
            _ => return None,
        };
        let note = Self {
            id,
            kind,
            file: Identity { dev: word(2), ino: word(3), birth: word(4) },
            before: word(5),
            after: word(6),
            tail_before: word(7),
            tail_after: word(8),
            watermark: word(9),
            clock: ClockLine {
                clock: word(10),
                realtime_ns: word(11).cast_signed(),
                ns_per_tick: word(12),
            },
        };
        (note.before <= note.after).then_some(note)
    }
}
