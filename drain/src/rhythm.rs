//! When the drain looks again: seldom while the ring is empty, at once while it fills.
//!
//! A drain that spins steals the lines that producers are about to write; one that sleeps and reads
//! in batches costs them two to three times less. It sleeps so that a lone record is in the file
//! within 5 ms.

use std::time::{Duration, Instant};

use logring::shm::Segment;
use logring::sync::Ordering;
use logring::sys;

/// Longest sleep of an idle drain.
const IDLE: Duration = Duration::from_millis(4);
/// Sleep between two batches while most of the ring is free.
const LONG: Duration = Duration::from_micros(500);
/// Sleep while the ring fills.
const SHORT: Duration = Duration::from_micros(100);
/// While everything is quiet, how often there is a turn all the same: what has no record of its own is
/// told by turns, as the end of a thread is.
const TURN_EVERY: Duration = Duration::from_millis(100);
/// Turns without anything before the drain asks to be woken.
const IDLE_TURNS: u32 = 4;

/// How long to wait before the next turn.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    idle_turns: u32,
}

impl Rhythm {
    /// Sleeps as the last turn and the ring's filling ask for. `free` of `total` blocks are free; an idle
    /// drain sleeps on for as long as `is_quiet` says so.
    pub(crate) fn pause(
        &mut self,
        segment: &Segment,
        moved: bool,
        (free, total): (u32, u32),
        mut is_quiet: impl FnMut() -> bool,
    ) {
        if moved {
            self.idle_turns = 0;
            // In quarters of the ring.
            match free * 4 / total.max(1) {
                0 | 1 => {}
                2 => std::thread::sleep(SHORT),
                _ => std::thread::sleep(LONG),
            }
            return;
        }
        self.idle_turns = self.idle_turns.saturating_add(1);
        if self.idle_turns < IDLE_TURNS {
            std::thread::sleep(LONG);
            return;
        }
        let area = segment.drain_area();
        let until = Instant::now() + TURN_EVERY;
        let doorbell = area.fall_asleep();
        loop {
            sys::futex_wait(area.doorbell(), doorbell, Some(IDLE));
            let is_rung = area.doorbell().load(Ordering::Relaxed) != doorbell;
            if is_rung || !is_quiet() || Instant::now() >= until {
                break;
            }
        }
        area.wake_up();
    }
}
