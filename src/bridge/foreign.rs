//! A callsite of another logging interface, and how its records are logged: by the way of a macro's
//! callsite where its text is always the same, with the text in the record where it is not.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::leaked::Leaked;
use crate::Logger;
#[cfg(feature = "log")]
use crate::call::Site;
use crate::call::callsite::Callsite;
use crate::call::context::keys;
use crate::call::dynamic::{put, put_key};
use crate::call::emit::{begin, commit};
use crate::layout::record::flags;
use crate::level::Level;
use crate::record::value::{AnyEncode, stage};
use crate::record::{Facts, Scratch, Value, Writer};

/// A callsite as a bridge knows it.
#[derive(Debug)]
pub(super) struct Foreign {
    /// Without a text of its own.
    bare: Callsite,
    /// With the text that it was first logged with.
    literal: Leaked<Literal>,
}

#[derive(Debug)]
struct Literal {
    callsite: Callsite,
    text: Box<str>,
}

/// The longest text in bytes that is taken for a literal.
const LITERAL_MAX: usize = 512;

impl Foreign {
    /// `names` are fit, see [`fit_names`]; the event is the text of records that have none.
    pub(super) fn new(facts: Facts<'static>) -> Self {
        Self { bare: Callsite::foreign(facts), literal: Leaked::new() }
    }

    pub(super) fn facts(&self) -> &Facts<'static> {
        self.bare.facts()
    }

    pub(super) fn level(&self) -> Level {
        Level::new(self.facts().level)
    }

    /// Whether its records go out by the level that is in force.
    #[inline]
    pub(super) fn enabled(&'static self, logger: &Logger) -> bool {
        self.bare.enabled(self.level()) && self.bare.admit(logger)
    }

    /// Logs a record, whatever its level. Costs what a macro's call costs where `text` is the one that
    /// this callsite has always had.
    pub(super) fn log(&'static self, logger: &Logger, text: &Text, values: &Values) {
        let callsite = match text.bytes() {
            "" => Some(&self.bare),
            bytes => self.literal(text, bytes).map(|literal| &literal.callsite),
        };
        let body = values.body.bytes();
        match callsite {
            Some(callsite) if !values.has_more => {
                let mut out = begin(callsite, logger, body.len());
                if out.is_open() {
                    out.put_slice(body);
                    commit(out);
                }
            }
            _ => self.log_whole(callsite, logger, text, values),
        }
    }

    #[inline(never)]
    fn log_whole(
        &'static self,
        callsite: Option<&'static Callsite>,
        logger: &Logger,
        text: &Text,
        values: &Values,
    ) {
        let set = if values.has_more { flags::EXTRA } else { 0 };
        let text = callsite.is_none().then_some(text.bytes());
        put(&callsite.unwrap_or(&self.bare), logger, self.level(), set, text, values.body.bytes());
    }

    fn literal(&'static self, text: &Text, bytes: &str) -> Option<&'static Literal> {
        let known = match self.literal.get() {
            Some(known) => known,
            None if text.pieces != 1 || bytes.len() > LITERAL_MAX => return None,
            None => self.literal.get_or_make(|| Literal::of(*self.facts(), bytes)),
        };
        (*known.text == *bytes).then_some(known)
    }
}

impl Literal {
    #[cold]
    fn of(facts: Facts<'static>, text: &str) -> Self {
        // Braces of foreign texts are no placeholders.
        let event = text.replace('{', "{{").replace('}', "}}");
        let callsite = Callsite::foreign(Facts { event: leak(event), ..facts });
        Self { callsite, text: text.into() }
    }
}

pub(super) fn leak(text: impl Into<Box<str>>) -> &'static str {
    Box::leak(text.into())
}

/// Names as keys of a record: what is unfit is renamed, once for each callsite.
#[cold]
pub(super) fn fit_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut fit: Vec<String> = Vec::new();
    for name in names {
        let name = keys::fit(Cow::Borrowed(name), |key| fit.iter().any(|known| known == key));
        fit.push(name.into_owned());
    }
    fit
}

/// The text of a record, made before the record is opened.
#[derive(Debug)]
pub(super) struct Text {
    bytes: Scratch,
    /// By how many pieces it was written: a literal is one.
    pieces: u32,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: Scratch::new(), pieces: 0 }
    }

    /// Writes it as `Display` says. Of one that panics stands what it has written before.
    pub(super) fn write(&mut self, text: fmt::Arguments<'_>) {
        let Self { bytes, pieces } = self;
        let start = bytes.bytes().len();
        let written = catch_unwind(AssertUnwindSafe(|| {
            bytes.write(|out| {
                // What was written before a formatter failed stays, and what there was room for.
                let _ = Pieces { out, count: pieces }.write_fmt(text);
            });
        }));
        if let Err(payload) = written {
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            bytes.truncate(start);
            *pieces += 2;
            bytes.write(|out| out.put_slice(b"<panicked>"));
        }
    }

    /// Says that it is made for one record.
    #[cfg(feature = "log")]
    pub(super) fn is_made(&mut self) {
        self.pieces += 2;
    }

    #[cfg(feature = "tracing")]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.bytes().is_empty()
    }

    fn bytes(&self) -> &str {
        let bytes = self.bytes.bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // Cut where scratch has its limit.
            Err(cut) => std::str::from_utf8(&bytes[..cut.valid_up_to()]).unwrap_or_default(),
        }
    }
}

struct Pieces<'a> {
    out: &'a mut Writer,
    count: &'a mut u32,
}

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        *self.count += u32::from(!piece.is_empty());
        self.out.write_str(piece)
    }
}

/// The values of a record's fields, made before the record is opened.
#[derive(Debug)]
pub(super) struct Values {
    body: Scratch,
    has_more: bool,
}

impl Values {
    pub(super) const fn new() -> Self {
        Self { body: Scratch::new(), has_more: false }
    }

    /// The value of the next field, which runs no user code when it is encoded.
    pub(super) fn plain(&mut self, value: &impl Value) {
        self.body.write(|out| value.encode(out));
    }

    /// Any value of the next field.
    pub(super) fn any(&mut self, value: &dyn AnyEncode) {
        stage(&mut self.body, value);
    }

    /// A key that the callsite does not have; its value comes next. Only such pairs may follow.
    pub(super) fn key(&mut self, logger: &Logger, key: &str) {
        put_key(&mut self.body, logger, true, key);
        self.has_more = true;
    }

    /// A value that was encoded before.
    #[cfg(feature = "tracing")]
    pub(super) fn encoded(&mut self, value: &[u8]) {
        self.body.write(|out| out.put_slice(value));
    }

    /// Logs these, which are pairs alone, for a callsite that is not remembered.
    #[cfg(feature = "log")]
    pub(super) fn log_of_site(&self, site: &Site, logger: &Logger, text: &Text) {
        let set = if self.has_more { flags::EXTRA } else { 0 };
        put(site, logger, site.level(), set, Some(text.bytes()), self.body.bytes());
    }
}
