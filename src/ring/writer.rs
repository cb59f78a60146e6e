//! The producer's half of the protocol: a lane claims blocks, marks, commits, crosses.
//!
//! The call path (`call/emit.rs`) drives it: `open` (mark), fill the slots, `commit`. Between mark
//! and commit there is no read-modify-write, no fence, no syscall, no allocation and no user code.
//! Everything that is not that is a cold function of its own.

use core::cell::Cell;

use super::{Memory, hints};
use crate::layout::stamp::{Kind, Stamp};
use crate::layout::word::{Begun, BlockWord, LaneRef, next_ordinal};
use crate::sync::Ordering::{Relaxed, SeqCst};
use crate::sync::{compiler_fence, in_order, named_fence, order};

/// One thread's private state in one segment. All zero = never used, or wiped by a fork.
///
/// Only its own thread touches it, signal handlers on that thread included.
#[derive(Default)]
#[repr(C, align(128))]
pub struct LaneCell<B> {
    /// Slots left in the open block + 1; 1 = the block has ended, 0 = closed: a call is inside, or
    /// nobody has registered.
    left: Cell<u32>,
    /// See [`State`].
    state: Cell<u32>,
    /// The first slot that is not committed.
    next: Cell<u32>,
    /// Slots that the open record takes.
    open_slots: Cell<u32>,
    /// Handle of the open block.
    base: Cell<B>,
    /// The open block's generation, where a stamp has it.
    generation_bits: Cell<u64>,
    /// Last sequence taken.
    sequence: Cell<u64>,
    /// Last timestamp stamped; the next is not below it.
    timestamp: Cell<u64>,
    /// Slots of a block.
    slots_per_block: Cell<u32>,
    /// The next block to try.
    candidate: Cell<u32>,
    /// The open block's number + 1; 0 = none yet.
    block: Cell<u32>,
    lane_index: Cell<u32>,
    lane_inc: Cell<u32>,
    process: Cell<u32>,
    /// Ordinal of the open block; 0 = none yet.
    ordinal: Cell<u64>,
    /// Whether the open block is of the reserve: it seems to have ended to calls on the short way.
    reserved: Cell<bool>,
}

/// What a closed cell is closed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Never used, or wiped by a fork.
    Unregistered = 0,
    /// Its thread is registering; what is logged meanwhile is dropped and counted.
    Registering = 1,
    /// It has a lane.
    Live = 2,
    /// It belongs to a thread of a drain, which never writes to the ring that it drains.
    Drain = 3,
}

/// Where the drain prefetches the next block for the writer: this many slots before the end.
const PREFETCH_LEFT: u32 = 8;

impl<B: Copy + Default> LaneCell<B> {
    /// What the cell is.
    #[must_use]
    pub fn state(&self) -> State {
        match self.state.get() {
            1 => State::Registering,
            2 => State::Live,
            3 => State::Drain,
            _ => State::Unregistered,
        }
    }

    /// Changes what the cell is. Anything but `Live` leaves it closed.
    pub fn set_state(&self, state: State) {
        self.state.set(state as u32);
    }

    /// Makes the cell the one of `lane`, which has just been registered and owns no block.
    pub fn adopt<M: Memory<Block = B>>(&self, memory: &M, lane: LaneRef, process: u32) {
        self.lane_index.set(lane.index);
        self.lane_inc.set(lane.inc);
        self.process.set(process);
        self.slots_per_block.set(memory.slots_per_block());
        self.block.set(0);
        self.ordinal.set(0);
        self.next.set(0);
        self.sequence.set(0);
        self.timestamp.set(0);
        // Lanes begin their search at different places, so that they do not fight for one word.
        self.candidate.set(lane.index.wrapping_mul(0x9e37_79b9) % memory.block_count());
        self.set_state(State::Live);
        compiler_fence(SeqCst);
        self.left.set(1);
    }

    /// The lane that the cell has; meaningful in state `Live`.
    #[must_use]
    pub fn lane(&self) -> LaneRef {
        LaneRef { index: self.lane_index.get(), inc: self.lane_inc.get() }
    }

