//! A value by a format spec, as Rust's `format!` would print it. Called for placeholders only.
//!
//! A formatter of the standard library cannot be made with options that are known at run time, so
//! its rules for sign, prefix and padding are repeated here; digits come from the library. A type
//! that a value has no meaning for (`{:x}` of text) is taken as none.

use std::fmt::{self, Write};
use std::time::Duration;

use logring::record::{AnyValue, ErrorChain};

use super::parse::{Align, Kind, Spec};
use crate::render::number;
use crate::render::time::{Digits, rfc3339};

/// Appends `value`.
pub(super) fn value(value: &AnyValue<'_>, spec: &Spec, out: &mut String) {
    match value {
        AnyValue::Null => pad_text("null", spec, out),
        AnyValue::Bool(value) => pad_text(if *value { "true" } else { "false" }, spec, out),
        AnyValue::I64(value) => {
            integer(value.unsigned_abs().into(), *value < 0, *value as u64 as u128, spec, out);
        }
        AnyValue::U64(value) => integer((*value).into(), false, (*value).into(), spec, out),
        AnyValue::I128(value) => {
            integer(value.unsigned_abs(), *value < 0, *value as u128, spec, out);
        }
        AnyValue::U128(value) => integer(*value, false, *value, spec, out),
        AnyValue::F64(value) => float(*value, spec, out),
        AnyValue::Str(text) if is_debug(spec) => push(out, format_args!("{text:?}")),
        AnyValue::Str(text) | AnyValue::Text(text) => pad_text(text, spec, out),
        AnyValue::Bytes(bytes) => {
            let mut digits = ascii(|out| number::hex(bytes, out));
            if matches!(spec.kind, Kind::UpperHex | Kind::DebugUpperHex) {
                digits.make_ascii_uppercase();
            }
            pad_text(&digits, spec, out);
        }
        AnyValue::Uuid(bytes) => pad_text(&ascii(|out| number::uuid(bytes, out)), spec, out),
        AnyValue::Timestamp(nanoseconds) => {
            pad_text(&rfc3339(*nanoseconds, Digits::Nine), spec, out);
        }
        AnyValue::Duration(nanoseconds) => duration(*nanoseconds, spec, out),
        AnyValue::List(items) => {
            let items = items.iter().map(|item| (None, item));
            container(['[', ']'], items, spec, out);
        }
        AnyValue::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (Some(&**key), value));
            container(['{', '}'], pairs, spec, out);
        }
        AnyValue::Error(chain) => pad_text(&error(chain, spec), spec, out),
    }
}

fn is_debug(spec: &Spec) -> bool {
    matches!(spec.kind, Kind::Debug | Kind::DebugLowerHex | Kind::DebugUpperHex)
}

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes all text");
}

fn ascii(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    String::from_utf8(bytes).expect("digits and signs are ASCII")
}

/// An integer: its magnitude and sign for decimal forms, its `bits` for the others.
fn integer(magnitude: u128, negative: bool, bits: u128, spec: &Spec, out: &mut String) {
    let (prefix, digits) = match spec.kind {
        Kind::Display | Kind::Debug => ("", format!("{magnitude}")),
        Kind::LowerHex | Kind::DebugLowerHex => ("0x", format!("{bits:x}")),
        Kind::UpperHex | Kind::DebugUpperHex => ("0x", format!("{bits:X}")),
        Kind::Octal => ("0o", format!("{bits:o}")),
        Kind::Binary => ("0b", format!("{bits:b}")),
        Kind::LowerExp => ("", exponent(magnitude, spec)),
        Kind::UpperExp => ("", exponent(magnitude, spec).to_uppercase()),
    };
    let decimal = prefix.is_empty();
    let sign = match (negative && decimal, spec.plus) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    };
    let prefix = if spec.alternate { prefix } else { "" };
    pad_number(&format!("{sign}{prefix}"), &digits, spec, out);
}

fn exponent(magnitude: u128, spec: &Spec) -> String {
    match spec.precision {
        Some(precision) => format!("{magnitude:.precision$e}"),
        None => format!("{magnitude:e}"),
    }
}

