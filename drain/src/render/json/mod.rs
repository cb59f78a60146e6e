//! JSON lines: one object a line, as `docs/output.md` defines it and `tests/golden_output.rs`
//! keeps it. The slowest step of the pipeline: for plain values it allocates nothing, and each
//! byte is looked at once.

mod value;

use std::borrow::Cow;

use logring::record::{Event, Field};

use super::Renderer;
use super::escape::json_text;
use super::number::integer;
use super::template::Templates;
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
    /// From the line's start to where the level's word begins.
    head: Stamps,
    /// From each level's word to where the event's text begins.
    levels: Vec<Box<[u8]>>,
    templates: Templates,
    values: value::Values,
}

impl JsonRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: JsonOptions) -> Self {
        let level = |number| format!("{}\",\"event\":\"", logring::Level::new(number));
        Self {
            options,
            head: Stamps::new("{\"timestamp\":\"", options.digits, "\",\"level\":\""),
            levels: (0..=u8::MAX).map(|number| level(number).into_bytes().into()).collect(),
            templates: Templates::new(),
            values: value::Values::new(),
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
        let keys = Keys::of(event);
        out.extend_from_slice(self.head.text(event.timestamp_ns));
        out.extend_from_slice(&self.levels[usize::from(event.level.number())]);
        self.templates.fill(&event.event, &event.fields, |piece| json_text(piece, out));
        out.push(b'"');
        self.facts(event, keys.facts, out);
        for (index, field) in keys.pairs().enumerate() {
            if !keys.overridden.contains(index) {
                self.pair(&keys, field, out);
            }
        }
        if event.late {
            out.extend_from_slice(b",\"late\":true");
        }
        if event.truncated {
            out.extend_from_slice(b",\"truncated\":true");
        }
        out.extend_from_slice(b"}\n");
    }
}

impl JsonRenderer {
    /// The automatic facts, but those whose name is a key of the user's.
    #[inline]
    fn facts(&self, event: &Event<'_>, taken: u8, out: &mut Vec<u8>) {
        if taken & fact::TARGET == 0 {
            out.extend_from_slice(b",\"target\":\"");
            json_text(&event.target, out);
            out.push(b'"');
        }
        if taken & fact::PID == 0 {
            out.extend_from_slice(b",\"pid\":");
            integer(event.pid, out);
        }
        if self.options.thread && taken & fact::THREAD == 0 {
            out.extend_from_slice(b",\"thread\":");
            integer(event.tid, out);
        }
        if self.options.file && taken & fact::FILE == 0 && !event.file.is_empty() {
            out.extend_from_slice(b",\"file\":\"");
            json_text(&event.file, out);
            out.push(b'"');
        }
        if self.options.line && taken & fact::LINE == 0 && event.line != 0 {
            out.extend_from_slice(b",\"line\":");
            integer(event.line, out);
        }
    }

    #[inline]
    fn pair(&mut self, keys: &Keys<'_, '_>, field: &Field<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"");
        if keys.renamed && keys.is_reserved(&field.key) {
            json_text(&keys.free_name(&field.key), out);
        } else {
            json_text(&field.key, out);
        }
        out.extend_from_slice(b"\":");
        self.values.write(&field.value, out);
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
        let found = context.iter().chain(fields).fold(0, |found, pair| found | fact::of(&pair.key));
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
