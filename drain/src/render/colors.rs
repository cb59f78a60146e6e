//! Whether to print in colours: what the user said, the variables that many programs agree on, and
//! what the output is. Asked when a renderer is made, never for a line.

use serde::{Deserialize, Serialize};

/// What the user said about colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colors {
    /// As the environment says: not with `NO_COLOR`, else with `FORCE_COLOR` or `CLICOLOR_FORCE`,
    /// else on a terminal. A variable that is empty says nothing, nor does the number 0 force.
    #[default]
    Auto,
    /// Whatever the output is.
    Always,
    /// On no output.
    Never,
}

impl Colors {
    /// Whether to print in colours on an output that is a terminal or is not.
    #[must_use]
    pub fn wanted(self, is_terminal: bool) -> bool {
        self.decide(is_terminal, |name| {
            Some(std::env::var_os(name)?.to_string_lossy().into_owned())
        })
    }

    fn decide(self, is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
        let says = |name| variable(name).filter(|value| !value.is_empty());
        let forces = |name| says(name).is_some_and(|value| value != "0");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if says("NO_COLOR").is_some() => false,
            Self::Auto if forces("FORCE_COLOR") || forces("CLICOLOR_FORCE") => true,
            Self::Auto => is_terminal && says("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Whether a renderer that a configuration names prints in colours: where it was asked to, but with
/// `NO_COLOR` in the environment only if it shall in any case.
pub(super) fn on(asked: bool, forced: bool) -> bool {
    forced || (asked && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there are colours with these variables, off a terminal and on one.
    fn with(colors: Colors, variables: &[(&str, &str)]) -> [bool; 2] {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(other, _)| *other == name)?;
            Some((*value).to_owned())
        };
        [false, true].map(|is_terminal| colors.decide(is_terminal, variable))
    }

    #[test]
    fn what_is_said_wins_over_the_environment_and_that_over_the_terminal() {
        for (variables, expected) in [
            (&[][..], [false, true]),
            (&[("TERM", "xterm-256color")], [false, true]),
            (&[("TERM", "dumb")], [false, false]),
            (&[("NO_COLOR", "")], [false, true]),
            (&[("NO_COLOR", "0")], [false, false]),
            (&[("FORCE_COLOR", "1")], [true, true]),
            (&[("FORCE_COLOR", "0")], [false, true]),
            (&[("FORCE_COLOR", "")], [false, true]),
            (&[("CLICOLOR_FORCE", "1")], [true, true]),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], [false, false]),
            (&[("TERM", "dumb"), ("FORCE_COLOR", "1")], [true, true]),
        ] {
            assert_eq!(with(Colors::Auto, variables), expected, "{variables:?}");
            assert_eq!(with(Colors::Always, variables), [true, true], "{variables:?}");
            assert_eq!(with(Colors::Never, variables), [false, false], "{variables:?}");
        }
    }
}
