//! Renderers: event to bytes. The drain hands each event that its processors kept to the renderer
//! of every sink, which appends one line to that sink's batch.
//!
//! A renderer keeps untrusted text harmless: whatever stands in an event, it is one line, without
//! control characters or characters that reorder text; only the console prints more lines for an
//! exception, each indented. It never fails.

mod colors;
mod console;
pub mod escape;
mod form;
mod guarded;
mod json;
mod keys;
mod line;
mod logfmt;
pub mod number;
pub mod pattern;
mod plain;
mod plan;
pub mod python;
pub mod registry;
mod shape;
pub mod structlog;
pub mod template;
pub mod time;
mod unique;
pub(crate) mod zone;

pub use colors::Colors;
pub use console::ConsoleRenderer;
pub use form::Form;
pub(crate) use guarded::Guarded;
pub use guarded::RENDERER_ERROR;
pub use json::JsonRenderer;
pub use logfmt::LogfmtRenderer;

use logring::Level;
use logring::record::{Event, Raw, Strings};

use time::Digits;

/// Turns events into bytes.
pub trait Renderer: Send {
    /// Appends `event` to `out` as one line, its newline included, and beneath it what belongs to
    /// it, each line indented.
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>);

    /// Writes the line of a record that no processor has to see, straight from its bytes, at `at` of
    /// `out`, over what stands there. Returns where the line ends, behind which anything may stand then;
    /// `None` when the record has to become an event first. The line is the same either way.
    fn render_record(
        &mut self,
        _raw: &Raw<'_>,
        _strings: &dyn Strings,
        _out: &mut Vec<u8>,
        _at: usize,
    ) -> Option<usize> {
        None
    }
}

/// Says how consoles in colours show an own level's name: words like `magenta bold`.
///
/// # Errors
/// A word that is no style, as a sentence.
pub(crate) fn own_level_style(level: Level, words: &str) -> Result<(), String> {
    console::set_own_style(level, structlog::style(words)?);
    Ok(())
}

/// What stands in a line beside the default, in every form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineOptions {
    /// Digits of the timestamp's fraction.
    pub digits: Digits,
    /// Print the thread's id.
    pub thread: bool,
    /// Print the source file of the call.
    pub file: bool,
    /// Print the line in that file.
    pub line: bool,
    /// Print in colours; only the console has any. [`Colors::wanted`] says whether to.
    pub colored: bool,
}

impl LineOptions {
    /// Whether facts beside the default stand in a line.
    fn has_facts(self) -> bool {
        self.thread || self.file || self.line
    }
}
