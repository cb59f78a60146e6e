//! Waiting for lanes that are in the middle of a record whose time may lie below the watermark.
//!
//! Only that one record is waited for, and no longer than `max_hold`, counted once per record; a
//! thread that is stopped or dead is not waited for. Then the record is late.

use std::time::{Duration, Instant};

use crossbeam_utils::Backoff;
use logring::shm::Segment;
use logring::sys;

use crate::lane::{Lane, Owner, Spent};

/// After this long a holder's state is asked of the operating system.
const ASK_AFTER: Duration = Duration::from_millis(5);
/// Between two looks once spinning has not helped.
const NAP: Duration = Duration::from_micros(50);

/// How long a busy slot is waited for.
#[derive(Debug)]
pub(crate) struct Hold {
    max: Duration,
}

impl Hold {
    pub(crate) fn new(max: Duration) -> Self {
        Self { max }
    }

    /// Where the lane, just filled, is in the middle of a record that may lie below the watermark:
    /// waits for that one. Once in a pass: what the lane writes after it lies above.
    pub(crate) fn settle(&self, segment: &Segment, lane: &mut Lane, spent: &mut Vec<Spent>) {
        if must_wait(lane) {
            self.wait(segment, lane, spent);
            lane.held = true;
        }
    }

    #[cold]
    fn wait(&self, segment: &Segment, lane: &mut Lane, spent: &mut Vec<Spent>) {
        let backoff = Backoff::new();
        let mut ask_at = Instant::now() + ASK_AFTER;
        while must_wait(lane) {
            let now = Instant::now();
            let ask = now >= ask_at;
            if ask {
                ask_at = now + ASK_AFTER;
            }
            note_busy(lane, now);
            let waited = lane.busy_since.map_or(Duration::ZERO, |(_, since)| now - since);
            if waited >= self.max || (ask && is_hopeless(segment, lane)) {
                lane.overheld = waited >= self.max;
                lane.excused = lane.open.map(|(position, _)| position);
                return;
            }
            if backoff.is_completed() {
                std::thread::sleep(NAP);
            } else {
                backoff.snooze();
            }
            lane.fill(segment, spent);
        }
    }
}

/// Notes since when the lane's slot is seen busy: for lanes that wait their turn the time runs too.
pub(crate) fn note_busy(lane: &mut Lane, now: Instant) {
    let Some((position, true)) = lane.open else { return };
    if lane.busy_since.is_none_or(|(known, _)| known != position) {
        lane.busy_since = Some((position, now));
    }
}

fn must_wait(lane: &Lane) -> bool {
    match lane.open {
        Some((position, true)) => !lane.over && !lane.held && lane.excused != Some(position),
        _ => false,
    }
}

/// Whether the holder is over, or stopped by a signal or a debugger.
fn is_hopeless(segment: &Segment, lane: &Lane) -> bool {
    segment.lane_is_over(lane.lane) || is_stopped(segment, &lane.owner)
}

/// Of a thread of another pid namespace `/proc` would tell another one's state.
fn is_stopped(segment: &Segment, owner: &Owner) -> bool {
    let Owner { pid, tid, process, .. } = *owner;
    let info = process.and_then(|process| segment.process_info(process));
    if info.is_none_or(|info| info.pid_ns != sys::pid_namespace()) {
        return false;
    }
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")) else {
        return false;
    };
    // The state stands behind the command's name, which may itself hold a parenthesis.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}
