//! A segment that this process has mapped: the door to all of it.
//!
//! `call/` keeps one for its life ([`Segment::attach_static`] and its like), the drain too. Whoever
//! registers a lane or takes the drain lock pins the mapping: robust mutexes in it are linked into a
//! list of the C library, so it is never unmapped after that.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use super::backing::Mapping;
use super::lock_file::{self, LockFile};
use super::name::{self, Paths};
use super::process::OwnPage;
use super::view::{Slots, View};
use super::{create, drain_lock, header::Header};
use crate::error::{Error, Result};
use crate::layout::{Geometry, Offsets, geometry, header as at};
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, order};
use crate::sys::{self, file};

/// What a segment is created with; one that exists keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentSpec {
    /// Its name.
    pub name: String,
    /// How many of each thing it has.
    pub geometry: Geometry,
    /// Longest record in bytes of payload; lowered to what the ring takes.
    pub max_record_bytes: u32,
    /// What timestamps are counted in, see `layout::header::clock`; `None` is the best clock there is.
    pub clock: Option<u32>,
}

impl SegmentSpec {
    /// A segment with the default geometry, records of up to 1 MiB and the best clock there is.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let (geometry, max_record_bytes) = (Geometry::default(), 1 << 20);
        Self { name: name.into(), geometry, max_record_bytes, clock: None }
    }
}

/// How many users of a segment the refusal to remove it names.
const USERS_TOLD: usize = 16;

/// A mapped segment.
#[derive(Debug)]
pub struct Segment {
    mapping: Mapping,
    pub(super) slots: Slots,
    geometry: Geometry,
    offsets: Offsets,
    header: Header,
    paths: Option<Paths>,
    /// Device and inode of its file.
    pub(super) file_id: Option<(u64, u64)>,
    lock: Option<LockFile>,
    pub(super) own: OwnPage,
    pub(super) drain_seen: drain_lock::Seen,
    pinned: AtomicU32,
}

impl Segment {
    /// Creates the named segment of `spec` and attaches to it.
    ///
    /// # Errors
    /// It exists already, the name or geometry cannot be, no room, no permission.
    pub fn create(spec: &SegmentSpec) -> Result<Self> {
        let paths = Paths::named(&spec.name)?;
        if !create::create(&paths, spec)? {
            return Err(Error::invalid(format!("segment {:?} exists already", spec.name)));
        }
        Self::attach(&spec.name)
    }

    /// Attaches to the named segment `name`. About 10 us; touches no block.
    ///
    /// # Errors
    /// No such segment, not ours, damaged, of another layout version.
    pub fn attach(name: &str) -> Result<Self> {
        let paths = Paths::named(name)?;
        Self::attach_at(paths, |_| Mapping::named(&name::object(name)))
            .map_err(|error| of_name(name, error))
    }

