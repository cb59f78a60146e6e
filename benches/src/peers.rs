//! Other loggers, each set up so that it loses nothing: a bounded channel that blocks, one writing
//! thread, a file. Each in the words and by the macros that its own documentation shows.

mod formatted;
mod lttng;
mod native;
mod structured;
mod unbound;

use std::path::Path;

use crate::Failure;
use crate::contender::Contender;

/// Records that a channel holds.
const CHANNEL: usize = 100_000;

/// What is known of another logger before it is started.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// Whether the issue of who is faster is meant for it. The others are shown: their output is not
    /// complete without their caller, or their memory is not bounded.
    pub is_bound: bool,
    /// Whether several threads may log.
    pub takes_threads: bool,
    /// What it is written in.
    language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rust,
    /// Built from `benches/native` where its library is installed.
    Native,
}

impl Peer {
    const fn rust(name: &'static str) -> Self {
        Self { name, is_bound: true, takes_threads: true, language: Language::Rust }
    }

    const fn native(name: &'static str) -> Self {
        Self { name, is_bound: true, takes_threads: true, language: Language::Native }
    }

    /// Whether it is a crate.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.language == Language::Rust
    }
}

/// What a process must have in its environment before it starts: LTTng-UST waits rather than drops,
/// and waits until its daemon knows it.
pub const ENVIRONMENT: [(&str, &str); 2] =
    [("LTTNG_UST_ALLOW_BLOCKING", "1"), ("LTTNG_UST_REGISTER_TIMEOUT", "-1")];

/// Those that [`start`] knows.
const ALL: [Peer; 10] = [
    Peer::rust("tracing-appender"),
    Peer::rust("slog-async"),
    Peer::rust("spdlog-rs"),
    Peer::rust("ftlog"),
    Peer::rust("fast_log"),
    Peer::rust("logforth"),
    Peer { is_bound: false, ..Peer::rust("kvlog") },
    Peer { is_bound: false, takes_threads: false, ..Peer::rust("quicklog") },
    Peer::native("spdlog"),
    Peer::native("lttng-ust"),
];

/// Those that can be started here. Builds the native ones, and says on stderr which is left out, and why.
///
/// # Errors
/// One that is installed does not build.
pub fn available() -> Result<Vec<Peer>, Failure> {
    let mut peers = Vec::new();
    for peer in ALL {
        match peer.language {
            Language::Native => match native::build(peer.name)? {
                None => peers.push(peer),
                Some(missing) => eprintln!("{} is left out: {missing}", peer.name),
            },
            Language::Rust => peers.push(peer),
        }
    }
    Ok(peers)
}

/// Starts the logger of this name on a new file.
///
/// # Errors
/// No such name, or it cannot be started.
pub fn start(name: &str, file: &Path) -> Result<Box<dyn Contender>, Failure> {
    Ok(match name {
        "tracing-appender" => Box::new(structured::Tracing::start(file)?),
        "slog-async" => Box::new(structured::Slog::start(file)?),
        "spdlog-rs" => Box::new(formatted::Spdlog::start(file)?),
        "ftlog" => Box::new(formatted::Ftlog::start(file)?),
        "fast_log" => Box::new(formatted::FastLog::start(file)?),
        "logforth" => Box::new(formatted::Logforth::start(file)?),
        "kvlog" => Box::new(unbound::Kvlog::start(file)?),
        "quicklog" => Box::new(unbound::Quicklog::start(file)?),
        "spdlog" => Box::new(native::Library::start(name, file)?),
        "lttng-ust" => Box::new(lttng::Lttng::start(file)?),
        _ => return Err(format!("no contender `{name}`").into()),
    })
}
