//! Reads one of the storm's files back and holds it against the ledger of acknowledged records.
//!
//! The usual line is taken apart by hand; any other goes to a JSON parser. Trusts nothing it reads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::Failure;
use crate::acks::{Told, who};
use crate::producer::pad;

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Acknowledged records that stand there.
    pub(crate) delivered: u64,
    /// Records that stand there though their call never returned.
    pub(crate) unacknowledged: u64,
    /// Records that do not, though they were acknowledged, or given up when their thread was killed.
    pub(crate) lost: u64,
    /// Those of `lost` whose call never returned: it had counted them.
    pub(crate) lost_in_flight: u64,
    /// Records that stand there again.
    pub(crate) duplicated: u64,
    /// Records that the drain reported as lost.
    pub(crate) reported: u64,
    /// How far the threads' `lost` and what was reported of each are apart.
    pub(crate) misreported: u64,
    /// Records that the drain reported as torn.
    pub(crate) torn: u64,
    /// Threads with more in flight than what they had begun.
    pub(crate) overfull: u64,
    /// Lines that are cut, or no JSON.
    pub(crate) torn_lines: u64,
    /// Records that nobody wrote, and those that the drain could not read.
    pub(crate) malformed: u64,
    /// Lines before which a later one of the same thread, or of all, stands, unless marked as late.
    pub(crate) out_of_order: u64,
    /// Lines marked as late.
    pub(crate) late: u64,
}

impl Found {
    /// The sum of both.
    pub(crate) fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.unacknowledged += other.unacknowledged;
        self.lost += other.lost;
        self.lost_in_flight += other.lost_in_flight;
        self.misreported += other.misreported;
        self.overfull += other.overfull;
        self.duplicated += other.duplicated;
        self.reported += other.reported;
        self.torn += other.torn;
        self.torn_lines += other.torn_lines;
        self.malformed += other.malformed;
        self.out_of_order += other.out_of_order;
        self.late += other.late;
    }
}

/// Checks the file at `path` against what each thread has told.
pub(crate) fn verify(path: &Path, told: &[Told]) -> Result<Found, Failure> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut check = Check {
        threads: told.iter().map(|told| Thread::new(*told)).collect(),
        ids: told.iter().zip(0..).map(|(told, id)| (told.who, id)).collect(),
        ..Check::default()
    };
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        match line.pop_if(|byte| *byte == b'\n') {
            Some(_) => check.line(&line),
            None => check.found.torn_lines += 1,
        }
        line.clear();
    }
    Ok(check.done())
}

/// A record's line.
struct Record<'a> {
    timestamp: &'a [u8],
    id: u64,
    n: u64,
    pad: &'a [u8],
    late: bool,
}

/// What has been seen of a thread.
struct Thread {
    told: Told,
    /// Per record, from 0, which nobody writes, to the one that was in flight, if there was one.
    seen: Vec<bool>,
    highest: u64,
    /// What the drain reported of it.
    reported: u64,
    torn: u64,
}

impl Thread {
    fn new(told: Told) -> Self {
        let records = usize::try_from(told.begun + 1).expect("a byte per record fits memory");
        Self { told, seen: vec![false; records], highest: 0, reported: 0, torn: 0 }
    }

    /// Its part of the whole: of each record it is known whether it was acknowledged, in flight, or
    /// never begun.
    fn count(&self, found: &mut Found) {
        let (acked, begun) = (self.told.acked, self.told.begun);
        let unacknowledged = u64::from(begun > acked && self.seen.last() == Some(&true));
        let all = self.seen.iter().filter(|seen| **seen).count() as u64;
        let delivered = all - unacknowledged;
        let lost = acked - delivered;
        // What a thread gives up is counted first; then its call returns.
        let in_flight = (begun - acked).saturating_sub(unacknowledged + self.torn);
        let lost_in_flight = self.reported.saturating_sub(lost).min(in_flight);
        found.delivered += delivered;
        found.unacknowledged += unacknowledged;
        found.lost += lost + lost_in_flight;
        found.lost_in_flight += lost_in_flight;
        found.misreported += self.reported.abs_diff(lost + lost_in_flight);
        let is_overfull = begun - acked > 1 || unacknowledged + self.torn > begun - acked;
        found.overfull += u64::from(is_overfull);
    }
}

