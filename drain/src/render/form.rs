//! The forms that lines can have, by name. Called by the configuration and by every subcommand that
//! prints events.

use std::fmt;
use std::str::FromStr;

use logring::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{ConsoleRenderer, JsonRenderer, LineOptions, LogfmtRenderer, Renderer};

/// The form of a sink's lines; `docs/output.md` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// An object of JSON each: for programs.
    Json,
    /// `key=value` pairs: for programs and people.
    Logfmt,
    /// Aligned and in colours: for people.
    Console,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Logfmt, Self::Console];

    /// Its name, as configurations and command lines say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Logfmt => "logfmt",
            Self::Console => "console",
        }
    }

    /// A renderer of such lines.
    #[must_use]
    pub fn renderer(self, options: LineOptions) -> Box<dyn Renderer> {
        match self {
            Self::Json => Box::new(JsonRenderer::new(options)),
            Self::Logfmt => Box::new(LogfmtRenderer::new(options)),
            Self::Console => Box::new(ConsoleRenderer::new(options)),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Form {
    type Err = Error;

    /// A form's name.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown form `{text}`, expected one of: {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_its_name() {
        for form in Form::ALL {
            assert_eq!(form.to_string().parse::<Form>().unwrap(), form);
        }
        let error = "xml".parse::<Form>().unwrap_err();
        assert!(error.is_invalid());
        let sentence = "unknown form `xml`, expected one of: json, logfmt, console";
        assert_eq!(error.to_string(), sentence);
    }
}
