//! A line while it is written. Called for every piece of every line, so the place where the next
//! piece goes is kept in a register: appending to a `Vec` stores its length for each piece and
//! loads it again for the next, which took longer than all else together.

/// Appends to a vector of which the part behind `at` is room, and not yet of the line.
///
/// All methods inline, so that `at` stays in a register; a function that does not inline takes a
/// [`Line::reborrow`] and returns the new `at`.
#[derive(Debug)]
pub(crate) struct Line<'o> {
    out: &'o mut Vec<u8>,
    at: usize,
}

/// A part of many lines, made once: a short one is laid out so that it is copied whole, its room
/// included, whatever its length is.
#[derive(Debug, PartialEq)]
pub(crate) struct Piece {
    short: [u8; WINDOW],
    len: usize,
    /// What follows, the last of it laid out as well.
    more: Box<[[u8; WINDOW]]>,
}

impl Piece {
    /// A piece of these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let laid_out = |part: &[u8]| {
            let mut window = [0; WINDOW];
            window[..part.len()].copy_from_slice(part);
            window
        };
        let mut parts = bytes.chunks(WINDOW).map(laid_out);
        let short = parts.next().unwrap_or([0; WINDOW]);
        Self { short, len: bytes.len(), more: parts.collect() }
    }
}

/// How much room is made when there is none.
const ROOM_BYTES: usize = 256;
/// Pieces are written through a window of so many bytes: one comparison for several stores.
const WINDOW: usize = 64;

impl<'o> Line<'o> {
    /// A line behind what stands in `out`, with room for `room` bytes at first.
    #[inline(always)]
    pub(crate) fn new(out: &'o mut Vec<u8>, room: usize) -> Self {
        let at = out.len();
        out.resize(at + room, 0);
        Line { out, at }
    }

    /// A line at `at` of `out`, over what stands there, all of which is room.
    #[inline(always)]
    pub(crate) fn over(out: &'o mut Vec<u8>, at: usize) -> Self {
        Line { out, at }
    }

    /// Ends the line; returns where it ends in the vector.
    #[inline(always)]
    pub(crate) fn end(self) -> usize {
        self.out.truncate(self.at);
        self.at
    }

