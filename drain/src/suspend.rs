//! Whether the machine was suspended while the drain ran: one of the kernel's clocks counts that time,
//! another one does not. Asked by `housekeeping.rs`; the drain tells it in the output.
//!
//! What a suspend does to the wall clock is told apart, as a step, where it is one.

use std::time::Duration;

use logring::sys;

/// Two readings of a machine that runs are less apart than this.
const LEAST: Duration = Duration::from_millis(10);
/// Pairs of readings: a drain that is interrupted between the two of a pair sees too little.
const PAIRS: usize = 4;

/// What is known of it.
#[derive(Debug)]
pub(crate) struct Suspends {
    known: Duration,
}

impl Suspends {
    /// From now on.
    pub(crate) fn new() -> Self {
        Self { known: in_all() }
    }

    /// For how long the machine was suspended since this was last asked.
    pub(crate) fn take(&mut self) -> Option<Duration> {
        self.note(in_all())
    }

    fn note(&mut self, in_all: Duration) -> Option<Duration> {
        let more = in_all.checked_sub(self.known).filter(|more| *more >= LEAST)?;
        self.known = in_all;
        Some(more)
    }
}

/// For how long it was since it was started. About half a microsecond.
fn in_all() -> Duration {
    let pair = |_| {
        let with = sys::boottime_ns();
        Duration::from_nanos(with.saturating_sub(sys::monotonic_ns()))
    };
    (0..PAIRS).map(pair).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
