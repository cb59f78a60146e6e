//! A format spec of Python's `format`: `[[fill]align][sign][#][0][width][grouping][.precision][type]`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logring::record::AnyValue;

use super::numbers::{self, Integer};
use super::strftime::Strftime;

/// A spec, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    /// As it was written: times have formats of their own.
    source: String,
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    /// The spec that `text` is; `None` where Python would not take it for any text or number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut spec = Self { source: text.to_owned(), ..Self::default() };
        let mut rest = text;
        let is_align = |char: &char| matches!(char, '<' | '>' | '=' | '^');
        let mut chars = text.chars();
        let (first, second) = (chars.next(), chars.next());
        if let Some(align) = second.filter(is_align) {
            (spec.fill, spec.align) = (first, Some(align));
            rest = chars.as_str();
        } else if let Some(align) = first.filter(is_align) {
            spec.align = Some(align);
            rest = &rest[1..];
        }
        let mut take = |these: &[char]| {
            let found = rest.chars().next().filter(|char| these.contains(char))?;
            rest = &rest[found.len_utf8()..];
            Some(found)
        };
        spec.sign = take(&['+', '-', ' ']);
        spec.alternate = take(&['#']).is_some();
        spec.zero = take(&['0']).is_some();
        let (width, behind) = numbers::width(rest)?;
        spec.width = width.unwrap_or(0);
        rest = behind;
        let mut take = |these: &[char]| {
            let found = rest.chars().next().filter(|char| these.contains(char))?;
            rest = &rest[found.len_utf8()..];
            Some(found)
        };
        spec.grouping = take(&[',', '_']);
        if take(&['.']).is_some() {
            let (precision, behind) = numbers::width(rest)?;
            (spec.precision, rest) = (Some(precision?), behind);
        }
        let mut chars = rest.chars();
        spec.kind = chars.next();
        let known = spec.kind.is_none_or(|kind| "bcdeEfFgGnosxX%".contains(kind));
        (known && chars.next().is_none()).then_some(spec)
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// Appends `format(value, spec)`; `None`, and nothing, where Python raises.
    pub(crate) fn put(&self, value: &AnyValue<'_>, out: &mut String) -> Option<()> {
        if self.is_empty() {
            out.push_str(&super::str(value));
            return Some(());
        }
        match value {
            AnyValue::Str(text) | AnyValue::Text(text) => self.text(text, out),
            AnyValue::F64(value) => self.float(*value, self.kind, out),
            AnyValue::Timestamp(nanoseconds) => {
                let format = Strftime::parse(&self.source).ok()?;
                let time = Timestamp::from_nanosecond((*nanoseconds).into()).ok()?;
                out.push_str(&format.text(&time.to_zoned(TimeZone::UTC)));
                Some(())
            }
            value => self.integer(value, out),
        }
    }

    /// Appends `value`, as text of the same width where Python raises.
    pub(crate) fn put_any(&self, value: &AnyValue<'_>, out: &mut String) {
        if self.put(value, out).is_none() {
            let start = out.len();
            out.push_str(&super::str(value));
            self.pad(start, start, '<', out);
        }
    }

    fn text(&self, text: &str, out: &mut String) -> Option<()> {
        let fits = matches!(self.kind, None | Some('s'))
            && self.sign.is_none()
            && !self.alternate
            && self.align != Some('=')
            && self.grouping.is_none();
        if !fits {
            return None;
        }
        let start = out.len();
        out.extend(text.chars().take(self.precision.unwrap_or(usize::MAX)));
        self.pad(start, start, '<', out);
        Some(())
    }

    fn integer(&self, value: &AnyValue<'_>, out: &mut String) -> Option<()> {
        let number = Integer::of(value)?;
        let kind = self.kind.unwrap_or('d');
        if "eEfFgG%".contains(kind) {
            return self.float(numbers::float_of(value)?, Some(kind), out);
        }
        if self.precision.is_some() || kind == 's' {
            return None;
        }
        if kind == 'c' {
            if self.sign.is_some() || self.alternate || self.grouping.is_some() {
                return None;
            }
            let start = out.len();
            out.push(number.char()?);
            // A character is a number for its place.
            self.pad(start, start, if self.zero { '=' } else { '>' }, out);
            return Some(());
        }
        if self.grouping.is_some() && (kind == 'n' || (self.grouping == Some(',') && kind != 'd')) {
            return None;
        }
        let prefix = match kind {
            _ if !self.alternate => "",
            'b' => "0b",
            'o' => "0o",
            'x' => "0x",
            'X' => "0X",
            _ => "",
        };
        let group = if kind == 'd' { 3 } else { 4 };
        self.number(number.is_negative, prefix, &number.digits(kind), "", group, out);
        Some(())
    }

    fn float(&self, value: f64, kind: Option<char>, out: &mut String) -> Option<()> {
        let magnitude = value.abs();
        let digits = match (kind, self.precision) {
            (None, None) => {
                let mut text = String::new();
                super::float(magnitude, &mut text);
                if self.alternate && !text.contains('.') && value.is_finite() {
                    // `1e+16` becomes `1.e+16`.
                    text.insert(text.find('e').unwrap_or(text.len()), '.');
                }
                text
            }
            (None, Some(precision)) if value.is_finite() => {
                numbers::general(magnitude, precision, self.alternate, true)
            }
            (None | Some('n'), precision) => {
                if kind.is_some() && self.grouping.is_some() {
                    return None;
                }
                numbers::digits(magnitude, 'g', precision.unwrap_or(6), self.alternate)
            }
            (Some(kind), precision) if "eEfFgG%".contains(kind) => {
                numbers::digits(magnitude, kind, precision.unwrap_or(6), self.alternate)
            }
            _ => return None,
        };
        let end = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(end);
        let is_negative = value.is_sign_negative() && !value.is_nan();
        if whole.is_empty() {
            self.number(is_negative, "", "", &digits, 0, out);
        } else {
            self.number(is_negative, "", whole, rest, 3, out);
        }
        Some(())
    }

    /// Sign, prefix, the `whole` digits in groups of so many, and what follows them.
    fn number(
        &self,
        is_negative: bool,
        prefix: &str,
        whole: &str,
        rest: &str,
        group: usize,
        out: &mut String,
    ) {
        let start = out.len();
        match self.sign {
            _ if is_negative => out.push('-'),
            Some(sign) if sign != '-' => out.push(sign),
            _ => {}
        }
        out.push_str(prefix);
        let digits = out.len();
        let zeros = self.fill.unwrap_or(if self.zero { '0' } else { ' ' }) == '0'
            && self.align.unwrap_or(if self.zero { '=' } else { '>' }) == '=';
        match self.grouping {
            Some(separator) if !whole.is_empty() => {
                let taken = (digits - start) + rest.len();
                let least = if zeros { self.width.saturating_sub(taken) } else { 0 };
                out.push_str(&grouped(whole, separator, group, least));
            }
            _ => out.push_str(whole),
        }
        out.push_str(rest);
        self.pad(start, digits, '>', out);
    }

    /// Brings what stands in `out` from `start` to the width; with `=` behind `digits`.
    fn pad(&self, start: usize, digits: usize, default: char, out: &mut String) {
        let missing = self.width.saturating_sub(out[start..].chars().count());
        let fill = self.fill.unwrap_or(if self.zero { '0' } else { ' ' });
        let default = if self.zero && default == '>' { '=' } else { default };
        let (at, before) = match self.align.unwrap_or(default) {
            '<' => (start, 0),
            '^' => (start, missing / 2),
            '=' => (digits, missing),
            _ => (start, missing),
        };
        out.insert_str(at, &String::from_iter(std::iter::repeat_n(fill, before)));
        out.extend(std::iter::repeat_n(fill, missing - before));
    }
}

/// Digits in groups, with zeros before them up to a width; never a separator at the front.
fn grouped(digits: &str, separator: char, group: usize, least: usize) -> String {
    let (mut remaining, mut least) = (digits.len(), least);
    let mut groups: Vec<String> = Vec::new();
    loop {
        let length = group.min(remaining.max(least).max(1));
        let taken = remaining.min(length);
        let zeros = "0".repeat(length - taken);
        groups.push(format!("{zeros}{}", &digits[remaining - taken..remaining]));
        remaining -= taken;
        least = least.saturating_sub(length);
        if remaining == 0 && least == 0 {
            break;
        }
        least = least.saturating_sub(1);
    }
    groups.reverse();
    groups.join(&separator.to_string())
}
