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
    let start = out.len();
    let is_decimal =
        matches!(spec.kind, Kind::Display | Kind::Debug | Kind::LowerExp | Kind::UpperExp);
    out.push_str(sign(negative && is_decimal, spec));
    if spec.alternate {
        out.push_str(match spec.kind {
            Kind::LowerHex | Kind::UpperHex | Kind::DebugLowerHex | Kind::DebugUpperHex => "0x",
            Kind::Octal => "0o",
            Kind::Binary => "0b",
            _ => "",
        });
    }
    let digits = out.len();
    match (spec.kind, spec.precision) {
        (Kind::Display | Kind::Debug, _) => {
            out.push_str(itoa::Buffer::new().format(magnitude));
        }
        (Kind::LowerHex | Kind::DebugLowerHex, _) => push(out, format_args!("{bits:x}")),
        (Kind::UpperHex | Kind::DebugUpperHex, _) => push(out, format_args!("{bits:X}")),
        (Kind::Octal, _) => push(out, format_args!("{bits:o}")),
        (Kind::Binary, _) => push(out, format_args!("{bits:b}")),
        (Kind::LowerExp, Some(precision)) => push(out, format_args!("{magnitude:.precision$e}")),
        (Kind::UpperExp, Some(precision)) => push(out, format_args!("{magnitude:.precision$E}")),
        (Kind::LowerExp, None) => push(out, format_args!("{magnitude:e}")),
        (Kind::UpperExp, None) => push(out, format_args!("{magnitude:E}")),
    }
    pad_number(start, digits, spec, out);
}

fn sign(negative: bool, spec: &Spec) -> &'static str {
    match (negative, spec.plus) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    }
}

fn float(value: f64, spec: &Spec, out: &mut String) {
    let start = out.len();
    if !value.is_nan() {
        out.push_str(sign(value.is_sign_negative(), spec));
    }
    let digits = out.len();
    let magnitude = value.abs();
    match (spec.kind, spec.precision) {
        (Kind::LowerExp, Some(precision)) => push(out, format_args!("{magnitude:.precision$e}")),
        (Kind::LowerExp, None) => push(out, format_args!("{magnitude:e}")),
        (Kind::UpperExp, Some(precision)) => push(out, format_args!("{magnitude:.precision$E}")),
        (Kind::UpperExp, None) => push(out, format_args!("{magnitude:E}")),
        (_, Some(precision)) => push(out, format_args!("{magnitude:.precision$}")),
        (_, None) if is_debug(spec) => push(out, format_args!("{magnitude:?}")),
        (_, None) => push(out, format_args!("{magnitude}")),
    }
    pad_number(start, digits, spec, out);
}

/// As the library's `Duration` prints for `{:?}`, whatever the type: `1.5ms`.
fn duration(nanoseconds: i64, spec: &Spec, out: &mut String) {
    let start = out.len();
    let magnitude = Duration::from_nanos(nanoseconds.unsigned_abs());
    out.push_str(sign(nanoseconds < 0, spec));
    match spec.precision {
        Some(precision) => push(out, format_args!("{magnitude:.precision$?}")),
        None => push(out, format_args!("{magnitude:?}")),
    }
    pad(start, Align::Left, spec, out);
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
    let start = out.len();
    let end = spec.precision.and_then(|most| text.char_indices().nth(most));
    out.push_str(&text[..end.map_or(text.len(), |(end, _)| end)]);
    pad(start, Align::Left, spec, out);
}

/// The number that stands in `out` from `start`, its digits from `digits`: right by default; with
/// `0` the zeros stand behind the sign and prefix.
fn pad_number(start: usize, digits: usize, spec: &Spec, out: &mut String) {
    if spec.zero {
        let missing = spec.width.unwrap_or(0).saturating_sub(out.len() - start);
        insert(digits, '0', missing, out);
    } else {
        pad(start, Align::Right, spec, out);
    }
}

/// Brings the text that stands in `out` from `start` to the spec's width.
fn pad(start: usize, default: Align, spec: &Spec, out: &mut String) {
    let Some(width) = spec.width else { return };
    let missing = width.saturating_sub(out[start..].chars().count());
    let before = match spec.align.unwrap_or(default) {
        Align::Left => 0,
        Align::Center => missing / 2,
        Align::Right => missing,
    };
    insert(start, spec.fill, before, out);
    out.extend(std::iter::repeat_n(spec.fill, missing - before));
}

fn insert(at: usize, fill: char, count: usize, out: &mut String) {
    if count > 0 {
        out.insert_str(at, &String::from_iter(std::iter::repeat_n(fill, count)));
    }
}
