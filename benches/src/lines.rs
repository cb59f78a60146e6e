//! The record that is logged, and the line that it must become. The plain formatter of that line is
//! the ceiling that the drain is held against, and what its output is compared with byte by byte.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::Failure;

/// The values of record number `number`.
#[inline]
#[must_use]
pub fn values(number: u64) -> (u64, i64, f64) {
    let number_short = (number.wrapping_mul(0x9e37_79b9) % 100_000) as u32;
    (number, i64::from(number_short), f64::from(number_short) / 100.0)
}

/// Logs record number `number`: two integers, a double, a short text.
#[inline(never)]
pub fn log(number: u64) {
    let (order_id, total_cents, ms) = values(number);
    logring::info!("order placed", order_id, total_cents, ms);
}

/// The forms of lines that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// An object of JSON each.
    Json,
    /// Text: `key=value` pairs.
    Logfmt,
}

impl Form {
    /// Its name, as the drain's command line has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Logfmt => "logfmt",
        }
    }

    /// What stands before the timestamp.
    const fn head(self) -> &'static [u8] {
        match self {
            Self::Json => b"{\"timestamp\":\"",
            Self::Logfmt => b"timestamp=",
        }
    }

    /// What stands between the values and behind the last one.
    const fn between(self) -> [&'static [u8]; 3] {
        match self {
            Self::Json => [b",\"total_cents\":", b",\"ms\":", b"}\n"],
            Self::Logfmt => [b" total_cents=", b" ms=", b"\n"],
        }
    }

    /// What stands before the number of a record.
    const fn number(self) -> &'static [u8] {
        match self {
            Self::Json => b"\"order_id\":",
            Self::Logfmt => b" order_id=",
        }
    }
}

/// Bytes of a timestamp, behind the form's head.
const STAMP: usize = "2026-11-21T22:14:03.123456Z".len();

/// Formats lines as the drain does, without what makes a drain of it.
#[derive(Debug)]
pub struct Plain {
    form: Form,
    /// What comes behind the timestamp and before the first value.
    middle: Vec<u8>,
    /// A timestamp's date and time, and the point.
    second: Vec<u8>,
}

impl Plain {
    /// Lines of what process `pid` logs by [`log`].
    #[must_use]
    pub fn new(form: Form, pid: u32) -> Self {
        let target = module_path!();
        let middle = match form {
            Form::Json => format!(
                "\",\"level\":\"info\",\"event\":\"order placed\",\"target\":\"{target}\",\"pid\":{pid},\"order_id\":"
            ),
            Form::Logfmt => {
                format!(" level=info event=\"order placed\" target={target} pid={pid} order_id=")
            }
        };
        Self { form, middle: middle.into_bytes(), second: b"2026-11-21T22:14:03.".to_vec() }
    }

