//! The storm's account: what was killed, what arrived, and whether that is as it must be.

use std::fmt;

use crate::verify::Found;
use crate::{Failure, Policy};

/// So much a storm of [`FULL_SECONDS`] must at least have done; a shorter one its share, a longer one
/// no less.
const KILLED_PRODUCERS: u64 = 20;
const KILLED_DRAINS: u64 = 5;
const ACKNOWLEDGED: u64 = 100_000;
const FULL_SECONDS: u64 = 25;

/// What one part of a storm came to.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) seconds: u64,
    pub(crate) producer_kills: u64,
    pub(crate) drain_kills: u64,
    /// Threads that were killed with their processes.
    pub(crate) threads_killed: u64,
    /// Records whose call had returned.
    pub(crate) acknowledged: u64,
    /// What stands in each of the two files.
    pub(crate) files: [Found; 2],
    /// Blocks that are not free at the end.
    pub(crate) blocks_leaked: u64,
}

/// The whole account of a storm.
#[derive(Debug)]
pub(crate) struct Account {
    seed: u64,
    policy: Policy,
    pub(crate) seconds: u64,
    sum: Part,
}

impl Account {
    /// Of a storm that has not begun.
    pub(crate) fn new(seed: u64, policy: Policy) -> Self {
        Self { seed, policy, seconds: 0, sum: Part::default() }
    }

    /// One part more.
    pub(crate) fn add(&mut self, part: &Part) {
        self.seconds += part.seconds;
        let sum = &mut self.sum;
        sum.producer_kills += part.producer_kills;
        sum.drain_kills += part.drain_kills;
        sum.threads_killed += part.threads_killed;
        sum.acknowledged += part.acknowledged;
        sum.blocks_leaked += part.blocks_leaked;
        for (sum, part) in sum.files.iter_mut().zip(&part.files) {
            sum.add(part);
        }
    }

    /// An error that names the first thing that is not as it must be.
    pub(crate) fn judge(&self) -> Result<(), Failure> {
        let zero = [
            ("duplicated", self.all(|found| found.duplicated)),
            ("torn lines", self.all(|found| found.torn_lines)),
            ("malformed", self.all(|found| found.malformed)),
            ("out of order", self.all(|found| found.out_of_order)),
            ("threads with more in flight than they had begun", self.all(|found| found.overfull)),
            (
                "lost but not reported, or reported but not lost",
                self.all(|found| found.misreported),
            ),
            ("blocks leaked", self.sum.blocks_leaked),
        ];
        for (what, count) in zero {
            if count > 0 {
                return Err(format!("{count} {what}, expected 0").into());
            }
        }
        let killed = self.sum.threads_killed;
        for found in &self.sum.files {
            if self.policy == Policy::Block && found.lost + found.reported > 0 {
                let Found { lost, reported, .. } = found;
                return Err(format!("{lost} lost, {reported} reported as lost, expected 0").into());
            }
            // A killed thread leaves at most one record that was not acknowledged.
            let in_flight = found.unacknowledged + found.torn + found.lost_in_flight;
            if in_flight > killed {
                return Err(
                    format!("{in_flight} records in flight of {killed} killed threads").into()
                );
            }
        }
        Ok(())
    }

    /// An error when too little was tried.
    pub(crate) fn judge_kills(&self) -> Result<(), Failure> {
        for (what, count, least) in [
            ("producer kills", self.sum.producer_kills, KILLED_PRODUCERS),
            ("drain kills", self.sum.drain_kills, KILLED_DRAINS),
            ("acknowledged records", self.sum.acknowledged, ACKNOWLEDGED),
        ] {
            let least = (least * self.seconds.min(FULL_SECONDS) / FULL_SECONDS).max(1);
            if count < least {
                return Err(format!("{count} {what}, expected at least {least}").into());
            }
        }
        if self.policy != Policy::Block && self.all(|found| found.lost) == 0 {
            return Err("nothing was lost: the policy was not tried".into());
        }
        Ok(())
    }

    fn all(&self, count: impl Fn(&Found) -> u64) -> u64 {
        self.sum.files.iter().map(count).sum()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = &self.sum.files;
        let most = |count: fn(&Found) -> u64| files.iter().map(count).max().unwrap_or(0);
        let least = |count: fn(&Found) -> u64| files.iter().map(count).min().unwrap_or(0);
        write!(f, "storm seed {} seconds {}", self.seed, self.seconds)?;
        write!(f, " producer-kills {}", self.sum.producer_kills)?;
        write!(f, " drain-kills {}", self.sum.drain_kills)?;
        write!(f, " acknowledged {}", self.sum.acknowledged)?;
        write!(f, " delivered {}", least(|found| found.delivered))?;
        write!(f, " unacknowledged {}", most(|found| found.unacknowledged))?;
        write!(f, " lost {}", most(|found| found.lost))?;
        write!(f, " duplicated {}", self.all(|found| found.duplicated))?;
        write!(f, " in-flight-torn {}", most(|found| found.torn))?;
        write!(f, " torn-lines {}", self.all(|found| found.torn_lines))?;
        write!(f, " malformed {}", self.all(|found| found.malformed))?;
        write!(f, " out-of-order {}", self.all(|found| found.out_of_order))?;
        write!(f, " late {}", most(|found| found.late))?;
        write!(f, " blocks-leaked {}", self.sum.blocks_leaked)?;
        if self.policy != Policy::Block {
            write!(f, " reported {}", most(|found| found.reported))?;
            write!(f, " lost-in-flight {}", most(|found| found.lost_in_flight))?;
        }
        Ok(())
    }
}
