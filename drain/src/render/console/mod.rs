//! Lines for people: aligned, in colours where those are wanted, laid out as structlog does, as
//! `docs/output.md` defines them and `tests/golden_output.rs` keeps them.
//!
//! Untrusted text never makes a control sequence nor a line: what harms is escaped, and what stands
//! beneath a line is indented.

mod block;
mod style;
mod text;
mod value;

use logring::Level;
use logring::record::{Event, Field};

use super::keys::{Keys, fact};
use super::line::Line;
use super::shape::{Shapes, Syntax};
use super::template::Templates;
use super::time::Stamps;
use super::{LineOptions, Renderer};
pub(super) use style::set_own as set_own_style;
use style::{COLORED, PLAIN, Styles};

/// Renders events as lines for people.
#[derive(Debug)]
pub struct ConsoleRenderer {
    options: LineOptions,
    styles: &'static Styles,
    head: Stamps,
    syntax: ConsoleSyntax,
    templates: Templates,
    values: value::Values,
    shapes: Shapes,
    /// How many bytes of room a line begins with.
    room: usize,
}

/// Room is zeroed for each line, so one long line must not burden all that follow.
const ROOM_BYTES_MAX: usize = 4096;
/// Characters of the event's text that what follows is aligned behind.
const EVENT_WIDTH: usize = 30;
/// The target of the drain's own events.
const OWN_TARGET: &str = "logring";

impl ConsoleRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: LineOptions) -> Self {
        let styles = if options.colored { &COLORED } else { &PLAIN };
        Self {
            options,
            styles,
            head: Stamps::new(styles.timestamp, options.digits),
            syntax: ConsoleSyntax::new(styles),
            templates: Templates::new(),
            values: value::Values::new(),
            shapes: Shapes::default(),
            room: 256,
        }
    }
}

impl Renderer for ConsoleRenderer {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let mut line = Line::new(out, self.room);
        self.head.write(event.timestamp_ns, &mut line);
        let mut found = 0;
        if !self.by_shape(event, &mut line) {
            let at;
            (at, found) = self.piece_by_piece(event, line.reborrow());
            line.resume(at);
        }
        self.facts(event, found, &mut line);
        if event.late {
            self.mark("late", &mut line);
        }
        if event.truncated {
            self.mark("truncated", &mut line);
        }
        line.put(b"\n");
        self.room = (line.end() - start + 64).min(ROOM_BYTES_MAX);
        if std::mem::take(&mut self.values.has_more) || found & fact::BLOCK != 0 {
            block::write(event, self.styles, out);
        }
    }
}

impl ConsoleRenderer {
    /// What stands between the timestamp and the facts, if the event's callsite has a shape.
    #[inline(always)]
    fn by_shape(&mut self, event: &Event<'_>, line: &mut Line<'_>) -> bool {
        let Some(shape) = self.shapes.of(event, &self.syntax) else { return false };
        line.bytes(&shape.front);
        if let Some((template, behind)) = &shape.filled {
            self.syntax.text(self.templates.filled_in(template, &event.fields), line);
            line.bytes(behind);
        }
        for (before, field) in shape.befores.iter().zip(event.context.iter().chain(&event.fields)) {
            line.bytes(before);
            self.values.write(&field.value, line);
            reset(self.options, line);
        }
        true
    }

    /// The same, whatever the event is, and the bits of its keys.
    #[inline(never)]
    fn piece_by_piece(&mut self, event: &Event<'_>, mut line: Line<'_>) -> (usize, u8) {
        let keys = Keys::of(event);
        self.syntax.before_text(event, &mut line);
        self.syntax.text(self.templates.filled(event), &mut line);
        self.syntax.behind_text(event, keys.found, &mut line);
        for (index, field) in event.context.iter().chain(&event.fields).enumerate() {
            if !keys.is_overridden(index) && !block::is_beneath(field) {
                self.pair(&keys, field, &mut line);
            }
        }
        (line.at(), keys.found)
    }

    fn pair(&mut self, keys: &Keys<'_, '_>, field: &Field<'_>, line: &mut Line<'_>) {
        match keys.other_name(&field.key) {
            Some(name) => self.syntax.before_value(&name, line),
            None => self.syntax.before_value(&field.key, line),
        }
        self.values.write(&field.value, line);
        reset(self.options, line);
    }

