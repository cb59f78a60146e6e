//! Values as JSON. Called for every field of a line; `docs/output.md` has the table of kinds.

use std::borrow::Cow;

use logring::record::{AnyValue, ErrorChain};

use crate::render::escape;
use crate::render::line::Line;
use crate::render::number::{float, hex, seconds, uuid};
use crate::render::plan;
use crate::render::time::{Digits, Stamps};
use crate::render::unique::Overridden;

/// Writes values.
#[derive(Debug)]
pub(in crate::render) struct Values {
    /// Nine digits always: a user's time loses nothing, and its lines sort.
    stamps: Stamps,
}

impl Values {
    pub(in crate::render) fn new() -> Self {
        Self { stamps: Stamps::new("\"", Digits::Nine) }
    }

    /// Appends `value`.
    #[inline(always)]
    pub(in crate::render) fn write(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        match value {
            AnyValue::I64(value) => line.signed(*value),
            AnyValue::U64(value) => line.integer(*value),
            AnyValue::F64(value) => double(*value, line),
            AnyValue::Str(text) => string(text, line),
            rare => {
                let at = self.write_rare(rare, line.reborrow());
                line.resume(at);
            }
        }
    }

    #[inline(never)]
    fn write_rare(&mut self, value: &AnyValue<'_>, mut line: Line<'_>) -> usize {
        let line = &mut line;
        match value {
            AnyValue::Null => line.put(b"null"),
            AnyValue::Bool(true) => line.put(b"true"),
            AnyValue::Bool(false) => line.put(b"false"),
            AnyValue::Text(text) => string(text, line),
            AnyValue::I128(value) => wide(*value, i64::try_from(*value).is_ok(), line),
            AnyValue::U128(value) => wide(*value, u64::try_from(*value).is_ok(), line),
            AnyValue::Bytes(bytes) => quoted(line, |line| line.with_vec(|out| hex(bytes, out))),
            AnyValue::Uuid(bytes) => quoted(line, |line| line.with_vec(|out| uuid(bytes, out))),
            AnyValue::Timestamp(nanoseconds) => {
                self.stamps.write(*nanoseconds, line);
                line.put(b"\"");
            }
            AnyValue::Duration(nanoseconds) => line.with_vec(|out| seconds(*nanoseconds, out)),
            AnyValue::List(items) => {
                line.put(b"[");
                for (index, item) in items.iter().enumerate() {
                    separate(index, line);
                    self.write(item, line);
                }
                line.put(b"]");
            }
            AnyValue::Map(pairs) => self.map(pairs, line),
            AnyValue::Error(chain) => error(chain, line),
            plain @ (AnyValue::I64(_) | AnyValue::U64(_) | AnyValue::F64(_) | AnyValue::Str(_)) => {
                self.write(plain, line);
            }
        }
        line.at()
    }

    fn map(&mut self, pairs: &[(Cow<'_, str>, AnyValue<'_>)], line: &mut Line<'_>) {
        let overridden = Overridden::of(pairs.len(), |index| &pairs[index].0);
        let standing = (0..pairs.len()).filter(|index| !overridden.contains(*index));
        line.put(b"{");
        for (count, index) in standing.enumerate() {
            separate(count, line);
            string(&pairs[index].0, line);
            line.put(b":");
            self.write(&pairs[index].1, line);
        }
        line.put(b"}");
    }
}

impl plan::Values for Values {
    const BEFORE_NUMBER: &'static [u8] = b"";

    #[inline(always)]
    fn unsigned(&mut self, value: u64, line: &mut Line<'_>) {
        line.integer(value);
    }

    #[inline(always)]
    fn signed(&mut self, value: i64, line: &mut Line<'_>) {
        line.signed(value);
    }

    #[inline(always)]
    fn float(&mut self, value: f64, line: &mut Line<'_>) {
        double(value, line);
    }

    #[inline(always)]
    fn text(&mut self, value: &str, line: &mut Line<'_>) {
        string(value, line);
    }

    #[inline(always)]
    fn any(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        self.write(value, line);
    }
}

#[inline(always)]
fn double(value: f64, line: &mut Line<'_>) {
    if let Err(word) = float(value, line) {
        string(word, line);
    }
}

/// A comma before all items but the first.
fn separate(index: usize, line: &mut Line<'_>) {
    if index > 0 {
        line.put(b",");
    }
}

#[inline(always)]
fn string(text: &str, line: &mut Line<'_>) {
    escape::text(b"\"", text, b"\"", line);
}

#[inline(always)]
fn quoted(line: &mut Line<'_>, write: impl FnOnce(&mut Line<'_>)) {
    line.put(b"\"");
    write(line);
    line.put(b"\"");
}

/// A wide integer: a number where readers of 64 bits can take it, else text, since many readers
/// silently round what they cannot hold.
fn wide(value: impl itoa::Integer, fits: bool, line: &mut Line<'_>) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value).as_bytes();
    if fits { line.bytes(digits) } else { quoted(line, |line| line.bytes(digits)) }
}

/// `{"message":"...","sources":["..."],"frames":["..."]}`, empty parts left out.
fn error(chain: &ErrorChain<'_>, line: &mut Line<'_>) {
    let (message, sources) = chain.messages.split_at(chain.messages.len().min(1));
    let mut parts = 0;
    line.put(b"{");
    if let [message] = message {
        line.put(b"\"message\":");
        string(message, line);
        parts += 1;
    }
    for (key, texts) in [("sources", sources), ("frames", &chain.frames[..])] {
        if texts.is_empty() {
            continue;
        }
        separate(parts, line);
        parts += 1;
        string(key, line);
        line.put(b":[");
        for (index, text) in texts.iter().enumerate() {
            separate(index, line);
            string(text, line);
        }
        line.put(b"]");
    }
    line.put(b"}");
}
