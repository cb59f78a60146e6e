//! Levels: numbers on Python's scale, so that levels of other systems map by name and number.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

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

    /// Its word, for one of the ten levels and for those of a program's own that this process knows
    /// ([`Builder::own_level`](crate::Builder::own_level)).
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let ten = LEVELS.iter().find(|(level, _)| *level == self).map(|(_, name)| *name);
        ten.or_else(|| OWN[usize::from(self.0)].get().map(|name| &**name))
    }

    /// Whether it is none of the ten.
    #[inline]
    #[must_use]
    pub const fn is_own(self) -> bool {
        !matches!(self.0, 5 | 10 | 20 | 22 | 25 | 30 | 40 | 45 | 50 | 60)
    }

    /// Gives a level of a program's own its name, for this process and for as long as it lives: it is
    /// printed and read by it from here on.
    ///
    /// # Errors
    /// A name that is not of 1 to 24 letters, digits, `_` and `-` with a letter first, or that means
    /// another level; a number that has a name already, or is 0, 1 or 255.
    pub fn set_name(self, name: &str) -> Result<()> {
        let bad =
            |why: &str| Error::invalid(format!("level {} cannot be named {name:?}: {why}", self.0));
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.chars().all(fits)
            || name.len() > NAME_BYTES_MAX
        {
            return Err(bad("a name is up to 24 letters, digits, `_` and `-`, a letter first"));
        }
        if !self.is_own() || matches!(self.0, 0 | 1 | u8::MAX) {
            return Err(bad("its number is not free"));
        }
        let name = name.to_ascii_lowercase();
        if matches!(&*name, "off" | "all") || name.parse::<Self>().is_ok_and(|other| other != self)
        {
            return Err(bad("the name means another level"));
        }
        let known = OWN[usize::from(self.0)].get_or_init(|| name.clone().into());
        if **known == *name { Ok(()) } else { Err(bad(&format!("it is named {known:?} already"))) }
    }
}

/// The longest name of a level in bytes.
pub const NAME_BYTES_MAX: usize = 24;

/// Names of own levels, by number.
static OWN: [OnceLock<Box<str>>; 256] = [const { OnceLock::new() }; 256];

/// Other systems' words for the ten: syslog, Python, Java, .NET, Go's zap, slog, glog, quill.
const ALIASES: [(&str, Level); 25] = [
    ("warn", Level::Warning),
    ("wrn", Level::Warning),
    ("err", Level::Error),
    ("exception", Level::Error),
    ("severe", Level::Error),
    ("crit", Level::Critical),
    ("dpanic", Level::Critical),
    ("alert", Level::Fatal),
    ("emerg", Level::Fatal),
    ("emergency", Level::Fatal),
    ("panic", Level::Fatal),
    ("ftl", Level::Fatal),
    ("information", Level::Info),
    ("informational", Level::Info),
    ("inf", Level::Info),
    ("config", Level::Debug),
    ("verbose", Level::Debug),
    ("dbg", Level::Debug),
    ("fine", Level::Debug),
    ("finer", Level::Trace),
    ("finest", Level::Trace),
    ("tracel1", Level::Trace),
    ("tracel2", Level::Trace),
    ("tracel3", Level::Trace),
    ("failure", Level::Fail),
];

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

    /// A level's word in any case, another system's word for it (`warn`, `crit`, `emerg`, `severe`,
    /// `verbose`), the name of an own level that this process knows, or a number up to 255.
    fn from_str(text: &str) -> Result<Self> {
        let word = text.trim().to_ascii_lowercase();
        if let Some((level, _)) = LEVELS.iter().find(|(_, name)| *name == word) {
            return Ok(*level);
        }
        if let Some((_, level)) = ALIASES.iter().find(|(name, _)| *name == word) {
            return Ok(*level);
        }
        if let Ok(number) = word.strip_prefix("level").unwrap_or(&word).parse() {
            return Ok(Self(number));
        }
        let own = OWN.iter().position(|name| name.get().is_some_and(|name| **name == *word));
        if let Some(number) = own.and_then(|number| u8::try_from(number).ok()) {
            return Ok(Self(number));
        }
        let words = LEVELS.map(|(_, name)| name).join(", ");
        Err(Error::invalid(format!("unknown level {text:?}, expected one of {words} or a number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_systems_are_levels() {
        for (word, level) in [
            ("WARN", Level::Warning),
            ("crit", Level::Critical),
            ("emerg", Level::Fatal),
            ("Informational", Level::Info),
            ("FINEST", Level::Trace),
            ("level35", Level::new(35)),
        ] {
            assert_eq!(word.parse::<Level>().unwrap(), level, "{word}");
        }
        assert!("loud".parse::<Level>().unwrap_err().to_string().contains("\"loud\""));
    }

    #[test]
    fn an_own_level_has_a_name_once() {
        let level = Level::new(36);
        assert_eq!(level.to_string(), "level36");
        level.set_name("Billing-audit").unwrap();
        level.set_name("billing-audit").unwrap();
        assert_eq!(
            (level.name(), level.to_string()),
            (Some("billing-audit"), "billing-audit".to_owned())
        );
        assert_eq!("BILLING-AUDIT".parse::<Level>().unwrap(), level);
        for (number, name, why) in [
            (36, "other", "\"billing-audit\" already"),
            (37, "billing-audit", "another level"),
            (37, "warn", "another level"),
            (37, "12", "letters"),
            (37, "a\u{1b}", "letters"),
            (20, "mine", "not free"),
            (255, "mine", "not free"),
        ] {
            let error = Level::new(number).set_name(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        for (level, word) in LEVELS {
            assert!(!level.is_own(), "{word}");
        }
    }
}
