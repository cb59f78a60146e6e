//! What a sink has to tell: somebody else changed, moved or removed its file. The drain makes an
//! event of it.

use std::fmt;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Another file stands at the path, or none did.
    Replaced,
    /// It is shorter than what was written to it.
    Shorter,
    /// Somebody else wrote behind what was written to it.
    Longer,
    /// Its length is as it was, its last bytes are not.
    Altered,
    /// The file of a batch that may have been written cannot be found or is not as it was, so its
    /// records are written again: some may stand twice.
    Unknown,
    /// The replay of a batch gave other bytes than were written; those were cut and its records are
    /// written again.
    Rewritten,
    /// Its data could not be synced: from `expected` to `found` it may not be on the medium.
    Unsynced,
}

/// A trouble with a sink's file. Its `Display` is a sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The sink, as it was given.
    pub sink: String,
    /// What happened.
    pub kind: TroubleKind,
    /// The length in bytes that the file should have had.
    pub expected: u64,
    /// The length in bytes that it has.
    pub found: u64,
    /// Where the file is now, if it was moved out of the way.
    pub aside: Option<String>,
}

impl TroubleKind {
    /// A word for a field of an event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Shorter => "shorter",
            Self::Longer => "longer",
            Self::Altered => "altered",
            Self::Unknown => "unknown",
            Self::Rewritten => "rewritten",
            Self::Unsynced => "unsynced",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sink, kind, expected, found, aside } = self;
        write!(f, "sink {sink}: ")?;
        match kind {
            TroubleKind::Replaced => {
                write!(f, "its file was moved or removed; going on at byte {found} of the new one")
            }
            TroubleKind::Shorter => write!(
                f,
                "its file was cut by somebody else from {expected} to {found} bytes; going on there"
            ),
            TroubleKind::Longer => write!(
                f,
                "somebody else wrote to its file, which has {found} bytes instead of {expected}; \
                 going on there"
            ),
            TroubleKind::Altered => {
                write!(f, "somebody else changed its file; going on at byte {found}")
            }
            TroubleKind::Unknown => write!(
                f,
                "its file is not as it was left, so the last batch of the previous drain is \
                 written again, at byte {found}: some of its records may stand twice"
            ),
            TroubleKind::Rewritten => write!(
                f,
                "the last batch of the previous drain could not be repeated as it was; its bytes \
                 were cut from {expected} to {found}, its records are written again"
            ),
            TroubleKind::Unsynced => {
                write!(
                    f,
                    "its file could not be synced: whether bytes {expected} to {found} are on the \
                     medium is not known; "
                )?;
                match aside {
                    Some(aside) => write!(f, "that file is {aside} now, a new one is begun"),
                    None => write!(f, "going on in the same file, which could not be moved"),
                }
            }
        }
    }
}