    /// The automatic facts, but those whose name is `taken`. The target has stood before.
    #[inline(always)]
    fn facts(&self, event: &Event<'_>, taken: u8, line: &mut Line<'_>) {
        let options = self.options;
        if taken & fact::PID == 0 {
            self.fact(b"pid=", line);
            line.integer(event.pid.into());
            reset(options, line);
        }
        if options.thread && taken & fact::THREAD == 0 {
            self.fact(b"thread=", line);
            line.integer(event.tid.into());
            reset(options, line);
        }
        if options.file && taken & fact::FILE == 0 && !event.file.is_empty() {
            self.fact(b"file=", line);
            text::word(&event.file, line);
            reset(options, line);
        }
        if options.line && taken & fact::LINE == 0 && event.line != 0 {
            self.fact(b"line=", line);
            line.integer(event.line.into());
            reset(options, line);
        }
    }

    #[inline(always)]
    fn fact<const N: usize>(&self, name: &[u8; N], line: &mut Line<'_>) {
        line.put(b" ");
        if self.options.colored {
            line.bytes(self.styles.fact.as_bytes());
        }
        line.put(name);
    }

    #[cold]
    fn mark(&self, name: &str, line: &mut Line<'_>) {
        self.syntax.before_value(name, line);
        line.put(b"True");
        reset(self.options, line);
    }
}

/// Ends a style.
#[inline(always)]
fn reset(options: LineOptions, line: &mut Line<'_>) {
    if options.colored {
        line.put(b"\x1b[0m");
    }
}

/// The console's lines around the values.
#[derive(Debug)]
struct ConsoleSyntax {
    styles: &'static Styles,
    /// From the timestamp's end to where the event's text begins, for each level.
    levels: Vec<Box<[u8]>>,
}

impl ConsoleSyntax {
    fn new(styles: &'static Styles) -> Self {
        let level = |number| before_text(styles, Level::new(number)).into_bytes().into();
        Self { styles, levels: (0..=u8::MAX).map(level).collect() }
    }

    #[cold]
    fn own_level(&self, level: Level) -> String {
        before_text(self.styles, level)
    }
}

fn before_text(styles: &Styles, level: Level) -> String {
    let Styles { reset, event, .. } = styles;
    format!("{reset} [{}{level:9}{reset}] {event}", styles.level(level))
}

impl Syntax for ConsoleSyntax {
    const SPECIAL_KEYS: u8 = !fact::TARGET;

    #[inline(always)]
    fn before_text(&self, event: &Event<'_>, line: &mut Line<'_>) {
        if event.level.is_own() {
            // Its name may have become known just now.
            return line.bytes(self.own_level(event.level).as_bytes());
        }
        line.bytes(&self.levels[usize::from(event.level.number())]);
    }

    /// The text and the spaces that what follows is aligned by.
    fn text(&self, text: &str, line: &mut Line<'_>) {
        const SPACES: [u8; EVENT_WIDTH] = [b' '; EVENT_WIDTH];
        let width = text::bare(text, line);
        line.bytes(&SPACES[width.min(EVENT_WIDTH)..]);
    }

    fn behind_text(&self, event: &Event<'_>, _taken: u8, line: &mut Line<'_>) {
        let Styles { reset, target, notice, .. } = self.styles;
        line.bytes(reset.as_bytes());
        if event.target.is_empty() {
            return;
        }
        line.put(b" [");
        line.bytes(reset.as_bytes());
        let style = if event.target == OWN_TARGET { notice } else { target };
        line.bytes(style.as_bytes());
        text::bare(&event.target, line);
        line.bytes(reset.as_bytes());
        line.put(b"]");
        line.bytes(reset.as_bytes());
    }

    fn before_value(&self, key: &str, line: &mut Line<'_>) {
        let Styles { reset, key: style, value, .. } = self.styles;
        line.put(b" ");
        line.bytes(style.as_bytes());
        text::word(key, line);
        line.bytes(reset.as_bytes());
        line.put(b"=");
        line.bytes(value.as_bytes());
    }
}

#[cfg(test)]
mod tests;