    /// Index of its process's entry; meaningful in state `Live`.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process.get()
    }

    /// Whether a record of `slots` slots fits the open block. False for a closed cell.
    #[inline(always)]
    #[must_use]
    pub fn has_room(&self, slots: u32) -> bool {
        self.left.get() > slots
    }

    /// `left` as it stands: 0 = closed.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left.get()
    }

    /// Closes the cell for a call that goes the cold way, or opens it again with what `close`
    /// returned.
    pub fn close(&self) -> u32 {
        let left = self.left.replace(0);
        compiler_fence(SeqCst);
        left
    }

    /// Opens the cell that `close` closed, `left` being what stands.
    pub fn reopen(&self) {
        compiler_fence(SeqCst);
        let ended = self.block.get() == 0 || self.reserved.get();
        self.left.set(if ended { 1 } else { self.slots_per_block.get() - self.next.get() + 1 });
    }

    /// The open block is of the reserve, for records above some level: all others go the cold way.
    pub fn set_reserved(&self) {
        self.reserved.set(true);
    }

    /// Whether the open block is of the reserve.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.reserved.get()
    }

    /// After a commit into a block of the reserve: what comes next goes the cold way.
    pub fn hide_reserved(&self) {
        if self.reserved.get() && self.left.get() != 0 {
            self.left.set(1);
        }
    }

    /// Whether a record of `slots` slots fits the open block, for a closed cell.
    #[inline(always)]
    #[must_use]
    pub fn fits(&self, slots: u32) -> bool {
        slots <= self.slots_per_block.get() - self.next.get() && self.block.get() != 0
    }

    /// Closes the cell and marks its next slot as being written. The caller has seen that the
    /// record fits ([`Self::has_room`]).
    ///
    /// `None` when it does not fit any more: a call on top of this one (a signal) has taken the
    /// room since. Then nothing is marked and the cell is open, as that call left it.
    #[inline(always)]
    pub fn mark<M: Memory<Block = B>>(&self, memory: &M, slots: u32) -> Option<Place<B>> {
        // From the first step on a call on top of this one finds the cell closed. `next` is loaded
        // only then: what ran before may have moved it.
        let (left, slot) =
            in_order("next_before_close", || self.left.replace(0), || self.next.get());
        if slots > self.slots_per_block.get() - slot {
            self.reopen();
            return None;
        }
        if left == PREFETCH_LEFT {
            memory.prefetch(self.candidate.get());
        }
        let block = self.base.get();
        self.open_slots.set(slots);
        let busy = self.generation_bits.get() | Stamp::body(Kind::Busy, 0, 0);
        let stamp = memory.stamp(block, slot);
        let address = core::ptr::from_ref(stamp).addr();
        stamp.store(busy, Relaxed); // pair:membarrier
        super::light_barrier();
        Some(Place { block, slot, address, sequence: self.sequence.get() + 1 })
    }

    /// The timestamp to stamp when the clock says `now`: never below the lane's last.
    #[inline(always)]
    pub fn stamp_time(&self, now: u64) -> u64 {
        let timestamp = now.max(self.timestamp.get());
        self.timestamp.set(timestamp);
        timestamp
    }

    /// Publishes the record that [`Self::mark`] opened, and opens the cell again.
    #[inline(always)]
    pub fn commit<M: Memory<Block = B>>(&self, memory: &M, kind: Kind, level: u8) {
        let slots = self.open_slots.get();
        let slot = self.next.get();
        let stamp = self.generation_bits.get() | Stamp::body(kind, slots, level);
        memory.stamp(self.base.get(), slot).store(stamp, order::commit_store()); // pair:commit
        let advance = || {
            self.next.set(slot + slots);
            self.sequence.set(self.sequence.get() + 1);
        };
        let open = || self.left.set(self.slots_per_block.get() - (slot + slots) + 1);
        // A call on top of this one that finds the cell open finds `next` behind this record.
        in_order("open_before_next", advance, open);
    }

    /// Takes a sequence for a record that is dropped: the drain sees the gap, or this word.
    pub fn drop_one<M: Memory<Block = B>>(&self, memory: &M) {
        self.sequence.set(self.sequence.get() + 1);
        self.note_attempted(memory);
    }

    /// Tells the drain the last sequence taken: what of it is not there later was given up.
    pub(super) fn note_attempted<M: Memory<Block = B>>(&self, memory: &M) {
        let attempted = memory.attempted(self.lane().index);
        attempted.store(self.sequence.get(), order::attempted_store()); // pair:attempted
    }

    /// Leaves the open block for a fresh one: claims it, ends the old one, begins the new one.
    /// False when no block is free; then nothing has changed. The cell is closed.
    #[cold]
    pub fn cross<M: Memory<Block = B>>(&self, memory: &M) -> bool {
        let Some(claimed) = claim(memory, self.lane(), self.candidate.get()) else { return false };
        if self.block.get() != 0 && self.next.get() < self.slots_per_block.get() {
            let pad = self.generation_bits.get() | Stamp::body(Kind::Pad, 0, 0);
            memory.stamp(self.base.get(), self.next.get()).store(pad, order::commit_store()); // pair:commit
        }
        self.begin(memory, claimed);
        let after = claimed.block + 1;
        self.candidate.set(hints::next(memory, after).unwrap_or(after % memory.block_count()));
        true
    }

    /// Gives up a block that was claimed for a long record: it becomes a link of the lane's chain
    /// that holds nothing, so that the drain can free it. The open block has ended before.
    pub(super) fn abandon<M: Memory<Block = B>>(&self, memory: &M, claimed: Claimed) {
        self.begin(memory, claimed);
        let pad = self.generation_bits.get() | Stamp::body(Kind::Pad, 0, 0);
        memory.stamp(self.base.get(), 0).store(pad, order::commit_store()); // pair:commit
        self.next.set(self.slots_per_block.get());
    }

    /// Ends the open block where it stands, without taking another.
    pub(super) fn pad<M: Memory<Block = B>>(&self, memory: &M) {
        if self.block.get() != 0 && self.next.get() < self.slots_per_block.get() {
            let pad = self.generation_bits.get() | Stamp::body(Kind::Pad, 0, 0);
            memory.stamp(self.base.get(), self.next.get()).store(pad, order::commit_store()); // pair:commit
            self.next.set(self.slots_per_block.get());
        }
    }

    pub(super) fn begin<M: Memory<Block = B>>(&self, memory: &M, claimed: Claimed) {
        let ordinal = next_ordinal(self.ordinal.get());
        let begun = Begun { generation: claimed.generation, ordinal };
        memory.sign(claimed.block, self.lane());
        memory.begun(claimed.block).store(begun.raw(), order::begun_store()); // pair:begun
        self.ordinal.set(ordinal);
        self.block.set(claimed.block + 1);
        self.base.set(memory.block(claimed.block));
        self.generation_bits.set(Stamp::generation_bits(claimed.generation));
        self.next.set(0);
        self.reserved.set(false);
    }

    /// Whether the lane stands in a block: its number and generation, and the first free slot.
    #[must_use]
    pub fn open_block(&self) -> Option<(Claimed, u32)> {
        let block = self.block.get().checked_sub(1)?;
        let generation = Stamp::generation_of(self.generation_bits.get());
        Some((Claimed { block, generation }, self.next.get()))
    }

    pub(super) fn candidate(&self) -> u32 {
        self.candidate.get()
    }

    pub(super) fn set_candidate(&self, candidate: u32) {
        self.candidate.set(candidate);
    }
}

