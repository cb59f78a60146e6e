//! A lane that logs as the call path does: room, mark, clock, fill, commit; close, cross or drop,
//! reopen. It keeps what its caller was told, the truth that the drain's output is compared with.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use logring::layout::{Kind, LaneRef};
use logring::ring::writer::{Place, commit_of};
use logring::ring::{LaneCell, Memory};
use logring::sync::Ordering::Relaxed;
use logring::sync::{order, signal, weaken};

use crate::memory::ModelMemory;
use crate::view::{Killed, View};

/// What a lane's caller was told.
#[derive(Default, Debug)]
pub(crate) struct Told {
    pub(crate) lane: u32,
    /// Sequence and timestamp of each record whose call has returned.
    pub(crate) sent: Vec<(u64, u64)>,
    /// Calls that found no room.
    pub(crate) dropped: u64,
    /// Calls that found a call inside.
    pub(crate) inside: u64,
    /// Whether the lane was killed: one more call may have been under way.
    pub(crate) killed: bool,
}

/// The lane.
pub(crate) struct ModelLane {
    pub(crate) view: View,
    pub(crate) cell: LaneCell<u32>,
    pub(crate) told: RefCell<Told>,
}

impl ModelLane {
    /// The lane of table entry `index`, just registered.
    pub(crate) fn new(memory: &Arc<ModelMemory>, index: u32) -> Self {
        let view = View::new(memory, Some(index));
        let cell = LaneCell::default();
        cell.adopt(&view, LaneRef { index, inc: 1 }, 0);
        Self { view, cell, told: RefCell::new(Told { lane: index, ..Told::default() }) }
    }

    /// Runs `body` to its end or to the lane's, which stays alive.
    pub(crate) fn live<R>(self, body: impl FnOnce(&Self) -> R) -> Told {
        let lane = self.cell.lane().index;
        self.view.aside().barrier.begin(lane);
        body(&self);
        self.view.aside().barrier.end(lane);
        self.told.into_inner()
    }

    /// Runs `body`; then, or when it is killed, its thread ends and the kernel says so.
    pub(crate) fn run<R>(self, body: impl FnOnce(&Self) -> R) -> Told {
        let lane = self.cell.lane().index;
        self.view.aside().barrier.begin(lane);
        if let Err(reason) = catch_unwind(AssertUnwindSafe(|| body(&self))) {
            if !reason.is::<Killed>() {
                resume_unwind(reason);
            }
            self.told.borrow_mut().killed = true;
        }
        self.view.aside().turn();
        self.view.aside().over[lane as usize].store(1, order::over_store()); // pair:over
        self.view.aside().barrier.end(lane);
        self.told.into_inner()
    }

    /// A log call. False when its record was dropped, or refused since a call is inside.
    pub(crate) fn log(&self, slots: u32) -> bool {
        let (place, now) = loop {
            signal::point();
            if self.cell.has_room(slots) {
                signal::point();
                if let Some(marked) = self.mark(slots) {
                    break marked;
                }
            } else if !self.make_room(slots) {
                return false;
            }
        };
        self.fill(&place, slots, now);
        self.commit(&place, Kind::Record, now);
        true
    }

    /// A log call that is one function: one slot, everything after one look at the gate. What is not the
    /// common case goes the way of [`Self::log`].
    pub(crate) fn log_one(&self) -> bool {
        signal::point();
        let gate = self.cell.gate();
        signal::point();
        let marked = if gate == 0 { None } else { self.mark_one(gate) };
        let Some((place, now)) = marked else { return self.log(1) };
        self.fill(&place, 1, now);
        self.cell.commit_one(&self.view, &place, commit_of(20));
        self.told.borrow_mut().sent.push((place.sequence, now));
        signal::point();
        true
    }

