//! logfmt lines: `key=value` pairs between spaces, laid out as structlog does, as `docs/output.md`
//! defines them and `tests/golden_output.rs` keeps them.
//!
//! A value that holds a space, `=`, `"` or a character that is escaped stands in quotes, there as in
//! a JSON string; of a newline alone, unquoted. A true value is its key alone.

use logring::Level;
use logring::record::{AnyValue, Event, Field, Raw, Strings};

use super::escape::{self, Classes, is_harmful, json_text};
use super::json;
use super::keys::fact;
use super::line::Line;
use super::number::{error_text, float_word, hex, seconds, uuid};
use super::plain::{Form, Plain};
use super::plan;
use super::shape::Syntax;
use super::template::{Template, Templates};
use super::time::{Digits, Stamps};
use super::{LineOptions, Renderer};

/// Renders events as logfmt lines.
#[derive(Debug)]
pub struct LogfmtRenderer(Plain<LogfmtSyntax, Values>);

impl LogfmtRenderer {
    /// A renderer with these options.
    #[must_use]
    pub fn new(options: LineOptions) -> Self {
        Self(Plain::new(options, LogfmtSyntax::new(), Values::new()))
    }
}

impl Renderer for LogfmtRenderer {
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

/// logfmt around the values.
#[derive(Debug)]
struct LogfmtSyntax {
    /// From the timestamp's end to where the event's text begins, for each level.
    levels: Vec<Box<[u8]>>,
}

impl LogfmtSyntax {
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
    format!(" level={level} event=")
}

impl Syntax for LogfmtSyntax {
    const SPECIAL_KEYS: u8 = !fact::BLOCK;

    #[inline(always)]
    fn before_text(&self, event: &Event<'_>, line: &mut Line<'_>) {
        if event.level.is_own() {
            // Its name may have become known just now.
            return line.bytes(self.own_level(event.level).as_bytes());
        }
        line.bytes(&self.levels[usize::from(event.level.number())]);
    }

    fn text(&self, of: &str, line: &mut Line<'_>) {
        text(b"", of, line);
    }

    fn behind_text(&self, event: &Event<'_>, taken: u8, line: &mut Line<'_>) {
        if taken & fact::TARGET == 0 {
            text(b" target=", &event.target, line);
        }
        if taken & fact::PID == 0 {
            line.put(b" pid=");
        }
    }

    /// The value says whether a `=` follows. In a key, what would end it or the line is an escape.
    #[inline(always)]
    fn before_value(&self, key: &str, line: &mut Line<'_>) {
        const CLASSES: Classes = escape::classes(b" =\"");
        if !line.short(b" ", key.as_bytes(), b"", |words| escape::any_of(words, b'!', b"=\"")) {
            line.put(b" ");
            line.with_vec(|out| {
                escape::escape(key.as_bytes(), &CLASSES, escape::four_digits, out);
            });
        }
    }
}

impl Form for LogfmtSyntax {
    const HEAD: &'static str = "timestamp=";
    const LATE: &'static [u8] = b" late";
    const TRUNCATED: &'static [u8] = b" truncated";
    const END: &'static [u8] = b"\n";

    fn filled(&self, event: &Event<'_>, templates: &mut Templates, line: &mut Line<'_>) {
        text(b"", templates.filled(event), line);
    }

    fn filled_in(
        &self,
        template: &Template,
        fields: &[Field<'_>],
        templates: &mut Templates,
        line: &mut Line<'_>,
    ) {
        text(b"", templates.filled_in(template, fields), line);
    }
}

/// Writes values, and the `=` before them where there is one.
#[derive(Debug)]
struct Values {
    /// Nine digits always, as in JSON.
    stamps: Stamps,
    json: json::Values,
    scratch: Vec<u8>,
}

impl Values {
    fn new() -> Self {
        let stamps = Stamps::new("=", Digits::Nine);
        Self { stamps, json: json::Values::new(), scratch: Vec::new() }
    }

