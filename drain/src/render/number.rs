//! Numbers and number-like values as bytes, without allocation. Called by the renderers.

use logring::record::ErrorChain;

use super::line::Line;

/// Appends an integer.
#[inline]
pub fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest text that reads back as `value`, always with a point or an exponent
/// (`1.0`, `1e+21`).
///
/// # Errors
/// The word for what is not a finite number, nothing appended: the caller says how it stands.
#[inline(always)]
pub(crate) fn float(value: f64, line: &mut Line<'_>) -> Result<(), &'static str> {
    if line.short_double(value) {
        Ok(())
    } else if value.is_finite() {
        line.bytes(zmij::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    } else if value.is_nan() {
        Err("NaN")
    } else if value > 0.0 {
        Err("Infinity")
    } else {
        Err("-Infinity")
    }
}

/// Appends the same, and `nan`, `inf` or `-inf` for what is not a finite number: where words stand
/// without quotes.
#[inline(always)]
pub(crate) fn float_word(value: f64, line: &mut Line<'_>) {
    match float(value, line) {
        Ok(()) => {}
        Err("NaN") => line.put(b"nan"),
        Err("Infinity") => line.put(b"inf"),
        Err(_) => line.put(b"-inf"),
    }
}

/// An error as one text: it and its sources, separated by colons, then each frame on a line.
#[cold]
pub(crate) fn error_text(chain: &ErrorChain<'_>) -> String {
    let mut text = chain.messages.join(": ");
    for (number, frame) in chain.frames.iter().enumerate() {
        text.push_str(&format!("\n  {number}: {frame}"));
    }
    text
}

/// Appends `nanoseconds` as exact decimal seconds: `2`, `0.0015`, `-1.5`.
pub fn seconds(nanoseconds: i64, out: &mut Vec<u8>) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let nanoseconds = nanoseconds.unsigned_abs();
    integer(nanoseconds / 1_000_000_000, out);
    let mut fraction = nanoseconds % 1_000_000_000;
    if fraction > 0 {
        let mut digits = [b'.'; 10];
        for digit in digits[1..].iter_mut().rev() {
            *digit = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        let end = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        out.extend_from_slice(&digits[..end]);
    }
}

/// Appends bytes as lower-case hexadecimal digits, two each.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
    for &byte in bytes {
        out.extend_from_slice(&[DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]);
    }
}

/// Appends a UUID in its usual form, lower-case, with dashes.
pub fn uuid(bytes: &[u8; 16], out: &mut Vec<u8>) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        hex(std::slice::from_ref(byte), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn seconds_are_exact_and_short() {
        for (nanoseconds, expected) in [
            (0, "0"),
            (2_000_000_000, "2"),
            (1_500_000, "0.0015"),
            (-1_500_000_000, "-1.5"),
            (1, "0.000000001"),
            (i64::MAX, "9223372036.854775807"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            assert_eq!(text(|out| seconds(nanoseconds, out)), expected);
        }
    }

    #[test]
    fn floats_read_back_as_themselves() {
        for value in [0.0, -0.0, 0.1, 1.0, 1e21, 5e-324, f64::MAX, 1.0 / 3.0, 123_456_789.25] {
            let written = text(|out| {
                let mut line = Line::new(out, 0);
                float(value, &mut line).unwrap();
                line.end();
            });
            assert_eq!(written.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{written}");
            assert!(written.contains(['.', 'e']), "{written} reads as an integer");
        }
        let mut nothing = Vec::new();
        let mut line = Line::new(&mut nothing, 0);
        assert_eq!(float(f64::NAN, &mut line), Err("NaN"));
        assert_eq!(float(f64::NEG_INFINITY, &mut line), Err("-Infinity"));
        assert_eq!(line.end(), 0);
    }

    #[test]
    fn bytes_and_uuids_are_lower_case() {
        assert_eq!(text(|out| hex(&[0, 0xab, 0xff], out)), "00abff");
        let bytes = *b"\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
        assert_eq!(text(|out| uuid(&bytes, out)), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    }
}