    /// Attaches to the named segment of `spec`, creating it when there is none; the second value says
    /// whether it was created here.
    ///
    /// # Errors
    /// As [`Segment::create`] and [`Segment::attach`].
    pub fn open_or_create(spec: &SegmentSpec) -> Result<(Self, bool)> {
        let paths = Paths::named(&spec.name)?;
        let mut created = false;
        loop {
            match Self::attach(&spec.name) {
                Ok(segment) => return Ok((segment, created)),
                // Removed by others between our creation and this look: create again.
                Err(error) if error.is_not_found() => created = create::create(&paths, spec)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Creates a segment in a file at `path` and attaches to it; lock and drain file stand beside it.
    ///
    /// # Errors
    /// As [`Segment::create`].
    pub fn create_file(path: &Path, spec: &SegmentSpec) -> Result<Self> {
        let paths = Paths::beside(path.to_owned());
        if !create::create(&paths, spec)? {
            return Err(Error::invalid(format!("{} exists already", path.display())));
        }
        Self::attach_file(path)
    }

    /// Attaches to the segment in the file at `path`.
    ///
    /// # Errors
    /// As [`Segment::attach`].
    pub fn attach_file(path: &Path) -> Result<Self> {
        Self::attach_at(Paths::beside(path.to_owned()), Mapping::file)
    }

    /// Looks at the named segment `name`: it is mapped for reading alone. Nothing can be registered,
    /// taken or stored through it; a store ends the process.
    ///
    /// # Errors
    /// As [`Segment::attach`].
    pub fn observe(name: &str) -> Result<Self> {
        let paths = Paths::named(name)?;
        let found = create::open_to_look(&paths.segment).and_then(|(file, header, offsets)| {
            header.check_state()?;
            let lock = LockFile::open(&paths.lock, false)?.filter(|lock| lock.id == header.lock);
            let mut segment =
                Self::of(Mapping::read_only(&file)?, header, offsets, Some(paths), lock)?;
            segment.file_id = file::identity(file.as_raw_fd());
            Ok(segment)
        });
        found.map_err(|error| of_name(name, error))
    }

    /// Looks in the same way at a segment's copy on any path, whoever's it is and whatever state the
    /// segment was in. A file that somebody shortens meanwhile ends the process.
    ///
    /// # Errors
    /// Absent, not a segment, damaged, of another layout version.
    pub fn observe_file(path: &Path) -> Result<Self> {
        let (file, header, offsets) = create::open_copy(path)?;
        let paths = Paths::beside(path.to_owned());
        Self::of(Mapping::read_only(&file)?, header, offsets, Some(paths), None)
    }

    /// A segment in private memory, for tests within one process; it has no files.
    ///
    /// # Errors
    /// A geometry that cannot be, no memory.
    pub fn heap(geometry: Geometry) -> Result<Self> {
        let spec = SegmentSpec { geometry, ..SegmentSpec::new("heap") };
        let offsets = geometry.offsets()?;
        // One page more: what is the drain file elsewhere.
        let mapping = Mapping::heap(offsets.end + geometry::PAGE)?;
        let header = create::header_for(&spec, (0, 0));
        let view = mapping.view();
        view.copy_in(0, &header.encode(offsets.end));
        view.copy_in(offsets.hints, &create::first_hints(&geometry));
        view.copy_in(offsets.words, &create::first_words(&geometry));
        drain_lock::init_page(view, offsets.end)?;
        Self::of(mapping, header, offsets, None, None)
    }

    fn attach_at(paths: Paths, map: impl FnOnce(&File) -> Result<Mapping>) -> Result<Self> {
        let (file, header, offsets) = create::open(&paths.segment)?;
        header.check_state()?;
        let mapping = map(&file)?;
        // The name may have gone to another segment since; its header was not checked.
        if mapping.view().len() != offsets.end || !mapping.view().holds(at::UUID, &header.uuid) {
            return Err(Error::not_found("it was removed at this moment, try again"));
        }
        let lock = LockFile::open(&paths.lock, false)?;
        // Another file's locks prove nothing about this segment's processes.
        let lock = lock.filter(|lock| lock.id == header.lock);
        let mut segment = Self::of(mapping, header, offsets, Some(paths), lock)?;
        segment.file_id = file::identity(file.as_raw_fd());
        Ok(segment)
    }

    fn of(
        mapping: Mapping,
        header: Header,
        offsets: Offsets,
        paths: Option<Paths>,
        lock: Option<LockFile>,
    ) -> Result<Self> {
        let geometry = header.geometry;
        let slots = Slots::new(mapping.view(), offsets.slots, &geometry);
        let own = OwnPage::new()?;
        let drain_seen = drain_lock::Seen::new(paths.as_ref());
        let pinned = AtomicU32::new(0);
        let file_id = None;
        Ok(Self {
            mapping,
            slots,
            geometry,
            offsets,
            header,
            paths,
            file_id,
            lock,
            own,
            drain_seen,
            pinned,
        })
    }

    /// Removes the named segment `name` and the files beside it.
    ///
    /// # Errors
    /// No such segment; living processes or a drain use it (the sentence names them).
    pub fn remove(name: &str) -> Result<()> {
        Self::remove_after(name, |_| Ok(()))
    }

    /// [`Segment::remove`] with a last step, when it is proven that nobody uses the segment and before
    /// anything is gone; when it fails, the segment stays.
    ///
    /// # Errors
    /// As [`Segment::remove`], and those of `last`.
    pub fn remove_after<T>(name: &str, last: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let paths = Paths::named(name)?;
        Self::remove_at(&paths, || Self::attach(name), last)
            .map_err(|error| error.within(format!("cannot remove segment {name:?}")))
    }

    /// Removes the segment in the file at `path` and the files beside it.
    ///
    /// # Errors
    /// As [`Segment::remove`].
    pub fn remove_file(path: &Path) -> Result<()> {
        let paths = Paths::beside(path.to_owned());
        Self::remove_at(&paths, || Self::attach_file(path), |_| Ok(()))
            .map_err(|error| error.within(format!("cannot remove {}", path.display())))
    }

    fn remove_at<T>(
        paths: &Paths,
        attach: impl FnOnce() -> Result<Self>,
        last: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        // Looked at first so that asking for what is not there creates no lock file.
        create::open(&paths.segment)?;
        lock_file::exclusively(&paths.lock, |_| {
            create::restore_if_half_removed(&paths.segment)?;
            let segment = attach()?;
            let state = segment.u32_at(at::STATE);
            state.store(at::state::REMOVED, Ordering::Relaxed);
            // A process that registers looks at the state after its entry is live: one of us sees
            // the other. pair:removed
            fence(order::removed_fence());
            let users = segment.users();
            let unused = match users.is_empty() {
                true => last(&segment),
                false => Err(Error::held(format!("it is in use by {}", users.join(", ")))),
            };
            let done = unused.inspect_err(|_| state.store(at::state::READY, Ordering::Relaxed))?;
            let gone = |path: &PathBuf| match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::os(format!("remove {}", path.display()), error))
                }
                _ => Ok(()),
            };
            gone(&paths.segment)?;
            gone(&paths.drain)?;
            gone(&paths.lock)?;
            Ok(done)
        })
    }

