//! Values as Python's `str` and `repr` print them, which is how structlog's renderers do. Times,
//! spans, UUIDs and errors are what a Python producer would have had in their place: `datetime`,
//! `timedelta`, `UUID`, `Exception`.

pub(crate) mod format;
mod numbers;
pub(crate) mod percent;
mod printable;
pub(crate) mod strftime;

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logring::record::{AnyValue, ErrorChain};

use super::unique::standing;

/// `str(value)`.
#[must_use]
pub fn str(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Str(text) | AnyValue::Text(text) => text.to_string(),
        AnyValue::Timestamp(nanoseconds) => datetime(*nanoseconds),
        AnyValue::Duration(nanoseconds) => timedelta(*nanoseconds),
        AnyValue::Uuid(bytes) => uuid(bytes),
        AnyValue::Error(chain) => message(chain).to_owned(),
        _ => repr(value),
    }
}

/// `repr(value)`.
#[must_use]
pub fn repr(value: &AnyValue<'_>) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

/// `ascii(value)`: its `repr` with escapes for all that is not ASCII.
#[must_use]
pub fn ascii(value: &AnyValue<'_>) -> String {
    let mut out = String::new();
    for char in repr(value).chars() {
        let code = u32::from(char);
        let _ = match code {
            ..0x80 => out.write_char(char),
            0x80..0x100 => write!(out, "\\x{code:02x}"),
            0x100..0x1_0000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out
}

/// Appends `repr(value)`.
pub fn write_repr(value: &AnyValue<'_>, out: &mut String) {
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        // Writing to a string does not fail.
        let _ = out.write_fmt(arguments);
    };
    match value {
        AnyValue::Null => out.push_str("None"),
        AnyValue::Bool(true) => out.push_str("True"),
        AnyValue::Bool(false) => out.push_str("False"),
        AnyValue::I64(value) => put(format_args!("{value}")),
        AnyValue::U64(value) => put(format_args!("{value}")),
        AnyValue::I128(value) => put(format_args!("{value}")),
        AnyValue::U128(value) => put(format_args!("{value}")),
        AnyValue::F64(value) => float(*value, out),
        AnyValue::Str(text) | AnyValue::Text(text) => quoted(text, out),
        AnyValue::Bytes(bytes) => quoted_bytes(bytes, out),
        AnyValue::Timestamp(nanoseconds) => datetime_repr(*nanoseconds, out),
        AnyValue::Duration(nanoseconds) => timedelta_repr(*nanoseconds, out),
        AnyValue::Uuid(bytes) => put(format_args!("UUID('{}')", uuid(bytes))),
        AnyValue::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_repr(item, out);
            }
            out.push(']');
        }
        AnyValue::Map(pairs) => {
            out.push('{');
            for (index, (key, value)) in standing(pairs).into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                quoted(key, out);
                out.push_str(": ");
                write_repr(value, out);
            }
            out.push('}');
        }
        AnyValue::Error(chain) => {
            out.push_str("Error(");
            quoted(message(chain), out);
            out.push(')');
        }
    }
}

/// `bool(value)`.
#[must_use]
pub fn is_true(value: &AnyValue<'_>) -> bool {
    match value {
        AnyValue::Null => false,
        AnyValue::Bool(value) => *value,
        AnyValue::I64(value) | AnyValue::Duration(value) => *value != 0,
        AnyValue::U64(value) => *value != 0,
        AnyValue::I128(value) => *value != 0,
        AnyValue::U128(value) => *value != 0,
        AnyValue::F64(value) => *value != 0.0,
        AnyValue::Str(text) | AnyValue::Text(text) => !text.is_empty(),
        AnyValue::Bytes(bytes) => !bytes.is_empty(),
        AnyValue::List(items) => !items.is_empty(),
        AnyValue::Map(pairs) => !pairs.is_empty(),
        AnyValue::Timestamp(_) | AnyValue::Uuid(_) | AnyValue::Error(_) => true,
    }
}

