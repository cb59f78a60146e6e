//! Records of a lane that were copied out of the ring together with the one before them: to find and
//! copy each by itself takes three times as long. Called by `lane.rs`, which passes them one by one as
//! if each had just been found.
//!
//! What is committed in a block that the drain holds back does not change. So this must never be used
//! where a block may be written over while it is read.

use logring::ring::Memory;
use logring::ring::reader::{self, Chain, Position};

use super::Head;

/// So many at most: they and their lines stay in the first-level cache.
const AHEAD: u32 = 16;

/// Copies of records behind the one that is being read.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    heads: Vec<Head>,
    /// The next one to be passed.
    next: usize,
    /// Their slots, each of the same size.
    slots: Vec<u8>,
}

impl Ahead {
    /// Copies what stands behind the record of one slot at `at`. There is nothing left of before.
    pub(super) fn fill<M: Memory>(&mut self, memory: &M, chain: &Chain, at: Position) {
        self.heads.clear();
        self.next = 0;
        let len = memory.slot_words() as usize * 8;
        let Self { heads, slots, .. } = self;
        let block = memory.block(at.block);
        chain.look_ahead(memory, at, AHEAD, |at, level| {
            if slots.is_empty() {
                // Most lanes of many never come here.
                slots.resize(AHEAD as usize * len, 0);
            }
            let place = heads.len();
            let Some(slot) = slots.get_mut(place * len..(place + 1) * len) else { return };
            let words = slot.as_chunks_mut().0;
            let header = reader::fill_first(memory, block, at.slot, true, words);
            heads.push(Head::new(at, &header, (1, level, false), Some(place as u32)));
        });
    }

    /// The next of them, if that is what the chain stands at.
    #[inline(always)]
    pub(super) fn pass(&mut self, chain: &Chain) -> Option<Head> {
        let head = self.heads.get(self.next)?;
        if !chain.is_at(head.at) {
            self.heads.clear();
            return None;
        }
        self.next += 1;
        Some(*head)
    }

    /// Those from a place on, each with its slot.
    #[inline(always)]
    pub(super) fn from(&self, place: u32) -> impl Iterator<Item = (&Head, &[u8])> {
        let len = (self.slots.len() / AHEAD as usize).max(1);
        self.heads.iter().zip(self.slots.chunks_exact(len)).skip(place as usize)
    }

    /// So many were passed from a place on.
    pub(super) fn go_on_behind(&mut self, place: u32, count: usize) {
        self.next = place as usize + count;
    }

    /// The slot at a place.
    #[inline(always)]
    pub(super) fn slot(&self, place: u32) -> &[u8] {
        let len = self.slots.len() / AHEAD as usize;
        let from = place as usize * len;
        self.slots.get(from..from + len).unwrap_or_default()
    }
}
