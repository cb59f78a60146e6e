//! Timestamps as RFC 3339 text, UTC, always with the same number of digits so that they sort as
//! text. Called once a line: the date and time of a second are computed once and only the digits
//! behind the point are patched for the next record of the same second.

use jiff::Timestamp;

/// Digits behind the point of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// Microseconds, cut, not rounded.
    #[default]
    Six,
    /// Nanoseconds.
    Nine,
}

/// Writes timestamps between a fixed prefix and suffix.
#[derive(Debug)]
pub struct Stamps {
    /// The prefix, the timestamp written last, the suffix.
    text: Vec<u8>,
    /// The second that stands in `text`.
    second: i64,
    /// Where in `text` the timestamp and its fraction begin.
    start: usize,
    fraction: usize,
    digits: Digits,
}

/// Bytes of `2026-11-21T22:14:03`. Nanoseconds in 64 bits reach from 1677 to 2262, so a year has
/// four digits.
const SECOND_BYTES: usize = 19;
const NANOSECONDS: i64 = 1_000_000_000;

impl Stamps {
    /// A writer of timestamps of so many `digits` between `prefix` and `suffix`.
    #[must_use]
    pub fn new(prefix: &str, digits: Digits, suffix: &str) -> Self {
        let zeros = match digits {
            Digits::Six => "000000",
            Digits::Nine => "000000000",
        };
        let text = format!("{prefix}1970-01-01T00:00:00.{zeros}Z{suffix}").into_bytes();
        let start = prefix.len();
        Self { text, second: 0, start, fraction: start + SECOND_BYTES + 1, digits }
    }

    /// Prefix, the time `nanoseconds` after the Unix epoch, suffix.
    #[inline]
    pub fn text(&mut self, nanoseconds: i64) -> &[u8] {
        let second = nanoseconds.div_euclid(NANOSECONDS);
        if second != self.second {
            self.turn(second);
        }
        // Below 10^9, so it fits.
        let fraction = nanoseconds.rem_euclid(NANOSECONDS) as u32;
        let place = &mut self.text[self.fraction..];
        match self.digits {
            Digits::Six => pairs::<3>(fraction / 1000, place),
            Digits::Nine => {
                pairs::<4>(fraction / 10, place);
                place[8] = b'0' + (fraction % 10) as u8;
            }
        }
        &self.text
    }

    #[cold]
    fn turn(&mut self, second: i64) {
        let text = Timestamp::from_second(second)
            .expect("64 bits of nanoseconds lie within jiff's years")
            .to_string();
        self.text[self.start..self.start + SECOND_BYTES]
            .copy_from_slice(&text.as_bytes()[..SECOND_BYTES]);
        self.second = second;
    }
}

/// The decimal digits of `value`, two at a time, `N` pairs.
#[inline]
fn pairs<const N: usize>(mut value: u32, place: &mut [u8]) {
    let (place, _) = place[..2 * N].as_chunks_mut::<2>();
    for pair in place.iter_mut().rev() {
        *pair = PAIRS[(value % 100) as usize];
        value /= 100;
    }
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_all_digits_between_prefix_and_suffix() {
        let mut six = Stamps::new("<", Digits::Six, ">");
        let mut nine = Stamps::new("", Digits::Nine, "");
        for (nanoseconds, expected) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_795_299_243_123_456_789, "2026-11-21T22:14:03.123456789Z"),
            (1_795_299_243_000_000_999, "2026-11-21T22:14:03.000000999Z"),
            (1_795_299_244_999_999_999, "2026-11-21T22:14:04.999999999Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(nine.text(nanoseconds), expected.as_bytes());
            let cut = format!("<{}Z>", &expected[..26]);
            assert_eq!(six.text(nanoseconds), cut.as_bytes());
        }
    }
}
