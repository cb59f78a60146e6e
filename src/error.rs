//! The library's one error: a sentence with the values in it, and predicates for what a caller can
//! act on. Finer types would not compose across the layers that an error passes through.

use std::{fmt, io};

/// What went wrong, for callers who decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invalid,
    NotFound,
    NotPermitted,
    ForeignLayout,
    NotASegment,
    Held,
    Full,
    AlreadyInstalled,
    TimedOut,
    NoDrain,
    SinkStuck,
    NotDurable,
    Other,
}

/// An error of the library.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

/// `Result` with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $make:ident / $is:ident => $kind:ident;)*) => {
        impl Error {
            $(
                #[doc = concat!("An error for which [`Error::", stringify!($is), "`] holds.")]
                #[must_use]
                pub fn $make(message: impl Into<String>) -> Self {
                    Self { kind: Kind::$kind, message: message.into(), source: None }
                }

                $(#[$doc])*
                #[must_use]
                pub fn $is(&self) -> bool {
                    self.kind == Kind::$kind
                }
            )*
        }
    };
}

kinds! {
    /// A name, option, filter or geometry that cannot be.
    invalid / is_invalid => Invalid;
    /// No segment of that name.
    not_found / is_not_found => NotFound;
    /// The operating system or the owner's rules forbid it.
    not_permitted / is_not_permitted => NotPermitted;
    /// A segment of another layout version.
    foreign_layout / is_foreign_layout => ForeignLayout;
    /// Something that is not a segment, or a damaged one.
    not_a_segment / is_not_a_segment => NotASegment;
    /// Somebody else holds the drain lock.
    held / is_held => Held;
    /// A table or the file system is full.
    full / is_full => Full;
    /// A logger has been installed in this process already.
    already_installed / is_already_installed => AlreadyInstalled;
    /// A bounded wait ended before what it waited for.
    timed_out / is_timed_out => TimedOut;
    /// No drain runs on the segment.
    no_drain / is_no_drain => NoDrain;
    /// A sink does not take bytes.
    sink_stuck / is_sink_stuck => SinkStuck;
    /// It is written, and a file could not be synced: it may not be on the medium.
    not_durable / is_not_durable => NotDurable;
    /// None of the above.
    other / is_other => Other;
}

impl Error {
    /// An error of the operating system at doing `what`, as `cannot <what>: <reason>`; its kind
    /// follows the code (`ENOENT`, `EACCES`, `ENOSPC` and their like).
    #[must_use]
    pub fn os(what: impl fmt::Display, source: io::Error) -> Self {
        let kind = match source.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) => Kind::NotFound,
            Some(libc::EACCES | libc::EPERM | libc::ELOOP | libc::EROFS) => Kind::NotPermitted,
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::ENOMEM) => Kind::Full,
            _ => Kind::Other,
        };
        Self { kind, message: format!("cannot {what}: {source}"), source: Some(source) }
    }

    /// The same error with `context: ` before its sentence.
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
