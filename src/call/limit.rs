//! Limits of a log call: every n-th, once in a time, once, a share. The macros make one `static` of
//! them for a call that names one; a call that names none knows nothing of this.
//!
//! Each is an atomic or two: no lock, no allocation, right under threads and in signal handlers. A
//! limit counts the calls of its process whose level is enabled; a forked child goes on where its
//! parent was. What was held back is told by the next record that goes out, and in total never more
//! or less than that: it is taken and added by single steps.

use std::time::Duration;

use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;
use crate::sys;

/// `every_n`: the first call of n goes out.
#[derive(Debug)]
pub struct EveryN {
    calls: AtomicU64,
    held_back: AtomicU64,
}

impl EveryN {
    /// One that has seen no call.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the macros use it in a static")]
    pub const fn new() -> Self {
        Self { calls: AtomicU64::new(0), held_back: AtomicU64::new(0) }
    }

    /// Whether this call goes out: how many were held back since the last one that did. 0 is as 1.
    #[inline(never)]
    #[must_use]
    pub fn admit(&self, n: u64) -> Option<u64> {
        // Relaxed: these are counters.
        if self.calls.fetch_add(1, Relaxed).is_multiple_of(n.max(1)) {
            Some(self.held_back.swap(0, Relaxed))
        } else {
            self.held_back.fetch_add(1, Relaxed);
            None
        }
    }
}

/// `every`: one call in a time goes out, the first one at once.
#[derive(Debug)]
pub struct Every {
    /// Monotonic nanoseconds from which the next one goes out.
    next: AtomicU64,
    held_back: AtomicU64,
}

impl Every {
    /// One that has seen no call.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the macros use it in a static")]
    pub const fn new() -> Self {
        Self { next: AtomicU64::new(0), held_back: AtomicU64::new(0) }
    }

    /// Whether this call goes out: how many were held back since the last one that did.
    #[inline(never)]
    #[must_use]
    pub fn admit(&self, time: Duration) -> Option<u64> {
        self.admit_at(sys::monotonic_ns(), time)
    }

    fn admit_at(&self, now: u64, time: Duration) -> Option<u64> {
        let next = self.next.load(Relaxed);
        let after = now.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        // Relaxed: of several that come at the same time one goes out, and the words stand alone.
        if now >= next && self.next.compare_exchange(next, after, Relaxed, Relaxed).is_ok() {
            return Some(self.held_back.swap(0, Relaxed));
        }
        self.held_back.fetch_add(1, Relaxed);
        None
    }
}

/// `once`: the first call of the process goes out.
#[derive(Debug)]
pub struct Once(AtomicU64);

impl Once {
    /// One that has seen no call.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the macros use it in a static")]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether this call goes out.
    #[inline(always)]
    #[must_use]
    pub fn admit(&self, (): ()) -> Option<()> {
        // Looked at first, so that later calls only read. Relaxed: the word stands alone.
        (self.0.load(Relaxed) == 0 && self.0.swap(1, Relaxed) == 0).then_some(())
    }
}

/// `sample`: a share of the calls goes out, by chance.
#[derive(Debug)]
pub struct Sample(AtomicU64);

impl Sample {
    /// One that has seen no call.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the macros use it in a static")]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether this call goes out: the share. One of 0 or less lets nothing out, 1 or more all.
    #[inline(never)]
    #[must_use]
    pub fn admit(&self, share: f64) -> Option<f64> {
        // Relaxed: a counter. The clock's part keeps forked children apart.
        let count = self.0.fetch_add(STEP, Relaxed);
        admits(mixed(count ^ sys::now_ticks()), share).then(|| share.min(1.0))
    }
}

/// Odd, with its bits spread: 2^64 over the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn admits(random: u64, share: f64) -> bool {
    // The upper 53 bits as a number from 0 up to 1.
    ((random >> 11) as f64 / (1u64 << 53) as f64) < share
}

/// Each bit of the result depends on each of `bits` (the finalizer of splitmix64).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_time_goes_out_and_tells_what_was_held_back() {
        let (every, second) = (Every::new(), Duration::from_secs(1));
        let at = |ms: u64| every.admit_at(5_000_000_000 + ms * 1_000_000, second);
        assert_eq!(
            [at(0), at(1), at(999), at(1000), at(1999)],
            [Some(0), None, None, Some(2), None]
        );
        assert_eq!([at(9000), at(9999), at(10_000)], [Some(1), None, Some(1)]);
        assert_eq!(Every::new().admit(Duration::MAX), Some(0));
    }

    #[test]
    fn a_share_is_that_share() {
        for share in [0.0, 0.01, 0.25, 1.0] {
            let out =
                (0..100_000u64).filter(|n| admits(mixed(n.wrapping_mul(STEP)), share)).count();
            let share = share * 100_000.0;
            assert!((out as f64 - share).abs() <= 5.0 * share.sqrt(), "{out} of {share}");
        }
        assert_eq!(Sample::new().admit(f64::NAN), None);
        assert_eq!(Sample::new().admit(7.0), Some(1.0));
    }
}
