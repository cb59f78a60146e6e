//! The drain's half of the protocol: follow each lane's chain, copy, free. `sweep.rs` finds the blocks.
//!
//! Nothing read here is trusted: indexes and lengths are checked, each word is read once.

mod ahead;

use core::ops::Range;

use super::{Memory, hints};
use crate::layout::record;
use crate::layout::stamp::{Kind, Stamp};
use crate::layout::word::{BlockWord, LaneRef, next_generation, next_ordinal, ordinal_distance};
use crate::sync::Ordering::Relaxed;
use crate::sync::order;

pub use super::sweep::{Owned, Sweep};
pub use ahead::is_quiet;

/// A place in a block at which the drain reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The block.
    pub block: u32,
    /// Its generation.
    pub generation: u32,
    /// The slot.
    pub slot: u32,
}

/// What stands at a lane's reading position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A committed record.
    Record {
        /// Where.
        at: Position,
        /// Its slots in this block, checked to lie inside it.
        slots: u32,
        /// Its level, as the stamp has it.
        level: u8,
        /// Whether its payload stands in extension blocks.
        head: bool,
    },
    /// Nothing committed; `busy` when a record is being written here.
    Open {
        /// Where.
        at: Position,
        /// Whether the slot is marked.
        busy: bool,
    },
    /// No begun block with the next ordinal has been seen.
    Empty,
}

/// A begun block of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    ordinal: u64,
    block: u32,
    generation: u32,
    /// Slots consumed already, from the ledger.
    consumed: u32,
}

/// One lane's blocks in order, and where it is read.
///
/// Ordinal n + 1 is read only after n is complete. Sorting what one sweep found would not be
/// enough: a sweep can pass n before it is claimed and see n + 1.
#[derive(Debug)]
pub struct Chain {
    /// Blocks begun but not reached, by ordinal.
    links: Vec<Link>,
    /// The block being read.
    current: Option<Link>,
    slot: u32,
    /// Ordinal of the next block to read.
    next: Option<u64>,
    /// The last sweep had later blocks, up to this one, but not the next one.
    seen: Option<u64>,
    /// The first ordinal that was not found and passed over: what turns up between it and the
    /// present one was never read. Somebody wrote a wrong ordinal into the lane's block.
    passed_over: Option<u64>,
    /// Stamps that made no sense, skipped, since the last [`Chain::take_malformed`].
    malformed: u64,
    /// A block was written over before it was read, since the last [`Chain::take_outrun`].
    outrun: bool,
}

impl Chain {
    /// A chain whose next block has ordinal `next`; `None` = whichever is the lowest (no mark).
    #[must_use]
    pub fn new(next: Option<u64>) -> Self {
        Self {
            links: Vec::new(),
            current: None,
            slot: 0,
            next,
            seen: None,
            passed_over: None,
            malformed: 0,
            outrun: false,
        }
    }

    /// Adds a begun block, of which `consumed` slots are consumed already. False when the chain
    /// has passed that ordinal: the block holds nothing more to read.
    #[must_use]
    pub fn insert(&mut self, block: u32, generation: u32, ordinal: u64, consumed: u32) -> bool {
        let is_behind = self.ordinal().is_some_and(|at| ordinal_distance(at, ordinal) < 0);
        let was_read = self.passed_over.is_none_or(|from| ordinal_distance(from, ordinal) < 0);
        if is_behind && was_read {
            return false;
        }
        let link = Link { ordinal, block, generation, consumed };
        if self.current.is_none_or(|current| current.ordinal != ordinal)
            && !self.links.contains(&link)
        {
            // One block has one place: a word that is forged again and again does not fill memory.
            self.links.retain(|known| known.block != block);
            self.links.push(link);
        }
        true
    }

    /// Adds a block of a lane that is over and never said it began it: it comes last.
    pub fn insert_last(&mut self, block: u32, generation: u32, consumed: u32) {
        let known = self.links.iter().map(|link| link.ordinal).max();
        let last = known.or(self.current.map(|link| link.ordinal));
        let ordinal = last.map_or(self.next.unwrap_or(1), next_ordinal);
        let link = Link { ordinal, block, generation, consumed };
        if !self.links.iter().chain(&self.current).any(|known| known.block == block) {
            self.links.push(link);
        }
    }

