//! Which block to try next. The bitmap is a hint: any content of it is safe, a wrong bit costs a
//! failed claim, a missing one a sweep over the words.

use super::Memory;
use crate::layout::BlockWord;
use crate::sync::Ordering::Relaxed;

/// Marks `block` as perhaps free.
pub fn offer<M: Memory>(memory: &M, block: u32) {
    memory.hint(block / 64).fetch_or(1 << (block % 64), Relaxed);
}

/// Takes `block` out of the bitmap; called by who has claimed it.
pub fn withdraw<M: Memory>(memory: &M, block: u32) {
    let hint = memory.hint(block / 64);
    let bit = 1 << (block % 64);
    // A plain look first: most claims find the bit gone already and need no write.
    if hint.load(Relaxed) & bit != 0 {
        hint.fetch_and(!bit, Relaxed);
    }
}

/// The first block at or after `from`, wrapping once, that the bitmap says may be free.
pub fn next<M: Memory>(memory: &M, from: u32) -> Option<u32> {
    let count = memory.block_count();
    let from = if from < count { from } else { 0 };
    let words = count.div_ceil(64);
    let first = from / 64;
    for step in 0..=words {
        let index = (first + step) % words;
        let mut bits = memory.hint(index).load(Relaxed);
        if step == 0 {
            bits &= u64::MAX << (from % 64);
        }
        let block = index * 64 + bits.trailing_zeros();
        if bits != 0 && block < count {
            return Some(block);
        }
    }
    None
}

/// Whether more than `count` blocks are free, by the bitmap alone.
pub fn offers_more_than<M: Memory>(memory: &M, count: u32) -> bool {
    let mut bits = 0;
    for index in 0..memory.block_count().div_ceil(64) {
        bits += memory.hint(index).load(Relaxed).count_ones();
        if bits > count {
            return true;
        }
    }
    false
}

/// Whether more than `count` blocks are free, by the bitmap, or where that has too few, by the words.
pub fn more_than<M: Memory>(memory: &M, count: u32) -> bool {
    if offers_more_than(memory, count) {
        return true;
    }
    let blocks = memory.block_count();
    let is_free = |block: &u32| {
        let word = memory.word(*block).load(Relaxed);
        matches!(BlockWord::of(word), Some(BlockWord::Free { .. }))
    };
    (0..blocks).filter(is_free).nth(count as usize).is_some()
}

/// A free block found by looking at every word: the bitmap has none to offer.
pub fn sweep<M: Memory>(memory: &M, from: u32) -> Option<u32> {
    let count = memory.block_count();
    (0..count).map(|step| (from % count + step) % count).find(|block| {
        let word = memory.word(*block).load(Relaxed);
        matches!(BlockWord::of(word), Some(BlockWord::Free { .. }))
    })
}