    /// Who uses the segment, in words, the drain first; of many, the first few.
    fn users(&self) -> Vec<String> {
        let drain = drain_lock::holder(self).map(|holder| format!("a drain, {holder}"));
        let living = (0..self.geometry.process_count)
            .filter_map(|index| Some((index, self.process_info(index)?)))
            .filter(|(index, info)| info.is_live() && !self.process_is_dead(*index))
            .map(|(_, info)| format!("process {} ({})", info.pid, info.name.escape_debug()));
        let mut users: Vec<String> = drain.into_iter().chain(living).collect();
        if let Some(more) = users.len().checked_sub(USERS_TOLD).filter(|more| *more > 0) {
            users.truncate(USERS_TOLD);
            users.push(format!("and {more} more"));
        }
        users
    }

    /// Whether it was removed, or is about to be, since it was attached.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.u32_at(at::STATE).load(Ordering::Relaxed) == at::state::REMOVED
    }

    /// Keeps the memory mapped even when this value is dropped.
    pub(super) fn pin(&self) {
        self.pinned.store(1, Ordering::Relaxed);
    }
}

/// What it is and where its parts are.
impl Segment {
    /// How many of each thing it has.
    #[inline]
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Where each part begins.
    #[inline]
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// Its own id.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        self.header.uuid
    }

    /// A short form of the id, never 0: what is cached for one segment is not used for another.
    #[inline]
    #[must_use]
    pub fn tag(&self) -> u32 {
        let [a, b, c, d, ..] = self.header.uuid;
        u32::from_le_bytes([a, b, c, d]).max(1)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// Its files; `None` for one in private memory.
    #[must_use]
    pub fn paths(&self) -> Option<&Paths> {
        self.paths.as_ref()
    }

    /// What timestamps are counted in, see `layout::header::clock`.
    #[inline]
    #[must_use]
    pub fn clock_kind(&self) -> u32 {
        self.header.clock_kind
    }

    /// Longest record in bytes of payload.
    #[inline]
    #[must_use]
    pub fn max_record_bytes(&self) -> u32 {
        self.header.max_record_bytes
    }

    /// The segment's clock and realtime nanoseconds at its creation.
    #[must_use]
    pub fn created_anchor(&self) -> (u64, u64) {
        (self.header.created_clock, self.header.created_ns)
    }

    /// The run of the kernel under which it was created.
    #[must_use]
    pub fn created_boot_id(&self) -> [u8; 16] {
        self.header.boot_id
    }

    /// The lock file; `None` when what stands beside the segment is not the one of its header, and for
    /// private memory.
    #[must_use]
    pub fn lock_file(&self) -> Option<LockFile> {
        self.lock
    }

    /// The lock file's descriptor, see [`Segment::lock_file`].
    #[must_use]
    pub fn lock_fd(&self) -> Option<std::os::fd::RawFd> {
        self.lock.map(|lock| lock.fd())
    }

    /// Its first byte.
    #[must_use]
    pub fn base_ptr(&self) -> NonNull<u8> {
        self.mapping.view().base()
    }

    /// All of it.
    #[inline]
    #[must_use]
    pub fn view(&self) -> &View {
        self.mapping.view()
    }

    /// The word at `offset`.
    ///
    /// # Panics
    /// Outside of the segment or not aligned.
    #[inline]
    #[must_use]
    pub fn u64_at(&self, offset: usize) -> &AtomicU64 {
        self.mapping.view().u64_at(offset)
    }

    /// The half word at `offset`.
    ///
    /// # Panics
    /// Outside of the segment or not aligned.
    #[inline]
    #[must_use]
    pub fn u32_at(&self, offset: usize) -> &AtomicU32 {
        self.mapping.view().u32_at(offset)
    }

    /// The segment's clock, now: what `clock_kind` says.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self.header.clock_kind {
            at::clock::TSC => sys::now_ticks(),
            at::clock::REALTIME => sys::realtime_ns(),
            _ => sys::realtime_coarse_ns(),
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.pinned.load(Ordering::Relaxed) != 0 {
            self.mapping.set_pinned(true);
        }
    }
}

/// What is wrong with the segment of this name.
fn of_name(name: &str, error: Error) -> Error {
    let error = error.within(format!("segment {name:?}"));
    if !error.is_not_found() {
        return error;
    }
    Error::not_found(format!("{error}; `logring-drain segments ls` lists those that there are"))
}
