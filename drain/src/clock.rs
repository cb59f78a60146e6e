//! Ticks of the segment's clock to nanoseconds since the epoch. The drain asks it for each record,
//! and lets it compare itself with the machine's clock about once a second.
//!
//! Pure logic over readings that it is handed, so that jumps, changes of rate and resets are
//! tested without a machine that has them. A line (point and slope) says all that a conversion
//! needs: a batch that is rendered again with its line comes out as the same bytes.
//!
//! The new line begins where the old one stands at the last record written, so time stays
//! monotone over the join; the error found is worked off over the second that follows. What is too
//! far off for that is a step of the wall clock: the line jumps, and the caller is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where simultaneous readings of the segment's clock and of the wall clock come from.
pub trait Source {
    /// The segment's clock, and nanoseconds since the epoch, at the same moment.
    fn now(&mut self) -> (u64, i64);
}

/// The machine's wall clock, each reading bracketed by two of the segment's clock.
#[derive(Debug)]
pub struct Bracketed<T> {
    ticks: T,
}

/// Brackets that are tried; the tightest is taken. One that was interrupted is not tight.
const BRACKETS: usize = 8;

impl<T: FnMut() -> u64> Bracketed<T> {
    /// A source that reads the segment's clock by `ticks`.
    pub fn new(ticks: T) -> Self {
        Self { ticks }
    }
}

impl<T: FnMut() -> u64> Source for Bracketed<T> {
    /// Costs about half a microsecond.
    fn now(&mut self) -> (u64, i64) {
        let bracket = |_| {
            let before = (self.ticks)();
            let realtime_ns = realtime_ns();
            let width = (self.ticks)().wrapping_sub(before);
            (width, before.wrapping_add(width / 2), realtime_ns)
        };
        let tightest = (0..BRACKETS).map(bracket).min_by_key(|(width, ..)| *width);
        let (_, clock, realtime_ns) = tightest.expect("there is more than one bracket");
        (clock, realtime_ns)
    }
}

/// Nanoseconds since the epoch by the machine's wall clock.
#[must_use]
pub fn realtime_ns() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

/// A step of the wall clock, found at an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time after it minus time before it, in nanoseconds.
    pub by_ns: i64,
}

/// Converts the segment's clock to nanoseconds since the epoch.
#[derive(Clone, Debug)]
pub struct Clock {
    line: Line,
    /// The rate measured, which the slope of `line` leaves to work off an error.
    rate: u64,
    /// `rate` was measured, not taken from a line that may have been working off an error.
    is_measured: bool,
    /// The last reading compared with; none for a line that was handed over.
    anchor: Option<(u64, i64)>,
    /// The rate between the last two anchors, if it was not taken on since a step lay between.
    suspect: Option<u64>,
    /// The segment's clock is the wall clock.
    identity: bool,
}

/// Nanoseconds at a reading of the clock, and nanoseconds a tick with 32 binary places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    clock: u64,
    realtime_ns: i64,
    rate: u64,
}

const ONE: u64 = 1 << 32;
const SECOND_NS: i64 = 1_000_000_000;
/// Anchors are about this far apart, and an error is worked off over as much.
const INTERVAL_NS: i64 = SECOND_NS;
/// A rate is measured over at least this time: readings are some 50 ns apart from the truth.
const BASELINE_NS: i64 = 5_000_000;
/// A difference beyond this is a step.
const STEP_NS: i64 = 10_000_000;
/// Rates that differ by less than one part in this many are the same: between anchors a second
/// apart a clock is slewed by less, and a wall clock that steps makes more of a difference.
const SAME_RATE: u64 = 500;

impl Line {
    #[inline]
    fn at(self, clock: u64) -> i64 {
        // Any clock value may stand in a record: saturate, so that order is kept even then.
        match clock.checked_sub(self.clock) {
            Some(ticks) => {
                let ns = (u128::from(ticks) * u128::from(self.rate)) >> 32;
                let ns = u64::try_from(ns).unwrap_or(u64::MAX);
                self.realtime_ns.saturating_add_unsigned(ns)
            }
            None => self.before(clock),
        }
    }

    #[cold]
    fn before(self, clock: u64) -> i64 {
        let ticks = i128::from(clock) - i128::from(self.clock);
        let ns = i128::from(self.realtime_ns)
            .saturating_add(ticks.saturating_mul(i128::from(self.rate)) >> 32);
        ns.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// The line through both points, if time passes between them on both clocks.
    fn through(from: (u64, i64), to: (u64, i64)) -> Option<Self> {
        let ticks = to.0.checked_sub(from.0).filter(|ticks| *ticks > 0)?;
        let ns = to.1.checked_sub(from.1).filter(|ns| *ns > 0)?;
        let rate = ((ns as u128) << 32) / u128::from(ticks);
        let rate = u64::try_from(rate).ok().filter(|rate| *rate > 0)?;
        Some(Self { clock: from.0, realtime_ns: from.1, rate })
    }
}

fn same_rate(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= one / SAME_RATE
}

impl Clock {
    /// The conversion for a segment whose clock is the wall clock in nanoseconds: none.
    #[must_use]
    pub fn realtime() -> Self {
        Self { identity: true, ..Self::from_line(0, 0, ONE) }
    }