/// An error as Python prints an exception with its causes, innermost first. Where they came from is
/// known of the outermost alone; errors of Rust do not tell their types, so all are `Error`.
#[must_use]
pub fn traceback(chain: &ErrorChain<'_>) -> String {
    const CAUSED: &str =
        "\n\nThe above exception was the direct cause of the following exception:\n\n";
    let mut out = String::new();
    for (index, message) in chain.messages.iter().enumerate().rev() {
        if index == 0 && !chain.frames.is_empty() {
            out.push_str("Traceback (most recent call last):\n");
            for frame in chain.frames.iter().rev() {
                out.push_str("  ");
                out.push_str(frame);
                out.push('\n');
            }
        }
        out.push_str("Error");
        if !message.is_empty() {
            out.push_str(": ");
            out.push_str(message);
        }
        if index > 0 {
            out.push_str(CAUSED);
        }
    }
    out
}

/// Appends a float: the shortest digits that read back as it, with an exponent below 1e-4 and from
/// 1e16 on.
pub fn float(value: f64, out: &mut String) {
    if !value.is_finite() {
        let word = if value.is_nan() { "nan" } else { "inf" };
        out.push_str(if value == f64::NEG_INFINITY { "-" } else { "" });
        return out.push_str(word);
    }
    // Of two shortest texts that are equally near, Python takes the even one, as this formatter does
    // and the standard library does not.
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value.abs());
    let (mantissa, power) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    // The power of ten of the first digit.
    let skipped = (all.len() - digits.len()) as i32;
    let exponent = power.parse().unwrap_or(0) + whole.len() as i32 - 1 - skipped;
    let digits = digits.trim_end_matches('0');
    out.push_str(if value.is_sign_negative() { "-" } else { "" });
    let _ = if digits.is_empty() {
        write!(out, "0.0")
    } else if (0..16).contains(&exponent) {
        let point = exponent as usize + 1;
        let (whole, fraction) = digits.split_at(point.min(digits.len()));
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        write!(out, "{whole:0<point$}.{fraction}")
    } else if (-4..0).contains(&exponent) {
        write!(out, "0.{}{digits}", "0".repeat((-1 - exponent) as usize))
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.abs())
    };
}

fn message<'e>(chain: &'e ErrorChain<'_>) -> &'e str {
    chain.messages.first().map_or("", |message| message)
}

