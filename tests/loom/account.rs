//! What the drain has written, held against what the lanes' callers were told.

use crate::lane::Told;
use crate::memory::broken;

/// A record as the drain read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) timestamp: u64,
    pub(crate) lane: u32,
    pub(crate) sequence: u64,
}

/// One lane in the output.
#[derive(Clone, Default, Debug)]
pub(crate) struct LaneAccount {
    /// Sequence and timestamp of each record, as written.
    pub(crate) written: Vec<(u64, u64)>,
    /// The last sequence accounted for.
    pub(crate) last: u64,
    pub(crate) lost: u64,
    pub(crate) torn: u64,
}

impl LaneAccount {
    /// Up to `sequence` nothing more will come: what is missing is lost.
    pub(crate) fn complete_to(&mut self, sequence: u64) {
        self.lost += sequence.saturating_sub(self.last);
        self.last = self.last.max(sequence);
    }

    /// The record `sequence` was read.
    pub(crate) fn read(&mut self, sequence: u64) {
        if sequence <= self.last {
            broken("each record once, in lane order", (sequence, self));
        }
        self.complete_to(sequence - 1);
        self.last = sequence;
    }
}

/// The output.
pub(crate) struct Account {
    pub(crate) lanes: Vec<LaneAccount>,
    last_timestamp: u64,
    /// The watermark below which all is written.
    written_below: u64,
}

impl Account {
    pub(crate) fn new(lanes: u32) -> Self {
        let lanes = (0..lanes).map(|_| LaneAccount::default()).collect();
        Self { lanes, last_timestamp: 0, written_below: 0 }
    }

    /// Writes one batch, everything below `watermark`.
    pub(crate) fn write(&mut self, batch: &[Read], watermark: u64) {
        for read in batch {
            if read.timestamp < self.written_below {
                broken("nothing below a written watermark comes later", (read, self.written_below));
            }
            if read.timestamp <= self.last_timestamp {
                broken("the output is in time order", (read, self.last_timestamp));
            }
            self.last_timestamp = read.timestamp;
            let lane = &mut self.lanes[read.lane as usize];
            lane.written.push((read.sequence, read.timestamp));
        }
        self.written_below = watermark;
    }

    /// At the end: each record that was sent is there once, each drop is counted, and of a killed
    /// lane at most the call under way is there or torn or lost besides.
    pub(crate) fn settle(&self, told: &[Told]) {
        for told in told {
            let account = &self.lanes[told.lane as usize];
            let Some(more) = account.written.strip_prefix(&told.sent[..]) else {
                broken("each record that was sent is delivered", (account, told));
            };
            let Some(lost) = account.lost.checked_sub(told.dropped) else {
                broken("each dropped record is counted", (account, told));
            };
            let under_way = more.len() as u64 + account.torn + lost;
            if under_way > u64::from(told.killed) {
                broken("nothing is counted that was not", (account, told));
            }
        }
    }
}
