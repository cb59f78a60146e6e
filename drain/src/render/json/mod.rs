//! JSON lines: one object a line, as `docs/output.md` defines it and `tests/golden_output.rs`
//! keeps it. The slowest step of the pipeline: for plain values it allocates nothing, and each
//! byte is looked at once.

mod value;

use logring::Level;
use logring::record::{Event, Field, Raw, Strings};

use super::escape::{self, json_text};
use super::keys::{Keys, fact};
use super::line::Line;
use super::plan::Plans;
use super::shape::{Shapes, Syntax};
use super::template::{self, Templates};
use super::time::Stamps;
use super::{LineOptions, Renderer};

pub(super) use value::Values;

/// Renders events as JSON lines.
#[derive(Debug)]
pub struct JsonRenderer {
    options: LineOptions,
    /// From the line's start to the end of the timestamp.
    head: Stamps,
    syntax: JsonSyntax,
    templates: Templates,
    values: Values,
    shapes: Shapes,
    plans: Plans,
    /// How many bytes of room a line begins with.
    room: usize,
}

impl JsonRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: LineOptions) -> Self {
        Self {
            options,
            head: Stamps::new("{\"timestamp\":\"", options.digits),
            syntax: JsonSyntax::new(),
            templates: Templates::new(),
            values: Values::new(),
            shapes: Shapes::default(),
            plans: Plans::default(),
            room: 256,
        }
    }
}

impl Default for JsonRenderer {
    fn default() -> Self {
        Self::new(LineOptions::default())
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

    fn render_record(&mut self, raw: &Raw<'_>, strings: &dyn Strings, out: &mut Vec<u8>) -> bool {
        if self.options.has_facts() {
            return false;
        }
        let start = out.len();
        let mut line = Line::new(out, self.room);
        self.head.write(raw.timestamp_ns, &mut line);
        let Self { plans, syntax, values, .. } = self;
        let is_written = plans.write(raw, strings, syntax, &mut line, values);
        if is_written {
            line.put(b"}\n");
            self.room = (line.at() - start + 64).min(ROOM_BYTES_MAX);
        } else {
            line.resume(start);
        }
        line.end();
        is_written
    }
}

/// Room is zeroed for each line, so one long line must not burden all that follow.
const ROOM_BYTES_MAX: usize = 4096;

impl JsonRenderer {
    /// What stands between the timestamp and the marks, if the event's callsite has a shape.
    #[inline(always)]
    fn by_shape(&mut self, event: &Event<'_>, line: &mut Line<'_>) -> bool {
        let Some(shape) = self.shapes.of(event, &self.syntax) else { return false };
        line.bytes(&shape.front);
        if let Some((template, behind)) = &shape.filled {
            line.with_vec(|out| {
                self.templates.fill_in(template, &event.fields, |piece| json_text(piece, out));
            });
            line.bytes(behind);
        }
        line.integer(event.pid.into());
        facts(self.options, event, fact::TARGET | fact::PID, line);
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
        self.syntax.before_text(event, &mut line);
        // Looked at once for both: is there anything to fill or to escape?
        let special = |words| escape::suspicious(words) || template::may_have_braces(words);
        if !line.short(b"", event.event.as_bytes(), b"\"", special) {
            let at = self.filled(event, line.reborrow());
            line.resume(at);
        }
        facts(self.options, event, keys.found, &mut line);
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
        if keys.is_overridden(index) {
            return;
        }
        match keys.other_name(&field.key) {
            Some(name) => self.syntax.before_value(&name, line),
            None => self.syntax.before_value(&field.key, line),
        }
        self.values.write(&field.value, line);
    }
}

/// The automatic facts, but those whose name is `taken`.
#[inline(always)]
fn facts(options: LineOptions, event: &Event<'_>, taken: u8, line: &mut Line<'_>) {
    if taken & fact::TARGET == 0 {
        escape::text(b",\"target\":\"", &event.target, b"\"", line);
    }
    if taken & fact::PID == 0 {
        line.put(b",\"pid\":");
        line.integer(event.pid.into());
    }
    if options.thread && taken & fact::THREAD == 0 {
        line.put(b",\"thread\":");
        line.integer(event.tid.into());
    }
    if options.file && taken & fact::FILE == 0 && !event.file.is_empty() {
        escape::text(b",\"file\":\"", &event.file, b"\"", line);
    }
    if options.line && taken & fact::LINE == 0 && event.line != 0 {
        line.put(b",\"line\":");
        line.integer(event.line.into());
    }
}
/// JSON around the values.
#[derive(Debug)]
struct JsonSyntax {
    /// From the timestamp's end to where the event's text begins, for each level.
    levels: Vec<Box<[u8]>>,
}

impl JsonSyntax {
    fn new() -> Self {
        let level = |number| before_text(Level::new(number)).into_bytes().into();
        Self { levels: (0..=u8::MAX).map(level).collect() }
    }

    #[cold]
    fn own_level(&self, level: Level) -> String {
        before_text(level)
    }
}

fn before_text(level: Level) -> String {
    format!("\",\"level\":\"{level}\",\"event\":\"")
}

impl Syntax for JsonSyntax {
    const SPECIAL_KEYS: u8 = !fact::BLOCK;

    #[inline(always)]
    fn before_text(&self, event: &Event<'_>, line: &mut Line<'_>) {
        if event.level.is_own() {
            // Its name may have become known just now.
            return line.bytes(self.own_level(event.level).as_bytes());
        }
        line.bytes(&self.levels[usize::from(event.level.number())]);
    }

    fn text(&self, text: &str, line: &mut Line<'_>) {
        escape::text(b"", text, b"", line);
    }

    fn behind_text(&self, event: &Event<'_>, line: &mut Line<'_>) {
        escape::text(b"\",\"target\":\"", &event.target, b"\",\"pid\":", line);
    }

    #[inline(always)]
    fn before_value(&self, key: &str, line: &mut Line<'_>) {
        escape::text(b",\"", key, b"\":", line);
    }
}

#[cfg(test)]
mod tests;
