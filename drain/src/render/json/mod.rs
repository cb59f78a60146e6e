//! JSON lines: one object a line, as `docs/output.md` defines it and `tests/golden_output.rs`
//! keeps it. The slowest step of the pipeline: for plain values it allocates nothing, and each
//! byte is looked at once.

mod shape;
mod value;

use std::borrow::Cow;

use logring::record::{Event, Field};

use super::Renderer;
use super::escape::{self, json_text};
use super::line::Line;
use super::template::{self, Templates};
use super::time::{Digits, Stamps};
use super::unique::Overridden;

/// What stands in a line beside the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// Digits of the timestamp's fraction.
    pub digits: Digits,
    /// Print the thread's id.
    pub thread: bool,
    /// Print the source file of the call.
    pub file: bool,
    /// Print the line in that file.
    pub line: bool,
}

/// Renders events as JSON lines.
#[derive(Debug)]
pub struct JsonRenderer {
    options: JsonOptions,
    /// From the line's start to the end of the timestamp.
    head: Stamps,
    /// From there to where the event's text begins, for each level.
    levels: Vec<Box<[u8]>>,
    templates: Templates,
    values: value::Values,
    shapes: shape::Shapes,
    /// How many bytes of room a line begins with.
    room: usize,
}

impl JsonRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: JsonOptions) -> Self {
        let level = |number| {
            let word = logring::Level::new(number);
            format!("\",\"level\":\"{word}\",\"event\":\"")
        };
        Self {
            options,
            head: Stamps::new("{\"timestamp\":\"", options.digits),
            levels: (0..=u8::MAX).map(|number| level(number).into_bytes().into()).collect(),
            templates: Templates::new(),
            values: value::Values::new(),
            shapes: shape::Shapes::default(),
            room: 256,
        }
    }
}

impl Default for JsonRenderer {
    fn default() -> Self {
        Self::new(JsonOptions::default())
    }
}

impl Renderer for JsonRenderer {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let mut line = Line::new(out, self.room);
        self.head.write(event.timestamp_ns, &mut line);
        if !self.by_shape(event, &mut line) {
            let at = self.piece_by_piece(event, line.reborrow());
            line.resume(at);
        }
        if event.late {
            line.put(b",\"late\":true");
        }
        if event.truncated {
            line.put(b",\"truncated\":true");
        }
        line.put(b"}\n");
        // The next line is likely as long as this one.
        self.room = (line.end() - start + 64).min(ROOM_BYTES_MAX);
    }
}

/// Room is zeroed for each line, so one long line must not burden all that follow.
const ROOM_BYTES_MAX: usize = 4096;

impl JsonRenderer {
    /// What stands between the timestamp and the marks, if the event's callsite has a shape.
    #[inline(always)]
    fn by_shape(&mut self, event: &Event<'_>, line: &mut Line<'_>) -> bool {
        let Some(shape) = self.shapes.of(event, &self.levels) else { return false };
        line.bytes(&shape.front);
        if let Some((template, behind)) = &shape.filled {
            line.with_vec(|out| {
                self.templates.fill_in(template, &event.fields, |piece| json_text(piece, out));
            });
            line.bytes(behind);
        }
        line.integer(event.pid.into());
        self.options.facts(event, fact::TARGET | fact::PID, line);
        for (before, field) in shape.befores.iter().zip(event.context.iter().chain(&event.fields)) {
            line.bytes(before);
            self.values.write(&field.value, line);
        }
        true
    }

    /// The same, whatever the event is.
    #[inline(never)]
    fn piece_by_piece(&mut self, event: &Event<'_>, mut line: Line<'_>) -> usize {
        let keys = Keys::of(event);
        line.bytes(&self.levels[usize::from(event.level.number())]);
        // Looked at once for both: is there anything to fill or to escape?
        let special = |words| escape::suspicious(words) || template::may_have_braces(words);
        if !line.short(b"", event.event.as_bytes(), b"\"", special) {
            let at = self.filled(event, line.reborrow());
            line.resume(at);
        }
        self.options.facts(event, keys.facts, &mut line);
        for (index, field) in event.context.iter().enumerate() {
            self.pair(&keys, index, field, &mut line);
        }
        for (index, field) in event.fields.iter().enumerate() {
            self.pair(&keys, event.context.len() + index, field, &mut line);
        }
        line.at()
    }

