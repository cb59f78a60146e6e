//! One directive of Python's `%`: flags, width, precision and the letter that says how, as in
//! `%-8s` or `%05.1f`. Called for event texts with positional arguments, and for patterns of lines.

use logring::record::AnyValue;

use super::numbers::{self, Integer};

/// A directive behind its `%` and its name.
#[derive(Clone, Debug)]
pub(crate) struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

/// The letters that there are.
const KINDS: &str = "diouxXeEfFgGcrsa";

impl Directive {
    /// The directive that `text` begins with, and what follows; `None` where Python raises.
    pub(crate) fn parse(text: &str) -> Option<(Self, &str)> {
        let flags = text.len() - text.trim_start_matches(['-', '+', ' ', '0', '#']).len();
        let (flags, behind) = text.split_at(flags);
        let (width, mut behind) = numbers::width(behind)?;
        let mut precision = None;
        if let Some(fraction) = behind.strip_prefix('.') {
            let (digits, rest) = numbers::width(fraction)?;
            precision = Some(digits.unwrap_or(0));
            behind = rest;
        }
        let behind = behind.strip_prefix(['l', 'h', 'L']).unwrap_or(behind);
        let kind = behind.chars().next().filter(|kind| KINDS.contains(*kind))?;
        let has = |flag| flags.contains(flag);
        let directive = Self {
            left: has('-'),
            plus: has('+'),
            space: has(' '),
            zero: has('0'),
            alternate: has('#'),
            width: width.unwrap_or(0),
            precision,
            kind,
        };
        Some((directive, &behind[kind.len_utf8()..]))
    }

    /// Appends `value`; `None`, and nothing, where Python raises.
    pub(crate) fn put(&self, value: &AnyValue<'_>, out: &mut String) -> Option<()> {
        let cut = |text: String| match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        };
        let (sign, prefix, digits) = match self.kind {
            's' => ("", "", cut(super::str(value))),
            'r' => ("", "", cut(super::repr(value))),
            'a' => ("", "", cut(super::ascii(value))),
            'd' | 'i' | 'u' => match value {
                // So large that it is an integer, and beyond those of records.
                AnyValue::F64(float) if float.is_finite() && float.abs() >= 3e38 => {
                    let digits = format!("{:.0}", float.abs());
                    (self.sign(*float < 0.0), "", self.digits(digits))
                }
                value => {
                    let number = Integer::cut(value)?;
                    (self.sign(number.is_negative), "", self.digits(number.digits('d')))
                }
            },
            'x' | 'X' | 'o' => {
                let number = Integer::of(value)?;
                let prefix = match self.kind {
                    _ if !self.alternate => "",
                    'x' => "0x",
                    'X' => "0X",
                    _ => "0o",
                };
                (self.sign(number.is_negative), prefix, self.digits(number.digits(self.kind)))
            }
            'c' => ("", "", character(value)?),
            kind => {
                let number = numbers::float_of(value)?;
                let precision = self.precision.unwrap_or(6);
                let is_negative = number.is_sign_negative() && !number.is_nan();
                let digits = numbers::digits(number.abs(), kind, precision, self.alternate);
                (self.sign(is_negative), "", digits)
            }
        };
        let zero = self.zero && !self.left && !matches!(self.kind, 's' | 'r' | 'a' | 'c');
        let taken = sign.len() + prefix.len() + digits.chars().count();
        let missing = self.width.saturating_sub(taken);
        let fill = |count| std::iter::repeat_n(if zero { '0' } else { ' ' }, count);
        let [before, between, behind] = match (self.left, zero) {
            (true, _) => [0, 0, missing],
            (_, true) => [0, missing, 0],
            _ => [missing, 0, 0],
        };
        out.extend(fill(before));
        out.push_str(sign);
        out.push_str(prefix);
        out.extend(fill(between));
        out.push_str(&digits);
        out.extend(fill(behind));
        Some(())
    }

    /// Appends `value`, by `%s` of the same width where it does not fit the letter.
    pub(crate) fn put_any(&self, value: &AnyValue<'_>, out: &mut String) {
        if self.put(value, out).is_none() {
            let text = Self { kind: 's', precision: None, ..self.clone() };
            // `%s` takes every value.
            let _ = text.put(value, out);
        }
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

fn character(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Str(text) | AnyValue::Text(text) if text.chars().count() == 1 => {
            Some(text.to_string())
        }
        value => Integer::of(value)?.char().map(String::from),
    }
}
