//! `[levels]`: names and colours of programs' own levels. What is said here stands before what programs
//! say.

use std::collections::BTreeMap;

use logring::{Error, Level, Result};
use serde::{Deserialize, Serialize};

use crate::render::own_level_style;

/// Own levels by name.
pub type OwnLevels = BTreeMap<String, OwnLevel>;

/// One of them: `audit = { number = 35, color = "magenta bold" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLevel {
    /// Its number.
    pub number: u8,
    /// How a console shows its name: words like `magenta bold`; else as the level below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// Puts them in force for this process.
///
/// # Errors
/// A name, number or colour that cannot be.
pub(super) fn check(levels: &OwnLevels) -> Result<()> {
    for (name, OwnLevel { number, color }) in levels {
        let level = Level::new(*number);
        level.set_name(name).map_err(|error| error.within("[levels]"))?;
        if let Some(words) = color {
            own_level_style(level, words)
                .map_err(|why| Error::invalid(format!("[levels] {name}: {why}")))?;
        }
    }
    Ok(())
}
