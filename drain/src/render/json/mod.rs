//! JSON lines: one object a line, as `docs/output.md` defines it and `tests/golden_output.rs`
//! keeps it. The slowest step of the pipeline: for plain values it allocates nothing, and each
//! byte is looked at once.

mod value;

use logring::Level;
use logring::record::{Event, Field, Raw, Strings};

use super::escape::{self, json_text};
use super::keys::fact;
use super::line::Line;
use super::plain::{Form, Plain};
use super::shape::Syntax;
use super::template::{self, Template, Templates};
use super::{LineOptions, Renderer};

pub(super) use value::Values;

/// Renders events as JSON lines.
#[derive(Debug)]
pub struct JsonRenderer(Plain<JsonSyntax, Values>);

impl JsonRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: LineOptions) -> Self {
        Self(Plain::new(options, JsonSyntax::new(), Values::new()))
    }
}

impl Default for JsonRenderer {
    fn default() -> Self {
        Self::new(LineOptions::default())
    }
}

impl Renderer for JsonRenderer {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        self.0.render(event, out);
    }

    fn render_record(
        &mut self,
        raw: &Raw<'_>,
        strings: &dyn Strings,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<usize> {
        self.0.render_record(raw, strings, out, at)
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

    fn behind_text(&self, event: &Event<'_>, taken: u8, line: &mut Line<'_>) {
        line.put(b"\"");
        if taken & fact::TARGET == 0 {
            escape::text(b",\"target\":\"", &event.target, b"\"", line);
        }
        if taken & fact::PID == 0 {
            line.put(b",\"pid\":");
        }
    }

    #[inline(always)]
    fn before_value(&self, key: &str, line: &mut Line<'_>) {
        escape::text(b",\"", key, b"\":", line);
    }
}

impl Form for JsonSyntax {
    const HEAD: &'static str = "{\"timestamp\":\"";
    const LATE: &'static [u8] = b",\"late\":true";
    const TRUNCATED: &'static [u8] = b",\"truncated\":true";
    const END: &'static [u8] = b"}\n";

    #[inline(always)]
    fn filled(&self, event: &Event<'_>, templates: &mut Templates, line: &mut Line<'_>) {
        // Looked at once for both: is there anything to fill or to escape?
        let special = |words| escape::suspicious(words) || template::may_have_braces(words);
        if !line.short(b"", event.event.as_bytes(), b"", special) {
            line.with_vec(|out| templates.event(event, |piece| json_text(piece, out)));
        }
    }

    fn filled_in(
        &self,
        template: &Template,
        fields: &[Field<'_>],
        templates: &mut Templates,
        line: &mut Line<'_>,
    ) {
        line.with_vec(|out| templates.fill_in(template, fields, |piece| json_text(piece, out)));
    }
}

#[cfg(test)]
mod tests;
