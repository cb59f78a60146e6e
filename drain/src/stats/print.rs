//! The numbers as text for people, and as JSON for programs. Names in them were written by producers
//! and users: they are escaped as in a line.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{Counts, Stats};
use crate::render::escape::json_text;

/// One object in one line.
pub(super) fn json(stats: &Stats) -> String {
    let mut out = Vec::new();
    let mut to = Serializer::with_formatter(&mut out, Harmless);
    stats.serialize(&mut to).expect("numbers and text, to memory");
    out.push(b'\n');
    String::from_utf8(out).expect("JSON is text")
}

/// JSON that escapes what could deceive a reader, as lines do.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut escaped = Vec::new();
        json_text(fragment, &mut escaped);
        writer.write_all(&escaped)
    }
}

/// Some lines, aligned.
pub(super) fn text(stats: &Stats) -> String {
    let Stats { segment, ring, drain, dictionary, .. } = stats;
    let mut out = String::new();
    let mut fact = |name: &str, text: String| {
        writeln!(out, "{name:<10} {text}").expect("text goes to memory");
    };
    fact("segment", format!("{}, created {}", escaped(&segment.name), segment.created));
    fact(
        "ring",
        format!(
            "{} of {}: {} owned{}, {} free, high water {}",
            count(u64::from(ring.blocks), "block"),
            bytes(ring.block_bytes as u64),
            grouped(ring.owned.into()),
            idle(ring),
            grouped(ring.free.into()),
            grouped(ring.high_water.into()),
        ),
    );
    fact("drain", drain_line(drain));
    fact(
        "dictionary",
        format!(
            "{}, {}, {} of {} used",
            count(dictionary.callsites.into(), "callsite"),
            count(dictionary.strings.into(), "string"),
            bytes(dictionary.bytes_used),
            bytes(dictionary.bytes),
        ),
    );
    out.push('\n');
    out.push_str(&producers(stats));
    if !stats.cursors.is_empty() {
        out.push('\n');
        out.push_str(&cursors(stats));
    }
    out
}

/// What idle threads hold, where they hold anything.
fn idle(ring: &super::Ring) -> String {
    match (ring.idle, ring.asked) {
        (0, _) => String::new(),
        (held, 0) => format!(" ({} by idle threads)", grouped(held.into())),
        (held, asked) => {
            format!(
                " ({} by idle threads, {} asked back)",
                grouped(held.into()),
                grouped(asked.into())
            )
        }
    }
}

fn drain_line(drain: &super::Drain) -> String {
    let mut text = match (drain.pid, &drain.host) {
        (Some(pid), Some(host)) => format!("pid {pid} on {:?}, epoch {}", host, drain.epoch),
        _ => "none".to_owned(),
    };
    let lag = match drain.lag_records {
        0 => ", up to date".to_owned(),
        waiting => {
            format!(", {} waiting, the oldest for {} ms", count(waiting, "record"), drain.lag_ms)
        }
    };
    text.push_str(&lag);
    if !drain.ledger {
        text.push_str(" (no ledger at hand: what has been written counts as waiting)");
    }
    text
}

fn producers(stats: &Stats) -> String {
    let head =
        ["pid", "name", "alive", "threads", "records", "waiting", "lost", "torn", "malformed"];
    let numbers = |counts: &Counts| {
        let Counts { records, waiting, lost, torn, malformed } = *counts;
        [records, waiting, lost, torn, malformed].map(grouped)
    };
    let mut known = Counts::default();
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for producer in &stats.producers {
        let alive = if producer.alive { "yes" } else { "no" };
        let mut row = vec![
            producer.pid.to_string(),
            escaped(&producer.name),
            alive.to_owned(),
            grouped(producer.threads.into()),
        ];
        row.extend(numbers(&producer.counts));
        rows.push(row);
        known = known.plus(&producer.counts);
    }
    let gone = stats.total.minus(&known);
    for (name, counts) in [("(gone)", &gone), ("(all)", &stats.total)] {
        let mut row = ["", name, "", ""].map(str::to_owned).to_vec();
        row.extend(numbers(counts));
        rows.push(row);
    }
    table(&rows, &[1, 2])
}

fn cursors(stats: &Stats) -> String {
    let mut rows = vec![["sink", "state", "waiting", "bytes"].map(str::to_owned).to_vec()];
    for cursor in &stats.cursors {
        let state = match &cursor.error {
            Some(error) => format!("{}: {}", cursor.state, escaped(error)),
            None => cursor.state.to_owned(),
        };
        let numbers = [cursor.lag_records, cursor.bytes].map(grouped);
        rows.push([vec![escaped(&cursor.sink), state], numbers.to_vec()].concat());
    }
    table(&rows, &[0, 1])
}

/// Columns as wide as their widest cell; numbers stand to the right, the columns of `left` do not.
fn table(rows: &[Vec<String>], left: &[usize]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let written = if left.contains(&column) {
                write!(line, "{gap}{cell:<width$}")
            } else {
                write!(line, "{gap}{cell:>width$}")
            };
            written.expect("text goes to memory");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    json_text(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn count(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn bytes(number: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| number >= 1 << shift) {
        Some((shift, unit)) if number.is_multiple_of(1 << shift) => {
            format!("{} {unit}", number >> shift)
        }
        Some((shift, unit)) => format!("{:.1} {unit}", number as f64 / (1u64 << shift) as f64),
        None => format!("{number} B"),
    }
}

impl Counts {
    fn plus(&self, other: &Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn minus(&self, other: &Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    fn with(&self, other: &Self, each: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            records: each(self.records, other.records),
            waiting: each(self.waiting, other.waiting),
            lost: each(self.lost, other.lost),
            torn: each(self.torn, other.torn),
            malformed: each(self.malformed, other.malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        let groups = [0, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(groups, ["0", "999", "1,000", "123,456", "1,234,567"]);
        let sizes = [512, 1 << 10, 1536, 16 << 20, 3 << 30].map(bytes);
        assert_eq!(sizes, ["512 B", "1 KiB", "1.5 KiB", "16 MiB", "3 GiB"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [["a", "n"], ["long", "10"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, &[0]), "a      n\nlong  10\n");
    }
}