    /// Mark, then clock, as one function does it.
    fn mark_one(&self, gate: u64) -> Option<(Place<u32>, u64)> {
        let early = weaken::is("clock_before_mark").then(|| self.view.own_step().now());
        let place = self.cell.mark_one(&self.view, gate)?;
        self.view.aside().used(place.block);
        signal::point();
        let now = early.unwrap_or_else(|| self.view.own_step().now());
        let is_next = self.cell.stamp_next(now);
        Some((place, if is_next { now } else { self.cell.stamp_time(now) }))
    }

    /// What a lane that was idle does behind its commit.
    pub(crate) fn give_back_if_asked(&self) {
        if self.view.step().ask.load(Relaxed) != 0 {
            self.give_back();
        }
    }

    /// What a lane that was idle does for a drain that sleeps until it is woken.
    pub(crate) fn end_deep_sleep(&self) {
        if self.view.step().asleep.load(Relaxed) != 0 {
            self.view.step().woken.store(1, Relaxed);
        }
    }

    /// Gives the open block back.
    pub(crate) fn give_back(&self) {
        signal::point();
        if !self.cell.is_closed()
            && let Some((open, next)) = self.cell.open_block()
            && next < self.view.slots_per_block()
        {
            self.view.aside().used(open.block);
        }
        self.cell.give_back(&self.view);
        signal::point();
    }

    /// Mark, then clock.
    fn mark(&self, slots: u32) -> Option<(Place<u32>, u64)> {
        if weaken::is("clock_before_mark") {
            let now = self.view.own_step().now();
            let place = self.cell.mark(&self.view, slots)?;
            return Some((place, self.cell.stamp_time(now)));
        }
        let place = self.cell.mark(&self.view, slots)?;
        self.view.aside().used(place.block);
        signal::point();
        let now = self.view.own_step().now();
        Some((place, self.cell.stamp_time(now)))
    }

    /// The cold path: room where the call before left some, or a fresh block, or the record is
    /// dropped and counted.
    fn make_room(&self, slots: u32) -> bool {
        if !self.cell.close() {
            self.told.borrow_mut().inside += 1;
            return false;
        }
        signal::point();
        let room = self.cell.fits(slots) || self.cross();
        if !room {
            self.cell.drop_one(&self.view);
            self.told.borrow_mut().dropped += 1;
        }
        signal::point();
        self.cell.reopen();
        signal::point();
        room
    }

    /// Crosses with a closed cell.
    pub(crate) fn cross(&self) -> bool {
        if let Some((open, next)) = self.cell.open_block()
            && next < self.view.slots_per_block()
        {
            self.view.aside().used(open.block);
        }
        if !self.cell.cross(&self.view) {
            return false;
        }
        if let Some((open, _)) = self.cell.open_block() {
            self.view.aside().claimed(open.block, open.generation);
            self.view.aside().used(open.block);
        }
        true
    }

    /// Fills the slots of a record: the first with its header, each further one with a copy of it
    /// that says which slot it is.
    pub(crate) fn fill(&self, place: &Place<u32>, slots: u32, now: u64) {
        let header = header(self.cell.lane().index, place.sequence, now);
        for slot in 0..slots {
            let value = header ^ continuation(slot);
            self.view.own_step().fill(place.block, place.offset + slot, 1, value);
            signal::point();
        }
    }

    /// Commits, and tells the caller.
    pub(crate) fn commit(&self, place: &Place<u32>, kind: Kind, now: u64) {
        self.cell.commit(&self.view, kind, 20);
        self.told.borrow_mut().sent.push((place.sequence, now));
        signal::point();
    }
}

/// A record's header in one word, never 0.
pub(crate) fn header(lane: u32, sequence: u64, timestamp: u64) -> u64 {
    1 << 63 | u64::from(lane) << 48 | sequence << 32 | timestamp
}

/// Lane, sequence and timestamp of a header.
pub(crate) fn of_header(header: u64) -> (u32, u64, u64) {
    ((header >> 48) as u32 & 0xff, header >> 32 & 0xffff, header & 0xffff_ffff)
}

/// How slot `slot` of a record differs from its first.
pub(crate) fn continuation(slot: u32) -> u64 {
    u64::from(slot) << 56
}
