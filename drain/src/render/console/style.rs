//! How the console looks: what is written before and after each part of a line. The only place where
//! control sequences come from.

use std::sync::OnceLock;

use logring::Level;

/// What a config says of own levels, by number.
static OWN: [OnceLock<String>; 256] = [const { OnceLock::new() }; 256];

/// Says what stands before an own level's word where there are colours.
pub(crate) fn set_own(level: Level, sequences: String) {
    // Of two configs of one process the first one counts, as it does for the name.
    let _ = OWN[usize::from(level.number())].set(sequences);
}

/// Sequences around the parts of a line; all empty where there are no colours. Whatever is begun is
/// ended by `reset`.
#[derive(Debug)]
pub(super) struct Styles {
    pub(super) reset: &'static str,
    pub(super) timestamp: &'static str,
    pub(super) event: &'static str,
    pub(super) target: &'static str,
    /// The target of the drain's own events.
    pub(super) notice: &'static str,
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    /// Process, thread, file and line.
    pub(super) fact: &'static str,
    /// What a line of a block is.
    pub(super) label: &'static str,
    pub(super) frame: &'static str,
    has_levels: bool,
}

/// structlog's colours, where it has the part.
pub(super) const COLORED: Styles = Styles {
    reset: "\x1b[0m",
    timestamp: "\x1b[2m",
    event: "\x1b[1m",
    target: "\x1b[1m\x1b[34m",
    notice: "\x1b[1m\x1b[33m",
    key: "\x1b[36m",
    value: "\x1b[35m",
    fact: "\x1b[2m",
    label: "\x1b[31m",
    frame: "\x1b[2m",
    has_levels: true,
};

pub(super) const PLAIN: Styles = Styles {
    reset: "",
    timestamp: "",
    event: "",
    target: "",
    notice: "",
    key: "",
    value: "",
    fact: "",
    label: "",
    frame: "",
    has_levels: false,
};

impl Styles {
    /// What stands before a level's word. An own level looks as the config says, else like the one
    /// below it.
    pub(super) fn level(&self, level: Level) -> &'static str {
        match level {
            _ if !self.has_levels => "",
            level if level.is_own() && OWN[usize::from(level.number())].get().is_some() => {
                OWN[usize::from(level.number())].get().map_or("", String::as_str)
            }
            level if level >= Level::Fatal => "\x1b[41m\x1b[1m",
            level if level >= Level::Error => "\x1b[31m\x1b[1m",
            level if level >= Level::Warning => "\x1b[33m\x1b[1m",
            level if level >= Level::Success => "\x1b[32m\x1b[1m",
            level if level >= Level::Notice => "\x1b[36m\x1b[1m",
            level if level >= Level::Debug => "\x1b[32m\x1b[1m",
            _ => "\x1b[2m",
        }
    }
}
