//! Lines for people: structlog's `ConsoleRenderer`.

use std::collections::BTreeMap;

use logring::record::AnyValue;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::block::{self, INDENT};
use super::key_value::yes;
use super::{Form, Pair, safe};
use crate::render::python;

/// Its options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::render) struct Console {
    #[serde(default = "thirty")]
    pad_event_to: usize,
    #[serde(default)]
    colors: bool,
    #[serde(default)]
    repr_native_str: bool,
    #[serde(default, deserialize_with = "styles")]
    level_styles: Option<BTreeMap<String, String>>,
    #[serde(default = "yes")]
    sort_keys: bool,
    #[serde(default = "event")]
    event_key: String,
    #[serde(default = "timestamp")]
    timestamp_key: String,
    #[serde(default = "yes")]
    pad_level: bool,
    #[serde(default)]
    exact: bool,
}

fn thirty() -> usize {
    30
}

fn event() -> String {
    "event".to_owned()
}

fn timestamp() -> String {
    "timestamp".to_owned()
}

const RESET: &str = "\x1b[0m";
const BRIGHT: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BLUE: &str = "\x1b[34m";
const MAGENTA: &str = "\x1b[35m";
const CYAN: &str = "\x1b[36m";

/// The words of `level_styles`.
const WORDS: [(&str, &str); 16] = [
    ("bold", BRIGHT),
    ("dim", DIM),
    ("italic", "\x1b[3m"),
    ("underline", "\x1b[4m"),
    ("reverse", "\x1b[7m"),
    ("black", "\x1b[30m"),
    ("red", RED),
    ("green", GREEN),
    ("yellow", YELLOW),
    ("blue", BLUE),
    ("magenta", MAGENTA),
    ("cyan", CYAN),
    ("white", "\x1b[37m"),
    ("red_back", RED_BACK),
    ("green_back", "\x1b[42m"),
    ("yellow_back", "\x1b[43m"),
];
const RED_BACK: &str = "\x1b[41m";

/// structlog's levels and those of ours that it does not have, in the colour next to them.
const LEVELS: [(&str, &str); 13] = [
    ("critical", RED),
    ("exception", RED),
    ("error", RED),
    ("warn", YELLOW),
    ("warning", YELLOW),
    ("info", GREEN),
    ("debug", GREEN),
    ("notset", RED_BACK),
    ("trace", GREEN),
    ("notice", GREEN),
    ("success", GREEN),
    ("fail", RED),
    ("fatal", RED),
];
/// Of `exception`, the longest of structlog's.
const LEVEL_WIDTH: usize = 9;

/// Styles as words, like `bold yellow`: control sequences come from here alone.
fn styles<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    let said = BTreeMap::<String, String>::deserialize(from)?;
    let styles = said.into_iter().map(|(level, words)| {
        let mut style = String::new();
        for word in words.split_whitespace() {
            let Some((_, sequence)) = WORDS.iter().find(|(known, _)| *known == word) else {
                let known = WORDS.map(|(word, _)| word).join(", ");
                return Err(D::Error::custom(format!(
                    "unknown style `{word}`, expected some of {known}"
                )));
            };
            style.push_str(sequence);
        }
        Ok((level, style))
    });
    styles.collect::<Result<_, _>>().map(Some)
}

