//! `positional_args`: arguments put into the event's text by `%`, as structlog's
//! `PositionalArgumentsFormatter`.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};
use crate::render::python;

/// Takes the list (or the map) under `positional_args` away and puts its values into the text where
/// it says `%s`, `%d`, `%r`, `%x`, `%f`, `%(name)s` and the like, as Python's `%` does. Where the
/// values do not fit the text, text and field stay as they are.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#""positional_args""#,
///         r#"{"event":"logging %s for %05.1f","positional_args":["7",2.5]}"#
///     ),
///     r#"{"event": "logging 7 for 002.5"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionalArgs {}

impl Configured for PositionalArgs {}

impl Processor for PositionalArgs {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let Some(arguments) = event.get("positional_args") else { return Flow::Keep };
        let arguments = match arguments {
            // As in Python's logging, a single map is for names.
            AnyValue::List(list) => match &list[..] {
                [map @ AnyValue::Map(pairs)] if !pairs.is_empty() => map,
                _ => arguments,
            },
            map => map,
        };
        let empty = matches!(arguments, AnyValue::List(list) if list.is_empty());
        if !empty {
            let whole = text::filled(event);
            let Some(formatted) = percent(&whole, arguments) else { return Flow::Keep };
            event.event = Cow::Owned(text::literal(&formatted));
        }
        event.remove("positional_args");
        Flow::Keep
    }
}

/// A directive behind its `%`.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Widths and precisions beyond are refused: a short text must not make a long one.
const WIDTH_MAX: usize = 1024;

/// `text % arguments`; `None` where Python raises.
fn percent(text: &str, arguments: &AnyValue<'_>) -> Option<String> {
    let mut out = String::new();
    let mut used = 0;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let mut name = None;
        if let Some(behind) = rest.strip_prefix('(') {
            let (found, behind) = behind.split_once(')')?;
            (name, rest) = (Some(found), behind);
        }
        let (directive, kind);
        (directive, kind, rest) = Directive::parse(rest)?;
        let value = match (arguments, name) {
            (AnyValue::Map(pairs), Some(name)) => {
                &pairs.iter().rev().find(|(key, _)| key == name)?.1
            }
            // It is the one value for the first place without a name.
            (map @ AnyValue::Map(_), None) if used == 0 => {
                used = 1;
                map
            }
            (AnyValue::List(list), None) => {
                used += 1;
                list.get(used - 1)?
            }
            _ => return None,
        };
        directive.put(kind, value, &mut out)?;
    }
    out.push_str(rest);
    let all = match arguments {
        AnyValue::List(list) => list.len() == used,
        AnyValue::Map(_) => true,
        _ => false,
    };
    all.then_some(out)
}

impl Directive {
    fn parse(text: &str) -> Option<(Self, char, &str)> {
        let mut directive = Self::default();
        let flags = text.len() - text.trim_start_matches(['-', '+', ' ', '0', '#']).len();
        let (flags, behind) = text.split_at(flags);
        let has = |flag| flags.contains(flag);
        directive.left = has('-');
        directive.plus = has('+');
        directive.space = has(' ');
        directive.zero = has('0');
        directive.alternate = has('#');
        let (width, mut behind) = number(behind)?;
        directive.width = width.unwrap_or(0);
        if let Some(fraction) = behind.strip_prefix('.') {
            let (precision, rest) = number(fraction)?;
            directive.precision = Some(precision.unwrap_or(0));
            behind = rest;
        }
        let behind = behind.trim_start_matches(['l', 'h', 'L']);
        let kind = behind.chars().next()?;
        Some((directive, kind, &behind[kind.len_utf8()..]))
    }

    fn put(&self, kind: char, value: &AnyValue<'_>, out: &mut String) -> Option<()> {
        let cut = |text: String| match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        };
        let (sign, digits) = match kind {
            's' => ("", cut(python::str(value))),
            'r' | 'a' => ("", cut(python::repr(value))),
            'd' | 'i' | 'u' => {
                let number = integer(value)?;
                (self.sign(number < 0), self.digits(number.unsigned_abs().to_string()))
            }
            'x' | 'X' | 'o' => {
                let number = whole(value)?;
                let magnitude = number.unsigned_abs();
                let digits = match kind {
                    'x' => format!("{magnitude:x}"),
                    'X' => format!("{magnitude:X}"),
                    _ => format!("{magnitude:o}"),
                };
                let digits = self.digits(digits);
                let prefixed = if self.alternate { format!("0{kind}{digits}") } else { digits };
                (self.sign(number < 0), prefixed)
            }
            'f' | 'F' => {
                let number = float(value)?;
                let digits = self.precision.unwrap_or(6);
                let point = if self.alternate && digits == 0 { "." } else { "" };
                let finite =
                    number.is_finite().then(|| format!("{:.digits$}{point}", number.abs()));
                (self.sign(number.is_sign_negative()), finite?)
            }
            'c' => match value {
                AnyValue::Str(text) | AnyValue::Text(text) if text.chars().count() == 1 => {
                    ("", text.to_string())
                }
                _ => return None,
            },
            _ => return None,
        };
        let missing = self.width.saturating_sub(sign.len() + digits.chars().count());
        let is_number = !matches!(kind, 's' | 'r' | 'a' | 'c');
        if self.left {
            out.push_str(sign);
            out.push_str(&digits);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if self.zero && is_number {
            out.push_str(sign);
            let has_prefix = self.alternate && matches!(kind, 'x' | 'X' | 'o');
            let (prefix, digits) = digits.split_at(if has_prefix { 2 } else { 0 });
            out.push_str(prefix);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(sign);
            out.push_str(&digits);
        }
        Some(())
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.plus, self.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// At least as many digits as the precision says.
    fn digits(&self, digits: String) -> String {
        let missing = self.precision.unwrap_or(0).saturating_sub(digits.len());
        format!("{}{digits}", "0".repeat(missing))
    }
}

fn number(text: &str) -> Option<(Option<usize>, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Some((None, text));
    }
    let number = text[..end].parse().ok().filter(|number| *number <= WIDTH_MAX)?;
    Some((Some(number), &text[end..]))
}

/// For `%d`, which cuts floats.
fn integer(value: &AnyValue<'_>) -> Option<i128> {
    match value {
        AnyValue::F64(value) => (value.abs() < 1e38).then_some(*value as i128),
        value => whole(value),
    }
}

fn whole(value: &AnyValue<'_>) -> Option<i128> {
    match value {
        AnyValue::Bool(value) => Some((*value).into()),
        AnyValue::I64(value) => Some((*value).into()),
        AnyValue::U64(value) => Some((*value).into()),
        AnyValue::I128(value) => Some(*value),
        AnyValue::U128(value) => i128::try_from(*value).ok(),
        _ => None,
    }
}

fn float(value: &AnyValue<'_>) -> Option<f64> {
    match value {
        AnyValue::F64(value) => Some(*value),
        value => whole(value).map(|value| value as f64),
    }
}
