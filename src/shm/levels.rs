//! Level words: one threshold for each target and base, which the drain changes for all processes.

use super::segment::Segment;
use crate::layout::level_word::{LevelWord, SIZE};
use crate::sync::{AtomicU64, Ordering};

impl Segment {
    /// The level word of `target` (a dictionary id) for processes whose own filter gives `base`, made
    /// when it is new, with `base` as its threshold. `None` = all words are taken: use the filter's own
    /// threshold.
    pub fn level_word(&self, target: u32, base: u8) -> Option<&AtomicU64> {
        let new = LevelWord { target, base, threshold: base }.raw();
        // Words are never given back, so the first free one ends the search, and two who add the same
        // meet there.
        self.level_words().find(|word| {
            let mut seen = word.load(Ordering::Relaxed);
            if LevelWord::of(seen).is_none() {
                // Relaxed: the word is all there is.
                match word.compare_exchange(seen, new, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return true,
                    Err(now) => seen = now,
                }
            }
            LevelWord::of(seen).is_some_and(|known| known.target == target && known.base == base)
        })
    }

    /// All level words, those not in use too.
    pub fn level_words(&self) -> impl Iterator<Item = &AtomicU64> {
        (0..self.geometry().level_count as usize)
            .map(|index| self.u64_at(self.offsets().levels + index * SIZE))
    }
}
