//! A sink of the user's own: anything that takes bytes. Like a stream it knows no positions, so what
//! it gets is at least once. It is user code: a panic in it is an error like another.

use std::fmt;
use std::io::{self, Write};

use crate::panics::caught;

/// The user's writer.
pub(crate) struct Own {
    writer: Box<dyn Write + Send>,
    has_failed: bool,
}

impl Own {
    pub(crate) fn new(writer: Box<dyn Write + Send>) -> Self {
        Self { writer, has_failed: false }
    }

    /// Writes some of `bytes`; returns how many. After an error other than "not now"
    /// [`Self::has_failed`] is true until the next write.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.has_failed = false;
        let written = self.run(|writer| writer.write(bytes));
        // What it says of itself is not believed.
        written.map(|written| written.min(bytes.len()))
    }

    /// A batch has been written to its end: what the writer holds back goes out now.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.run(|writer| writer.flush())
    }

    /// Whether the batch is to begin again from its first line.
    pub(crate) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn run<T>(
        &mut self,
        action: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<T>,
    ) -> io::Result<T> {
        let done = caught(|| action(&mut *self.writer))
            .unwrap_or_else(|text| Err(io::Error::other(format!("it panicked: {text}"))));
        if let Err(error) = &done {
            let not_now = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
            self.has_failed = !not_now.contains(&error.kind());
        }
        done
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("has_failed", &self.has_failed).finish_non_exhaustive()
    }
}
