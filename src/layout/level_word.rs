//! Level words: one threshold per (target, threshold of the process's own filter).
//!
//! ```text
//!  63..32 target (dictionary id) | 31..24 base | 23..16 in use | 15..8 zero | 7..0 threshold
//! ```
//!
//! A disabled log call is one relaxed load of such a word and one comparison: a record goes out iff
//! its level is at least `threshold`. `base` is what the process's own filter gave; an operator
//! changes `threshold` for every process at once. 0 = not in use.
//!
//! Who makes a word fences, then reads the rules in force and gives the word the threshold that they
//! say, until it has it. Who changes the rules stores them, fences, then changes all words. So one of
//! the two sees the other, and no word is left with the threshold of former rules.

/// Bytes of a word.
pub const SIZE: usize = 8;

/// A level word in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelWord {
    /// Dictionary id of the target.
    pub target: u32,
    /// The threshold that the process's own filter gives.
    pub base: u8,
    /// The threshold in force.
    pub threshold: u8,
}

impl LevelWord {
    /// Decodes a word; `None` when it is not in use.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Option<Self> {
        if word & (1 << 16) == 0 {
            return None;
        }
        Some(Self { target: (word >> 32) as u32, base: (word >> 24) as u8, threshold: word as u8 })
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        (self.target as u64) << 32 | (self.base as u64) << 24 | 1 << 16 | self.threshold as u64
    }
}
