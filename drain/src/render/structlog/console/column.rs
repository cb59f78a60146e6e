//! Columns of the console: which key stands where, and how it looks. structlog's `Column` with its
//! `KeyValueColumnFormatter` and `LogLevelColumnFormatter`.

use logring::record::AnyValue;
use serde::Deserialize;

use super::super::safe;
use super::style::{LevelStyles, RESET, Style};
use crate::render::python;

/// One column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    /// The key that it prints; empty: all that have no column of their own.
    pub(super) key: String,
    /// The style of the key; without one the key is not printed.
    pub(super) key_style: Option<Style>,
    #[serde(default)]
    pub(super) value_style: Style,
    /// Whether texts stand in quotes: never, always, or where they would not read as one word.
    #[serde(default)]
    pub(super) value: Shown,
    /// Spaces behind the value up to so many characters.
    #[serde(default)]
    pub(super) width: usize,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) postfix: String,
    /// Of a level's column: styles by level, its width follows from them.
    pub(super) level_styles: Option<LevelStyles>,
    /// Of a level's column: spaces behind shorter levels.
    #[serde(default = "super::super::key_value::yes")]
    pub(super) pad: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shown {
    #[default]
    Word,
    Str,
    Repr,
}

/// Wider ones are refused: a short option must not make long lines.
pub(super) const WIDTH_MAX: usize = 1024;

/// Checks what serde cannot.
pub(super) fn check(columns: &[Column]) -> Result<(), String> {
    let defaults = columns.iter().filter(|column| column.key.is_empty()).count();
    if defaults != 1 {
        return Err(format!(
            "{defaults} columns of the key \"\", expected one: it prints what has no column"
        ));
    }
    for column in columns {
        let said = &column.key;
        if column.width > WIDTH_MAX {
            return Err(format!(
                "column `{said}` is {} wide, expected up to {WIDTH_MAX}",
                column.width
            ));
        }
        if column.prefix.contains(safe::is_harmful) || column.postfix.contains(safe::is_harmful) {
            return Err(format!("a control character in the column `{said}`, expected text"));
        }
        if column.level_styles.as_ref().is_some_and(LevelStyles::is_empty) {
            return Err(format!("no level in the column `{said}`, expected at least one"));
        }
    }
    Ok(())
}

impl Column {
    /// One of the usual columns.
    pub(super) fn new(key: &str, value: Shown, value_style: String) -> Self {
        Self {
            key: key.to_owned(),
            key_style: None,
            value_style: Style(value_style),
            value,
            width: 0,
            prefix: String::new(),
            postfix: String::new(),
            level_styles: None,
            pad: true,
        }
    }

    /// The same without colours.
    pub(super) fn plain(self) -> Self {
        let none = |_| Style::default();
        let level_styles = self
            .level_styles
            .map(|styles| styles.into_keys().map(|level| (level, Style::default())).collect());
        Self {
            key_style: self.key_style.map(none),
            value_style: Style::default(),
            level_styles,
            ..self
        }
    }

    /// Appends the value under `key`, in colours or in none.
    pub(super) fn put(
        &self,
        key: &str,
        value: &AnyValue<'_>,
        colors: bool,
        exact: bool,
        out: &mut String,
    ) {
        let reset = if colors { RESET } else { "" };
        if let Some(styles) = &self.level_styles {
            return self.level(styles, &python::str(value), reset, exact, out);
        }
        if !self.prefix.is_empty() {
            out.extend([&self.prefix, reset]);
        }
        if let Some(Style(style)) = &self.key_style {
            out.push_str(style);
            safe::put(key, exact, out);
            out.extend([reset, "="]);
        }
        out.push_str(&self.value_style.0);
        let from = out.len();
        safe::put(&self.shown(value), exact, out);
        pad(from, self.width, out);
        out.push_str(reset);
        if !self.postfix.is_empty() {
            out.extend([&self.postfix, reset]);
        }
    }

    fn level(&self, styles: &LevelStyles, level: &str, reset: &str, exact: bool, out: &mut String) {
        let longest = styles.keys().map(|level| level.chars().count()).max().unwrap_or(0);
        out.push('[');
        out.push_str(styles.get(level).map_or("", |Style(style)| style));
        let from = out.len();
        safe::put(level, exact, out);
        pad(from, if self.pad { longest } else { 0 }, out);
        out.extend([reset, "]"]);
    }

    fn shown(&self, value: &AnyValue<'_>) -> String {
        const SPECIAL: [char; 7] = [' ', '\t', '=', '\r', '\n', '"', '\''];
        match value {
            AnyValue::Str(text) | AnyValue::Text(text)
                if self.value == Shown::Word && !text.contains(SPECIAL) =>
            {
                text.to_string()
            }
            value if self.value == Shown::Str => python::str(value),
            value => python::repr(value),
        }
    }
}

/// Spaces up to `width` characters from `from` on.
fn pad(from: usize, width: usize, out: &mut String) {
    let missing = width.saturating_sub(out[from..].chars().count());
    out.extend(std::iter::repeat_n(' ', missing));
}
