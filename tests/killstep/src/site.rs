//! Names and a folder of a case, removed behind it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

use logring::layout::Geometry;
use logring::shm::{Segment, SegmentSpec};

use crate::Failure;

/// A segment as small as can be: a state is copied and recovered as a whole.
pub(crate) const GEOMETRY: Geometry = Geometry {
    slot_size: 128,
    slots_per_block: 8,
    block_count: 32,
    process_count: 4,
    lane_count: 8,
    level_count: 4,
    dictionary_slots: 128,
    dictionary_bytes: 4096,
};

/// What a case makes outside of its memory.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// The pid of a process that has ended.
    pub(crate) gone: u32,
}

impl Site {
    pub(crate) fn new(case: &str) -> Result<Self, Failure> {
        let name = format!("killstep-{}-{case}", std::process::id());
        let folder = std::env::temp_dir().join(format!("logring-{name}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let mut child = Command::new("true").spawn()?;
        child.wait()?;
        Ok(Self { name, folder, gone: child.id() })
    }

    /// The segment of this name with `suffix`.
    pub(crate) fn segment(&self, suffix: &str) -> Result<&'static Segment, Failure> {
        let spec = SegmentSpec {
            geometry: GEOMETRY,
            ..SegmentSpec::new(format!("{}{suffix}", self.name))
        };
        Ok(Segment::create(&spec)?.leak())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for suffix in ["", COPY] {
            let name = format!("{}{suffix}", self.name);
            // A case that failed early has not made both.
            let _ = Segment::remove(&name);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a copy's name ends in.
pub(crate) const COPY: &str = "-copy";
