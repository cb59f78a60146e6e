//! Event texts with placeholders: `{}` takes the call's k-th field, `{name}` the field of that
//! name, `{{` and `}}` stand for braces, and behind a `:` Rust's format spec says how.
//!
//! Called by the renderers for each line. Producers send the text unfilled, so that it stays one
//! constant per callsite; each distinct text is parsed once. A text that does not parse prints as
//! it is, and so does a placeholder whose field is absent.

mod check;
mod format;
pub mod mark;
mod parse;

use std::collections::HashMap;
use std::fmt;

use logring::record::{AnyValue, Event, Field};

pub use check::{Fault, check};
use parse::{Pick, Piece, Spec, parse};

/// Fills event texts.
#[derive(Default)]
pub struct Templates {
    /// Where in `parsed` a text's pieces stand.
    places: HashMap<Box<str>, usize>,
    parsed: Vec<Vec<Piece>>,
    scratch: String,
    whole: String,
}

/// Distinct texts that are kept; beyond, all are forgotten: texts made at run time must not grow
/// the drain.
const KEPT_MAX: usize = 4096;
/// Longer texts are parsed each time.
const KEPT_BYTES_MAX: usize = 1024;
/// A filled text does not begin another placeholder behind this many bytes: a short text can name
/// a long value many times.
pub const FILLED_BYTES_MAX: usize = 1 << 20;

impl Templates {
    /// Filler with nothing parsed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands an event's text to `put`, piece by piece, unescaped: filled, or as it is if it is literal.
    pub fn event(&mut self, event: &Event<'_>, mut put: impl FnMut(&str)) {
        if event.literal {
            put(&event.event);
        } else {
            self.fill(&event.event, &event.fields, put);
        }
    }

    /// Hands the filled text to `put`, piece by piece, unescaped.
    pub fn fill(&mut self, text: &str, fields: &[Field<'_>], mut put: impl FnMut(&str)) {
        if text.bytes().any(|byte| byte == b'{' || byte == b'}') {
            self.fill_pieces(text, fields, &mut put);
        } else {
            put(text);
        }
    }

    /// The same for a text that is parsed already.
    pub fn fill_in(
        &mut self,
        template: &Template,
        fields: &[Field<'_>],
        mut put: impl FnMut(&str),
    ) {
        fill(&template.0, fields, &mut self.scratch, &mut put);
    }

    /// An event's text as a whole, unescaped: filled, or as it is if it is literal.
    pub(crate) fn filled<'t>(&'t mut self, event: &'t Event<'_>) -> &'t str {
        if event.literal || !event.event.contains(['{', '}']) {
            return &event.event;
        }
        self.whole(|own, put| own.fill_pieces(&event.event, &event.fields, put))
    }

    /// The same for a text that is parsed already.
    pub(crate) fn filled_in(&mut self, template: &Template, fields: &[Field<'_>]) -> &str {
        self.whole(|own, put| fill(&template.0, fields, &mut own.scratch, put))
    }

    fn whole(&mut self, fill: impl FnOnce(&mut Self, &mut dyn FnMut(&str))) -> &str {
        let mut whole = std::mem::take(&mut self.whole);
        whole.clear();
        fill(self, &mut |piece| whole.push_str(piece));
        self.whole = whole;
        &self.whole
    }

    fn fill_pieces(&mut self, text: &str, fields: &[Field<'_>], put: &mut dyn FnMut(&str)) {
        if text.len() > KEPT_BYTES_MAX {
            return fill(&parse(text), fields, &mut self.scratch, put);
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => self.keep(text),
        };
        fill(&self.parsed[place], fields, &mut self.scratch, put);
    }

    #[cold]
    fn keep(&mut self, text: &str) -> usize {
        if self.parsed.len() == KEPT_MAX {
            self.places.clear();
            self.parsed.clear();
        }
        self.parsed.push(parse(text));
        self.places.insert(text.into(), self.parsed.len() - 1);
        self.parsed.len() - 1
    }
}

/// A text, parsed.
#[derive(Debug)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Parses `text`; what does not parse stands for itself.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(parse(text))
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Templates({} kept)", self.parsed.len())
    }
}

/// Whether there is a brace in bytes of a text, eight to a word; true also for some that are not
/// ASCII.
#[inline(always)]
pub(crate) fn may_have_braces(words: [u64; 2]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let [found, other] = words.map(|word| {
        let is = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
        is(b'{') | is(b'}')
    });
    (found | other) & (ONES << 7) != 0
}

fn fill(pieces: &[Piece], fields: &[Field<'_>], scratch: &mut String, put: &mut dyn FnMut(&str)) {
    let mut filled = 0;
    let mut put = |text: &str| {
        filled += text.len();
        put(text);
        filled < FILLED_BYTES_MAX
    };
    let mut room = true;
    for piece in pieces {
        room &= match piece {
            Piece::Literal(text) => put(text),
            Piece::Placeholder { source, pick, spec } => match field(pick, fields) {
                Some(value) if room => placeholder(value, spec, scratch, &mut put),
                _ => put(source),
            },
        };
    }
}

fn field<'f, 'a>(pick: &Pick, fields: &'f [Field<'a>]) -> Option<&'f AnyValue<'a>> {
    let field = match pick {
        Pick::Nth(index) => fields.get(*index),
        // The last of a name, as in the line.
        Pick::Named(name) => fields.iter().rev().find(|field| *field.key == **name),
    };
    field.map(|field| &field.value)
}

fn placeholder(
    value: &AnyValue<'_>,
    spec: &Spec,
    scratch: &mut String,
    put: &mut dyn FnMut(&str) -> bool,
) -> bool {
    match value {
        AnyValue::I64(value) if spec.is_plain() => put(itoa::Buffer::new().format(*value)),
        AnyValue::U64(value) if spec.is_plain() => put(itoa::Buffer::new().format(*value)),
        AnyValue::Str(text) | AnyValue::Text(text) if spec.is_plain() => put(text),
        value => {
            scratch.clear();
            format::value(value, spec, scratch);
            put(scratch)
        }
    }
}

#[cfg(test)]
mod tests;
