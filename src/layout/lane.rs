//! The lane table: one entry per thread that has logged.
//!
//! ```text
//!  0 word | 8 tid u32 | 12 passed u32 | 16 arm (robust mutex, 40 bytes) | 56 attempted        64 bytes
//!
//!  word   63..62 state | 61..50 zero | 49..38 incarnation (12) | 37..36 kind | 35..0 process index
//! ```
//!
//! Nobody unlocks the arm: the kernel marks it when the thread ends, however it ends.

use super::word::INC_BITS;

/// Bytes of an entry.
pub const SIZE: usize = 64;
/// Offset of the word.
pub const WORD: usize = 0;
/// Offset of the thread id, in its own pid namespace.
pub const TID: usize = 8;
/// Offset of the sum, modulo 2^32, of the last sequences of all lanes that had this entry before.
pub const PASSED: usize = 12;
/// Offset of the robust mutex.
pub const ARM: usize = 16;
/// Room for the robust mutex (`pthread_mutex_t` is 40 bytes on x86-64 glibc).
pub const ARM_BYTES: usize = 40;
/// Offset of the last sequence that was dropped (Release by the owner).
pub const ATTEMPTED: usize = 56;

/// Highest incarnation; block words carry as many bits.
pub const INC_MAX: u32 = (1 << INC_BITS) - 1;

/// What a lane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LaneKind {
    /// The thread's first lane.
    Main = 0,
    /// For calls inside a call.
    Second = 1,
    /// Flight recorder: overwritten within a few blocks, read on its trigger.
    Flight = 2,
    /// The thread's first lane, which may overwrite ended blocks of its own.
    Recycling = 3,
}

/// A lane word, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneWord {
    /// Nobody's; the next registration takes it as incarnation `inc`.
    Free {
        /// Incarnation of the next registration.
        inc: u32,
    },
    /// A thread of a process has it.
    Live {
        /// This registration's incarnation.
        inc: u32,
        /// Index of the process entry.
        process: u32,
        /// What the lane is for.
        kind: LaneKind,
    },
}

impl LaneKind {
    /// Whether it is the first lane of its thread.
    #[must_use]
    pub const fn is_first(self) -> bool {
        matches!(self, Self::Main | Self::Recycling)
    }

    /// Whether its owner may overwrite blocks of it, so that nothing that is read there stays in place.
    #[must_use]
    pub const fn recycles(self) -> bool {
        matches!(self, Self::Flight | Self::Recycling)
    }
}

impl LaneWord {
    /// Decodes a word; 0 is `Free { inc: 0 }`, a fresh table. `None` for reserved states.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Option<Self> {
        let inc = ((word >> 38) & INC_MAX as u64) as u32;
        match word >> 62 {
            0 => Some(Self::Free { inc }),
            1 => {
                let kind = match (word >> 36) & 3 {
                    0 => LaneKind::Main,
                    1 => LaneKind::Second,
                    2 => LaneKind::Flight,
                    _ => LaneKind::Recycling,
                };
                Some(Self::Live { inc, process: word as u32, kind })
            }
            _ => None,
        }
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        match self {
            Self::Free { inc } => (inc as u64 & INC_MAX as u64) << 38,
            Self::Live { inc, process, kind } => {
                1 << 62 | (inc as u64 & INC_MAX as u64) << 38 | (kind as u64) << 36 | process as u64
            }
        }
    }
}

const _: () = {
    // One store ends a lane: no thread, and its sequences among those that passed.
    assert!(TID.is_multiple_of(8) && TID + 4 == PASSED);
    assert!(ARM + ARM_BYTES <= ATTEMPTED);
    assert!(ATTEMPTED + 8 == SIZE);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were_packed() {
        let live = LaneWord::Live { inc: INC_MAX, process: u32::MAX, kind: LaneKind::Flight };
        for word in [LaneWord::Free { inc: 0 }, LaneWord::Free { inc: INC_MAX }, live] {
            assert_eq!(LaneWord::of(word.raw()), Some(word));
        }
        assert_eq!(LaneWord::of(0), Some(LaneWord::Free { inc: 0 }));
    }
}
