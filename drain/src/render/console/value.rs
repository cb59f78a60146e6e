//! Values on the console, as Python prints them, which is what structlog shows; times, durations and
//! UUIDs as people write them. Called for every field of a line.

use std::io::Write;
use std::time::Duration;

use logring::record::{AnyValue, ErrorChain};

use super::text::{bytes, literal, word};
use crate::render::line::Line;
use crate::render::number::{error_text, float_word, integer, uuid};
use crate::render::time::{Digits, Stamps};
use crate::render::unique::Overridden;

/// Writes values.
#[derive(Debug)]
pub(super) struct Values {
    stamps: Stamps,
    /// An error was written of which there is more to say than its text.
    pub(super) has_more: bool,
}

impl Values {
    pub(super) fn new() -> Self {
        Self { stamps: Stamps::new("", Digits::Nine), has_more: false }
    }

    /// Appends the value of a field.
    #[inline(always)]
    pub(super) fn write(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        match value {
            AnyValue::I64(value) => line.signed(*value),
            AnyValue::U64(value) => line.integer(*value),
            AnyValue::F64(value) => float_word(*value, line),
            AnyValue::Str(text) => word(text, line),
            rare => {
                let at = self.write_rare(rare, line.reborrow());
                line.resume(at);
            }
        }
    }

    #[inline(never)]
    fn write_rare(&mut self, value: &AnyValue<'_>, mut line: Line<'_>) -> usize {
        match value {
            AnyValue::Text(text) => word(text, &mut line),
            AnyValue::Error(chain) => {
                self.has_more |= has_more(chain);
                // Of several lines the first; all of them stand beneath.
                let message = chain.messages.first().map_or("", |message| message);
                word(message.lines().next().unwrap_or(""), &mut line);
            }
            other => self.nested(other, &mut line),
        }
        line.at()
    }

    /// Appends a value as it stands in a list: text is always quoted.
    fn nested(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        match value {
            AnyValue::Null => line.put(b"None"),
            AnyValue::Bool(true) => line.put(b"True"),
            AnyValue::Bool(false) => line.put(b"False"),
            AnyValue::I64(value) => line.signed(*value),
            AnyValue::U64(value) => line.integer(*value),
            AnyValue::I128(value) => line.with_vec(|out| integer(*value, out)),
            AnyValue::U128(value) => line.with_vec(|out| integer(*value, out)),
            AnyValue::F64(value) => float_word(*value, line),
            AnyValue::Str(text) | AnyValue::Text(text) => literal(text, line),
            AnyValue::Bytes(value) => line.with_vec(|out| bytes(value, out)),
            AnyValue::Uuid(value) => line.with_vec(|out| uuid(value, out)),
            AnyValue::Timestamp(nanoseconds) => self.stamps.write(*nanoseconds, line),
            AnyValue::Duration(nanoseconds) => line.with_vec(|out| duration(*nanoseconds, out)),
            AnyValue::Error(chain) => literal(&error_text(chain), line),
            AnyValue::List(items) => {
                line.put(b"[");
                for (index, item) in items.iter().enumerate() {
                    separate(index, line);
                    self.nested(item, line);
                }
                line.put(b"]");
            }
            AnyValue::Map(pairs) => {
                let overridden = Overridden::of(pairs.len(), |index| &pairs[index].0);
                let standing = (0..pairs.len()).filter(|index| !overridden.contains(*index));
                line.put(b"{");
                for (count, index) in standing.enumerate() {
                    separate(count, line);
                    literal(&pairs[index].0, line);
                    line.put(b": ");
                    self.nested(&pairs[index].1, line);
                }
                line.put(b"}");
            }
        }
    }
}

/// Whether an error's text on the line is not all of it.
pub(super) fn has_more(chain: &ErrorChain<'_>) -> bool {
    let [first, rest @ ..] = &chain.messages[..] else { return !chain.frames.is_empty() };
    !rest.is_empty() || !chain.frames.is_empty() || first.contains('\n')
}

/// A comma before all items but the first.
fn separate(index: usize, line: &mut Line<'_>) {
    if index > 0 {
        line.put(b", ");
    }
}

/// A span of time in the unit that suits it: `1.5ms`.
fn duration(nanoseconds: i64, out: &mut Vec<u8>) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let span = Duration::from_nanos(nanoseconds.unsigned_abs());
    write!(out, "{span:?}").expect("a vector takes all bytes");
}
