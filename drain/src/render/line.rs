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
    bytes: Box<[u8]>,
}

impl Piece {
    /// A piece of these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut short = [0; WINDOW];
        let len = bytes.len().min(WINDOW);
        short[..len].copy_from_slice(&bytes[..len]);
        Self { short, bytes: bytes.into() }
    }

    /// Its length in bytes.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A short piece with a number behind it: one look at the room is enough for both.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lead {
    bytes: [u8; LEAD_BYTES],
    len: u8,
}

const LEAD_BYTES: usize = 32;
/// A lead, a sign, and numbers as they are written behind it: eight bytes each, whatever their length.
const NUMBER_WINDOW: usize = 128;

impl Lead {
    /// A lead of these bytes, if they are not too many.
    pub(crate) fn new(piece: &[u8]) -> Option<Self> {
        let mut bytes = [0; LEAD_BYTES];
        bytes.get_mut(..piece.len())?.copy_from_slice(piece);
        Some(Self { bytes, len: piece.len() as u8 })
    }

    /// Writes it and a sign, if there is one; returns where the number goes.
    #[inline(always)]
    fn write(&self, is_negative: bool, window: &mut [u8; NUMBER_WINDOW]) -> usize {
        window[..LEAD_BYTES].copy_from_slice(&self.bytes);
        // It is no more than that; the compiler is told.
        let at = usize::from(self.len) % (2 * LEAD_BYTES);
        window[at] = b'-';
        at + usize::from(is_negative)
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

    /// What has been written since `at`.
    pub(crate) fn since(&self, at: usize) -> &[u8] {
        self.out.get(at..self.at).unwrap_or_default()
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
    fn window<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= ROOM_BYTES) };
        // Both compared here, so that neither is compared again below.
        if self.at > self.out.len() || self.out.len() - self.at < N {
            return grow(self.out, self.at);
        }
        self.out[self.at..].first_chunk_mut().expect("there is room, as was just seen")
    }

    /// Appends the first `len` of `bytes`.
    #[inline(always)]
    fn store<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        *self.window() = *bytes;
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
        let len = piece.bytes.len();
        if len <= WINDOW {
            return self.store(&piece.short, len);
        }
        match self.out.get_mut(self.at..self.at + len) {
            Some(room) => {
                room.copy_from_slice(&piece.bytes);
                self.at += len;
            }
            None => self.with_vec(|out| out.extend_from_slice(&piece.bytes)),
        }
    }

    /// Writes bytes over what was appended behind `at`.
    #[inline(always)]
    pub(crate) fn overwrite<const N: usize>(&mut self, at: usize, bytes: &[u8; N]) {
        if let Some(place) = self.out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = *bytes;
        }
    }

    /// Appends a lead and an integer. False, and nothing appended, if it has more than eight digits.
    #[inline(always)]
    pub(crate) fn lead_integer(&mut self, lead: &Lead, is_negative: bool, size: u64) -> bool {
        if size >= EIGHT_DIGITS {
            return false;
        }
        let window = self.window();
        let at = lead.write(is_negative, window);
        self.at += write_digits(window, at, size as u32);
        true
    }

    /// Appends a lead and a double, as [`Line::short_double`] does. False, and nothing appended, where
    /// that says so.
    #[inline(always)]
    pub(crate) fn lead_double(&mut self, lead: &Lead, value: f64) -> bool {
        let Some(digits) = six_decimals(value) else { return false };
        let window = self.window();
        let at = lead.write(value < 0.0, window);
        let at = write_digits(window, at, (digits / MILLION) as u32);
        self.at += write_fraction(window, at, (digits % MILLION) as u32);
        true
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
            let window: &mut [u8; WINDOW] = self.window();
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
        let window: &mut [u8; WINDOW] = self.window();
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
        if value < EIGHT_DIGITS {
            let window = self.window();
            self.at += write_digits::<WINDOW>(window, 0, value as u32);
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
    #[inline(always)]
    pub(crate) fn short_double(&mut self, value: f64) -> bool {
        let Some(digits) = six_decimals(value) else { return false };
        if value < 0.0 {
            self.put(b"-");
        }
        let window: &mut [u8; WINDOW] = self.window();
        let at = write_digits(window, 0, (digits / MILLION) as u32);
        self.at += write_fraction(window, at, (digits % MILLION) as u32);
        true
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

/// Integers below are written without a loop.
const EIGHT_DIGITS: u64 = 100_000_000;
const MILLION: u64 = 1_000_000;

/// Writes an integer below 10^8, and something behind it; returns where it ends.
#[inline(always)]
fn write_digits<const N: usize>(window: &mut [u8; N], at: usize, value: u32) -> usize {
    // How many there are is not taken from the digits: what follows does not have to wait for them.
    let len = digits_of(value);
    let text = (eight_digits(value) | ASCII_ZEROS) >> (64 - 8 * len);
    window[at..at + 8].copy_from_slice(&text.to_le_bytes());
    at + len
}

/// Writes a point and the digits of so many millionths without the zeros at their end, but for the
/// first of them; returns where they end.
#[inline(always)]
fn write_fraction<const N: usize>(window: &mut [u8; N], at: usize, millionths: u32) -> usize {
    let six = eight_digits(millionths) >> 16;
    let text = ((six | (ASCII_ZEROS >> 16)) << 8) | u64::from(b'.');
    window[at..at + 8].copy_from_slice(&text.to_le_bytes());
    at + 2 + (71 - (six >> 8).leading_zeros() as usize) / 8
}

/// The millionths of a double of at most six decimals that is neither very small nor very large.
///
/// A decimal number of up to 15 digits is the only one of so few that reads as its double: it is the
/// shortest text if dividing its digits by the power of ten, which is exact but for one rounding, gives
/// the double.
#[inline(always)]
fn six_decimals(value: f64) -> Option<u64> {
    let size = value.abs();
    // Smaller ones have an exponent; of greater ones the digits are too many.
    if !(1e-3..1e8).contains(&size) {
        return None;
    }
    let digits = (size * MILLION as f64 + 0.5) as i64;
    (digits as f64 / MILLION as f64 == size).then_some(digits as u64)
}

/// Six digits, leading zeros included, then `Z` and one more byte.
#[inline(always)]
pub(crate) fn six_digits_z(value: u32, behind: u8) -> [u8; 8] {
    let digits = (eight_digits(value) | ASCII_ZEROS) >> 16;
    (digits | u64::from_le_bytes([0, 0, 0, 0, 0, 0, b'Z', behind])).to_le_bytes()
}

/// Nine digits, leading zeros included, then `Z`.
#[inline(always)]
pub(crate) fn nine_digits_z(value: u32) -> [u8; 10] {
    let mut text = [b'Z'; 10];
    text[..8].copy_from_slice(&(eight_digits(value / 10) | ASCII_ZEROS).to_le_bytes());
    text[8] = b'0' + (value % 10) as u8;
    text
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
    // Never more than 8; the compiler is told that it is below 16.
    (least + usize::from(value >= POWERS[least % POWERS.len()])) % 16
}

#[cold]
fn grow<const N: usize>(out: &mut Vec<u8>, at: usize) -> &mut [u8; N] {
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
mod tests;
