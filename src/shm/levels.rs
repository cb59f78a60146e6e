//! Level words: one threshold for each target and base, changed for all processes at once by rules.
//!
//! Producers make a word at the first call for a target; whoever sets the segment's rules changes all
//! words. `layout::level_word` says why no word keeps a threshold of former rules.

use super::segment::Segment;
use crate::layout::level_word::{LevelWord, SIZE};
use crate::sync::{AtomicU64, Ordering, named_fence, order};

/// How often a word is brought in line before a call goes on: rules change at human speed, and only
/// somebody who writes rubbish keeps them changing.
const ROUNDS: u32 = 64;

impl Segment {
    /// The level word of `target` (a dictionary id) for processes whose own filter gives `base`, made
    /// when it is new. `in_force` says its threshold under the rules of this id. `None` = all words are
    /// taken.
    pub fn level_word(
        &self,
        target: u32,
        base: u8,
        in_force: impl Fn(u32) -> u8,
    ) -> Option<&AtomicU64> {
        let word = self.level_word_among(self.geometry().level_count as usize, target, base)?;
        self.bring_in_line(word, in_force);
        Some(word)
    }

    /// The number of the level word of a target that was made at run time: a new word only while less
    /// than half of them are taken, since words are never given back.
    pub fn level_word_spare(
        &self,
        target: u32,
        base: u8,
        in_force: impl Fn(u32) -> u8,
    ) -> Option<u32> {
        let is_known = |word: &AtomicU64| is_of(word.load(Ordering::Relaxed), target, base);
        let known = self.level_words().position(is_known);
        let half = self.geometry().level_count as usize / 2;
        let index = known.or_else(|| {
            let word = self.level_word_among(half, target, base)?;
            self.level_words().position(|other| std::ptr::eq(other, word))
        })?;
        let index = u32::try_from(index).ok()?;
        self.bring_in_line(self.level_word_at(index)?, in_force);
        Some(index)
    }

    /// The level word of this number.
    #[must_use]
    pub fn level_word_at(&self, index: u32) -> Option<&AtomicU64> {
        (index < self.geometry().level_count)
            .then(|| self.u64_at(self.offsets().levels + index as usize * SIZE))
    }

    /// Puts the rules of this id in force: `in_force` says the threshold of a word under them. When it
    /// returns all words have theirs, also those that come. One caller at a time.
    pub fn set_level_rules(&self, rules: u32, in_force: impl Fn(LevelWord) -> u8) {
        self.drain_area().level_rules().store(rules, Ordering::Relaxed);
        named_fence(order::levels_fence()); // pair:levels
        for word in self.level_words() {
            // A loop because a process may be bringing it in line with what it saw before.
            for _ in 0..ROUNDS {
                let seen = word.load(Ordering::Relaxed);
                let Some(known) = LevelWord::of(seen) else { break };
                let wanted = LevelWord { threshold: in_force(known), ..known }.raw();
                if swap(word, seen, wanted) {
                    break;
                }
            }
        }
    }

    /// Gives a word the threshold that the rules in force say.
    fn bring_in_line(&self, word: &AtomicU64, in_force: impl Fn(u32) -> u8) {
        for _ in 0..ROUNDS {
            named_fence(order::levels_fence()); // pair:levels
            let rules = self.drain_area().level_rules().load(Ordering::Relaxed);
            let seen = word.load(Ordering::Relaxed);
            let Some(known) = LevelWord::of(seen) else { return };
            let wanted = LevelWord { threshold: in_force(rules), ..known }.raw();
            if wanted == seen {
                return;
            }
            // The rules are read again after it, whether it went well or not.
            swap(word, seen, wanted);
        }
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

fn swap(word: &AtomicU64, seen: u64, wanted: u64) -> bool {
    // Relaxed: the fence before it is what orders.
    word.compare_exchange(seen, wanted, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Geometry;

    fn of(levels: u32) -> Segment {
        Segment::heap(Geometry { level_count: levels, ..Geometry::default() }).expect("memory")
    }

    /// Rules 1 say debug, no rules say 20.
    fn says(rules: u32) -> u8 {
        if rules == 1 { 10 } else { 20 }
    }

    #[test]
    fn a_target_and_base_have_one_word_until_all_are_taken() {
        let segment = of(2);
        let word = segment.level_word(7, 20, says).expect("room");
        assert_eq!(
            LevelWord::of(word.load(Ordering::Relaxed)),
            Some(LevelWord { target: 7, base: 20, threshold: 20 })
        );
        assert!(std::ptr::eq(word, segment.level_word(7, 20, says).expect("known")));
        assert!(!std::ptr::eq(word, segment.level_word(7, 30, says).expect("room")));
        assert!(segment.level_word(8, 20, says).is_none());
    }

    #[test]
    fn rules_are_in_force_for_words_that_are_there_and_for_those_that_come() {
        let segment = of(4);
        let threshold =
            |word: &AtomicU64| LevelWord::of(word.load(Ordering::Relaxed)).map(|w| w.threshold);
        let before = segment.level_word(7, 20, says).expect("room");
        segment.set_level_rules(1, |word| if word.target == 7 { 10 } else { word.base });
        let after = segment.level_word(8, 20, says).expect("room");
        assert_eq!([threshold(before), threshold(after)], [Some(10); 2]);
        segment.set_level_rules(0, |word| word.base);
        assert_eq!([threshold(before), threshold(after)], [Some(20); 2]);
    }

    #[test]
    fn targets_made_at_run_time_leave_half_of_the_words() {
        let segment = of(4);
        for (target, index) in [(1, 0), (2, 1), (1, 0)] {
            assert_eq!(segment.level_word_spare(target, 20, says), Some(index));
        }
        assert!(segment.level_word_spare(3, 20, says).is_none());
        assert!(segment.level_word(3, 20, says).is_some());
        assert_eq!(segment.level_word_spare(3, 20, says), Some(2), "it is there already");
        assert!(segment.level_word_at(3).is_some() && segment.level_word_at(4).is_none());
    }
}
