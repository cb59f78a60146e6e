//! Levels: numbers on Python's scale, so that levels of other systems map by name and number.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// How much a record matters; a higher number matters more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Level(u8);

#[expect(non_upper_case_globals, reason = "they read and are used as the variants of an enum")]
#[allow(missing_docs, reason = "each constant is the level that its name says")]
impl Level {
    pub const Trace: Self = Self(5);
    pub const Debug: Self = Self(10);
    pub const Info: Self = Self(20);
    pub const Notice: Self = Self(22);
    pub const Success: Self = Self(25);
    pub const Warning: Self = Self(30);
    pub const Error: Self = Self(40);
    pub const Fail: Self = Self(45);
    pub const Critical: Self = Self(50);
    pub const Fatal: Self = Self(60);
}

/// The ten levels and their words, lowest first.
pub const LEVELS: [(Level, &str); 10] = [
    (Level::Trace, "trace"),
    (Level::Debug, "debug"),
    (Level::Info, "info"),
    (Level::Notice, "notice"),
    (Level::Success, "success"),
    (Level::Warning, "warning"),
    (Level::Error, "error"),
    (Level::Fail, "fail"),
    (Level::Critical, "critical"),
    (Level::Fatal, "fatal"),
];

/// The lowest level number that the features `max_level_*` leave in the program; 0 without them.
pub const CAP: u8 = {
    const fn set(by: bool, level: u8) -> u8 {
        if by { level } else { 0 }
    }
    const fn max(levels: [u8; 5]) -> u8 {
        let (mut most, mut at) = (0, 0);
        while at < levels.len() {
            if levels[at] > most {
                most = levels[at];
            }
            at += 1;
        }
        most
    }
    let always = max([
        set(cfg!(feature = "max_level_debug"), Level::Debug.0),
        set(cfg!(feature = "max_level_info"), Level::Info.0),
        set(cfg!(feature = "max_level_warning"), Level::Warning.0),
        set(cfg!(feature = "max_level_error"), Level::Error.0),
        set(cfg!(feature = "max_level_off"), u8::MAX),
    ]);
    let release = max([
        set(cfg!(feature = "release_max_level_debug"), Level::Debug.0),
        set(cfg!(feature = "release_max_level_info"), Level::Info.0),
        set(cfg!(feature = "release_max_level_warning"), Level::Warning.0),
        set(cfg!(feature = "release_max_level_error"), Level::Error.0),
        set(cfg!(feature = "release_max_level_off"), u8::MAX),
    ]);
    if cfg!(debug_assertions) || release < always { always } else { release }
};

impl Level {
    /// The level of this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    #[inline]
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its word, for one of the ten levels.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        LEVELS.iter().find(|(level, _)| *level == self).map(|(_, name)| *name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("level{}", self.0)),
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Level {
    type Err = Error;

    /// A level's word in any case (`warn` and `err` too), or a number up to 255.
    fn from_str(text: &str) -> Result<Self> {
        let word = text.trim().to_ascii_lowercase();
        let word = match word.as_str() {
            "warn" => "warning",
            "err" => "error",
            word => word,
        };
        if let Some((level, _)) = LEVELS.iter().find(|(_, name)| *name == word) {
            return Ok(*level);
        }
        if let Ok(number) = word.strip_prefix("level").unwrap_or(word).parse() {
            return Ok(Self(number));
        }
        let words = LEVELS.map(|(_, name)| name).join(", ");
        Err(Error::invalid(format!("unknown level {text:?}, expected one of {words} or a number")))
    }
}
