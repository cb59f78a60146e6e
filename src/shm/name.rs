//! Segment names and where their files stand. `create.rs`, `segment.rs` and the drain ask it.
//!
//! A name alone says nothing about other users: the uid stands in every path, so that users do not
//! meet, and owners are checked besides.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::layout::header;
use crate::sys::file;

/// Where named segments stand.
pub const DIRECTORY: &str = "/dev/shm";

/// The files of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The segment itself.
    pub segment: PathBuf,
    /// The lock file: byte 0 for creation and removal, byte 1 + i for process entry i.
    pub lock: PathBuf,
    /// The drain file: the drain lock and who holds it.
    pub drain: PathBuf,
}

impl Paths {
    /// The files of the named segment `name`, for the user this process acts as.
    ///
    /// # Errors
    /// A name that cannot be.
    pub fn named(name: &str) -> Result<Self> {
        check(name)?;
        Ok(Self::beside(Path::new(DIRECTORY).join(object(name))))
    }

    /// The files of a segment on a path: the others stand beside it.
    #[must_use]
    pub fn beside(segment: PathBuf) -> Self {
        let with = |suffix: &str| {
            let mut path = segment.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        Self { lock: with(".lock"), drain: with(".drain"), segment }
    }

    /// The directory that they stand in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.segment.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// The shared memory object of the named segment `name`.
#[must_use]
pub fn object(name: &str) -> String {
    format!("logring-{}-{name}", file::effective_uid())
}

/// Whether `name` can name a segment: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, and not the name of another
/// segment's lock or drain file.
///
/// # Errors
/// The sentence says what a name is made of.
pub fn check(name: &str) -> Result<()> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=header::NAME_BYTES).contains(&name.len())
        && name.as_bytes()[0].is_ascii_alphanumeric()
        && name.bytes().all(inner);
    if !fits {
        return Err(Error::invalid(format!(
            "segment name {name:?} cannot be: expected 1 to {} of A-Z a-z 0-9 . _ -, the first a letter or digit",
            header::NAME_BYTES
        )));
    }
    if name.ends_with(".lock") || name.ends_with(".drain") {
        return Err(Error::invalid(format!(
            "segment name {name:?} cannot be: names ending in .lock and .drain are those of the files beside segments"
        )));
    }
    Ok(())
}

/// The directory for what the drain keeps beside segments (ledger, control socket, spool):
/// `$LOGRING_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/logring`, else `/run/logring-<uid>`, else
/// `logring-<uid>` in the system's temporary directory. Created with mode 0700 when it is absent.
///
/// # Errors
/// It cannot be created, is not a directory, belongs to another user, or others may write there.
pub fn runtime_dir() -> Result<PathBuf> {
    let (path, fallback) = runtime_dirs();
    match (private_directory(&path), fallback) {
        (Err(_), Some(fallback)) if !path.exists() => private_directory(&fallback),
        (made, _) => made,
    }
}

/// The same directory if it is there; `None` when nobody has made it yet.
///
/// # Errors
/// It is not a directory, belongs to another user, or others may write there.
pub fn existing_runtime_dir() -> Result<Option<PathBuf>> {
    let (path, fallback) = runtime_dirs();
    let found = [Some(path), fallback].into_iter().flatten().find(|path| path.exists());
    found.map(|path| checked_directory(&path)).transpose()
}

/// Where the runtime directory stands, and where it does when it cannot be made there.
fn runtime_dirs() -> (PathBuf, Option<PathBuf>) {
    let from =
        |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    let uid = file::effective_uid();
    if let Some(chosen) = from("LOGRING_RUNTIME_DIR") {
        return (chosen, None);
    }
    if let Some(session) = from("XDG_RUNTIME_DIR") {
        return (session.join("logring"), None);
    }
    // Only root can create it there; whoever prepared the machine may have done so for others.
    let fallback = std::env::temp_dir().join(format!("logring-{uid}"));
    (PathBuf::from(format!("/run/logring-{uid}")), Some(fallback))
}

/// `path` as a directory of mode 0700 that is ours, created when it is absent.
fn private_directory(path: &Path) -> Result<PathBuf> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(Error::os(format!("create the directory {}", path.display()), error));
        }
    }
    checked_directory(path)
}

fn checked_directory(path: &Path) -> Result<PathBuf> {
    let meta = fs::symlink_metadata(path)
        .map_err(|error| Error::os(format!("look at {}", path.display()), error))?;
    if !meta.is_dir() {
        return Err(Error::not_permitted(format!("{} is not a directory", path.display())));
    }
    check_owner(path, &meta, "0700")?;
    Ok(path.to_owned())
}

/// That a file or directory is ours and nobody else may enter, read or write it.
///
/// # Errors
/// The sentence names owner or mode and what is expected.
pub fn check_owner(path: &Path, meta: &fs::Metadata, expected: &str) -> Result<()> {
    let (uid, mode) = (file::effective_uid(), meta.mode() & 0o777);
    if meta.uid() != uid {
        return Err(Error::not_permitted(format!(
            "{} belongs to uid {}, not to uid {uid}",
            path.display(),
            meta.uid()
        )));
    }
    if mode & 0o077 != 0 {
        return Err(Error::not_permitted(format!(
            "{} has mode {mode:04o}, expected {expected}: others could read or change records",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_paths_follow() {
        for name in ["a", "billing", "A.b_c-9", &"x".repeat(64)] {
            check(name).expect(name);
        }
        for name in ["", ".a", "-a", "a/b", "a b", "../x", "é", "a\0", "a.lock", &"x".repeat(65)] {
            assert!(check(name).expect_err(name).is_invalid());
        }
        let paths = Paths::named("a.b").expect("good name");
        let text = paths.drain.to_str().expect("ascii");
        assert!(text.starts_with("/dev/shm/logring-") && text.ends_with("-a.b.drain"), "{text}");
        assert_eq!(paths.directory(), Path::new("/dev/shm"));
        assert_eq!(Paths::beside("x".into()).directory(), Path::new("."));
    }
}
