//! Reads the demo's output back and accounts for every record of every process.
//!
//! Lines of the demo's own shape are taken apart by hand, some twenty times faster than by a JSON
//! parser; whatever does not fit that shape to the byte goes to the parser, so that speed decides
//! nothing but time. Trusts nothing of what it reads.

use std::collections::HashMap;

/// The text of the demo's event, around the record's number: seed 1's.
const EVENT: (&str, &str) = ("This is logging ", " for TEST");
/// Length of a timestamp: `2026-11-21T22:14:03.123456Z`.
const TIMESTAMP_BYTES: usize = 27;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Records expected.
    pub(super) records: u64,
    /// Of these, how many stand in the file.
    pub(super) delivered: u64,
    /// Of these, how many do not.
    pub(super) lost: u64,
    /// Records that the drain reported as torn.
    pub(super) torn: u64,
    /// Records that stand there again.
    pub(super) duplicated: u64,
    /// Lines that are no record of the demo's and no notice, and records that the drain could not read.
    pub(super) malformed: u64,
    /// Lines before which a later one stands: of the same process by number, of all by time.
    pub(super) out_of_order: u64,
}

impl Tally {
    /// Whether every record stands there once, in order, and nothing else went wrong.
    pub(super) fn is_perfect(&self) -> bool {
        *self == Self { records: self.records, delivered: self.records, ..Self::default() }
    }
}

/// Checks the lines of `bytes` against `records` records of each process of `pids`, numbered from 0.
pub(super) fn check(bytes: &[u8], pids: &[u32], records: u32) -> Tally {
    let mut check = Check::new(pids, records);
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some((line, after)) = usual(rest) {
            check.record(line);
            rest = after;
            continue;
        }
        let end = rest.iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) => check.unusual(&rest[..end]),
            // The last line has no end: it was cut.
            None => check.tally.malformed += 1,
        }
        rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
    }
    check.done()
}

/// A record's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'a> {
    timestamp: &'a [u8],
    pid: u32,
    number: u32,
}

struct Check<'a> {
    records: u32,
    places: HashMap<u32, usize>,
    /// One bit per record.
    seen: Vec<u64>,
    /// Each process's next number in order.
    next: Vec<u32>,
    timestamp: &'a [u8],
    tally: Tally,
}

impl<'a> Check<'a> {
    fn new(pids: &[u32], records: u32) -> Self {
        let all = pids.len() as u64 * u64::from(records);
        Self {
            records,
            places: pids.iter().enumerate().map(|(place, pid)| (*pid, place)).collect(),
            seen: vec![0; usize::try_from(all.div_ceil(64)).expect("a bit per record fits memory")],
            next: vec![0; pids.len()],
            timestamp: &[],
            tally: Tally { records: all, ..Tally::default() },
        }
    }

    fn record(&mut self, line: Line<'a>) {
        let place = self.places.get(&line.pid).copied();
        let Some(place) = place.filter(|_| line.number < self.records) else {
            self.tally.malformed += 1;
            return;
        };
        let bit = place * self.records as usize + line.number as usize;
        let (word, mask) = (&mut self.seen[bit / 64], 1 << (bit % 64));
        if *word & mask != 0 {
            self.tally.duplicated += 1;
            return;
        }
        *word |= mask;
        self.tally.delivered += 1;
        let in_lane = line.number >= self.next[place];
        let in_time = self.in_time(line.timestamp);
        self.next[place] = self.next[place].max(line.number + 1);
        self.tally.out_of_order += u64::from(!(in_lane && in_time));
    }

    /// Whether no later line stood before this one. Timestamps sort as text.
    fn in_time(&mut self, timestamp: &'a [u8]) -> bool {
        let fits = timestamp >= self.timestamp;
        if fits {
            self.timestamp = timestamp;
        }
        fits
    }

    /// A line of another shape: a notice of the drain, a record rendered differently, or rubbish.
    fn unusual(&mut self, line: &'a [u8]) {
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(line) else {
            self.tally.malformed += 1;
            return;
        };
        let text = |key: &str| fields.get(key).and_then(serde_json::Value::as_str);
        let number = |key: &str| fields.get(key).and_then(serde_json::Value::as_u64);
        let number32 = |key: &str| number(key).and_then(|number| u32::try_from(number).ok());
        let timestamp = text("timestamp").and_then(|timestamp| place_of(line, timestamp));
        let Some(timestamp) = timestamp else {
            self.tally.malformed += 1;
            return;
        };
        if text("target") == Some("logring") {
            let count = number("count").unwrap_or(1);
            match text("kind") {
                Some("torn") => self.tally.torn += count,
                Some("malformed") => self.tally.malformed += count,
                // Losses are counted by what is absent; other notices are none of the demo's.
                _ => {}
            }
            return;
        }
        match (number32("pid"), number32("n"), text("event")) {
            (Some(pid), Some(number), Some(event))
                if event == format!("{}{number}{}", EVENT.0, EVENT.1) =>
            {
                self.record(Line { timestamp, pid, number });
            }
            _ => self.tally.malformed += 1,
        }
    }

    fn done(mut self) -> Tally {
        self.tally.lost = self.tally.records - self.tally.delivered;
        self.tally
    }
}

/// The bytes in `line` that say `text`, when it has the length of a timestamp.
fn place_of<'a>(line: &'a [u8], text: &str) -> Option<&'a [u8]> {
    let fits = text.len() == TIMESTAMP_BYTES;
    line.windows(TIMESTAMP_BYTES).find(|window| fits && *window == text.as_bytes())
}

/// Takes a line of the demo's own shape off the front of `bytes`.
#[inline]
fn usual(bytes: &[u8]) -> Option<(Line<'_>, &[u8])> {
    let rest = bytes.strip_prefix(b"{\"timestamp\":\"")?;
    let (timestamp, rest) = rest.split_at_checked(TIMESTAMP_BYTES)?;
    let rest = rest.strip_prefix(b"\",\"level\":\"info\",\"event\":\"")?;
    let (said, rest) = number(rest.strip_prefix(EVENT.0.as_bytes())?)?;
    let rest = rest.strip_prefix(EVENT.1.as_bytes())?;
    let (pid, rest) = number(rest.strip_prefix(b"\",\"target\":\"demo\",\"pid\":")?)?;
    let (number, rest) = number(rest.strip_prefix(b",\"n\":")?)?;
    let rest = rest.strip_prefix(b"}\n")?;
    (said == number).then_some((Line { timestamp, pid, number }, rest))
}

/// Takes a decimal number off the front of `bytes`.
#[inline]
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0u32;
    let mut digits = 0;
    while let Some(digit) =
        bytes.get(digits).map(|byte| byte.wrapping_sub(b'0')).filter(|d| *d < 10)
    {
        value = value.checked_mul(10)?.checked_add(u32::from(digit))?;
        digits += 1;
    }
    (digits > 0).then(|| (value, &bytes[digits..]))
}

#[cfg(test)]
mod tests;