    /// Appends the line of record `number`, at `microseconds` in the second.
    #[inline]
    pub fn line(&self, number: u64, microseconds: u32, out: &mut Vec<u8>) {
        let (order_id, total_cents, ms) = values(number);
        let [before_cents, before_ms, end] = self.form.between();
        out.extend_from_slice(self.form.head());
        out.extend_from_slice(&self.second);
        let mut digits = *b"000000Z";
        let mut rest = microseconds;
        for digit in digits[..6].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&digits);
        out.extend_from_slice(&self.middle);
        out.extend_from_slice(itoa::Buffer::new().format(order_id).as_bytes());
        out.extend_from_slice(before_cents);
        out.extend_from_slice(itoa::Buffer::new().format(total_cents).as_bytes());
        out.extend_from_slice(before_ms);
        out.extend_from_slice(zmij::Buffer::new().format_finite(ms).as_bytes());
        out.extend_from_slice(end);
    }

    /// Formats `records` lines and writes them to `path`, a megabyte at a time: what one core can do
    /// at best.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, records: u64, path: &Path) -> Result<(), Failure> {
        const BATCH_BYTES: usize = 1 << 20;
        let mut file = File::create(path)?;
        let mut batch = Vec::with_capacity(BATCH_BYTES + 4096);
        for number in 0..records {
            self.line(number, (number % 1_000_000) as u32, &mut batch);
            if batch.len() >= BATCH_BYTES {
                file.write_all(&batch)?;
                batch.clear();
            }
        }
        file.write_all(&batch)?;
        Ok(())
    }

    /// Sees to it that `text` has the lines of records 0 to `records`, each once and in order, and
    /// at most notices of the drain besides. Returns the bytes of a line on average.
    ///
    /// # Errors
    /// The first line that is another, or missing.
    pub fn check(&self, text: &[u8], records: u64) -> Result<f64, Failure> {
        let head = self.form.head();
        let mut expected = Vec::new();
        let mut number = 0;
        let mut last_stamp: &[u8] = b"";
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            expected.clear();
            self.line(number, 0, &mut expected);
            let (stamp, rest) = match line.split_at_checked(head.len() + STAMP) {
                Some((begin, rest)) => (begin.strip_prefix(head).unwrap_or_default(), rest),
                None => (&b""[..], line),
            };
            if number < records && rest == &expected[head.len() + STAMP..] && stamp >= last_stamp {
                number += 1;
                last_stamp = stamp;
                continue;
            }
            let line = String::from_utf8_lossy(line);
            if !line.contains("\"target\":\"logring\"") && !line.contains(" target=logring ") {
                let expected = String::from_utf8_lossy(&expected);
                return Err(format!(
                    "line {} is not record {number}: {line}expected, at the time of the line before or later: {expected}",
                    index + 1
                )
                .into());
            }
            eprint!("the drain says: {line}");
        }
        if number < records {
            return Err(format!("{number} of {records} records are in the file").into());
        }
        Ok(text.len() as f64 / records as f64)
    }
}

/// Sees to it that `text` has the records 0 to `records`, each once, whoever logged them, and in time
/// order. Returns the bytes of a line on average.
///
/// # Errors
/// A record that is missing or doubled, a line before its time.
pub fn check_many(form: Form, text: &[u8], records: u64) -> Result<f64, Failure> {
    let mut seen = vec![false; records as usize];
    let mut last_stamp: &[u8] = b"";
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let stamp = line.get(form.head().len()..).and_then(|line| line.get(..STAMP));
        let stamp = stamp.ok_or("a line is too short")?;
        if stamp < last_stamp {
            return Err(format!("out of order: {}", String::from_utf8_lossy(line)).into());
        }
        last_stamp = stamp;
        let key = form.number();
        let Some(at) = line.windows(key.len()).position(|window| window == key) else {
            eprint!("the drain says: {}", String::from_utf8_lossy(line));
            continue;
        };
        let digits = line.iter().skip(at + key.len()).take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number: usize, digit| number * 10 + usize::from(digit - b'0'));
        match seen.get_mut(number) {
            Some(seen @ false) => *seen = true,
            _ => return Err(format!("record {number} stands twice, or is nobody's").into()),
        }
    }
    match seen.iter().position(|seen| !seen) {
        Some(number) => Err(format!("record {number} is not in the file").into()),
        None => Ok(text.len() as f64 / records as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_a_doubled_and_a_changed_line_are_seen() {
        let plain = Plain::new(Form::Json, 7);
        let text = |numbers: &[u64]| {
            let mut text = Vec::new();
            numbers.iter().for_each(|number| plain.line(*number, *number as u32, &mut text));
            text
        };
        assert!(plain.check(&text(&[0, 1, 2]), 3).is_ok());
        for wrong in [&[0, 2][..], &[0, 1], &[0, 1, 1, 2], &[0, 2, 1], &[0, 1, 2, 3]] {
            assert!(plain.check(&text(wrong), 3).is_err(), "{wrong:?}");
        }
        let mut changed = text(&[0, 1, 2]);
        let at = changed.len() - 4;
        changed[at] ^= 1;
        assert!(plain.check(&changed, 3).is_err());
    }
}
