//! How loguru shows a level: its colour and its icon. Called by the pattern renderer.

use logring::Level;

/// What stands for a level.
pub(super) struct Look {
    /// The control sequence of its colour.
    pub(super) color: &'static str,
    pub(super) icon: &'static str,
}

/// loguru's levels, each up to where the next one begins: a level that it does not have looks like the
/// one next to it.
const LOOKS: [(Level, Look); 6] = [
    (Level::Debug, Look { color: "\x1b[36m\x1b[1m", icon: "✏️" }),
    (Level::Info, Look { color: "\x1b[34m\x1b[1m", icon: "🐞" }),
    (Level::Success, Look { color: "\x1b[1m", icon: "ℹ️" }),
    (Level::Warning, Look { color: "\x1b[32m\x1b[1m", icon: "✅" }),
    (Level::Error, Look { color: "\x1b[33m\x1b[1m", icon: "⚠️" }),
    (Level::Critical, Look { color: "\x1b[31m\x1b[1m", icon: "❌" }),
];
const HIGHEST: Look = Look { color: "\x1b[41m\x1b[1m", icon: "☠️" };

pub(super) fn look(level: Level) -> &'static Look {
    LOOKS.iter().find(|(next, _)| level < *next).map_or(&HIGHEST, |(_, look)| look)
}