    /// Whether blocks are known that have not been reached.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.links.is_empty()
    }

    /// After a sweep: a next block that it did not find, although it began after a later one had been
    /// seen, was overwritten or never there; the lowest known is next then. True when that happened.
    ///
    /// Only up to what an earlier sweep had seen is that known: of blocks that are begun while a sweep
    /// runs it may pass the first and see the second.
    pub fn settle(&mut self) -> bool {
        let before = self.seen.take();
        if self.current.is_some() {
            return false;
        }
        let ordinals = || self.links.iter().map(|link| link.ordinal);
        let lowest = ordinals().reduce(|a, b| if ordinal_distance(a, b) >= 0 { a } else { b });
        let highest = ordinals().reduce(|a, b| if ordinal_distance(a, b) >= 0 { b } else { a });
        match (self.next, lowest) {
            (None, Some(lowest)) => self.next = Some(lowest),
            (Some(next), Some(lowest)) if ordinals().all(|ordinal| ordinal != next) => {
                if before.is_some_and(|before| ordinal_distance(lowest, before) >= 0) {
                    self.passed_over.get_or_insert(next);
                    self.next = Some(lowest);
                    return true;
                }
                self.seen = highest;
            }
            _ => {}
        }
        false
    }

    /// Whether the last sweep had later blocks but not the next one: another sweep tells whether it is
    /// there.
    #[must_use]
    pub fn misses_next(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether blocks are known, but not the next one: it stands where a sweep looked too early, or its
    /// owner has written over it.
    #[must_use]
    pub fn is_stranded(&self) -> bool {
        self.current.is_none()
            && self.has_more()
            && self.next.is_some_and(|next| self.links.iter().all(|link| link.ordinal != next))
    }

    /// Ordinal of the block being read, or of the next one.
    #[must_use]
    pub fn ordinal(&self) -> Option<u64> {
        self.current.map(|link| link.ordinal).or(self.next)
    }

    /// The block of this ordinal and its generation, if it is known and not passed.
    #[must_use]
    pub fn block_of(&self, ordinal: u64) -> Option<(u32, u32)> {
        let mut known = self.current.iter().chain(&self.links);
        known.find(|link| link.ordinal == ordinal).map(|link| (link.block, link.generation))
    }

    /// Stamps that made no sense since the last call.
    pub fn take_malformed(&mut self) -> u64 {
        std::mem::take(&mut self.malformed)
    }

    /// Whether a block was written over before all of it was read, since the last call. Only where
    /// the reader does not hold blocks back.
    pub fn take_outrun(&mut self) -> bool {
        std::mem::take(&mut self.outrun)
    }

    /// What stands at the reading position. Blocks that are complete are passed to `done` on the
    /// way, with all their slots.
    #[inline]
    pub fn look<M: Memory>(&mut self, memory: &M, mut done: impl FnMut(Position)) -> Look {
        let slots_per_block = memory.slots_per_block();
        loop {
            let Some(link) = self.current.or_else(|| self.enter()) else { return Look::Empty };
            let at = Position { block: link.block, generation: link.generation, slot: self.slot };
            if self.slot >= slots_per_block {
                self.leave(link);
                done(at);
                continue;
            }
            let stamp = memory.stamp(memory.block(link.block), self.slot);
            let mut raw = stamp.load(order::commit_load()); // pair:commit
            if let Some((slots, level)) = Stamp::record_of(raw, link.generation)
                && slots >= 1
                && slots <= slots_per_block - self.slot
            {
                self.prefetch(memory, link, slots);
                return Look::Record { at, slots, level, head: false };
            }
            if Stamp::generation_of(raw) != link.generation || is_busy(raw) {
                if !memory.holds(link.block, link.generation) {
                    self.outrun();
                    continue;
                }
                if !self.has_successor(link.ordinal) {
                    return Look::Open { at, busy: is_busy_in(raw, link.generation) };
                }
                // The lane has begun a later block, and it ends a block before that: seen again
                // after the later `begun`, this slot must be committed, or somebody damaged it.
                raw = stamp.load(order::commit_load()); // pair:commit
            }
            match Stamp::of(raw).filter(|stamp| stamp.generation == link.generation) {
                Some(Stamp { kind: Kind::Pad, .. }) => self.slot = slots_per_block,
                Some(Stamp { kind: kind @ (Kind::Record | Kind::Head), slots, level, .. })
                    if slots >= 1 && slots <= slots_per_block - self.slot =>
                {
                    self.prefetch(memory, link, slots);
                    return Look::Record { at, slots, level, head: kind == Kind::Head };
                }
                _ if !memory.holds(link.block, link.generation) => self.outrun(),
                _ => {
                    self.malformed += 1;
                    self.slot += 1;
                }
            }
        }
    }

    /// Gives up the block being read, which somebody writes over.
    #[cold]
    pub fn outrun(&mut self) {
        if let Some(link) = self.current {
            self.leave(link);
        }
        self.outrun = true;
    }

    /// Moves the reading position behind a record of `slots` slots.
    pub fn advance(&mut self, slots: u32) {
        self.slot += slots;
    }

    /// Gives up the rest of the block being read: its lane is over and nothing more will come.
    /// Returns the position behind what was committed.
    pub fn abandon(&mut self) -> Option<Position> {
        let link = self.current?;
        let at = Position { block: link.block, generation: link.generation, slot: self.slot };
        self.leave(link);
        Some(at)
    }

    /// Brings near what is read soon: what is flushed behind the reader keeps the processor from
    /// doing so by itself. Only where a later block is known, so that no line is taken away from a
    /// writer that is about to write it.
    #[inline(always)]
    fn prefetch<M: Memory>(&self, memory: &M, link: Link, slots: u32) {
        let slot = self.slot + slots + PREFETCH_AHEAD;
        if slot < memory.slots_per_block() && self.has_more() {
            memory.prefetch_slot(memory.block(link.block), slot);
        }
    }

    fn enter(&mut self) -> Option<Link> {
        let next = self.next?;
        let index = self.links.iter().position(|link| link.ordinal == next)?;
        let link = self.links.swap_remove(index);
        self.slot = link.consumed;
        self.current = Some(link);
        self.current
    }

    fn leave(&mut self, link: Link) {
        self.current = None;
        self.slot = 0;
        self.next = Some(next_ordinal(link.ordinal));
    }

    fn has_successor(&self, ordinal: u64) -> bool {
        self.links.iter().any(|link| ordinal_distance(ordinal, link.ordinal) > 0)
    }
}

