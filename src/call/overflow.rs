//! What a log call does while the ring is full.

use std::time::{Duration, Instant};

use super::producer::Producer;
use crate::sync::Ordering::{Relaxed, SeqCst};
use crate::sync::fence;
use crate::sys;

/// What a log call does when no block is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Wait for a block for at most `up_to`, then drop the record; drop at once while no drain
    /// runs. `None` waits without deadline, also for a drain that has yet to start.
    Block {
        /// The deadline.
        up_to: Option<Duration>,
    },
    /// Drop the newest record, at once.
    Drop,
}

impl Default for Overflow {
    fn default() -> Self {
        Self::Block { up_to: Some(Duration::from_millis(100)) }
    }
}

/// The longest wait between two looks whether a drain lives.
const SLICE: Duration = Duration::from_millis(100);

/// Repeats `attempt` until it yields something or the policy says to give up.
#[cold]
pub(crate) fn insist<T>(producer: &Producer, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    if let Some(got) = attempt() {
        return Some(got);
    }
    let Overflow::Block { up_to } = producer.overflow() else { return None };
    let area = producer.segment().drain_area();
    let deadline = up_to.and_then(|up_to| Instant::now().checked_add(up_to));
    let backoff = crossbeam_utils::Backoff::new();
    loop {
        if up_to.is_some() && !producer.segment().drain_is_alive() {
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
