//! The storm's account: what was killed, what arrived, and whether that is as it must be.

use std::fmt;

use crate::Failure;
use crate::verify::Found;

/// The whole account of a storm.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) seed: u64,
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

impl Account {
    /// An error that names the first thing that is not as it must be.
    pub(crate) fn judge(&self) -> Result<(), Failure> {
        let zero = [
            ("lost", self.sum(|found| found.lost)),
            ("duplicated", self.sum(|found| found.duplicated)),
            ("torn lines", self.sum(|found| found.torn_lines)),
            ("malformed", self.sum(|found| found.malformed)),
            ("out of order", self.sum(|found| found.out_of_order)),
            ("blocks leaked", self.blocks_leaked),
        ];
        for (what, count) in zero {
            if count > 0 {
                return Err(format!("{count} {what}, expected 0").into());
            }
        }
        for (what, count) in [
            ("producer kills", self.producer_kills),
            ("drain kills", self.drain_kills),
            ("acknowledged records", self.acknowledged),
        ] {
            if count == 0 {
                return Err(format!("no {what}: nothing was tried").into());
            }
        }
        for found in &self.files {
            // A killed thread leaves at most one record that was not acknowledged, whole or torn.
            let in_flight = found.unacknowledged + found.torn;
            if in_flight > self.threads_killed {
                let killed = self.threads_killed;
                return Err(
                    format!("{in_flight} records in flight of {killed} killed threads").into()
                );
            }
        }
        Ok(())
    }

    fn sum(&self, count: impl Fn(&Found) -> u64) -> u64 {
        self.files.iter().map(count).sum()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = |count: fn(&Found) -> u64| self.files.iter().map(count).max().unwrap_or(0);
        let least = |count: fn(&Found) -> u64| self.files.iter().map(count).min().unwrap_or(0);
        write!(f, "storm seed {} seconds {}", self.seed, self.seconds)?;
        write!(f, " producer-kills {} drain-kills {}", self.producer_kills, self.drain_kills)?;
        write!(f, " acknowledged {}", self.acknowledged)?;
        write!(f, " delivered {}", least(|found| found.delivered))?;
        write!(f, " unacknowledged {}", most(|found| found.unacknowledged))?;
        write!(f, " lost {}", self.sum(|found| found.lost))?;
        write!(f, " duplicated {}", self.sum(|found| found.duplicated))?;
        write!(f, " in-flight-torn {}", most(|found| found.torn))?;
        write!(f, " torn-lines {}", self.sum(|found| found.torn_lines))?;
        write!(f, " malformed {}", self.sum(|found| found.malformed))?;
        write!(f, " out-of-order {}", self.sum(|found| found.out_of_order))?;
        write!(f, " late {}", most(|found| found.late))?;
        write!(f, " blocks-leaked {}", self.blocks_leaked)
    }
}
