//! Waiting for lanes that are in the middle of a record whose time may lie below the watermark.
//!
//! Only that one record is waited for, and no longer than `max_hold`, counted once per record; a
//! thread that is stopped or dead is not waited for. Then the record is late.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crossbeam_utils::Backoff;
use logring::layout::LaneRef;
use logring::ring::reader::Position;
use logring::shm::Segment;

use crate::lane::{Lane, Spent};

/// After this long a holder's state is asked of the operating system.
const ASK_AFTER: Duration = Duration::from_millis(5);
/// Between two looks once spinning has not helped.
const NAP: Duration = Duration::from_micros(50);

/// Which busy slots are being waited for, and since when.
#[derive(Debug)]
pub(crate) struct Hold {
    max: Duration,
    since: HashMap<LaneRef, (Position, Instant)>,
}

impl Hold {
    pub(crate) fn new(max: Duration) -> Self {
        Self { max, since: HashMap::new() }
    }

    /// Fills the lane's head; where a record is being written that may lie below the watermark,
    /// waits for it first. Once in a pass: what the lane writes after that record lies above.
    pub(crate) fn fill(&mut self, segment: &Segment, lane: &mut Lane, spent: &mut Vec<Spent>) {
        lane.fill(segment, spent);
        if must_wait(lane) {
            self.wait(segment, lane, spent);
            lane.held = true;
        }
    }

    #[cold]
    fn wait(&mut self, segment: &Segment, lane: &mut Lane, spent: &mut Vec<Spent>) {
        let backoff = Backoff::new();
        let mut ask_at = Instant::now() + ASK_AFTER;
        while must_wait(lane) {
            let now = Instant::now();
            let ask = now >= ask_at;
            if ask {
                ask_at = now + ASK_AFTER;
            }
            let enough = self.has_waited_enough(lane, now);
            if enough || (ask && is_hopeless(segment, lane)) {
                lane.overheld = enough;
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
        self.since.remove(&lane.lane);
    }

    fn has_waited_enough(&mut self, lane: &Lane, now: Instant) -> bool {
        let Some((position, true)) = lane.open else { return false };
        let entry = self.since.entry(lane.lane).or_insert((position, now));
        if entry.0 != position {
            *entry = (position, now);
        }
        now.duration_since(entry.1) >= self.max
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
    segment.lane_is_over(lane.lane) || is_stopped(lane.owner.pid, lane.owner.tid)
}

fn is_stopped(pid: u32, tid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")) else {
        return false;
    };
    // The state stands behind the command's name, which may itself hold a parenthesis.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}
