//! Which segment is meant: a name, or a file on any path.

use std::path::Path;

use logring::shm::Segment;
use logring::{Error, Result};

/// A segment that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) segment: Segment,
    /// It is a file on its own: whoever wrote it is no longer writing here.
    pub(crate) is_copy: bool,
}

/// Opens what `what` means: with a slash in it a file, else the segment of that name, else a file.
///
/// # Errors
/// There is neither, or it is not a segment that this build reads.
pub(crate) fn open(what: &str) -> Result<Found> {
    let file = |path: &str| {
        Segment::observe_file(Path::new(path)).map(|segment| Found { segment, is_copy: true })
    };
    if what.contains('/') {
        return file(what);
    }
    match Segment::observe(what) {
        Ok(segment) => Ok(Found { segment, is_copy: false }),
        Err(error) if error.is_not_found() || error.is_invalid() => {
            if Path::new(what).exists() {
                return file(what);
            }
            Err(Error::not_found(format!(
                "there is neither a segment nor a file {what:?}; `logring-drain segments ls` lists the \
                 segments that there are"
            )))
        }
        Err(error) => Err(error),
    }
}
