//! What a segment's bytes stand in: a named shared memory object, a mapped file on any path, or
//! private memory for tests. `segment.rs` chooses one and sees a [`View`] only.
//!
//! No backing ever removes what it maps.
#![expect(unsafe_code, reason = "views over mappings, and sending a mapping between threads")]

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};
use shared_memory::{Shmem, ShmemConf, ShmemError};

use super::view::View;
use crate::error::{Error, Result};

/// Mapped memory; dropping it unmaps.
pub trait Backing: Send + Sync {
    /// The first byte, page-aligned.
    fn base(&self) -> *mut u8;
    /// The length in bytes.
    fn bytes(&self) -> usize;
}

/// A named shared memory object that exists.
struct Named(Shmem);

// SAFETY: the handle is a pointer, a length and a descriptor, none of which belongs to a thread.
unsafe impl Send for Named {}
// SAFETY: nothing changes the handle after it was opened.
unsafe impl Sync for Named {}

impl Backing for Named {
    fn base(&self) -> *mut u8 {
        self.0.as_ptr()
    }

    fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl Backing for MmapRaw {
    fn base(&self) -> *mut u8 {
        self.as_mut_ptr()
    }

    fn bytes(&self) -> usize {
        self.len()
    }
}

/// A backing and the view of it, which goes with it.
pub struct Mapping {
    view: View,
    keep: ManuallyDrop<Box<dyn Backing>>,
    pinned: bool,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view.fmt(f)
    }
}

impl Mapping {
    /// The named object `object`, which exists.
    ///
    /// # Errors
    /// It is gone, or cannot be opened or mapped.
    pub fn named(object: &str) -> Result<Self> {
        let what = || format!("map the shared memory object {object}");
        let opened = ShmemConf::new().os_id(format!("/{object}")).open();
        let mut memory = opened.map_err(|error| match error {
            ShmemError::MapOpenFailed(code) | ShmemError::UnknownOsError(code) => {
                Error::os(what(), io::Error::from_raw_os_error(code as i32))
            }
            error => Error::other(format!("cannot {}: {error}", what())),
        })?;
        // An owning handle would unlink the object when it drops, in a forked child too.
        memory.set_owner(false);
        Self::of(Box::new(Named(memory)))
    }

    /// All of `file`, shared.
    ///
    /// # Errors
    /// It cannot be mapped.
    pub fn file(file: &File) -> Result<Self> {
        let map = MmapOptions::new()
            .map_raw(file)
            .map_err(|error| Error::os("map the segment's file", error))?;
        Self::of(Box::new(map))
    }

    /// All of `file`, for loads alone: a store through its view ends the process.
    ///
    /// # Errors
    /// It cannot be mapped.
    pub fn read_only(file: &File) -> Result<Self> {
        let map = MmapOptions::new()
            .map_raw_read_only(file)
            .map_err(|error| Error::os("map the segment's file", error))?;
        Self::of(Box::new(map))
    }

    /// `len` zeroed bytes that no other process sees.
    ///
    /// # Errors
    /// No memory.
    pub fn heap(len: usize) -> Result<Self> {
        let map = MmapOptions::new()
            .len(len)
            .map_anon()
            .map_err(|error| Error::os(format!("map {len} bytes"), error))?;
        Self::of(Box::new(MmapRaw::from(map)))
    }

    fn of(backing: Box<dyn Backing>) -> Result<Self> {
        let Some(base) = NonNull::new(backing.base()) else {
            return Err(Error::other("the mapping has no address"));
        };
        // SAFETY: mapped for as long as `keep` lives, which is as long as the view; page-aligned as
        // all mappings are; only views touch it.
        let view = unsafe { View::new(base, backing.bytes()) };
        Ok(Self { view, keep: ManuallyDrop::new(backing), pinned: false })
    }

    /// The mapped bytes.
    #[inline]
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether the memory stays mapped when this is dropped, since a held robust mutex stands in it.
    pub fn set_pinned(&mut self, pinned: bool) {
        self.pinned = pinned;
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if !self.pinned {
            // SAFETY: dropped here once; the view goes with it and nothing borrows it any more.
            unsafe { ManuallyDrop::drop(&mut self.keep) }
        }
    }
}
