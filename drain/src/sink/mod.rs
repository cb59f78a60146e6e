//! Local sinks: regular files, and streams (stdout, FIFOs, terminals, sockets).
//!
//! Called by `cursor.rs` with bytes and offsets; a sink knows no records and no positions in the
//! ring. Nothing here ever cuts a file to 0 or makes one longer other than by writing to it.

mod file;
mod spec;
mod stream;
mod tail;
mod trouble;

pub(crate) use file::{LogFile, Stat, stat};
pub use spec::SinkSpec;
pub(crate) use stream::Stream;
pub(crate) use tail::{Tail, hash_word};
pub use trouble::{Trouble, TroubleKind};