/// Slots between the one that is read and the one that is fetched meanwhile.
const PREFETCH_AHEAD: u32 = 3;

#[inline]
fn is_busy(raw: u64) -> bool {
    matches!(Stamp::of(raw), Some(Stamp { kind: Kind::Busy, .. }))
}

fn is_busy_in(raw: u64, generation: u32) -> bool {
    is_busy(raw) && Stamp::generation_of(raw) == generation
}

/// Whether slot 0 of a block carries its generation: its owner wrote there.
pub fn was_written<M: Memory>(memory: &M, block: u32, generation: u32) -> bool {
    let raw = memory.stamp(memory.block(block), 0).load(order::commit_load()); // pair:commit
    Stamp::generation_of(raw) == generation
}

/// How many records of a block in use are committed with a timestamp in `times`. By who only counts:
/// what is written over meanwhile counts as none.
pub fn count_between<M: Memory>(memory: &M, block: u32, times: Range<u64>) -> u64 {
    let word = BlockWord::of(memory.word(block).load(Relaxed));
    let Some(BlockWord::Owned { generation, .. }) = word else { return 0 };
    let handle = memory.block(block);
    let (mut slot, mut count) = (0, 0);
    while slot < memory.slots_per_block() {
        let raw = memory.stamp(handle, slot).load(order::commit_load()); // pair:commit
        let stamp = Stamp::of(raw).filter(|stamp| stamp.generation == generation);
        let Some(Stamp { kind: Kind::Record | Kind::Head, slots: slots @ 1.., .. }) = stamp else {
            break;
        };
        let timestamp = memory.slot_word(handle, slot, record::TIMESTAMP as u32 / 8);
        count += u64::from(times.contains(&timestamp));
        slot = slot.saturating_add(slots);
    }
    if memory.holds(block, generation) { count } else { 0 }
}

