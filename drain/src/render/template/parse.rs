//! The grammar of event texts: literals, placeholders, and Rust's format spec.
//!
//! Not taken over from Rust: widths and precisions that are arguments (`{:w$}`, `{:.*}`), since
//! the producer sends fields, not arguments; such a text does not parse.

/// A part of an event text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Text that stands for itself.
    Literal(Box<str>),
    /// A place that a field fills.
    Placeholder {
        /// As it was written, braces included.
        source: Box<str>,
        pick: Pick,
        spec: Spec,
    },
}

/// Which field fills a placeholder.
#[derive(Debug, PartialEq)]
pub(super) enum Pick {
    /// `{}`: counted among the placeholders without a name, from 0.
    Nth(usize),
    Named(Box<str>),
}

/// What stands behind the `:`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    pub(super) fill: char,
    pub(super) align: Option<Align>,
    pub(super) plus: bool,
    pub(super) alternate: bool,
    pub(super) zero: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// The type at the end of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Display,
    Debug,
    DebugLowerHex,
    DebugUpperHex,
    LowerHex,
    UpperHex,
    Octal,
    Binary,
    LowerExp,
    UpperExp,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            fill: ' ',
            align: None,
            plus: false,
            alternate: false,
            zero: false,
            width: None,
            precision: None,
            kind: Kind::Display,
        }
    }
}

impl Spec {
    /// Whether it says nothing.
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut spec = Self::default();
        let mut rest = text.trim_end();
        let mut chars = rest.chars();
        if let (Some(fill), Some(align)) = (chars.next(), chars.next().and_then(Align::of)) {
            (spec.fill, spec.align, rest) = (fill, Some(align), chars.as_str());
        } else if let Some(align) = rest.chars().next().and_then(Align::of) {
            (spec.align, rest) = (Some(align), &rest[1..]);
        }
        let mut flag = |sign| rest.strip_prefix(sign).map(|behind| rest = behind).is_some();
        spec.plus = flag('+');
        if !spec.plus {
            flag('-'); // Rust accepts it and gives it no meaning.
        }
        spec.alternate = flag('#');
        spec.zero = flag('0');
        (spec.width, rest) = number(rest)?;
        if let Some(behind) = rest.strip_prefix('.') {
            (spec.precision, rest) = number(behind)?;
            spec.precision?;
        }
        spec.kind = match rest {
            "" => Kind::Display,
            "?" => Kind::Debug,
            "x?" => Kind::DebugLowerHex,
            "X?" => Kind::DebugUpperHex,
            "x" => Kind::LowerHex,
            "X" => Kind::UpperHex,
            "o" => Kind::Octal,
            "b" => Kind::Binary,
            "e" => Kind::LowerExp,
            "E" => Kind::UpperExp,
            _ => return None,
        };
        Some(spec)
    }
}

impl Align {
    fn of(sign: char) -> Option<Self> {
        match sign {
            '<' => Some(Self::Left),
            '^' => Some(Self::Center),
            '>' => Some(Self::Right),
            _ => None,
        }
    }
}

/// The number at the start of `text`, if one stands there, and what follows; `None` if it is
/// larger than Rust allows.
fn number(text: &str) -> Option<(Option<usize>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Some((None, rest));
    }
    let value: u16 = digits.parse().ok()?;
    Some((Some(value.into()), rest))
}

/// The pieces of `text`; itself as one literal if it does not parse.
pub(super) fn parse(text: &str) -> Vec<Piece> {
    pieces(text).unwrap_or_else(|| vec![Piece::Literal(text.into())])
}

/// The same; `None` if it does not parse.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut unnamed = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        // A lone `}` is an error, and so is a `{` inside of a placeholder, but as its fill.
        let end = rest.strip_prefix('{')?.find('}')? + 2;
        let (source, behind) = rest.split_at(end);
        let inner = &source[1..end - 1];
        let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
        let name = name.trim();
        if name.contains('{') {
            return None;
        }
        let pick = if name.is_empty() {
            unnamed += 1;
            Pick::Nth(unnamed - 1)
        } else {
            Pick::Named(name.into())
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
        }
        pieces.push(Piece::Placeholder { source: source.into(), pick, spec: Spec::parse(spec)? });
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal.into()));
    }
    Some(pieces)
}
