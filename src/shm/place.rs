//! What has become of a segment's file while it was mapped: removed, replaced or cut by somebody
//! else. The drain looks now and then; a producer's mapping lives on as long as it does not touch
//! what was cut off.

use std::os::unix::fs::MetadataExt;

use super::segment::Segment;
use crate::layout::header as at;
use crate::sync::{Ordering, fence, order};
use crate::sys::truncation;

/// Where a segment's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At its name, whole.
    Here,
    /// Removed, or another file has its name: processes that come now do not find this one.
    Gone,
    /// Cut to so many bytes.
    Cut(u64),
}

impl Segment {
    /// Where its file is now; private memory is always here. One `stat`.
    #[must_use]
    pub fn place(&self) -> Place {
        let Some((paths, own)) = self.paths().zip(self.file_id) else { return Place::Here };
        let length = self.offsets().end as u64;
        match std::fs::symlink_metadata(&paths.segment) {
            Ok(meta) if (meta.dev(), meta.ino()) != own => Place::Gone,
            Ok(meta) if meta.len() < length => Place::Cut(meta.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Place::Gone,
            // What cannot be looked at is no proof.
            _ => Place::Here,
        }
    }

    /// From now on this process outlives that the segment is cut: what is missing reads as zeros, and
    /// [`Segment::was_cut`] says so. For one segment of a process, and for a process whose handler of
    /// SIGBUS is its own affair: the drain's.
    ///
    /// # Errors
    /// The handler cannot be set, or another segment has it.
    pub fn outlive_cut(&'static self) -> crate::Result<()> {
        self.pin();
        self.view().outlive_truncation()
    }

    /// Whether a missing part was touched since [`Segment::outlive_cut`].
    #[must_use]
    pub fn was_cut(&self) -> bool {
        truncation::was_hit()
    }

    /// Gives up a segment that has lost its name, when no living process is left in it; false when
    /// one is. A process that registers after this is refused.
    #[must_use]
    pub fn give_up(&self) -> bool {
        let state = self.u32_at(at::STATE);
        state.store(at::state::REMOVED, Ordering::Relaxed);
        // pair:removed: a process that registers meanwhile sees the state, or is seen here.
        fence(order::removed_fence());
        let is_used = (0..self.geometry().process_count).any(|index| {
            let is_live = self.process_info(index).is_some_and(|info| info.is_live());
            is_live && !self.process_is_dead(index)
        });
        if is_used {
            state.store(at::state::READY, Ordering::Relaxed);
        }
        !is_used
    }
}