/// Copies a slot into `out`, from word `from` on, by relaxed word loads, and flushes its lines:
/// private memory is then validated, shared memory is not looked at again.
pub fn copy_slot<M: Memory>(memory: &M, block: u32, slot: u32, from: u32, out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + memory.slot_words().saturating_sub(from) as usize * 8, 0);
    fill_slot(memory, block, slot, from, &mut out[at..]);
}

/// The header of a record and as much of what stands behind it in its first slot as is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Ticks of the segment's clock.
    pub timestamp: u64,
    /// Its number in the lane.
    pub sequence: u64,
    /// The callsite's id.
    pub callsite: u32,
    /// Bytes of the payload.
    pub payload_len: u32,
    /// Bits of [`record::flags`].
    pub flags: u16,
    /// Extension blocks.
    pub fragments: u16,
    /// Bytes of the context.
    pub context_len: u32,
}

/// Words of a cache line.
const LINE_WORDS: usize = 8;

/// Copies a record's first slot into `to`, which has its size, and flushes it. Where `is_alone`, the
/// payload ends in this slot, and no line behind it is looked at.
#[inline(always)]
pub fn fill_first<M: Memory>(
    memory: &M,
    block: M::Block,
    slot: u32,
    is_alone: bool,
    to: &mut [[u8; 8]],
) -> Header {
    let (first, rest) = to.split_at_mut(LINE_WORDS.min(to.len()));
    memory.copy_words(block, slot, 0, first);
    let word = |byte: usize| first.get(byte / 8).copied().map_or(0, u64::from_le_bytes);
    let (lens, marks) = (word(record::CALLSITE), word(record::FLAGS));
    let header = Header {
        timestamp: word(record::TIMESTAMP),
        sequence: word(record::SEQUENCE),
        callsite: lens as u32,
        payload_len: (lens >> 32) as u32,
        flags: marks as u16,
        fragments: (marks >> 16) as u16,
        context_len: (marks >> 32) as u32,
    };
    let end = record::PAYLOAD.saturating_add(header.payload_len as usize);
    if !is_alone || end > LINE_WORDS * 8 {
        memory.copy_words(block, slot, LINE_WORDS as u32, rest);
    }
    memory.flush(block, slot);
    header
}

const _: () =
    assert!(record::CALLSITE.is_multiple_of(8) && record::PAYLOAD_LEN == record::CALLSITE + 4);
const _: () = assert!(record::FLAGS.is_multiple_of(8) && record::FRAGMENTS == record::FLAGS + 2);
const _: () = assert!(record::CONTEXT_LEN == record::FLAGS + 4);

/// The same into `to`, as far as it goes.
#[inline]
pub fn fill_slot<M: Memory>(memory: &M, block: u32, slot: u32, from: u32, to: &mut [u8]) {
    let handle = memory.block(block);
    memory.copy_words(handle, slot, from, to.as_chunks_mut().0);
    memory.flush(handle, slot);
}

/// Gives a block back: it becomes FREE of the next generation. False when its word is not what it
/// should be (somebody else wrote it), then nothing has changed.
///
/// At the last generation all stamps are zeroed first, since generations start again at 1.
pub fn free<M: Memory>(memory: &M, block: u32, generation: u32, lane: LaneRef) -> bool {
    let owned = BlockWord::Owned { generation, lane }.raw();
    // While the word says so only the drain changes it; what it has freed before is not touched.
    if memory.word(block).load(Relaxed) != owned {
        return false;
    }
    memory.ext_of(block).store(0, Relaxed);
    let next = next_generation(generation);
    if next < generation {
        let handle = memory.block(block);
        for slot in 0..memory.slots_per_block() {
            memory.stamp(handle, slot).store(0, Relaxed);
        }
        memory.begun(block).store(0, Relaxed);
    }
    let free = BlockWord::Free { generation: next }.raw();
    // pair:free; the release orders the stores above before it as well
    if memory.word(block).compare_exchange(owned, free, order::free_store(), Relaxed).is_err() {
        return false;
    }
    hints::offer(memory, block);
    true
}