    /// The same line, to be handed to a function that returns where it has got to.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Line<'_> {
        Line { out: self.out, at: self.at }
    }

    /// Where the next piece goes.
    #[inline(always)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at `at`, to where a function has written.
    #[inline(always)]
    pub(crate) fn resume(&mut self, at: usize) {
        self.at = at;
    }

    /// The next bytes of the vector, which are room or become it.
    #[inline(always)]
    fn window(&mut self) -> &mut [u8; WINDOW] {
        // Both compared here, so that neither is compared again below.
        if self.at > self.out.len() || self.out.len() - self.at < WINDOW {
            return grow(self.out, self.at);
        }
        self.out[self.at..].first_chunk_mut().expect("there is room, as was just seen")
    }

    /// Appends the first `len` of `bytes`.
    #[inline(always)]
    fn store<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        self.window()[..N].copy_from_slice(bytes);
        self.at += len;
    }

    /// Appends a constant.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.store(bytes, N);
    }

    /// Appends bytes whose number is not known when compiling.
    #[inline(always)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if !self.short(b"", bytes, b"", |_| false) {
            self.at = self.reborrow().long(bytes);
        }
    }

    /// Appends a piece that was made before.
    #[inline(always)]
    pub(crate) fn piece(&mut self, piece: &Piece) {
        let end = self.at + piece.len;
        self.put(&piece.short);
        for part in &piece.more {
            self.put(part);
        }
        self.at = end;
    }

    /// Appends more than 32 bytes: whole windows, then the last bytes, which overlap them.
    #[inline(never)]
    fn long(mut self, bytes: &[u8]) -> usize {
        const HALF: usize = WINDOW / 2;
        let end = self.at + bytes.len();
        if let Some(last) = bytes.last_chunk::<WINDOW>() {
            for chunk in bytes.as_chunks::<WINDOW>().0 {
                self.put(chunk);
            }
            self.at = end - WINDOW;
            self.put(last);
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let window = self.window();
            window[..HALF].copy_from_slice(first as &[u8; HALF]);
            window[bytes.len() - HALF..bytes.len()].copy_from_slice(last as &[u8; HALF]);
            self.at = end;
        } else {
            self.with_vec(|out| out.extend_from_slice(bytes));
        }
        self.at
    }

    /// Appends `bytes` between two constants, if they are short and `is_bad` holds for none of the
    /// words of eight that they are made of; else appends nothing. Says which.
    ///
    /// Short pieces are written as their first and their last few bytes, which overlap: most pieces
    /// are short, and a call of `memcpy` for each would cost more than the piece.
    #[inline(always)]
    pub(crate) fn short<const A: usize, const B: usize>(
        &mut self,
        before: &[u8; A],
        bytes: &[u8],
        after: &[u8; B],
        is_bad: impl Fn([u64; 2]) -> bool,
    ) -> bool {
        let len = bytes.len();
        match len {
            33.. => false,
            16.. => self.ends::<16, A, B>(before, bytes, after, |first, last| {
                is_bad(words(first)) | is_bad(words(last))
            }),
            8.. => self.ends::<8, A, B>(before, bytes, after, |first, last| {
                is_bad([u64::from_le_bytes(*first), u64::from_le_bytes(*last)])
            }),
            4.. => self.ends::<4, A, B>(before, bytes, after, |first, last| {
                let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
                is_bad([u64::from(first) | (u64::from(last) << 32); 2])
            }),
            1.. => self.ends::<1, A, B>(before, bytes, after, |[first], [last]| {
                const F: u8 = b'0'; // no form of lines minds it
                let middle = bytes[len / 2];
                is_bad([u64::from_le_bytes([*first, middle, *last, F, F, F, F, F]); 2])
            }),
            0 => {
                self.put(before);
                self.put(after);
                true
            }
        }
    }

    #[inline(always)]
    fn ends<const N: usize, const A: usize, const B: usize>(
        &mut self,
        before: &[u8; A],
        bytes: &[u8],
        after: &[u8; B],
        is_bad: impl Fn(&[u8; N], &[u8; N]) -> bool,
    ) -> bool {
        const { assert!(A + 32 + B <= WINDOW) };
        let len = bytes.len();
        let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
            return false;
        };
        if is_bad(first, last) {
            return false;
        }
        let window = self.window();
        window[..A].copy_from_slice(before);
        window[A..A + N].copy_from_slice(first);
        if N == 1 {
            // Up to three bytes: the middle one stands before the last, or is one of both.
            window[A + len / 2] = bytes[len / 2];
        }
        window[A + len - N..A + len].copy_from_slice(last);
        window[A + len..A + len + B].copy_from_slice(after);
        self.at += A + len + B;
        true
    }

    /// Appends an integer.
    #[inline(always)]
    pub(crate) fn integer(&mut self, value: u64) {
        if value < 100_000_000 {
            // How many there are is not taken from the digits: what follows does not have to wait
            // for them then.
            let len = digits_of(value as u32);
            let text = (eight_digits(value as u32) | ASCII_ZEROS) >> (64 - 8 * len);
            self.store(&text.to_le_bytes(), len);
        } else {
            self.bytes(itoa::Buffer::new().format(value).as_bytes());
        }
    }

    /// Appends a signed integer.
    #[inline(always)]
    pub(crate) fn signed(&mut self, value: i64) {
        if value < 0 {
            self.put(b"-");
        }
        self.integer(value.unsigned_abs());
    }

    /// Appends a double of at most six decimals, as the shortest text that reads back as it, always with
    /// a point. False, and nothing appended, for any other.
    ///
    /// A decimal number of up to 15 digits is the only one of so few that reads as its double: it is
    /// the shortest text if dividing its digits by the power of ten, which is exact but for one
    /// rounding, gives the double.
    #[inline(always)]
    pub(crate) fn short_double(&mut self, value: f64) -> bool {
        const MILLION: f64 = 1e6;
        let size = value.abs();
        // Smaller ones have an exponent; of greater ones the digits are too many.
        if !(1e-3..1e8).contains(&size) {
            return false;
        }
        let digits = (size * MILLION + 0.5) as i64;
        if digits as f64 / MILLION != size {
            return false;
        }
        let (whole, fraction) = (digits as u64 / 1_000_000, (digits as u64 % 1_000_000) as u32);
        if value < 0.0 {
            self.put(b"-");
        }
        self.integer(whole);
        // Six digits behind a point; zeros at their end go, but for the first of them.
        let six = eight_digits(fraction) >> 16;
        let len = 2 + (six >> 8).checked_ilog2().map_or(0, |bit| 1 + bit as usize / 8);
        let text = ((six | (ASCII_ZEROS >> 16)) << 8) | u64::from(b'.');
        self.store(&text.to_le_bytes(), len);
        true
    }

    /// Appends six digits, leading zeros included, then `Z`.
    #[inline(always)]
    pub(crate) fn six_digits_z(&mut self, value: u32) {
        let digits = (eight_digits(value) | ASCII_ZEROS) >> 16;
        self.store(&(digits | (u64::from(b'Z') << 48)).to_le_bytes(), 7);
    }

    /// Appends nine digits, leading zeros included, then `Z`.
    #[inline(always)]
    pub(crate) fn nine_digits_z(&mut self, value: u32) {
        self.put(&(eight_digits(value / 10) | ASCII_ZEROS).to_le_bytes());
        self.put(&[b'0' + (value % 10) as u8, b'Z']);
    }

    /// Lets `write` append to the vector itself, for what is rare or long.
    #[inline(always)]
    pub(crate) fn with_vec(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.out.truncate(self.at);
        write(self.out);
        self.at = self.out.len();
        self.out.resize(self.at + ROOM_BYTES, 0);
    }
}

