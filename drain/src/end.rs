//! When a drain that was told to end has done enough: all that was committed by then is written, or
//! is kept by sinks that take nothing. Asked by `service.rs` after each turn.
//!
//! Neither those who log on without a pause nor a full disk keep it from ending.

use std::time::{Duration, Instant};

use crate::drain::{Drain, Turn};

/// How long a sink may take nothing before the end of the drain leaves it behind.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// So many passes after it was told to end, a drain ends though others still log.
const LAST_PASSES: u64 = 8;

/// The end of a drain, from the turn on in which it was told.
#[derive(Debug)]
pub(crate) struct End {
    since: Instant,
    quiet: u32,
    /// The pass after which all that had been committed is read, and some more.
    last_pass: u64,
    /// The batch after which it is written.
    last_batch: Option<u64>,
}

/// What a drain that was told to end does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It ends.
    Over,
    /// Another turn at once.
    AtOnce,
    /// Another turn after a pause.
    Rest,
}

impl End {
    /// The drain has been told to end.
    pub(crate) fn begin(drain: &Drain) -> Self {
        let last_pass = drain.passes().0 + LAST_PASSES;
        Self { since: Instant::now(), quiet: 0, last_pass, last_batch: None }
    }

    /// After each turn from then on: what comes next.
    pub(crate) fn look(&mut self, turn: Turn, drain: &Drain) -> Next {
        if turn == Turn::Idle && drain.is_settled() {
            // One more look: a lane may have ended meanwhile.
            self.quiet += 1;
            return if self.quiet > 1 { Next::Over } else { Next::AtOnce };
        }
        let (submitted, done) = drain.batches();
        if drain.passes().1 >= self.last_pass {
            // Others log without a pause: theirs is for the next drain.
            if done >= *self.last_batch.get_or_insert(submitted) {
                return Next::Over;
            }
        }
        if self.since.elapsed() >= END_PATIENCE && drain.waits_for_stuck_sinks(END_PATIENCE) {
            return Next::Over;
        }
        if turn == Turn::Moved { Next::AtOnce } else { Next::Rest }
    }
}