#[derive(Default)]
struct Check {
    threads: Vec<Thread>,
    /// The threads by who they were.
    ids: HashMap<u64, usize>,
    timestamp: Vec<u8>,
    found: Found,
}

impl Check {
    fn line(&mut self, line: &[u8]) {
        if let Some(record) = usual(line) {
            return self.record(&record);
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(line) else {
            self.found.torn_lines += 1;
            return;
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let number = |key: &str| fields.get(key).and_then(Value::as_u64);
        if text("target") == Some("logring") {
            let count = number("count").unwrap_or(1);
            let who = number("pid").zip(number("thread")).map(|(pid, tid)| who(pid, tid));
            let id = who.and_then(|who| self.ids.get(&who));
            self.notice(text("kind"), count, id.copied());
            return;
        }
        match (text("timestamp"), number("id"), number("n")) {
            (Some(timestamp), Some(id), Some(n)) => self.record(&Record {
                timestamp: timestamp.as_bytes(),
                id,
                n,
                pad: text("pad").unwrap_or("").as_bytes(),
                late: fields.get("late") == Some(&Value::Bool(true)),
            }),
            _ => self.found.malformed += 1,
        }
    }

    /// `id` is the thread that it is about, if there is such a one.
    fn notice(&mut self, kind: Option<&str>, count: u64, id: Option<usize>) {
        let thread = id.and_then(|id| self.threads.get_mut(id));
        match kind {
            Some("lost") => {
                self.found.reported += count;
                match thread {
                    Some(thread) => thread.reported += count,
                    None => self.found.misreported += count,
                }
            }
            Some("torn") => {
                self.found.torn += count;
                match thread {
                    Some(thread) => thread.torn += count,
                    None => self.found.overfull += count,
                }
            }
            Some("malformed") => self.found.malformed += count,
            _ => {}
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        let thread = usize::try_from(record.id).ok().and_then(|id| self.threads.get_mut(id));
        // A thread that has not come back from a call does not begin another.
        let written = |thread: &&mut Thread| {
            (1..=thread.told.begun).contains(&record.n) && is_whole(record.n, record.pad)
        };
        let Some(thread) = thread.filter(written) else {
            self.found.malformed += 1;
            return;
        };
        if std::mem::replace(&mut thread.seen[record.n as usize], true) {
            self.found.duplicated += 1;
            return;
        }
        let in_lane = record.n > thread.highest;
        thread.highest = thread.highest.max(record.n);
        let in_time = record.timestamp >= self.timestamp.as_slice();
        if in_time {
            self.timestamp.clear();
            self.timestamp.extend_from_slice(record.timestamp);
        }
        self.found.late += u64::from(record.late);
        self.found.out_of_order += u64::from(!in_lane || !in_time && !record.late);
    }

    fn done(mut self) -> Found {
        for thread in &self.threads {
            thread.count(&mut self.found);
        }
        self.found
    }
}

/// Whether a record's padding is as it was written; none is whole.
fn is_whole(n: u64, padding: &[u8]) -> bool {
    if padding.is_empty() {
        return true;
    }
    let length = padding.split(|byte| *byte == b':').next();
    let length = length.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    length.is_some_and(|length| {
        length <= padding.len() as u64 && pad(n, length).as_bytes() == padding
    })
}

/// A line as the drain writes a record without padding; `None` for every other.
fn usual(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"{\"timestamp\":\"")?;
    let (timestamp, rest) = rest.split_at_checked("2026-11-21T22:14:03.123456Z".len())?;
    let rest = rest
        .strip_prefix(b"\",\"level\":\"info\",\"event\":\"storm\",\"target\":\"storm\",\"pid\":")?;
    let (_, rest) = number(rest)?;
    let (id, rest) = number(rest.strip_prefix(b",\"id\":")?)?;
    let (n, rest) = number(rest.strip_prefix(b",\"n\":")?)?;
    (rest == b"}").then_some(Record { timestamp, id, n, pad: &[], late: false })
}

/// Takes a decimal number off the front of `bytes`.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(&bytes[..digits]).ok()?;
    Some((text.parse().ok()?, &bytes[digits..]))
}

#[cfg(test)]
mod tests;