/// How many digits an integer below 10^8 has.
#[inline(always)]
fn digits_of(value: u32) -> usize {
    const TOO_MANY: u32 = u32::MAX;
    const POWERS: [u32; 16] = {
        let mut powers = [TOO_MANY; 16];
        powers[0] = 0;
        let (mut at, mut power) = (1, 10);
        while at < 9 {
            powers[at] = power;
            power *= 10;
            at += 1;
        }
        powers
    };
    // By its bits, that many or one less: 1233 / 4096 is the logarithm of 2.
    let least = (((32 - (value | 1).leading_zeros()) * 1233) >> 12) as usize;
    least + usize::from(value >= POWERS[least % POWERS.len()])
}

#[cold]
fn grow(out: &mut Vec<u8>, at: usize) -> &mut [u8; WINDOW] {
    out.resize(at + ROOM_BYTES, 0);
    out[at..].first_chunk_mut().expect("the vector has grown")
}

#[inline(always)]
fn words(chunk: &[u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(*chunk);
    [both as u64, (both >> 64) as u64]
}

const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight decimal digits of a number below 10^8, the highest in the lowest byte: split in
/// halves, then quarters, then digits, each step on all parts at once. A division by 100 or 10 is
/// a multiplication and a shift, exact for the few digits that a part has.
#[inline(always)]
fn eight_digits(value: u32) -> u64 {
    let halves = u64::from(value / 10_000) | (u64::from(value % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let quarters = hundreds | ((halves - 100 * hundreds) << 16);
    let tens = ((quarters * 103) >> 10) & 0xf_000f_000f_000f;
    tens | ((quarters - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(room: usize, write: impl FnOnce(&mut Line<'_>)) -> Vec<u8> {
        let mut out = b"before".to_vec();
        let mut line = Line::new(&mut out, room);
        write(&mut line);
        let end = line.end();
        assert_eq!(end, out.len());
        out.strip_prefix(b"before").unwrap().to_vec()
    }

    #[test]
    fn pieces_of_every_length_arrive_whole_whatever_the_room() {
        let bytes: Vec<u8> = (1..=200).collect();
        for len in 0..bytes.len() {
            for room in [0, 1, 10, 100, 1000] {
                let piece = Piece::new(&bytes[..len]);
                let pieces = written(room, |line| {
                    line.piece(&piece);
                    line.put(b"|");
                    line.piece(&piece);
                });
                assert_eq!(pieces, [&bytes[..len], b"|", &bytes[..len]].concat());
                let twice = written(room, |line| {
                    line.bytes(&bytes[..len]);
                    line.put(b"|");
                    line.bytes(&bytes[..len]);
                });
                assert_eq!(twice, [&bytes[..len], b"|", &bytes[..len]].concat());
            }
        }
    }

    #[test]
    fn integers_have_their_digits() {
        let mut values = vec![0, u64::MAX, i64::MAX as u64];
        for digits in 0..20 {
            let power = 10u64.pow(digits);
            values.extend([
                power - 1,
                power,
                power + 1,
                power.wrapping_mul(9),
                1_234_567_890 % power,
            ]);
        }
        values.extend((0..100_000_000).step_by(9_973));
        for value in values {
            assert_eq!(written(0, |line| line.integer(value)), value.to_string().as_bytes());
            let signed = (value as i64).wrapping_neg();
            assert_eq!(written(99, |line| line.signed(signed)), signed.to_string().as_bytes());
        }
        assert_eq!(written(0, |line| line.signed(i64::MIN)), i64::MIN.to_string().as_bytes());
    }

    #[test]
    fn short_doubles_are_the_shortest_text() {
        let of = |value: f64| {
            let mut is_written = false;
            let text = written(0, |line| is_written = line.short_double(value));
            let text = String::from_utf8(text).unwrap();
            let expected = zmij::Buffer::new().format_finite(value).to_owned();
            assert_eq!(text, if is_written { &*expected } else { "" }, "{value:?}");
            is_written
        };
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for round in 0..400_000u32 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let power = 10u64.pow(round % 8);
            let decimal = ((state % 100_000_000_000_000) >> (round % 40)) as f64 / power as f64;
            for value in [decimal, -decimal, decimal.next_up(), f64::from_bits(state)] {
                of(value);
            }
        }
        for value in [1.0, 12.5, -2.5, 0.001, 0.1, 1.000_001, 99_999_999.999_999, 33.3, 1e7] {
            assert!(of(value), "{value:?}");
        }
        let odd = [0.0, -0.0, 1e8, 0.000_9, 1.0 / 3.0, 1e300, f64::MIN_POSITIVE, f64::INFINITY];
        for value in odd.into_iter().filter(|value| value.is_finite()) {
            assert!(!of(value), "{value:?}");
        }
        assert_eq!(written(0, |line| assert!(!line.short_double(f64::NAN))), b"");
    }

    #[test]
    fn fractions_keep_their_zeros() {
        for value in [0, 7, 10, 999_999, 123_456] {
            let text = format!("{value:06}Z");
            assert_eq!(written(0, |line| line.six_digits_z(value)), text.as_bytes());
        }
        for value in [0, 7, 10, 999_999_999, 123_456_789] {
            let text = format!("{value:09}Z");
            assert_eq!(written(0, |line| line.nine_digits_z(value)), text.as_bytes());
        }
    }
}