impl Form for Console {
    fn write(&self, mut pairs: Vec<Pair<'_, '_>>, out: &mut String) {
        let mut take = |key: &str| {
            let at = pairs.iter().position(|(other, _)| *other == key)?;
            Some(pairs.remove(at).1)
        };
        let none = |value: &AnyValue<'_>| *value == AnyValue::Null;
        let stack = take("stack").filter(|stack| !none(stack));
        let exception = take("exception").filter(|exception| !none(exception));
        let exc_info = take("exc_info");
        // As structlog, which draws the line before it looks whether there is something to print.
        let has_error = exc_info.as_ref().is_some_and(|value| python::is_true(value));
        let exc_info = exc_info.and_then(|value| match &*value {
            AnyValue::Error(chain) => Some(python::traceback(chain)),
            _ => None,
        });
        let start = out.len();
        // The key that structlog's default column has as its own.
        if let Some(value) = take("") {
            self.pair(start, "", &value, out);
        }
        if let Some(value) = take(&self.timestamp_key) {
            self.column(start, "", self.color(DIM), &python::str(&value), "", 0, out);
        }
        if let Some(value) = take("level") {
            self.level(start, &python::str(&value), out);
        }
        if let Some(value) = take(&self.event_key) {
            let width = self.pad_event_to;
            self.column(start, "", self.color(BRIGHT), &python::str(&value), "", width, out);
        }
        for key in ["logger", "logger_name"] {
            if let Some(value) = take(key) {
                let style = format!("{}{}", self.color(BRIGHT), self.color(BLUE));
                let before = format!("[{}", self.color(RESET));
                let behind = format!("]{}", self.color(RESET));
                self.column(start, &before, &style, &python::str(&value), &behind, 0, out);
            }
        }
        if self.sort_keys {
            pairs.sort_by_key(|(key, _)| *key);
        }
        for (key, value) in &pairs {
            self.pair(start, key, value, out);
        }
        out.truncate(start + out[start..].trim_end_matches(' ').len());
        if let Some(stack) = &stack {
            out.push('\n');
            block::put(&python::str(stack), self.exact, out);
            if has_error || exception.is_some() {
                let indent = if self.exact { "" } else { INDENT };
                out.push_str(&format!("\n{indent}\n{indent}{}\n{indent}", "=".repeat(79)));
            }
        }
        if let Some(text) = exc_info.or_else(|| exception.map(|text| python::str(&text))) {
            out.push('\n');
            block::put(&text, self.exact, out);
        }
    }
}

impl Console {
    fn color(&self, sequence: &'static str) -> &'static str {
        if self.colors { sequence } else { "" }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a column, in their order")]
    fn column(
        &self,
        start: usize,
        before: &str,
        style: &str,
        text: &str,
        behind: &str,
        width: usize,
        out: &mut String,
    ) {
        out.push_str(if out.len() > start { " " } else { "" });
        let empty = out.len();
        out.extend([before, style]);
        let from = out.len();
        safe::put(text, self.exact, out);
        pad(from, width, out);
        out.extend([self.color(RESET), behind]);
        if out.len() == empty && empty > start {
            // A column of nothing has no place.
            out.pop();
        }
    }

    fn pair(&self, start: usize, key: &str, value: &AnyValue<'_>, out: &mut String) {
        let mut before = self.color(CYAN).to_owned();
        safe::put(key, self.exact, &mut before);
        before.extend([self.color(RESET), "="]);
        self.column(start, &before, self.color(MAGENTA), &self.shown(value), "", 0, out);
    }

    fn level(&self, start: usize, level: &str, out: &mut String) {
        let (style, width) = match &self.level_styles {
            Some(styles) => {
                let longest = styles.keys().map(|level| level.chars().count()).max().unwrap_or(0);
                (styles.get(level).map(|style| format!("{style}{}", self.color(BRIGHT))), longest)
            }
            None => {
                let known = LEVELS.iter().find(|(known, _)| *known == level);
                let style = |color| format!("{}{}", self.color(color), self.color(BRIGHT));
                (known.map(|(_, color)| style(color)), LEVEL_WIDTH)
            }
        };
        out.push_str(if out.len() > start { " [" } else { "[" });
        out.push_str(style.as_deref().unwrap_or_default());
        let from = out.len();
        safe::put(level, self.exact, out);
        pad(from, if self.pad_level { width } else { 0 }, out);
        out.extend([self.color(RESET), "]"]);
    }

    /// Texts as they are where nothing in them could be taken for the line's own.
    fn shown(&self, value: &AnyValue<'_>) -> String {
        const SPECIAL: [char; 7] = [' ', '\t', '=', '\r', '\n', '"', '\''];
        match value {
            AnyValue::Str(text) | AnyValue::Text(text)
                if !self.repr_native_str && !text.contains(SPECIAL) =>
            {
                text.to_string()
            }
            value => python::repr(value),
        }
    }
}

/// Spaces up to `width` characters from `from` on.
fn pad(from: usize, width: usize, out: &mut String) {
    let missing = width.saturating_sub(out[from..].chars().count());
    out.extend(std::iter::repeat_n(' ', missing));
}