impl<B: Copy + Default> core::fmt::Debug for LaneCell<B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LaneCell")
            .field("state", &self.state())
            .field("lane", &self.lane())
            .field("left", &self.left.get())
            .field("next", &self.next.get())
            .field("sequence", &self.sequence.get())
            .finish_non_exhaustive()
    }
}

/// Where a marked record goes.
#[derive(Clone, Copy, Debug)]
pub struct Place<B> {
    /// The block.
    pub block: B,
    /// Its first slot.
    pub slot: u32,
    /// Where that slot's stamp stands, so that nobody computes it again.
    pub address: usize,
    /// The record's lane sequence.
    pub sequence: u64,
}

/// A block that has just become a lane's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its number.
    pub block: u32,
    /// The generation of this ownership.
    pub generation: u32,
}

/// Claims one free block for `lane`: the candidate, then what the bitmap offers, then, before it
/// says "full", one sweep over all words.
pub fn claim<M: Memory>(memory: &M, lane: LaneRef, candidate: u32) -> Option<Claimed> {
    if let Some(claimed) = try_claim(memory, lane, candidate) {
        return Some(claimed);
    }
    let mut from = candidate;
    // Each failed try withdraws the hint, so this ends; the bound is for a bitmap that others fill.
    for _ in 0..memory.block_count() {
        let Some(block) = hints::next(memory, from) else { break };
        if let Some(claimed) = try_claim(memory, lane, block) {
            return Some(claimed);
        }
        hints::withdraw(memory, block);
        from = block + 1;
    }
    for _ in 0..memory.block_count() {
        let block = hints::sweep(memory, from)?;
        if let Some(claimed) = try_claim(memory, lane, block) {
            return Some(claimed);
        }
        from = block + 1;
    }
    None
}

/// One CAS on the block's own word: it becomes owned, and by whom, in the same instant.
fn try_claim<M: Memory>(memory: &M, lane: LaneRef, block: u32) -> Option<Claimed> {
    if block >= memory.block_count() {
        return None;
    }
    let word = memory.word(block);
    let free = word.load(Relaxed);
    let Some(BlockWord::Free { generation }) = BlockWord::of(free) else { return None };
    let owned = BlockWord::Owned { generation, lane }.raw();
    word.compare_exchange(free, owned, order::claim_cas(), Relaxed).ok()?; // pair:free
    named_fence(order::recycle_fence()); // pair:recycle
    hints::withdraw(memory, block);
    Some(Claimed { block, generation })
}
