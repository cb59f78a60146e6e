//! A sink as the configuration says it: the form of its lines, where they go, which of them. Made
//! from `[[sink]]` of a file, from `--sink` of the command line, or by a program.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use logring::{Error, Level, Result};
use serde::{Deserialize, Serialize};

use super::pipeline::{self, Named};
use super::value;
use crate::process::Chain;
use crate::render::time::Digits;
use crate::render::{Colors, Form, LineOptions, Renderer};
use crate::sink::SinkSpec;

/// Where lines go, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// The form of the lines, if there is no renderer.
    #[serde(default = "json")]
    pub kind: Form,
    /// The file that they are appended to, or a stream; `-` is stdout.
    #[serde(default = "stdout")]
    pub path: PathBuf,
    /// Whether they are in colours; only those of the console can be.
    #[serde(default, skip_serializing_if = "is_auto")]
    pub colors: Colors,
    /// Only events of this level or above.
    #[serde(
        default,
        deserialize_with = "value::level",
        serialize_with = "value::write_level",
        skip_serializing_if = "Option::is_none"
    )]
    pub level: Option<Level>,
    /// Digits of the timestamp's fraction, 6 or 9.
    #[serde(default, deserialize_with = "value::digits", serialize_with = "value::write_digits")]
    pub digits: Digits,
    /// Print thread ids.
    #[serde(default)]
    pub thread: bool,
    /// Print source files.
    #[serde(default)]
    pub file: bool,
    /// Print line numbers.
    #[serde(default)]
    pub line: bool,
    /// Processors that run for this sink alone, behind those of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processors: Vec<Named>,
    /// A renderer of structlog's: the lines hold what the processors leave, not the default line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renderer: Option<Named>,
}

/// The path that means stdout.
const STDOUT: &str = "-";

fn json() -> Form {
    Form::Json
}

fn stdout() -> PathBuf {
    STDOUT.into()
}

fn is_auto(colors: &Colors) -> bool {
    *colors == Colors::Auto
}

impl Sink {
    /// Lines for people on stdout, in colours where that is a terminal.
    #[must_use]
    pub fn console() -> Self {
        Self::new(Form::Console, STDOUT)
    }

    /// JSON lines, appended to the file at `path`; `-` is stdout.
    #[must_use]
    pub fn json(path: impl Into<PathBuf>) -> Self {
        Self::new(Form::Json, path)
    }

    /// logfmt lines, appended to the file at `path`; `-` is stdout.
    #[must_use]
    pub fn logfmt(path: impl Into<PathBuf>) -> Self {
        Self::new(Form::Logfmt, path)
    }

    /// Lines of this form, with all defaults.
    #[must_use]
    pub fn new(kind: Form, path: impl Into<PathBuf>) -> Self {
        Self {
            kind,
            path: path.into(),
            colors: Colors::Auto,
            level: None,
            digits: Digits::Six,
            thread: false,
            file: false,
            line: false,
            processors: Vec::new(),
            renderer: None,
        }
    }

    /// Only events of this level or above.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    /// What renders its lines.
    ///
    /// # Errors
    /// A renderer that there is not, or with options that cannot be.
    pub fn make_renderer(&self) -> Result<Box<dyn Renderer>> {
        match &self.renderer {
            Some(named) => pipeline::renderer(named),
            None => Ok(self.kind.renderer(self.line_options())),
        }
    }

    /// Its own processors.
    ///
    /// # Errors
    /// One that cannot be made.
    pub fn make_chain(&self) -> Result<Chain> {
        pipeline::chain(&self.processors, self.renderer.is_some())
    }

    /// What its lines hold. Looks at the environment and at what stands at the path.
    #[must_use]
    pub fn line_options(&self) -> LineOptions {
        let &Self { digits, thread, file, line, .. } = self;
        let colored = self.kind == Form::Console && self.wants_colors();
        LineOptions { digits, thread, file, line, colored }
    }

    /// The environment can put colours into what somebody reads now, never into a file.
    fn wants_colors(&self) -> bool {
        let is_terminal = match self.path.to_str() {
            Some(STDOUT | "/dev/stdout") => io::stdout().is_terminal(),
            Some("/dev/stderr") => io::stderr().is_terminal(),
            _ if is_terminal(&self.path) => true,
            _ => return self.colors == Colors::Always,
        };
        self.colors.wanted(is_terminal)
    }

    /// The sink as its cursor knows it.
    ///
    /// # Errors
    /// An empty path.
    pub fn spec(&self) -> Result<SinkSpec> {
        SinkSpec::parse(&format!("{}:{}", self.kind, self.path.display()), &names())
    }

    /// Whether all its settings go together.
    ///
    /// # Errors
    /// Colours for lines that have none.
    pub(super) fn check(&self) -> Result<()> {
        if self.kind != Form::Console && self.colors != Colors::Auto {
            return Err(Error::invalid(format!(
                "sink {}: `colors` is for the kind console, expected none for {}",
                self.spec()?,
                self.kind
            )));
        }
        Ok(())
    }

    /// Whether it writes the same lines as `other`, so that they are rendered once for both.
    #[must_use]
    pub fn has_lines_of(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.level == other.level
            && self.line_options() == other.line_options()
            && self.processors == other.processors
            && self.renderer == other.renderer
    }

    /// Whether it takes events of this level.
    #[inline]
    #[must_use]
    pub fn wants(&self, level: Level) -> bool {
        self.level.is_none_or(|least| level >= least)
    }
}

impl FromStr for Sink {
    type Err = Error;

    /// `KIND:PATH`, or `KIND` alone for stdout.
    fn from_str(text: &str) -> Result<Self> {
        let spec = SinkSpec::parse(text, &names())?;
        Ok(Self::new(spec.renderer().parse()?, spec.path()))
    }
}

fn names() -> [&'static str; Form::ALL.len()] {
    Form::ALL.map(Form::name)
}

/// Whether a terminal's device stands at the path. A FIFO is not opened: that would wait.
fn is_terminal(path: &Path) -> bool {
    let is_device = path.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device());
    is_device
        && OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .is_ok_and(|file| file.is_terminal())
}
