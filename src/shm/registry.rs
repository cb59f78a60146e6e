//! The segments that this process keeps for its life, one mapping per segment.
//!
//! Robust mutexes of one thread must not be reached through two mappings, and what a process knows of
//! itself (its entry, its nonce) stands beside the mapping: so the same uuid is always the same value.
//! A mutex is fine here: nothing of this is on the log path.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::segment::{Segment, SegmentSpec};
use crate::error::Result;

static KEPT: Mutex<Vec<&'static Segment>> = Mutex::new(Vec::new());

impl Segment {
    /// Keeps the segment for the life of the process. When this process keeps it already, that one is
    /// returned and this mapping goes.
    #[must_use]
    pub fn leak(self) -> &'static Self {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter().find(|known| known.uuid() == self.uuid()) {
            return known;
        }
        let segment: &'static Self = Box::leak(Box::new(self));
        kept.push(segment);
        segment
    }

    /// [`Segment::attach`], kept for the life of the process.
    ///
    /// # Errors
    /// As [`Segment::attach`].
    pub fn attach_static(name: &str) -> Result<&'static Self> {
        Self::attach(name).map(Self::leak)
    }

    /// [`Segment::open_or_create`], kept for the life of the process.
    ///
    /// # Errors
    /// As [`Segment::open_or_create`].
    pub fn open_or_create_static(spec: &SegmentSpec) -> Result<(&'static Self, bool)> {
        Self::open_or_create(spec).map(|(segment, created)| (segment.leak(), created))
    }

    /// [`Segment::attach_file`], kept for the life of the process.
    ///
    /// # Errors
    /// As [`Segment::attach_file`].
    pub fn attach_file_static(path: &Path) -> Result<&'static Self> {
        Self::attach_file(path).map(Self::leak)
    }
}

/// All segments that this process keeps, for handlers that run in a forked child.
#[must_use]
pub fn kept() -> Vec<&'static Segment> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
