//! What no honest writer can have written: a time that has not come yet, a number that no thread
//! reaches. Called by `drain.rs` and `pipeline.rs` before such a word decides anything.
//!
//! A record of such a time would hold its lane for ever, since it is never below the watermark; such
//! a number would be told as a loss that nobody had. The record itself may be whole: it goes out, by
//! the drain's own time, and how many there were is told.

use std::time::Duration;

use crate::lane::Lane;

/// How far ahead of the drain's clock a record may lie: processors' clocks differ by less than a
/// microsecond, so this is for the wall clock, which may be set back by so much unnoticed.
pub(crate) const AHEAD: Duration = Duration::from_secs(5);

/// More records than a thread can have dropped in months.
const MISSING_MAX: u64 = 1 << 40;

/// How many sequences lie between `told` and `seen`; `None` when there cannot be so many.
pub(crate) fn missing(told: u64, seen: u64) -> Option<u64> {
    Some(seen.saturating_sub(told)).filter(|missing| *missing <= MISSING_MAX)
}

/// Gives the lane's next record the last time below `watermark` when its own has not come yet:
/// `now` is the clock, read after the record was seen, `ahead` is [`AHEAD`] in its ticks.
#[inline]
pub(crate) fn bound_time(lane: &mut Lane, watermark: u64, ahead: u64, now: impl FnOnce() -> u64) {
    let Some(head) = &mut lane.head else { return };
    if head.timestamp <= watermark.saturating_add(ahead) {
        return;
    }
    // The pass may be old: a sink that took nothing held it up.
    if head.timestamp > now().saturating_add(ahead) {
        head.timestamp = watermark.saturating_sub(1);
        lane.untold.implausible += 1;
    }
}
