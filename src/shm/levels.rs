//! Level words: one threshold for each target and base, which the drain changes for all processes.

use super::segment::Segment;
use crate::layout::level_word::{LevelWord, SIZE};
use crate::sync::{AtomicU64, Ordering};

impl Segment {
    /// The level word of `target` (a dictionary id) for processes whose own filter gives `base`, made
    /// when it is new, with `base` as its threshold. `None` = all words are taken: use the filter's own
    /// threshold.
    pub fn level_word(&self, target: u32, base: u8) -> Option<&AtomicU64> {
        self.level_word_among(self.geometry().level_count as usize, target, base)
    }

    /// The number of the level word of a target that was made at run time: a new word only while less
    /// than half of them are taken, since words are never given back.
    pub fn level_word_spare(&self, target: u32, base: u8) -> Option<u32> {
        let is_known = |word: &AtomicU64| is_of(word.load(Ordering::Relaxed), target, base);
        let known = self.level_words().position(is_known);
        let half = self.geometry().level_count as usize / 2;
        let index = known.or_else(|| {
            let word = self.level_word_among(half, target, base)?;
            self.level_words().position(|other| std::ptr::eq(other, word))
        })?;
        u32::try_from(index).ok()
    }

    /// The level word of this number.
    #[must_use]
    pub fn level_word_at(&self, index: u32) -> Option<&AtomicU64> {
        (index < self.geometry().level_count)
            .then(|| self.u64_at(self.offsets().levels + index as usize * SIZE))
    }

    fn level_word_among(&self, first: usize, target: u32, base: u8) -> Option<&AtomicU64> {
        let new = LevelWord { target, base, threshold: base }.raw();
        // Words are never given back, so the first free one ends the search, and two who add the same
        // meet there.
        self.level_words().take(first).find(|word| {
            let mut seen = word.load(Ordering::Relaxed);
            if LevelWord::of(seen).is_none() {
                // Relaxed: the word is all there is.
                match word.compare_exchange(seen, new, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return true,
                    Err(now) => seen = now,
                }
            }
            is_of(seen, target, base)
        })
    }

    /// All level words, those not in use too.
    pub fn level_words(&self) -> impl Iterator<Item = &AtomicU64> {
        (0..self.geometry().level_count as usize)
            .map(|index| self.u64_at(self.offsets().levels + index * SIZE))
    }
}

/// Whether this word is in use for them.
fn is_of(word: u64, target: u32, base: u8) -> bool {
    LevelWord::of(word).is_some_and(|known| known.target == target && known.base == base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Geometry;

    #[test]
    fn a_target_and_base_have_one_word_until_all_are_taken() {
        let geometry = Geometry { level_count: 2, ..Geometry::default() };
        let segment = Segment::heap(geometry).expect("memory");
        let word = segment.level_word(7, 20).expect("room");
        assert_eq!(
            LevelWord::of(word.load(Ordering::Relaxed)),
            Some(LevelWord { target: 7, base: 20, threshold: 20 })
        );
        let changed = LevelWord { target: 7, base: 20, threshold: 5 }.raw();
        word.store(changed, Ordering::Relaxed);
        let again = segment.level_word(7, 20).expect("known");
        assert!(std::ptr::eq(word, again), "what the drain set is in force for later processes");
        assert!(!std::ptr::eq(word, segment.level_word(7, 30).expect("room")));
        assert!(segment.level_word(8, 20).is_none());
    }
    #[test]
    fn targets_made_at_run_time_leave_half_of_the_words() {
        let geometry = Geometry { level_count: 4, ..Geometry::default() };
        let segment = Segment::heap(geometry).expect("memory");
        for (target, index) in [(1, 0), (2, 1), (1, 0)] {
            assert_eq!(segment.level_word_spare(target, 20), Some(index));
        }
        assert!(segment.level_word_spare(3, 20).is_none());
        assert!(segment.level_word(3, 20).is_some());
        assert_eq!(segment.level_word_spare(3, 20), Some(2), "it is there already");
        assert!(segment.level_word_at(3).is_some() && segment.level_word_at(4).is_none());
    }
}
