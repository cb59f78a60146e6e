//! What a log call does while the ring is full.

use std::time::{Duration, Instant};

use super::producer::Producer;
use super::{drain_thread, forked};
use crate::error::{Error, Result};
use crate::level::Level;
use crate::sync::Ordering::{Relaxed, SeqCst};
use crate::sync::fence;
use crate::sys;

/// What a log call does when no block is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// It waits while a drain runs, but no longer than this; then the record is dropped and
    /// counted. Without a drain it is dropped at once.
    Block {
        /// Longest wait.
        up_to: Duration,
    },
    /// It waits, for the next drain too: no record is dropped, and a service may stand still.
    BlockForever,
    /// The record is dropped and counted.
    Drop,
    /// The oldest records of the same thread, a block of them (256 slots by default), give way, and
    /// are counted where they stood. Nobody waits. A thread that has no block yet, and a record longer
    /// than a block, needs a free one: without it that record is dropped and counted.
    Overwrite,
}

impl Default for Overflow {
    fn default() -> Self {
        Self::Block { up_to: Duration::from_millis(100) }
    }
}

/// The policies of a process: one for all levels, others from some level up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    pub(crate) all: Overflow,
    /// In the order in which they were given.
    pub(crate) from: Vec<(Level, Overflow)>,
}

impl Policies {
    /// That of the highest level given that is not above this one; of equal ones the last.
    pub(crate) fn of(&self, level: Level) -> Overflow {
        let fitting = self.from.iter().filter(|(from, _)| *from <= level);
        fitting.max_by_key(|(from, _)| *from).map_or(self.all, |(_, overflow)| *overflow)
    }

    /// Whether one of them overwrites.
    pub(crate) fn overwrite(&self) -> bool {
        let from = self.from.iter().map(|(_, overflow)| *overflow);
        from.chain([self.all]).any(|overflow| overflow == Overflow::Overwrite)
    }
}

/// How much of the ring a process may take, in hundredths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// Of all blocks, how many its threads may own at a time.
    pub(crate) quota: u8,
    /// Of all blocks, how many are kept for records of level error and above.
    pub(crate) reserve: u8,
}

impl Default for Shares {
    fn default() -> Self {
        Self { quota: 50, reserve: 5 }
    }
}

impl Shares {
    pub(crate) fn check(self) -> Result<()> {
        if !(1..=100).contains(&self.quota) || self.reserve > 50 {
            return Err(Error::invalid(format!(
                "a quota of {} % and a reserve of {} %: the quota must be 1 to 100, the reserve 0 to 50",
                self.quota, self.reserve
            )));
        }
        Ok(())
    }

    /// The quota in blocks; at least one.
    pub(crate) fn quota_of(self, blocks: u32) -> u32 {
        (u64::from(blocks) * u64::from(self.quota) / 100).max(1) as u32
    }

    /// The reserve in blocks.
    pub(crate) fn reserve_of(self, blocks: u32) -> u32 {
        (u64::from(blocks) * u64::from(self.reserve) / 100) as u32
    }
}

/// The longest wait between two looks whether a drain lives.
const SLICE: Duration = Duration::from_millis(100);

/// Repeats `attempt` until it yields something or the policy says to give up.
#[cold]
pub(crate) fn insist<T>(
    producer: &Producer,
    overflow: Overflow,
    mut attempt: impl FnMut() -> Option<T>,
) -> Option<T> {
    if let Some(got) = attempt() {
        return Some(got);
    }
    if drain_thread::is_drain() {
        return None;
    }
    let up_to = match overflow {
        Overflow::Block { up_to } => Some(up_to),
        Overflow::BlockForever => None,
        Overflow::Drop | Overflow::Overwrite => return None,
    };
    let area = producer.segment().drain_area();
    let deadline = up_to.and_then(|up_to| Instant::now().checked_add(up_to));
    let backoff = crossbeam_utils::Backoff::new();
    loop {
        // In a forked child's private copy nobody makes room.
        if forked::is_inside() || up_to.is_some() && !producer.segment().drain_is_alive() {
            return None;
        }
        // The drain bumps `free_epoch`, then looks at `waiting`; we set `waiting`, then look for a
        // block: with a full fence on both sides one of the two sees the other.
        let epoch = area.free_epoch().load(SeqCst); // pair:waiting
        area.waiting().store(1, Relaxed);
        area.ring_doorbell();
        fence(SeqCst); // pair:waiting
        if let Some(got) = attempt() {
            return Some(got);
        }
        let rest = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return None,
            Some(rest) => rest.min(SLICE),
            None => SLICE,
        };
        if backoff.is_completed() {
            sys::futex_wait(area.free_epoch(), epoch, Some(rest));
        } else {
            backoff.snooze();
        }
    }
}
