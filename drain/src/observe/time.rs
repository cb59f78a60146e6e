//! The conversion of a segment's clock for who did not see it run: by what a drain has left there, else
//! from the segment's creation on at the rate that the kernel has for this machine's counter.
//!
//! The same segment always gives the same conversion, so that it is rendered to the same bytes twice.

use std::thread;
use std::time::Duration;

use logring::layout::header::clock as kind;
use logring::shm::Segment;
use logring::sys;

use crate::clock::{Bracketed, Clock, Source};
use crate::watermark;

/// How a segment's time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Its clock is the wall clock, or a drain has compared both.
    Well,
    /// No drain has run; the rate is that of this machine's counter.
    ByRate,
    /// The same, and it was written on another machine, or before this one was started again.
    Guessed,
}

/// The conversion for a segment as it lies there. Takes a third of a second where the rate has to be
/// measured.
pub(crate) fn frozen(segment: &Segment) -> (Clock, Known) {
    if segment.clock_kind() != kind::TSC {
        return (Clock::realtime(), Known::Well);
    }
    if let Some(anchor) = segment.drain_area().anchor() {
        return (line((anchor.clock, anchor.realtime_ns), anchor.ns_per_tick), Known::Well);
    }
    let is_ours = segment.created_boot_id() == sys::boot_id();
    let known = if is_ours { Known::ByRate } else { Known::Guessed };
    (line(segment.created_anchor(), counter_rate()), known)
}

fn line((clock, realtime_ns): (u64, u64), rate: u64) -> Clock {
    Clock::from_line(clock, i64::try_from(realtime_ns).unwrap_or(i64::MAX), rate)
}

/// How long the counter is watched: its rate is to come out to the kilohertz.
const WATCHED: Duration = Duration::from_millis(300);

/// Nanoseconds a tick with 32 binary places. The kernel counts raw time by the counter, at a rate of
/// whole kilohertz, so that what is measured is rounded to what is true.
fn counter_rate() -> u64 {
    let mut source = Raw;
    let first = source.now();
    thread::sleep(WATCHED);
    let second = source.now();
    let ticks = u128::from(second.0.saturating_sub(first.0));
    let ns = u128::from(second.1.saturating_sub(first.1).unsigned_abs()).max(1);
    let khz = ((ticks * 1_000_000 + ns / 2) / ns).max(1);
    u64::try_from((1_000_000u128 << 32) / khz).unwrap_or(u64::MAX)
}

/// The counter and the kernel's raw time, at the same moment.
struct Raw;

/// Brackets that are tried; the tightest is taken.
const BRACKETS: usize = 64;

impl Source for Raw {
    fn now(&mut self) -> (u64, i64) {
        let bracket = |_| {
            let before = sys::now_ticks_fenced();
            let raw = sys::monotonic_raw_ns();
            let width = sys::now_ticks_fenced().wrapping_sub(before);
            (width, before.wrapping_add(width / 2), raw)
        };
        let tightest = (0..BRACKETS).map(bracket).min_by_key(|(width, ..)| *width);
        let (_, ticks, raw) = tightest.expect("there is more than one bracket");
        (ticks, i64::try_from(raw).unwrap_or(i64::MAX))
    }
}

/// The conversion for a segment that is written now: the drain's while one runs, so that both say the
/// same, else one of our own.
#[derive(Debug)]
pub(crate) struct Living {
    clock: Clock,
    is_own: bool,
}

impl Living {
    pub(crate) fn new(segment: &Segment) -> Self {
        let mut new = Self { clock: Clock::realtime(), is_own: false };
        new.look(segment, 0);
        new
    }

    /// Follows the clocks; `written_up_to` is the time of the newest record shown.
    pub(crate) fn look(&mut self, segment: &Segment, written_up_to: u64) {
        if segment.clock_kind() != kind::TSC {
            return;
        }
        if let Some(anchor) = segment.drain_area().anchor().filter(|_| segment.drain_is_alive()) {
            self.clock = line((anchor.clock, anchor.realtime_ns), anchor.ns_per_tick);
            self.is_own = false;
            return;
        }
        let mut source = Bracketed::new(|| watermark::now(kind::TSC));
        if !self.is_own {
            let (clock, ns) = segment.created_anchor();
            let created = (clock, i64::try_from(ns).unwrap_or(i64::MAX));
            // Its steps are told by drains.
            self.clock = Clock::start(created, &mut source).0;
            self.is_own = true;
        } else if self.clock.is_due(watermark::now(kind::TSC)) {
            let _ = self.clock.anchor(written_up_to, &mut source);
        }
    }

    /// The conversion as of the last look.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}
