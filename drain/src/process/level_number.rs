//! `level_number`: the level's number, as structlog's `add_log_level_number`.

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};

/// Adds the level's number, on Python's scale, under `level_number`.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#""level_number""#, r#"{"event":"x","level":"warning"}"#),
///     r#"{"event": "x", "level_number": 30}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelNumber {}

impl Configured for LevelNumber {
    const SHAPES: bool = true;
}

impl Processor for LevelNumber {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        event.set("level_number", AnyValue::U64(event.level.number().into()));
        Flow::Keep
    }
}
