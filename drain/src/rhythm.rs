//! When the drain looks again: seldom while the ring is empty, at once while it fills, and not at all
//! where it is woken.
//!
//! A drain that spins steals the lines that producers are about to write; one that sleeps and reads
//! in batches costs them two to three times less. It sleeps so that a lone record is in the file
//! within 5 ms.
//!
//! When nobody has logged for a second or two it sleeps deep, which is less than a hundredth of the work:
//! to look at the ring 300 times a second takes a percent of a core on some machines, nearly all of it for
//! falling asleep. Whoever logs then has been idle as long, and rings ([`is_pause`]). What no record tells
//! is looked for by a turn all the same.

use std::time::{Duration, Instant};

use logring::layout::drain_area::sleeping;
use logring::ring::writer::is_pause;
use logring::shm::Segment;
use logring::sync::Ordering;
use logring::sys;

use crate::watermark;

/// Longest light sleep.
const LIGHT: Duration = Duration::from_millis(3);
/// Sleep between two batches while most of the ring is free.
const LONG: Duration = Duration::from_micros(500);
/// Sleep while the ring fills.
const SHORT: Duration = Duration::from_micros(100);
/// While everything is quiet, how often there is a turn all the same: what has no record of its own is
/// told by turns, as the end of a thread is.
const TURN_EVERY: Duration = Duration::from_millis(100);
/// How far one processor's clock may be from another's, and more, in ticks of any clock.
const SKEW: u64 = 1 << 16;
/// Turns without anything before the drain asks to be woken.
const IDLE_TURNS: u32 = 4;

/// How long to wait before the next turn.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    idle_turns: u32,
    /// The segment's clock at the end of the first turn that found nothing more.
    idle_since: u64,
    /// The doorbell's value when it was said that the drain sleeps deep.
    deep: Option<u32>,
}

impl Rhythm {
    /// Sleeps as the last turn and the ring's filling ask for. `free` of `total` blocks are free; an idle
    /// drain sleeps on for as long as `is_quiet` says so, and deep only where its turns begin with the
    /// barrier, as they do in `strict` order.
    pub(crate) fn pause(
        &mut self,
        segment: &Segment,
        moved: bool,
        (free, total): (u32, u32),
        strict: bool,
        mut is_quiet: impl FnMut() -> bool,
    ) {
        if moved {
            self.wake_up(segment);
            // In quarters of the ring.
            match free * 4 / total.max(1) {
                0 | 1 => {}
                2 => std::thread::sleep(SHORT),
                _ => std::thread::sleep(LONG),
            }
            return;
        }
        let now = watermark::now(segment.clock_kind());
        if self.idle_turns == 0 {
            self.idle_since = now;
        }
        self.idle_turns = self.idle_turns.saturating_add(1);
        if self.idle_turns < IDLE_TURNS {
            std::thread::sleep(LONG);
            return;
        }
        let area = segment.drain_area();
        if let Some(doorbell) = self.deep {
            // The turn that has just found nothing began when everybody could know. One that marked its
            // record before, at a time before, would not ring: it is seen by its mark.
            if is_quiet() {
                sys::futex_wait(area.doorbell(), doorbell, Some(TURN_EVERY));
            }
            if area.doorbell().load(Ordering::Relaxed) != doorbell || !is_quiet() {
                self.wake_up(segment);
            }
            return;
        }
        if strict && is_pause(self.idle_since.saturating_add(SKEW), now) && is_quiet() {
            self.deep = Some(area.fall_asleep(sleeping::DEEP));
            return;
        }
        let until = Instant::now() + TURN_EVERY;
        let doorbell = area.fall_asleep(sleeping::LIGHT);
        loop {
            sys::futex_wait(area.doorbell(), doorbell, Some(LIGHT));
            let is_rung = area.doorbell().load(Ordering::Relaxed) != doorbell;
            if is_rung || !is_quiet() || Instant::now() >= until {
                break;
            }
        }
        area.wake_up();
    }

    /// There is something to do, or to look for.
    fn wake_up(&mut self, segment: &Segment) {
        self.idle_turns = 0;
        if self.deep.take().is_some() {
            segment.drain_area().wake_up();
        }
    }
}
