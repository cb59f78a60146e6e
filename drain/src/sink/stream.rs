//! Streams: stdout and stderr, FIFOs, terminals, devices, sockets. They know no positions, so what
//! they get is at least once.
//!
//! A stream that can be opened by a path is non-blocking, so that a reader that has stopped holds up
//! this sink alone.

use crate::seam::{after_write, before_call, before_write};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            fs::{FileTypeExt, OpenOptionsExt},
            net::UnixStream,
        },
    },
    path::{Path, PathBuf},
};

/// Where a stream leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    Stderr,
    Path(PathBuf),
}

/// A stream, open or waiting for its reader.
#[derive(Debug)]
pub(crate) struct Stream {
    target: Target,
    file: Option<File>,
}

impl Stream {
    /// Whether `path` means a stream that this process has already.
    pub(crate) fn is_own(path: &Path) -> bool {
        matches!(path.to_str(), Some("-" | "/dev/stdout" | "/dev/stderr"))
    }

    /// The stream that `path` means; `None` when it means a regular file, there or to be created.
    pub(crate) fn at(path: &Path) -> io::Result<Option<Self>> {
        let target = match path.to_str() {
            Some("-" | "/dev/stdout") => Target::Stdout,
            Some("/dev/stderr") => Target::Stderr,
            _ => {
                before_call()?;
                match fs::metadata(path) {
                    Ok(metadata) if metadata.is_file() => return Ok(None),
                    Ok(metadata) if metadata.is_dir() => {
                        return Err(io::Error::from_raw_os_error(libc::EISDIR));
                    }
                    Ok(_) => Target::Path(path.to_owned()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
        };
        let mut stream = Self { target, file: None };
        match stream.open() {
            // A FIFO without a reader, or a socket that nobody serves: they may come.
            Err(error) if is_waiting(&error) => Ok(Some(stream)),
            opened => opened.map(|()| Some(stream)),
        }
    }

    fn open(&mut self) -> io::Result<()> {
        before_call()?;
        self.file = Some(match &self.target {
            Target::Stdout => inherited(io::stdout().as_fd().try_clone_to_owned()?, "1"),
            Target::Stderr => inherited(io::stderr().as_fd().try_clone_to_owned()?, "2"),
            Target::Path(path) if fs::metadata(path)?.file_type().is_socket() => {
                let socket = UnixStream::connect(path)?;
                socket.set_nonblocking(true)?;
                File::from(OwnedFd::from(socket))
            }
            Target::Path(path) => open_nonblocking(path)?,
        });
        Ok(())
    }

    /// Writes some of `bytes`; returns how many. After an error of the other end
    /// [`Self::is_open`] is false, and a further write opens it anew.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() {
            self.open()?;
        }
        let Some(mut file) = self.file.as_ref() else { return Ok(0) };
        let most = before_write(bytes.len())?;
        let written = file.write(&bytes[..most]);
        after_write();
        if let Err(error) = &written
            && matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET))
            && matches!(self.target, Target::Path(_))
        {
            self.file = None;
        }
        written
    }

    /// Whether the next byte goes to the same reader as the last one.
    pub(crate) const fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Opens the path anew at the next write.
    pub(crate) fn reopen(&mut self) {
        if matches!(self.target, Target::Path(_)) {
            self.file = None;
        }
    }
}

fn is_waiting(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ECONNREFUSED))
}

fn open_nonblocking(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// A stream that we were started with. Setting it non-blocking would change it for all who share
/// it, so a pipe or terminal is opened once more; a file is not, since that would begin at 0 again.
fn inherited(fd: OwnedFd, number: &str) -> File {
    let file = File::from(fd);
    let kind = file.metadata().map(|metadata| metadata.file_type());
    let can_open = kind.is_ok_and(|kind| kind.is_fifo() || kind.is_char_device());
    let path = Path::new("/proc/self/fd").join(number);
    match can_open.then(|| open_nonblocking(&path)) {
        Some(Ok(own)) => own,
        _ => file,
    }
}