    #[inline(always)]
    fn write(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        match value {
            AnyValue::I64(value) => {
                line.put(b"=");
                line.signed(*value);
            }
            AnyValue::U64(value) => {
                line.put(b"=");
                line.integer(*value);
            }
            AnyValue::F64(value) => {
                line.put(b"=");
                float_word(*value, line);
            }
            AnyValue::Str(value) => text(b"=", value, line),
            rare => {
                let at = self.write_rare(rare, line.reborrow());
                line.resume(at);
            }
        }
    }

    #[inline(never)]
    fn write_rare(&mut self, value: &AnyValue<'_>, mut line: Line<'_>) -> usize {
        match value {
            AnyValue::Bool(true) => {}
            AnyValue::Bool(false) => line.put(b"=false"),
            AnyValue::Null => line.put(b"="),
            AnyValue::Text(value) => text(b"=", value, &mut line),
            AnyValue::Timestamp(nanoseconds) => self.stamps.write(*nanoseconds, &mut line),
            AnyValue::Error(chain) => text(b"=", &error_text(chain), &mut line),
            AnyValue::List(_) | AnyValue::Map(_) => {
                self.scratch.clear();
                let mut json = Line::new(&mut self.scratch, 256);
                self.json.write(value, &mut json);
                json.end();
                let nested = std::str::from_utf8(&self.scratch).expect("JSON of texts is UTF-8");
                text(b"=", nested, &mut line);
            }
            plain => {
                line.put(b"=");
                line.with_vec(|out| match plain {
                    AnyValue::I128(value) => super::number::integer(*value, out),
                    AnyValue::U128(value) => super::number::integer(*value, out),
                    AnyValue::Bytes(bytes) => hex(bytes, out),
                    AnyValue::Uuid(bytes) => uuid(bytes, out),
                    AnyValue::Duration(nanoseconds) => seconds(*nanoseconds, out),
                    _ => {}
                });
            }
        }
        line.at()
    }
}

impl plan::Values for Values {
    const BEFORE_NUMBER: &'static [u8] = b"=";

    #[inline(always)]
    fn unsigned(&mut self, value: u64, line: &mut Line<'_>) {
        line.put(b"=");
        line.integer(value);
    }

    #[inline(always)]
    fn signed(&mut self, value: i64, line: &mut Line<'_>) {
        line.put(b"=");
        line.signed(value);
    }

    #[inline(always)]
    fn float(&mut self, value: f64, line: &mut Line<'_>) {
        line.put(b"=");
        float_word(value, line);
    }

    #[inline(always)]
    fn text(&mut self, value: &str, line: &mut Line<'_>) {
        text(b"=", value, line);
    }

    #[inline(always)]
    fn any(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>) {
        self.write(value, line);
    }
}

/// Appends a constant, then a value's text, in quotes where it needs them.
#[inline(always)]
fn text<const A: usize>(before: &[u8; A], text: &str, line: &mut Line<'_>) {
    if line.short(before, text.as_bytes(), b"", |words| escape::any_of(words, b'!', b"=\"")) {
        return;
    }
    line.put(before);
    if !line.short(b"\"", text.as_bytes(), b"\"", escape::suspicious) {
        let at = not_short(text, line.reborrow());
        line.resume(at);
    }
}

#[inline(never)]
fn not_short(text: &str, mut line: Line<'_>) -> usize {
    line.with_vec(|out| long_text(text, out));
    line.at()
}

fn long_text(text: &str, out: &mut Vec<u8>) {
    let odd = |code: char| matches!(code, ' ' | '=' | '"') || is_harmful(code.into());
    if text.contains(|code| odd(code) && code != '\n') {
        out.push(b'"');
        json_text(text, out);
        out.push(b'"');
        return;
    }
    for (index, piece) in text.split('\n').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\\n");
        }
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fields: Vec<(&'static str, AnyValue<'static>)>) -> String {
        let fields = fields.into_iter().map(|(key, value)| Field { key: key.into(), value });
        let event = Event {
            event: "took {ms} of {of}".into(),
            target: "a::b".into(),
            pid: 1,
            callsite: 1,
            fields: fields.collect(),
            ..Event::default()
        };
        let mut renderer = LogfmtRenderer::new(LineOptions::default());
        let (mut out, mut again) = (Vec::new(), Vec::new());
        renderer.render(&event, &mut out);
        renderer.render(&Event { callsite: 0, ..event }, &mut again);
        assert_eq!(out, again, "with a shape and without");
        let line = String::from_utf8(out).unwrap();
        let rest = line.strip_prefix("timestamp=1970-01-01T00:00:00.000000Z level=info ").unwrap();
        rest.strip_suffix('\n').unwrap().to_owned()
    }