    /// A conversion by `line`'s three numbers, for rendering a batch once more, or for going on
    /// after a restart from where the lines written so far have ended.
    #[must_use]
    pub fn from_line(clock: u64, realtime_ns: i64, rate: u64) -> Self {
        let line = Line { clock, realtime_ns, rate };
        Self { line, rate, is_measured: false, anchor: None, suspect: None, identity: false }
    }

    /// A conversion for a clock whose rate is not known, from the reading at the segment's
    /// creation and one made now. Reads `source` for 5 ms: only a rate measured now shows whether
    /// the wall clock has stepped since the creation, which is told.
    pub fn start(created: (u64, i64), source: &mut impl Source) -> (Self, Option<Step>) {
        let first = source.now();
        let short = loop {
            let now = source.now();
            let measured = Line::through(first, now);
            match measured {
                Some(line) if now.1 - first.1 >= BASELINE_NS => break line,
                // The wall clock went backwards meanwhile, or the machine slept: measure anew.
                _ if now.1 < first.1 || now.0 < first.0 => return Self::start(created, source),
                _ => {}
            }
        };
        let long = Line::through(created, first)
            .filter(|line| first.1 - created.1 >= BASELINE_NS && same_rate(line.rate, short.rate));
        let rate = long.unwrap_or(short).rate;
        let line = Line { clock: first.0, realtime_ns: first.1, rate };
        let by_ns = created.1.saturating_sub(line.at(created.0));
        let step = (by_ns.saturating_abs() > STEP_NS).then_some(Step { by_ns: -by_ns });
        let clock = Self::from_line(line.clock, line.realtime_ns, rate);
        (Self { is_measured: true, anchor: Some(first), ..clock }, step)
    }

    /// The three numbers that make the same conversion by [`Clock::from_line`]: a clock value, its
    /// nanoseconds since the epoch, and nanoseconds a tick as a fixed-point number of 32 binary
    /// places.
    #[must_use]
    pub fn line(&self) -> (u64, i64, u64) {
        (self.line.clock, self.line.realtime_ns, self.line.rate)
    }

    /// Nanoseconds since the epoch at `clock`. Never less for a later `clock`, whatever it is.
    #[inline]
    #[must_use]
    pub fn convert(&self, clock: u64) -> i64 {
        if self.identity { i64::try_from(clock).unwrap_or(i64::MAX) } else { self.line.at(clock) }
    }

    /// How many ticks of the clock `span` has.
    #[must_use]
    pub fn ticks(&self, span: Duration) -> u64 {
        let ticks = (span.as_nanos() << 32) / u128::from(self.rate.max(1));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Whether an [`anchor`](Clock::anchor) is due at this clock value.
    #[must_use]
    pub fn is_due(&self, clock: u64) -> bool {
        match self.anchor {
            _ if self.identity => false,
            None => true,
            Some((at, ns)) => {
                let by_rate = Line { clock: at, realtime_ns: ns, rate: self.rate };
                clock < at || by_rate.at(clock).saturating_sub(ns) >= INTERVAL_NS
            }
        }
    }

    /// Compares with a reading made now and takes on a new line. `last` is the clock value of the
    /// last record converted: no later conversion of a later record gives an earlier time, unless
    /// a step is returned.
    pub fn anchor(&mut self, last: u64, source: &mut impl Source) -> Option<Step> {
        if self.identity {
            return None;
        }
        let now = source.now();
        let measured = self.anchor.and_then(|anchor| {
            Line::through(anchor, now).filter(|_| now.1 - anchor.1 >= INTERVAL_NS / 10)
        });
        let by_ns = now.1.saturating_sub(self.line.at(now.0));
        self.anchor = Some(now);
        if by_ns.saturating_abs() > STEP_NS {
            return Some(self.step(now, by_ns, measured));
        }
        self.suspect = None;
        let is_measured = self.is_measured;
        let plausible = |line: &Line| !is_measured || same_rate(line.rate, self.rate);
        if let Some(measured) = measured.filter(plausible) {
            self.rate = measured.rate;
            self.is_measured = true;
        }
        let join = last.min(now.0);
        let from = (join, self.line.at(join));
        let ahead = (u128::from(INTERVAL_NS as u64) << 32) / u128::from(self.rate);
        let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
        let to = (now.0.saturating_add(ahead), now.1.saturating_add(INTERVAL_NS));
        if let Some(line) = Line::through(from, to) {
            self.line = line;
        }
        None
    }

    /// The line jumps to `now`. Its rate stays, since what was measured has the step in it; two
    /// such measurements that agree are a clock of another rate (a machine that was moved).
    fn step(&mut self, now: (u64, i64), by_ns: i64, measured: Option<Line>) -> Step {
        let measured = measured.map(|line| line.rate);
        if let (Some(rate), Some(suspect)) = (measured, self.suspect)
            && same_rate(rate, suspect)
        {
            self.rate = rate;
        }
        self.suspect = measured;
        self.line = Line { clock: now.0, realtime_ns: now.1, rate: self.rate };
        Step { by_ns }
    }
}

#[cfg(test)]
mod tests;
