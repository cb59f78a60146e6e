//! The producer's half of the protocol: a lane claims blocks, marks, commits, crosses.
//!
//! The call path (`call/emit.rs`) drives it: `open` (mark), fill the slots, `commit`. Between mark
//! and commit there is no read-modify-write, no fence, no syscall, no allocation and no user code.
//! Everything that is not that is a cold function of its own.

mod pause;

pub use self::pause::is_pause;
use core::cell::Cell;

use super::{Memory, hints};
use crate::layout::stamp::{Kind, Stamp};
use crate::layout::word::{Begun, BlockWord, LaneRef, next_ordinal};
use crate::sync::Ordering::{Relaxed, SeqCst};
use crate::sync::{compiler_fence, in_order, named_fence, order};

/// One thread's private state in one segment. All zero = never used, or wiped by a fork.
///
/// Only its own thread touches it, signal handlers on that thread included. Places in a block are
/// counted in the memory's own unit ([`Memory::step`] of them to a slot), so that an address is one
/// addition.
#[derive(Default)]
#[repr(C, align(128))]
pub struct LaneCell<B> {
    /// The segment's tag where a callsite's cached id has it; 0 = closed: a call is inside, or nobody
    /// has registered. One comparison with a cached id says all of that.
    gate: Cell<u64>,
    /// Where the first slot is that is not committed.
    offset: Cell<u32>,
    /// Where a call on the short way has more to do than to log: to prefetch the next block, then to
    /// go the cold way.
    limit: Cell<u32>,
    /// Where the open block ends for calls on the short way: at its start when it is of the reserve.
    last: Cell<u32>,
    /// From one slot to the next.
    step: Cell<u32>,
    /// Handle of the open block.
    base: Cell<B>,
    /// What a mark is in the open block.
    busy: Cell<u64>,
    /// Last sequence taken.
    sequence: Cell<u64>,
    /// Last timestamp stamped; the next is not below it.
    timestamp: Cell<u64>,
    /// Slots that the open record takes, where [`Self::commit`] is to know it.
    open_slots: Cell<u32>,
    /// Where the open block ends.
    end: Cell<u32>,
    /// What an open gate is.
    tag: Cell<u64>,
    /// See [`State`].
    state: Cell<u32>,
    /// Where the word and the first slot of the next block to try are.
    ahead: Cell<[usize; 2]>,
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
    /// The block last given back before its end, its number + 1, and its generation; 0 = none.
    given: Cell<[u32; 2]>,
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

/// Where a call prefetches the next block: with so many slots left, its own among them.
const PREFETCH_LEFT: u32 = 7;

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
        if state != State::Live {
            // It may be the cell of a thread that ended, whose next user has not registered yet.
            self.gate.set(0);
            compiler_fence(SeqCst);
        }
        self.state.set(state as u32);
    }

    /// Makes the cell the one of `lane`, which has just been registered and owns no block.
    pub fn adopt<M: Memory<Block = B>>(&self, memory: &M, lane: LaneRef, process: u32) {
        self.lane_index.set(lane.index);
        self.lane_inc.set(lane.inc);
        self.process.set(process);
        self.step.set(memory.step());
        self.block.set(0);
        self.ordinal.set(0);
        self.offset.set(0);
        self.limit.set(0);
        self.last.set(0);
        self.end.set(0);
        self.reserved.set(false);
        self.given.set([0; 2]);
        self.sequence.set(0);
        self.timestamp.set(0);
        self.candidate.set(self.home(memory));
        self.tag.set(u64::from(memory.tag()) << 32);
        self.set_state(State::Live);
        self.reopen();
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

    /// What a callsite's cached id has in front where a call may go on; 0 = the cell is closed.
    #[inline(always)]
    #[must_use]
    pub fn gate(&self) -> u64 {
        self.gate.get()
    }

    /// Whether a record of `slots` slots fits the open block. False for a closed cell.
    #[inline(always)]
    #[must_use]
    pub fn has_room(&self, slots: u32) -> bool {
        let room = self.last.get().saturating_sub(self.offset.get());
        self.gate.get() != 0 && slots.saturating_mul(self.step.get()) <= room
    }

    /// Whether a call is inside, or nobody has registered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.gate.get() == 0
    }

    /// Closes the cell for a call that goes the cold way. False when it was closed.
    pub fn close(&self) -> bool {
        let gate = self.gate.replace(0);
        compiler_fence(SeqCst);
        gate != 0
    }

    /// Opens the cell that `close` closed.
    pub fn reopen(&self) {
        compiler_fence(SeqCst);
        // 0 where a fork has wiped the cell: it stays closed.
        self.gate.set(self.tag.get());
    }

    /// The open block is of the reserve, for records above some level: all others go the cold way.
    pub fn set_reserved(&self) {
        self.reserved.set(true);
        self.limit.set(0);
        self.last.set(0);
    }

    /// Whether the open block is of the reserve.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.reserved.get()
    }

    /// Whether a record of `slots` slots fits the open block, for a closed cell.
    #[inline(always)]
    #[must_use]
    pub fn fits(&self, slots: u32) -> bool {
        slots.saturating_mul(self.step.get()) <= self.end.get() - self.offset.get()
            && self.block.get() != 0
    }

    /// Closes the cell and marks its next slot as being written. The caller has seen that the
    /// record fits ([`Self::has_room`]).
    ///
    /// `None` when it does not fit any more: a call on top of this one (a signal) has taken the
    /// room since. Then nothing is marked and the cell is open, as that call left it.
    #[inline(always)]
    pub fn mark<M: Memory<Block = B>>(&self, memory: &M, slots: u32) -> Option<Place<B>> {
        // From the first step on a call on top of this one finds the cell closed. `offset` is loaded
        // only then: what ran before may have moved it.
        let (gate, offset) =
            in_order("next_before_close", || self.gate.replace(0), || self.offset.get());
        // A cell that a fork has wiped meanwhile has neither.
        let room = self.end.get().saturating_sub(offset);
        if room == 0 || slots.saturating_mul(self.step.get()) > room {
            self.reopen();
            return None;
        }
        self.open_slots.set(slots);
        if offset >= self.limit.get() {
            self.approach(memory);
        }
        Some(self.mark_at(memory, gate, offset))
    }

    /// [`Self::mark`] for a record of one slot. The caller has seen that the gate is open, and commits
    /// by [`Self::commit_one`].
    #[inline(always)]
    pub fn mark_one<M: Memory<Block = B>>(&self, memory: &M, gate: u64) -> Option<Place<B>> {
        let ((), offset) = in_order("next_before_close", || self.gate.set(0), || self.offset.get());
        if offset >= self.limit.get() {
            if offset >= self.last.get() {
                self.reopen();
                return None;
            }
            self.approach(memory);
        }
        Some(self.mark_at(memory, gate, offset))
    }

    /// [`Self::mark_one`] for a record that is committed by [`Self::commit`].
    #[inline(always)]
    pub fn mark_first<M: Memory<Block = B>>(&self, memory: &M, gate: u64) -> Option<Place<B>> {
        let place = self.mark_one(memory, gate)?;
        self.open_slots.set(1);
        Some(place)
    }

    /// The block's end is near: the next one is prefetched, once.
    #[inline(always)]
    fn approach<M: Memory<Block = B>>(&self, _: &M) {
        if self.limit.get() < self.last.get() {
            self.limit.set(self.last.get());
            M::prefetch(self.ahead.get());
        }
    }

    #[inline(always)]
    fn mark_at<M: Memory<Block = B>>(&self, memory: &M, gate: u64, offset: u32) -> Place<B> {
        let block = self.base.get();
        let busy = self.busy.get();
        memory.stamp_at(block, offset).store(busy, Relaxed); // pair:membarrier
        super::light_barrier();
        Place { block, offset, gate, busy, sequence: self.sequence.get() + 1 }
    }

    /// Publishes the record that [`Self::mark`] opened, and opens the cell again.
    #[inline(always)]
    pub fn commit<M: Memory<Block = B>>(&self, memory: &M, kind: Kind, level: u8) {
        let slots = self.open_slots.get();
        let flip = Stamp::body(kind, slots, level) ^ MARK;
        self.commit_at(memory, &self.open_place(), slots, flip);
    }

    /// Where the record goes that has been marked.
    #[inline(always)]
    #[must_use]
    pub fn open_place(&self) -> Place<B> {
        let (block, offset) = (self.base.get(), self.offset.get());
        let (gate, busy, sequence) = (self.tag.get(), self.busy.get(), self.sequence.get() + 1);
        Place { block, offset, gate, busy, sequence }
    }

    /// Publishes the record that [`Self::mark_one`] opened. `flip` is what its stamp differs in from
    /// its mark: [`commit_of`].
    #[inline(always)]
    pub fn commit_one<M: Memory<Block = B>>(&self, memory: &M, place: &Place<B>, flip: u64) {
        // Loaded again, so that nothing of it takes a register in between.
        let stamp = memory.stamp_at(place.block, place.offset);
        stamp.store(self.busy.get() ^ flip, order::commit_store()); // pair:commit
        let advance = || {
            self.offset.set(self.offset.get().wrapping_add(self.step.get()));
            self.sequence.set(self.sequence.get() + 1);
        };
        in_order("open_before_next", advance, || self.gate.set(self.tag.get()));
    }

    #[inline(always)]
    fn commit_at<M: Memory<Block = B>>(&self, memory: &M, place: &Place<B>, slots: u32, flip: u64) {
        let stamp = memory.stamp_at(place.block, place.offset);
        stamp.store(place.busy ^ flip, order::commit_store()); // pair:commit
        let advance = || {
            self.offset.set(place.offset.wrapping_add(slots.wrapping_mul(self.step.get())));
            self.sequence.set(place.sequence);
        };
        // A call on top of this one that finds the cell open finds `offset` behind this record.
        in_order("open_before_next", advance, || self.gate.set(place.gate));
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
        self.pad(memory);
        self.begin(memory, claimed);
        // Those that it has had come first: this process has their pages already. To walk through the
        // whole ring takes a page fault every 32 records, until all of it is there.
        let candidate = hints::next(memory, self.home(memory));
        self.candidate.set(candidate.unwrap_or((claimed.block + 1) % memory.block_count()));
        self.ahead.set(memory.addresses(self.candidate.get()));
        true
    }

    /// Where the lane begins to search: different places, so that lanes do not fight for one word.
    fn home<M: Memory<Block = B>>(&self, memory: &M) -> u32 {
        self.lane_index.get().wrapping_mul(0x9e37_79b9) % memory.block_count()
    }

    /// Gives up a block that was claimed for a long record: it becomes a link of the lane's chain
    /// that holds nothing, so that the drain can free it. The open block has ended before.
    pub(super) fn abandon<M: Memory<Block = B>>(&self, memory: &M, claimed: Claimed) {
        self.begin(memory, claimed);
        self.pad(memory);
    }

    /// Ends the open block where it stands, without taking another.
    pub(super) fn pad<M: Memory<Block = B>>(&self, memory: &M) {
        if self.block.get() != 0 && self.offset.get() < self.end.get() {
            let pad = self.busy.get() ^ (MARK ^ Stamp::body(Kind::Pad, 0, 0));
            memory.stamp_at(self.base.get(), self.offset.get()).store(pad, order::commit_store()); // pair:commit
            self.offset.set(self.end.get());
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
        self.busy.set(Stamp::generation_bits(claimed.generation) | MARK);
        let (slots, step) = (memory.slots_per_block(), self.step.get());
        self.offset.set(0);
        self.end.set(slots * step);
        self.last.set(slots * step);
        self.limit.set(slots.saturating_sub(PREFETCH_LEFT) * step);
        self.reserved.set(false);
    }

    /// Whether the lane stands in a block: its number and generation, and the first free slot.
    #[must_use]
    pub fn open_block(&self) -> Option<(Claimed, u32)> {
        let block = self.block.get().checked_sub(1)?;
        let generation = Stamp::generation_of(self.busy.get());
        Some((Claimed { block, generation }, self.offset.get() / self.step.get().max(1)))
    }

    /// The next block to try.
    #[must_use]
    pub fn candidate(&self) -> u32 {
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
            .field("gate", &self.gate.get())
            .field("offset", &self.offset.get())
            .field("sequence", &self.sequence.get())
            .finish_non_exhaustive()
    }
}

/// What a mark says beside its generation.
const MARK: u64 = Stamp::body(Kind::Busy, 0, 0);

/// What the stamp of a record of one slot and this level differs in from its mark.
#[must_use]
pub const fn commit_of(level: u8) -> u64 {
    Stamp::body(Kind::Record, 1, level) ^ MARK
}

/// Where a marked record goes.
#[derive(Clone, Copy, Debug)]
pub struct Place<B> {
    /// The block.
    pub block: B,
    /// Where its first slot is in it.
    pub offset: u32,
    /// The gate that is opened again.
    gate: u64,
    /// Its mark.
    busy: u64,
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
