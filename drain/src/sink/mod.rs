//! Local sinks: regular files, streams (stdout, FIFOs, terminals, sockets), and the user's own.
//!
//! Called by `cursor.rs` with bytes and offsets; a sink knows no records and no positions in the
//! ring. Nothing here ever cuts a file to 0 or makes one longer other than by writing to it.

mod file;
mod own;
mod spec;
mod stream;
mod tail;
mod trouble;

pub(crate) use file::{LogFile, Stat, stat};
pub(crate) use own::Own;
pub use spec::SinkSpec;
pub(crate) use stream::Stream;
pub(crate) use tail::{Tail, hash_word};
pub use trouble::{Trouble, TroubleKind};
