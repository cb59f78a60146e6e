//! Lines of pairs, one behind the other: what JSON and logfmt have in common. Each of the two says by a
//! [`Form`] and by its values how its lines look.
//!
//! A record that no processor has to see is written by a plan, an event whose callsite is known by a
//! shape, any other piece by piece. The line is the same whichever way it goes.

use logring::record::{Event, Field, Raw, Strings};

use super::keys::{Keys, fact};
use super::line::Line;
use super::plan::{Plans, Values};
use super::shape::{Shapes, Syntax};
use super::template::{Template, Templates};
use super::time::Stamps;
use super::{LineOptions, Renderer};

/// A form of lines, beside what a [`Syntax`] says.
pub(super) trait Form: Syntax {
    /// What stands before the timestamp.
    const HEAD: &'static str;
    /// The mark of a late record.
    const LATE: &'static [u8];
    /// The mark of a record that was cut.
    const TRUNCATED: &'static [u8];
    /// The end of a line.
    const END: &'static [u8];

    /// The event's text, filled.
    fn filled(&self, event: &Event<'_>, templates: &mut Templates, line: &mut Line<'_>);
    /// The same by a template of it.
    fn filled_in(
        &self,
        template: &Template,
        fields: &[Field<'_>],
        templates: &mut Templates,
        line: &mut Line<'_>,
    );
}

/// A renderer of such lines.
#[derive(Debug)]
pub(super) struct Plain<S, V> {
    options: LineOptions,
    /// From the line's start to the end of the timestamp.
    head: Stamps,
    syntax: S,
    templates: Templates,
    values: V,
    shapes: Shapes,
    plans: Plans,
    /// How many bytes of room a line begins with.
    room: usize,
}

/// Room is zeroed for each line, so one long line must not burden all that follow.
const ROOM_BYTES_MAX: usize = 4096;

impl<S: Form, V: Values> Plain<S, V> {
    pub(super) fn new(options: LineOptions, syntax: S, values: V) -> Self {
        Self {
            options,
            head: Stamps::new(S::HEAD, options.digits),
            syntax,
            templates: Templates::new(),
            values,
            shapes: Shapes::default(),
            plans: Plans::default(),
            room: 256,
        }
    }

    /// What stands between the timestamp and the marks, if the event's callsite has a shape.
    #[inline(always)]
    fn by_shape(&mut self, event: &Event<'_>, line: &mut Line<'_>) -> bool {
        let Some(shape) = self.shapes.of(event, &self.syntax) else { return false };
        line.bytes(&shape.front);
        if let Some((template, behind)) = &shape.filled {
            self.syntax.filled_in(template, &event.fields, &mut self.templates, line);
            line.bytes(behind);
        }
        line.integer(event.pid.into());
        if self.options.has_facts() {
            facts(&self.syntax, &mut self.values, self.options, event, 0, line);
        }
        for (before, field) in shape.befores.iter().zip(event.context.iter().chain(&event.fields)) {
            line.bytes(before);
            self.values.any(&field.value, line);
        }
        true
    }

    /// The same, whatever the event is.
    #[inline(never)]
    fn piece_by_piece(&mut self, event: &Event<'_>, mut line: Line<'_>) -> usize {
        let keys = Keys::of(event);
        let Self { syntax, values, .. } = self;
        syntax.before_text(event, &mut line);
        syntax.filled(event, &mut self.templates, &mut line);
        syntax.behind_text(event, keys.found, &mut line);
        if keys.found & fact::PID == 0 {
            line.integer(event.pid.into());
        }
        if self.options.has_facts() {
            facts(syntax, values, self.options, event, keys.found, &mut line);
        }
        for (index, field) in event.context.iter().enumerate() {
            pair(syntax, values, &keys, index, field, &mut line);
        }
        for (index, field) in event.fields.iter().enumerate() {
            pair(syntax, values, &keys, event.context.len() + index, field, &mut line);
        }
        line.at()
    }
}

impl<S: Form + Send, V: Values + Send> Renderer for Plain<S, V> {
    #[inline(always)]
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let mut line = Line::new(out, self.room);
        self.head.write(event.timestamp_ns, &mut line);
        if !self.by_shape(event, &mut line) {
            let at = self.piece_by_piece(event, line.reborrow());
            line.resume(at);
        }
        if event.late {
            line.bytes(S::LATE);
        }
        if event.truncated {
            line.bytes(S::TRUNCATED);
        }
        line.bytes(S::END);
        // The next line is likely as long as this one.
        self.room = (line.end() - start + 64).min(ROOM_BYTES_MAX);
    }

    #[inline(always)]
    fn render_record(
        &mut self,
        raw: &Raw<'_>,
        strings: &dyn Strings,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<usize> {
        if self.options.has_facts() || self.plans.passes_by(raw) {
            return None;
        }
        let mut line = Line::over(out, at);
        let Self { plans, syntax, head, values, .. } = self;
        if !plans.write(raw, strings, syntax, head, values, &mut line) {
            return None;
        }
        line.bytes(S::END);
        Some(line.at())
    }
}

/// The pair at `index` of context and fields, unless a later one overrides it.
#[inline(always)]
fn pair(
    syntax: &impl Syntax,
    values: &mut impl Values,
    keys: &Keys<'_, '_>,
    index: usize,
    field: &Field<'_>,
    line: &mut Line<'_>,
) {
    if keys.is_overridden(index) {
        return;
    }
    match keys.other_name(&field.key) {
        Some(name) => syntax.before_value(&name, line),
        None => syntax.before_value(&field.key, line),
    }
    values.any(&field.value, line);
}

/// The automatic facts behind target and process id, but those whose name is `taken`.
#[inline(never)]
fn facts(
    syntax: &impl Syntax,
    values: &mut impl Values,
    options: LineOptions,
    event: &Event<'_>,
    taken: u8,
    line: &mut Line<'_>,
) {
    if options.thread && taken & fact::THREAD == 0 {
        syntax.before_value("thread", line);
        values.unsigned(event.tid.into(), line);
    }
    if options.file && taken & fact::FILE == 0 && !event.file.is_empty() {
        syntax.before_value("file", line);
        values.text(&event.file, line);
    }
    if options.line && taken & fact::LINE == 0 && event.line != 0 {
        syntax.before_value("line", line);
        values.unsigned(event.line.into(), line);
    }
}