/// The quote that Python puts a text between: `"` only if there are `'` in it and no `"`.
fn quote(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

fn quoted(text: &str, out: &mut String) {
    let quote = quote(text.contains('\''), text.contains('"'));
    out.push(quote);
    for char in text.chars() {
        let code = u32::from(char);
        let _ = match char {
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            char if char == quote => write!(out, "\\{char}"),
            char if printable::is_printable(char) => out.write_char(char),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push(quote);
}

fn quoted_bytes(bytes: &[u8], out: &mut String) {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        let _ = match byte {
            b'\\' => write!(out, "\\\\"),
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            b'\t' => write!(out, "\\t"),
            byte if char::from(byte) == quote => write!(out, "\\{quote}"),
            0x20..0x7f => out.write_char(char::from(byte)),
            _ => write!(out, "\\x{byte:02x}"),
        };
    }
    out.push(quote);
}

/// Python's times know microseconds; what is finer is cut.
fn civil(nanoseconds: i64) -> (jiff::civil::DateTime, i64) {
    let time = Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    let civil = TimeZone::UTC.to_datetime(time);
    (civil, nanoseconds.rem_euclid(1_000_000_000) / 1000)
}

fn datetime(nanoseconds: i64) -> String {
    let (civil, micros) = civil(nanoseconds);
    let mut out = civil.date().to_string();
    let _ = write!(out, " {:02}:{:02}:{:02}", civil.hour(), civil.minute(), civil.second());
    if micros != 0 {
        let _ = write!(out, ".{micros:06}");
    }
    out.push_str("+00:00");
    out
}

fn datetime_repr(nanoseconds: i64, out: &mut String) {
    let (civil, micros) = civil(nanoseconds);
    let _ = write!(
        out,
        "datetime.datetime({}, {}, {}, {}, {}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute()
    );
    if civil.second() != 0 || micros != 0 {
        let _ = write!(out, ", {}", civil.second());
    }
    if micros != 0 {
        let _ = write!(out, ", {micros}");
    }
    out.push_str(", tzinfo=datetime.timezone.utc)");
}

/// Days, seconds and microseconds as `timedelta` has them: only the days are ever negative.
fn delta(nanoseconds: i64) -> (i64, i64, i64) {
    let micros = nanoseconds.div_euclid(1000);
    let seconds = micros.div_euclid(1_000_000);
    (seconds.div_euclid(86_400), seconds.rem_euclid(86_400), micros.rem_euclid(1_000_000))
}

fn timedelta(nanoseconds: i64) -> String {
    let (days, seconds, micros) = delta(nanoseconds);
    let mut out = String::new();
    if days != 0 {
        let plural = if days.abs() == 1 { "" } else { "s" };
        let _ = write!(out, "{days} day{plural}, ");
    }
    let _ = write!(out, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros != 0 {
        let _ = write!(out, ".{micros:06}");
    }
    out
}

fn timedelta_repr(nanoseconds: i64, out: &mut String) {
    let (days, seconds, micros) = delta(nanoseconds);
    let parts = [("days", days), ("seconds", seconds), ("microseconds", micros)];
    let said: Vec<String> = parts
        .iter()
        .filter(|(_, count)| *count != 0)
        .map(|(name, count)| format!("{name}={count}"))
        .collect();
    let said = if said.is_empty() { "0".to_owned() } else { said.join(", ") };
    let _ = write!(out, "datetime.timedelta({said})");
}

fn uuid(bytes: &[u8; 16]) -> String {
    let mut out = Vec::with_capacity(36);
    super::number::uuid(bytes, &mut out);
    String::from_utf8(out).expect("hexadecimal digits and dashes are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.25e-7, "-1.25e-07"),
            (5e-324, "5e-324"),
            (1e22, "1e+22"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
            (123_456_789.25, "123456789.25"),
            // As near to ...3: the even digit is taken.
            (6_636_135_424_815_217.0 / 4.0, "1659033856203804.2"),
            (6_636_135_424_815_219.0 / 4.0, "1659033856203804.8"),
        ] {
            assert_eq!(repr(&AnyValue::F64(value)), expected);
        }
    }

    #[test]
    fn texts_are_quoted_as_python_does() {
        for (text, expected) in [
            ("plain", "'plain'"),
            ("it's", "\"it's\""),
            ("it's \"so\"", "'it\\'s \"so\"'"),
            ("a\\\n\t\u{0}\u{7f}", "'a\\\\\\n\\t\\x00\\x7f'"),
            ("naïve 日本 🦀", "'naïve 日本 🦀'"),
            ("\u{a0}\u{ad}\u{202e}\u{2028}\u{e000}", "'\\xa0\\xad\\u202e\\u2028\\ue000'"),
            ("\u{e0001}\u{10ffff}", "'\\U000e0001\\U0010ffff'"),
        ] {
            assert_eq!(repr(&AnyValue::Str(text.into())), expected);
            assert_eq!(str(&AnyValue::Str(text.into())), text);
        }
        assert_eq!(repr(&AnyValue::Bytes(b"it's\xff\n".as_slice().into())), "b\"it's\\xff\\n\"");
    }

    #[test]
    fn times_and_spans_are_pythons() {
        let time = AnyValue::Timestamp(1_795_299_243_123_456_789);
        assert_eq!(str(&time), "2026-11-21 22:14:03.123456+00:00");
        let expected =
            "datetime.datetime(2026, 11, 21, 22, 14, 3, 123456, tzinfo=datetime.timezone.utc)";
        assert_eq!(repr(&time), expected);
        let midnight = "datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)";
        assert_eq!(repr(&AnyValue::Timestamp(0)), midnight);
        for (nanoseconds, said, shown) in [
            (0, "0:00:00", "datetime.timedelta(0)"),
            (
                -1000,
                "-1 day, 23:59:59.999999",
                "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)",
            ),
            (90_061_000_000_000, "1 day, 1:01:01", "datetime.timedelta(days=1, seconds=3661)"),
        ] {
            assert_eq!(str(&AnyValue::Duration(nanoseconds)), said);
            assert_eq!(repr(&AnyValue::Duration(nanoseconds)), shown);
        }
    }
}
