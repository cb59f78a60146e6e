//! Lines for people: structlog's `ConsoleRenderer`.

mod column;
mod rich;
pub(super) mod style;

use logring::record::{AnyValue, ErrorChain};
use serde::Deserialize;

use super::block::{self, INDENT};
use super::key_value::yes;
use super::{Form, Pair};
use crate::render::{colors, python};
use column::{Column, Shown, WIDTH_MAX};
use style::{BLUE, BRIGHT, CYAN, DIM, LevelStyles, MAGENTA, Style};

/// Its columns, and how the rest is printed.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub(in crate::render) struct Console {
    columns: Vec<Column>,
    /// Of all keys without a column.
    rest: Column,
    colors: bool,
    sort_keys: bool,
    exceptions: Exceptions,
    exact: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default = "thirty")]
    pad_event_to: usize,
    #[serde(default)]
    colors: bool,
    #[serde(default)]
    force_colors: bool,
    #[serde(default)]
    repr_native_str: bool,
    level_styles: Option<LevelStyles>,
    #[serde(default)]
    exception_formatter: Exceptions,
    #[serde(default = "yes")]
    sort_keys: bool,
    #[serde(default = "event")]
    event_key: String,
    #[serde(default = "timestamp")]
    timestamp_key: String,
    columns: Option<Vec<Column>>,
    #[serde(default = "yes")]
    pad_level: bool,
    #[serde(default)]
    exact: bool,
}

/// How errors stand beneath a line.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Exceptions {
    /// As Python prints them.
    #[default]
    Plain,
    /// In a frame.
    Rich,
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

impl TryFrom<Options> for Console {
    type Error = String;

    fn try_from(mut options: Options) -> Result<Self, String> {
        if options.pad_event_to > WIDTH_MAX {
            return Err(format!(
                "pad_event_to {}, expected up to {WIDTH_MAX}",
                options.pad_event_to
            ));
        }
        let has_styles = options.level_styles.as_ref().is_some_and(|styles| !styles.is_empty());
        if options.level_styles.is_some() && !has_styles {
            return Err("no level in level_styles, expected at least one".to_owned());
        }
        options.colors = colors::on(options.colors, options.force_colors);
        let mut columns = match options.columns.take() {
            None => options.usual(),
            Some(columns) => {
                options.has_no_other()?;
                column::check(&columns)?;
                let plain = |column: Column| if options.colors { column } else { column.plain() };
                columns.into_iter().map(plain).collect()
            }
        };
        let at = columns.iter().position(|column| column.key.is_empty());
        // A column of that key was checked, or is one of the usual.
        let rest = at.map(|at| columns.remove(at)).ok_or("no column of the key \"\"")?;
        let Options { colors, sort_keys, exact, exception_formatter: exceptions, .. } = options;
        Ok(Self { columns, rest, colors, sort_keys, exceptions, exact })
    }
}

impl Options {
    /// Those that say what a column looks like do not go with columns.
    fn has_no_other(&self) -> Result<(), String> {
        let said = [
            ("pad_event_to", self.pad_event_to != thirty()),
            ("repr_native_str", self.repr_native_str),
            ("level_styles", self.level_styles.is_some()),
            ("event_key", self.event_key != event()),
            ("timestamp_key", self.timestamp_key != timestamp()),
            ("pad_level", !self.pad_level),
        ];
        match said.iter().find(|(_, is_said)| *is_said) {
            Some((name, _)) => {
                Err(format!("`{name}` says what `columns` say, expected one of them"))
            }
            None => Ok(()),
        }
    }

    /// structlog's columns.
    fn usual(&self) -> Vec<Column> {
        let color = |sequence: &str| if self.colors { sequence.to_owned() } else { String::new() };
        let styles = self.level_styles.clone();
        let styles = styles.unwrap_or_else(|| style::level_styles(self.colors));
        let logger = |key: &str| Column {
            prefix: "[".to_owned(),
            postfix: "]".to_owned(),
            ..Column::new(key, Shown::Str, format!("{}{}", color(BRIGHT), color(BLUE)))
        };
        let shown = if self.repr_native_str { Shown::Repr } else { Shown::Word };
        let usual = vec![
            Column {
                key_style: Some(Style(color(CYAN))),
                ..Column::new("", shown, color(MAGENTA))
            },
            Column::new(&self.timestamp_key, Shown::Str, color(DIM)),
            Column {
                level_styles: Some(style::with(styles, &color(BRIGHT))),
                pad: self.pad_level,
                ..Column::new("level", Shown::Str, String::new())
            },
            Column {
                width: self.pad_event_to,
                ..Column::new(&self.event_key, Shown::Str, color(BRIGHT))
            },
            logger("logger"),
            logger("logger_name"),
        ];
        // Styles that the configuration says are no colours either.
        if self.colors { usual } else { usual.into_iter().map(Column::plain).collect() }
    }
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
        let start = out.len();
        // The key that structlog's default column has as its own.
        if let Some(value) = take("") {
            self.column(start, &self.rest, "", &value, out);
        }
        for column in &self.columns {
            if let Some(value) = take(&column.key) {
                self.column(start, column, &column.key, &value, out);
            }
        }
        if self.sort_keys {
            pairs.sort_by_key(|(key, _)| *key);
        }
        for (key, value) in &pairs {
            self.column(start, &self.rest, key, value, out);
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
        match (exc_info.as_deref(), exception) {
            (Some(AnyValue::Error(chain)), _) => {
                out.push('\n');
                self.error(chain, out);
            }
            (_, Some(text)) => {
                out.push('\n');
                block::put(&python::str(&text), self.exact, out);
            }
            _ => {}
        }
    }
}

impl Console {
    /// A column that prints nothing has no place.
    fn column(
        &self,
        start: usize,
        column: &Column,
        key: &str,
        value: &AnyValue<'_>,
        out: &mut String,
    ) {
        out.push_str(if out.len() > start { " " } else { "" });
        let empty = out.len();
        column.put(key, value, self.colors, self.exact, out);
        if out.len() == empty && empty > start {
            out.pop();
        }
    }

    fn error(&self, chain: &ErrorChain<'_>, out: &mut String) {
        match self.exceptions {
            Exceptions::Plain => block::put(&python::traceback(chain), self.exact, out),
            Exceptions::Rich => rich::put(chain, self.colors, self.exact, out),
        }
    }
}