    fn value(value: AnyValue<'static>) -> String {
        let line = line(vec![("k", value)]);
        let value = line.strip_prefix("event=\"took {ms} of {of}\" target=a::b pid=1 k").unwrap();
        value.to_owned()
    }

    #[test]
    fn a_filled_text_is_quoted_as_it_turned_out() {
        let text = |text: &'static str| AnyValue::Str(text.into());
        assert_eq!(
            line(vec![("ms", AnyValue::I64(-2)), ("of", text("a\\\""))]),
            r#"event="took -2 of a\\\"" target=a::b pid=1 ms=-2 of="a\\\"""#
        );
    }

    #[test]
    fn values_are_quoted_as_structlog_does() {
        let long = "a value that is longer than any short piece is";
        for (text, expected) in [
            ("", "="),
            ("a", "=a"),
            ("two words", "=\"two words\""),
            (" ", "=\" \""),
            ("a=b", "=\"a=b\""),
            ("say \"hi\" \\ bye", r#"="say \"hi\" \\ bye""#),
            ("C:\\temp", "=C:\\temp"),
            ("C:\\a b", r#"="C:\\a b""#),
            ("one\ntwo", "=one\\ntwo"),
            ("one\ntwo three", "=\"one\\ntwo three\""),
            ("it's", "=it's"),
            ("naïve日本🦀", "=naïve日本🦀"),
            ("naïve 日本", "=\"naïve 日本\""),
            (long, &format!("=\"{long}\"")),
            (&long.replace(' ', "_"), &format!("={}", long.replace(' ', "_"))),
        ] {
            assert_eq!(value(AnyValue::Str(text.to_owned().into())), expected);
            assert_eq!(value(AnyValue::Text(text.to_owned().into())), expected);
        }
    }

    #[test]
    fn what_structlog_lets_through_is_escaped_in_quotes() {
        for (text, expected) in [
            ("\t", "=\"\\t\""),
            ("a\rb", "=\"a\\rb\""),
            ("\u{1b}[31m", "=\"\\u001b[31m\""),
            ("\u{7f}\u{85}\u{202e}\u{2028}", "=\"\\u007f\\u0085\\u202e\\u2028\""),
        ] {
            assert_eq!(value(AnyValue::Str(text.into())), expected);
        }
        let keys = vec![("a b=\"\n\u{202e}", AnyValue::Bool(true)), ("", AnyValue::Null)];
        assert!(line(keys).ends_with(" a\\u0020b\\u003d\\u0022\\u000a\\u202e ="));
    }

    #[test]
    fn other_kinds_are_words() {
        assert_eq!(value(AnyValue::Bool(true)), "");
        assert_eq!(value(AnyValue::Bool(false)), "=false");
        assert_eq!(value(AnyValue::Null), "=");
        assert_eq!(value(AnyValue::F64(f64::NAN)), "=nan");
        assert_eq!(value(AnyValue::U128(u128::MAX)), format!("={}", u128::MAX));
        assert_eq!(value(AnyValue::Duration(1_500_000)), "=0.0015");
        assert_eq!(value(AnyValue::List(vec![AnyValue::I64(1), AnyValue::Null])), "=[1,null]");
        let map = AnyValue::Map(vec![("a".into(), AnyValue::Str("\n".into()))]);
        assert_eq!(value(map), r#"="{\"a\":\"\\n\"}""#);
    }
}
