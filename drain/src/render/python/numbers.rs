//! Numbers as Python's `%` and `format` print them: digits of any notation, before sign, prefix and
//! padding are put around them.

use logring::record::AnyValue;

/// An integer of any kind that a record can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) is_negative: bool,
    pub(super) magnitude: u128,
}

impl Integer {
    /// Of integers and truth values, as Python takes them.
    pub(super) fn of(value: &AnyValue<'_>) -> Option<Self> {
        let signed = |value: i128| Self { is_negative: value < 0, magnitude: value.unsigned_abs() };
        match value {
            AnyValue::Bool(value) => Some(signed((*value).into())),
            AnyValue::I64(value) => Some(signed((*value).into())),
            AnyValue::U64(value) => Some(signed((*value).into())),
            AnyValue::I128(value) => Some(signed(*value)),
            AnyValue::U128(value) => Some(Self { is_negative: false, magnitude: *value }),
            _ => None,
        }
    }

    /// The same, floats cut to integers, and UUIDs, as `%d` takes them.
    pub(super) fn cut(value: &AnyValue<'_>) -> Option<Self> {
        match value {
            AnyValue::F64(value) if value.abs() < 3e38 => {
                Some(Self { is_negative: *value <= -1.0, magnitude: value.abs() as u128 })
            }
            AnyValue::Uuid(bytes) => {
                Some(Self { is_negative: false, magnitude: u128::from_be_bytes(*bytes) })
            }
            value => Self::of(value),
        }
    }

    /// In base 2, 8, 10 or 16 by the letter of its notation; decimal for all others.
    pub(super) fn digits(self, kind: char) -> String {
        let magnitude = self.magnitude;
        match kind {
            'b' => format!("{magnitude:b}"),
            'o' => format!("{magnitude:o}"),
            'x' => format!("{magnitude:x}"),
            'X' => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        }
    }

    /// The character of this code point.
    pub(super) fn char(self) -> Option<char> {
        let code = u32::try_from(self.magnitude).ok().filter(|_| !self.is_negative)?;
        char::from_u32(code)
    }
}

/// A number as a float, as Python's notations of floats take it.
pub(super) fn float_of(value: &AnyValue<'_>) -> Option<f64> {
    match value {
        AnyValue::F64(value) => Some(*value),
        value => {
            let Integer { is_negative, magnitude } = Integer::of(value)?;
            let magnitude = magnitude as f64;
            Some(if is_negative { -magnitude } else { magnitude })
        }
    }
}

/// The digits of `value`, which is not negative, in the notation `e`, `f`, `g` (or in capitals) or
/// `%`. `alternate` is `#`: a point in any case, and the zeros of `g`.
pub(super) fn digits(value: f64, kind: char, precision: usize, alternate: bool) -> String {
    if !value.is_finite() {
        let word = if value.is_nan() { "nan" } else { "inf" };
        let word = format!("{word}{}", if kind == '%' { "%" } else { "" });
        return if kind.is_ascii_uppercase() { word.to_uppercase() } else { word };
    }
    let text = match kind.to_ascii_lowercase() {
        'e' => scientific(value, precision, alternate),
        'g' => general(value, precision, alternate, false),
        '%' => format!("{}%", fixed(value * 100.0, precision, alternate)),
        _ => fixed(value, precision, alternate),
    };
    if kind.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

fn fixed(value: f64, precision: usize, alternate: bool) -> String {
    let point = if alternate && precision == 0 { "." } else { "" };
    format!("{value:.precision$}{point}")
}

fn scientific(value: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = split(&text);
    let point = if alternate && precision == 0 { "." } else { "" };
    with_exponent(&format!("{digits}{point}"), exponent)
}

/// As `g`; `has_point` is what `format` does with a precision and no letter: at least one digit
/// behind the point.
pub(super) fn general(value: f64, precision: usize, alternate: bool, has_point: bool) -> String {
    let precision = precision.max(1);
    let text = format!("{value:.*e}", precision - 1);
    let (digits, exponent) = split(&text);
    let last = i32::try_from(precision).unwrap_or(i32::MAX) - i32::from(has_point);
    if exponent < -4 || exponent >= last {
        let digits = if alternate { digits.to_owned() } else { trimmed(digits) };
        let point = if alternate && precision == 1 { "." } else { "" };
        return with_exponent(&format!("{digits}{point}"), exponent);
    }
    let behind = usize::try_from(last + i32::from(has_point) - 1 - exponent).unwrap_or(0);
    let text = format!("{value:.behind$}");
    let text = if alternate { text } else { trimmed(&text) };
    match (text.contains('.'), has_point, alternate) {
        (false, true, _) => format!("{text}.0"),
        (false, _, true) => format!("{text}."),
        _ => text,
    }
}

/// Without zeros at the end of its fraction.
fn trimmed(digits: &str) -> String {
    if !digits.contains('.') {
        return digits.to_owned();
    }
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn split(text: &str) -> (&str, i32) {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (digits, exponent.parse().unwrap_or(0))
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Widths and precisions beyond are refused: a short text must not make a long one.
const WIDTH_MAX: usize = 1024;

/// The width or precision that `text` begins with, if it does, and what follows.
pub(super) fn width(text: &str) -> Option<(Option<usize>, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Some((None, text));
    }
    let number = text[..end].parse().ok().filter(|number| *number <= WIDTH_MAX)?;
    Some((Some(number), &text[end..]))
}