    #[inline(never)]
    fn filled(&mut self, event: &Event<'_>, mut line: Line<'_>) -> usize {
        line.with_vec(|out| {
            self.templates.event(event, |piece| json_text(piece, out));
        });
        line.put(b"\"");
        line.at()
    }

    /// The pair at `index` of context and fields, unless a later one overrides it.
    #[inline(always)]
    fn pair(&mut self, keys: &Keys<'_, '_>, index: usize, field: &Field<'_>, line: &mut Line<'_>) {
        if keys.overridden.contains(index) {
            return;
        }
        if keys.renamed && keys.is_reserved(&field.key) {
            escape::text(b",\"", &keys.free_name(&field.key), b"\":", line);
        } else {
            escape::text(b",\"", &field.key, b"\":", line);
        }
        self.values.write(&field.value, line);
    }
}

impl JsonOptions {
    /// The automatic facts, but those whose name is a key of the user's.
    #[inline(always)]
    fn facts(&self, event: &Event<'_>, taken: u8, line: &mut Line<'_>) {
        if taken & fact::TARGET == 0 {
            escape::text(b",\"target\":\"", &event.target, b"\"", line);
        }
        if taken & fact::PID == 0 {
            line.put(b",\"pid\":");
            line.integer(event.pid.into());
        }
        if self.thread && taken & fact::THREAD == 0 {
            line.put(b",\"thread\":");
            line.integer(event.tid.into());
        }
        if self.file && taken & fact::FILE == 0 && !event.file.is_empty() {
            escape::text(b",\"file\":\"", &event.file, b"\"", line);
        }
        if self.line && taken & fact::LINE == 0 && event.line != 0 {
            line.put(b",\"line\":");
            line.integer(event.line.into());
        }
    }
}

/// Bits for the automatic facts.
mod fact {
    pub(super) const TARGET: u8 = 1;
    pub(super) const PID: u8 = 2;
    pub(super) const THREAD: u8 = 4;
    pub(super) const FILE: u8 = 8;
    pub(super) const LINE: u8 = 16;
    /// Not a fact: a name that the line needs for itself.
    pub(super) const RESERVED: u8 = 32;
    /// Reserved on a line that carries the mark.
    pub(super) const MARK: u8 = 64;

    /// What a user's key collides with.
    #[inline]
    pub(super) fn of(key: &str) -> u8 {
        match key {
            "timestamp" | "level" | "event" => RESERVED,
            "late" | "truncated" => MARK,
            "target" => TARGET,
            "pid" => PID,
            "thread" => THREAD,
            "file" => FILE,
            "line" => LINE,
            _ => 0,
        }
    }
}

/// How a line's keys get along: context and fields together, in that order.
struct Keys<'e, 'a> {
    event: &'e Event<'a>,
    /// Pairs that a later one overrides.
    overridden: Overridden,
    /// Facts whose names are the user's keys.
    facts: u8,
    /// A user's key is reserved.
    renamed: bool,
}

impl<'e, 'a> Keys<'e, 'a> {
    #[inline]
    fn of(event: &'e Event<'a>) -> Self {
        let (context, fields) = (&event.context[..], &event.fields[..]);
        let mut found = 0;
        for pair in context {
            found |= fact::of(&pair.key);
        }
        for pair in fields {
            found |= fact::of(&pair.key);
        }
        let overridden = Overridden::of(context.len() + fields.len(), |index| {
            match index.checked_sub(context.len()) {
                None => &context[index].key,
                Some(index) => &fields[index].key,
            }
        });
        let renamed = found & (fact::RESERVED | fact::MARK) != 0;
        Self { event, overridden, facts: found, renamed }
    }

    #[inline]
    fn pairs(&self) -> impl Iterator<Item = &'e Field<'a>> + use<'e, 'a> {
        self.event.context.iter().chain(&self.event.fields)
    }

    /// Whether the line itself needs this name.
    fn is_reserved(&self, key: &str) -> bool {
        match key {
            "late" => self.event.late,
            "truncated" => self.event.truncated,
            _ => fact::of(key) == fact::RESERVED,
        }
    }

    /// `key` with as many `_` appended as make it a name that no other pair has.
    #[cold]
    fn free_name(&self, key: &str) -> Cow<'static, str> {
        let mut name = format!("{key}_");
        while self.pairs().any(|pair| pair.key == name) {
            name.push('_');
        }
        Cow::Owned(name)
    }
}

#[cfg(test)]
mod tests;