fn float(value: f64, spec: &Spec, out: &mut String) {
    let magnitude = value.abs();
    let digits = match (spec.kind, spec.precision) {
        (Kind::LowerExp, Some(precision)) => format!("{magnitude:.precision$e}"),
        (Kind::LowerExp, None) => format!("{magnitude:e}"),
        (Kind::UpperExp, Some(precision)) => format!("{magnitude:.precision$E}"),
        (Kind::UpperExp, None) => format!("{magnitude:E}"),
        (_, Some(precision)) => format!("{magnitude:.precision$}"),
        (_, None) if is_debug(spec) => format!("{magnitude:?}"),
        (_, None) => format!("{magnitude}"),
    };
    let sign = match (value.is_nan(), value.is_sign_negative(), spec.plus) {
        (true, ..) | (_, false, false) => "",
        (_, true, _) => "-",
        (_, false, true) => "+",
    };
    pad_number(sign, &digits, spec, out);
}

/// As the library's `Duration` prints for `{:?}`, whatever the type: `1.5ms`.
fn duration(nanoseconds: i64, spec: &Spec, out: &mut String) {
    let magnitude = Duration::from_nanos(nanoseconds.unsigned_abs());
    let sign = match (nanoseconds < 0, spec.plus) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    };
    let text = match spec.precision {
        Some(precision) => format!("{sign}{magnitude:.precision$?}"),
        None => format!("{sign}{magnitude:?}"),
    };
    pad(&text, text.chars().count(), Align::Left, spec, out);
}

/// `{}` is the outermost message; `{:#}` and `{:?}` go on with the sources behind colons.
fn error(chain: &ErrorChain<'_>, spec: &Spec) -> String {
    if spec.alternate || is_debug(spec) {
        chain.messages.join(": ")
    } else {
        chain.messages.first().map_or_else(String::new, |message| message.to_string())
    }
}

/// A list or map as `Debug` prints it, each item by the same spec; with `#` over several lines.
fn container<'v, 'a: 'v>(
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'v str>, &'v AnyValue<'a>)>,
    spec: &Spec,
    out: &mut String,
) {
    let kind = if is_debug(spec) { spec.kind } else { Kind::Debug };
    let item_spec = Spec { kind, ..spec.clone() };
    out.push(open);
    let mut empty = true;
    for (key, item) in items {
        let mut text = String::new();
        if let Some(key) = key {
            push(&mut text, format_args!("{key:?}: "));
        }
        value(item, &item_spec, &mut text);
        if spec.alternate {
            push(out, format_args!("\n    {},", text.replace('\n', "\n    ")));
        } else {
            push(out, format_args!("{}{text}", if empty { "" } else { ", " }));
        }
        empty = false;
    }
    if spec.alternate && !empty {
        out.push('\n');
    }
    out.push(close);
}

/// Text: cut to the precision, left by default.
fn pad_text(text: &str, spec: &Spec, out: &mut String) {
    let most = spec.precision.unwrap_or(usize::MAX);
    let (end, count) = match text.char_indices().nth(most) {
        Some((end, _)) => (end, most),
        None => (text.len(), if spec.width.is_some() { text.chars().count() } else { 0 }),
    };
    pad(&text[..end], count, Align::Left, spec, out);
}

/// A number: right by default; with `0` the zeros stand behind the sign and prefix.
fn pad_number(sign: &str, digits: &str, spec: &Spec, out: &mut String) {
    let count = sign.len() + digits.len();
    if spec.zero {
        let zeros = spec.width.unwrap_or(0).saturating_sub(count);
        push(out, format_args!("{sign}{:0>zeros$}{digits}", ""));
    } else {
        pad(&format!("{sign}{digits}"), count, Align::Right, spec, out);
    }
}

/// `text` of `count` characters in the spec's width.
fn pad(text: &str, count: usize, default: Align, spec: &Spec, out: &mut String) {
    let missing = spec.width.unwrap_or(0).saturating_sub(count);
    let before = match spec.align.unwrap_or(default) {
        Align::Left => 0,
        Align::Center => missing / 2,
        Align::Right => missing,
    };
    out.extend(std::iter::repeat_n(spec.fill, before));
    out.push_str(text);
    out.extend(std::iter::repeat_n(spec.fill, missing - before));
}
