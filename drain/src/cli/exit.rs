//! Exit codes: the one place that says which end has which.

use std::fmt;
use std::process::ExitCode;

use logring::Error;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// A check or the demo found a difference; a record was dropped; also what has no code of its own.
    Difference = 1,
    /// Wrong arguments or config.
    Usage = 2,
    /// Another drain holds the segment's drain lock; for `segments rm`, anybody uses the segment.
    Held = 3,
    /// The segment's layout is of another version.
    ForeignLayout = 4,
    /// A sink cannot be opened or written.
    Sink = 5,
    /// The segment is absent, not permitted, or cannot be made.
    Segment = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An end with something to say.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// Ends with `exit`, saying `message`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// An error at a sink: what there is an absent directory is no absent segment.
    #[must_use]
    pub fn sink(error: &Error) -> Self {
        Self::new(Exit::Sink, error.to_string())
    }

    /// What to say: faults of settings one by one, all else as one line.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let several = self.exit == Exit::Usage;
        let whole = (!several).then(|| self.to_string());
        let each = several.then(|| self.message.lines().map(str::to_owned));
        whole.into_iter().chain(each.into_iter().flatten())
    }

    /// The code to end with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl From<Error> for Failure {
    /// An error at the segment, or at the settings.
    fn from(error: Error) -> Self {
        let exit = if error.is_invalid() {
            Exit::Usage
        } else if error.is_held() {
            Exit::Held
        } else if error.is_foreign_layout() {
            Exit::ForeignLayout
        } else if error.is_sink_stuck() {
            Exit::Sink
        } else if error.is_not_found()
            || error.is_not_permitted()
            || error.is_not_a_segment()
            || error.is_full()
        {
            Exit::Segment
        } else {
            Exit::Difference
        };
        Self::new(exit, error.to_string())
    }
}

impl fmt::Display for Failure {
    /// The message as one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.message.lines();
        f.write_str(lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, " {}", line.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_codes() {
        for (error, code) in [
            (Error::other("x"), 1),
            (Error::invalid("x"), 2),
            (Error::held("x"), 3),
            (Error::foreign_layout("x"), 4),
            (Error::sink_stuck("x"), 5),
            (Error::not_found("x"), 6),
            (Error::not_permitted("x"), 6),
            (Error::not_a_segment("x"), 6),
            (Error::full("x"), 6),
        ] {
            assert_eq!(Failure::from(error).exit() as u8, code);
        }
        let error = Error::not_found("cannot open x:\n  gone");
        assert_eq!(Failure::sink(&error).exit(), Exit::Sink);
        assert_eq!(Failure::from(error).to_string(), "cannot open x: gone");
    }
}
