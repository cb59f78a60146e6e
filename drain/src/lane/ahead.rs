//! Records of a lane that were copied out of the ring together with the one before them: to find and
//! copy each by itself takes 1.4 times the instructions, and waits for each line alone. Called by `lane.rs`,
//! which passes them one by one as if each had just been found.
//!
//! What is committed in a block that the drain holds back does not change. So this must never be used
//! where a block may be written over while it is read.

use std::ops::Range;

use logring::layout::record;
use logring::ring::Memory;
use logring::ring::reader::{self, Chain, Position};

use super::{Head, Lane};

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

impl Lane {
    /// Takes the head and what stands behind it, as long as `each` takes it and nothing but the record is
    /// to be told: the next in the lane's sequence, at a time in `times`, copied together with the one
    /// before it. False when there is none.
    #[inline(always)]
    pub(crate) fn take_run(
        &mut self,
        times: Range<u64>,
        payload_max: usize,
        mut each: impl FnMut(&Head, &[u8]) -> bool,
    ) -> bool {
        let (Some(Head { ahead: Some(first), .. }), Some(before)) = (self.head, self.sequence)
        else {
            return false;
        };
        if self.owner.flight {
            return false;
        }
        let (mut earliest, mut sequence, mut last) = (times.start, before, None);
        for (head, slot) in self.ahead.from(first) {
            if !(earliest..times.end).contains(&head.timestamp)
                || sequence.checked_add(1) != Some(head.sequence)
                || head.flags & record::flags::TRIGGER != 0
            {
                break;
            }
            let len = head.payload_len as usize;
            let payload = slot.get(record::PAYLOAD..).and_then(|payload| payload.get(..len));
            let Some(payload) = payload.filter(|_| len <= payload_max) else { break };
            if !each(head, payload) {
                break;
            }
            (earliest, sequence, last) = (head.timestamp, head.sequence, Some(head.at));
        }
        let Some(last) = last else { return false };
        let count = sequence - before;
        self.ahead.go_on_behind(first, count as usize);
        self.chain.advance(count as u32);
        self.head = None;
        self.position = Some(Position { slot: last.slot + 1, ..last });
        self.sequence = Some(sequence);
        self.delivered += count;
        self.touched = true;
        true
    }
}
