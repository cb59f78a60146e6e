//! Timestamps as RFC 3339 text, UTC, always with the same number of digits so that they sort as
//! text. Called once a line: the date and time of a second are computed once and only the digits
//! behind the point are made for the next record of the same second.

use jiff::Timestamp;

use super::line::{Line, Piece, nine_digits_z, six_digits_z};

/// Digits behind the point of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// Microseconds, cut, not rounded.
    #[default]
    Six,
    /// Nanoseconds.
    Nine,
}

/// Writes timestamps behind a fixed prefix.
#[derive(Debug)]
pub struct Stamps {
    prefix: Box<str>,
    /// The prefix, date and time of the second, and the point.
    front: Piece,
    /// Where the second begins, in nanoseconds since the epoch; the earliest one begins before 64 bits
    /// of them do.
    second_ns: i128,
    digits: Digits,
    /// Changes with the second, and is never 0.
    turns: u32,
}

/// Bytes of `2026-11-21T22:14:03`. Nanoseconds in 64 bits reach from 1677 to 2262, so a year has
/// four digits.
const SECOND_BYTES: usize = 19;
const NANOSECONDS: i64 = 1_000_000_000;

impl Stamps {
    /// A writer of timestamps of so many `digits` behind `prefix`.
    #[must_use]
    pub fn new(prefix: &str, digits: Digits) -> Self {
        let front = Piece::new(format!("{prefix}1970-01-01T00:00:00.").as_bytes());
        Self { prefix: prefix.into(), front, second_ns: 0, digits, turns: 1 }
    }

    /// Appends the prefix, then the time `nanoseconds` after the Unix epoch.
    #[inline(always)]
    pub(crate) fn write(&mut self, nanoseconds: i64, line: &mut Line<'_>) {
        let fraction = self.fraction(nanoseconds);
        line.piece(&self.front);
        match self.digits {
            Digits::Six => {
                let [text @ .., _] = six_digits_z(fraction / 1000, 0);
                line.put::<7>(&text);
            }
            Digits::Nine => line.put(&nine_digits_z(fraction)),
        }
    }

    /// The nanoseconds of the second in which this time lies. What stands before them stays the same as
    /// long as [`Stamps::turns`] does.
    #[inline(always)]
    pub(crate) fn fraction(&mut self, nanoseconds: i64) -> u32 {
        let mut fraction = i128::from(nanoseconds) - self.second_ns;
        if !(0..NANOSECONDS.into()).contains(&fraction) {
            fraction = self.turn(nanoseconds).into();
        }
        // Below 10^9, so it fits.
        fraction as u32
    }

    /// See [`Stamps::fraction`]; never 0.
    #[inline(always)]
    pub(crate) fn turns(&self) -> u32 {
        self.turns
    }

    /// Writes the digits of `fraction` where [`Stamps::write`] began at `at`; `behind` is the byte that
    /// stands behind them.
    #[inline(always)]
    pub(crate) fn rewrite(&self, fraction: u32, at: usize, behind: u8, line: &mut Line<'_>) {
        let at = at + self.front.len();
        match self.digits {
            Digits::Six => line.overwrite(at, &six_digits_z(fraction / 1000, behind)),
            Digits::Nine => line.overwrite(at, &nine_digits_z(fraction)),
        }
    }

    /// Goes on with the second of this time; returns the nanoseconds since it began.
    #[cold]
    fn turn(&mut self, nanoseconds: i64) -> i64 {
        let second = nanoseconds.div_euclid(NANOSECONDS);
        let text = Timestamp::from_second(second)
            .expect("64 bits of nanoseconds lie within jiff's years")
            .to_string();
        self.front = Piece::new(format!("{}{}.", self.prefix, &text[..SECOND_BYTES]).as_bytes());
        self.second_ns = i128::from(second) * i128::from(NANOSECONDS);
        self.turns = self.turns.wrapping_add(1).max(1);
        nanoseconds.rem_euclid(NANOSECONDS)
    }
}

/// One timestamp as text, where speed does not matter.
#[must_use]
pub fn rfc3339(nanoseconds: i64, digits: Digits) -> String {
    let mut out = Vec::new();
    let mut line = Line::new(&mut out, 0);
    Stamps::new("", digits).write(nanoseconds, &mut line);
    line.end();
    String::from_utf8(out).expect("digits and signs are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_all_digits_behind_the_prefix() {
        let mut six = Stamps::new("<", Digits::Six);
        for (nanoseconds, expected) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_795_299_243_123_456_789, "2026-11-21T22:14:03.123456789Z"),
            (1_795_299_243_000_000_999, "2026-11-21T22:14:03.000000999Z"),
            (1_795_299_244_999_999_999, "2026-11-21T22:14:04.999999999Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(rfc3339(nanoseconds, Digits::Nine), expected);
            let mut out = Vec::new();
            let mut line = Line::new(&mut out, 0);
            six.write(nanoseconds, &mut line);
            line.end();
            assert_eq!(out, format!("<{}Z", &expected[..26]).as_bytes());
        }
    }
}
