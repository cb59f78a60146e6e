//! Values as JSON. Called for every field of a line; `docs/output.md` has the table of kinds.

use logring::record::{AnyValue, ErrorChain};

use crate::render::escape::json_text;
use crate::render::number::{float, hex, integer, seconds, uuid};
use crate::render::time::{Digits, Stamps};
use crate::render::unique::Overridden;

/// Writes values.
#[derive(Debug)]
pub(super) struct Values {
    /// Nine digits always: a user's time loses nothing, and its lines sort.
    stamps: Stamps,
}

impl Values {
    pub(super) fn new() -> Self {
        Self { stamps: Stamps::new("\"", Digits::Nine, "\"") }
    }

    /// Appends `value`.
    #[inline]
    pub(super) fn write(&mut self, value: &AnyValue<'_>, out: &mut Vec<u8>) {
        match value {
            AnyValue::I64(value) => integer(*value, out),
            AnyValue::U64(value) => integer(*value, out),
            AnyValue::F64(value) => {
                if let Err(word) = float(*value, out) {
                    string(word, out);
                }
            }
            AnyValue::Str(text) | AnyValue::Text(text) => string(text, out),
            AnyValue::Bool(true) => out.extend_from_slice(b"true"),
            AnyValue::Bool(false) => out.extend_from_slice(b"false"),
            AnyValue::Null => out.extend_from_slice(b"null"),
            other => self.write_rare(other, out),
        }
    }

    fn write_rare(&mut self, value: &AnyValue<'_>, out: &mut Vec<u8>) {
        match value {
            AnyValue::I128(value) => wide(*value, i64::try_from(*value).is_ok(), out),
            AnyValue::U128(value) => wide(*value, u64::try_from(*value).is_ok(), out),
            AnyValue::Bytes(bytes) => quoted(out, |out| hex(bytes, out)),
            AnyValue::Uuid(bytes) => quoted(out, |out| uuid(bytes, out)),
            AnyValue::Timestamp(nanoseconds) => {
                out.extend_from_slice(self.stamps.text(*nanoseconds))
            }
            AnyValue::Duration(nanoseconds) => seconds(*nanoseconds, out),
            AnyValue::List(items) => self.list(items, out),
            AnyValue::Map(pairs) => {
                let overridden = Overridden::of(pairs.len(), |index| &pairs[index].0);
                out.push(b'{');
                let mut first = true;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    if overridden.contains(index) {
                        continue;
                    }
                    if !std::mem::take(&mut first) {
                        out.push(b',');
                    }
                    string(key, out);
                    out.push(b':');
                    self.write(value, out);
                }
                out.push(b'}');
            }
            AnyValue::Error(chain) => error(chain, out),
            plain => self.write(plain, out),
        }
    }

    fn list(&mut self, items: &[AnyValue<'_>], out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.write(item, out);
        }
        out.push(b']');
    }
}

#[inline]
fn string(text: &str, out: &mut Vec<u8>) {
    quoted(out, |out| json_text(text, out));
}

#[inline]
fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// A wide integer: a number where readers of 64 bits can take it, else text, since many readers
/// silently round what they cannot hold.
fn wide(value: impl itoa::Integer, fits: bool, out: &mut Vec<u8>) {
    if fits {
        integer(value, out);
    } else {
        quoted(out, |out| integer(value, out));
    }
}

/// `{"message":"...","sources":["..."],"frames":["..."]}`, empty parts left out.
fn error(chain: &ErrorChain<'_>, out: &mut Vec<u8>) {
    let (message, sources) = match chain.messages.split_first() {
        Some((message, sources)) => (Some(message), sources),
        None => (None, &[][..]),
    };
    out.push(b'{');
    if let Some(message) = message {
        out.extend_from_slice(b"\"message\":");
        string(message, out);
    }
    for (key, texts) in [("sources", sources), ("frames", &chain.frames[..])] {
        if texts.is_empty() {
            continue;
        }
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        string(key, out);
        out.extend_from_slice(b":[");
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            string(text, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}
