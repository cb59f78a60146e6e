//! Colours of the console: control sequences come from here alone, a configuration names them by
//! words like `bold yellow`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

pub(super) const RESET: &str = "\x1b[0m";
pub(super) const BRIGHT: &str = "\x1b[1m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const RED: &str = "\x1b[31m";
pub(super) const BLUE: &str = "\x1b[34m";
pub(super) const MAGENTA: &str = "\x1b[35m";
pub(super) const CYAN: &str = "\x1b[36m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED_BACK: &str = "\x1b[41m";

/// The words of styles.
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

/// A style as words, in control sequences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Style(pub(super) String);

impl<'de> Deserialize<'de> for Style {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = String::deserialize(from)?;
        style(&words).map(Self).map_err(D::Error::custom)
    }
}

/// The control sequences of a style in words.
///
/// # Errors
/// An unknown word; the sentence names it and those that are known.
pub(crate) fn style(words: &str) -> Result<String, String> {
    let sequence = |word: &str| {
        let known = WORDS.iter().find(|(known, _)| *known == word);
        known.map(|(_, sequence)| *sequence).ok_or_else(|| {
            let known = WORDS.map(|(word, _)| word).join(", ");
            format!("unknown style `{word}`, expected some of {known}")
        })
    };
    words.split_whitespace().map(sequence).collect()
}

/// The style of each level.
pub(super) type LevelStyles = BTreeMap<String, Style>;

/// structlog's, in colours or in none.
pub(super) fn level_styles(colors: bool) -> LevelStyles {
    let style = |color: &str| Style(if colors { color.to_owned() } else { String::new() });
    LEVELS.iter().map(|(level, color)| ((*level).to_owned(), style(color))).collect()
}

/// The same with `behind` put behind each.
pub(super) fn with(styles: LevelStyles, behind: &str) -> LevelStyles {
    styles.into_iter().map(|(level, Style(style))| (level, Style(style + behind))).collect()
}
