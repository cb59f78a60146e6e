//! The drain lock: one drain per segment, in the whole machine and within one process.
//!
//! A robust mutex in the `.drain` file beside the segment, which producers map for reading only, and
//! beside it who holds it. It belongs to the thread that took it; it survives the closing of all
//! descriptors; the kernel frees it when that thread ends, however it ends.
//!
//! ```text
//!  0 robust mutex (40) | 40 zero | 64 boot id hash | 72 pid u32 | 76 ends on SIGTERM u32
//! 80 pid namespace
//!  88 start time | 96 host name (64, NUL padded) | 160 zero ... 4096
//! ```
//!
//! Nothing here waits: who comes second is told who holds it.

use std::ffi::CString;
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;

use super::backing::Mapping;
use super::create::{self, Method};
use super::lock_file;
use super::name::{Paths, check_owner};
use super::process::boot_hash;
use super::segment::Segment;
use super::view::{LateView, View};
use crate::error::{Error, Result};
use crate::layout::geometry::PAGE;
use crate::sync::{AtomicU32, Ordering, order};
use crate::sys::{self, Lock, file, robust};

const MUTEX: usize = 0;
const BOOT: usize = 64;
const PID: usize = 72;
const ENDS_ON_SIGTERM: usize = 76;
const PID_NS: usize = 80;
const START_TIME: usize = 88;
const HOST: usize = 96;
const HOST_BYTES: usize = 64;

/// The lock, held by the thread that took it until it is dropped.
///
/// A forked child does not hold it: dropping the child's copy does nothing, and the child must not
/// go on as the drain.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct DrainLock<'a> {
    segment: &'a Segment,
    file: Option<Mapping>,
    pid: u32,
    /// Robust mutexes are unlocked by the thread that locked them.
    on_its_thread: PhantomData<*const ()>,
}

/// 1 in a process that SIGTERM ends as a drain should end.
static SIGTERM_ENDS: AtomicU32 = AtomicU32::new(0);

/// Says that SIGTERM ends this process as a drain should end: who looks at a drain lock that it takes
/// from now on may send it.
pub fn ends_on_sigterm() {
    SIGTERM_ENDS.store(1, Ordering::Relaxed);
}

/// Who holds the drain lock, as it told itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its pid, in its own namespace.
    pub pid: u32,
    /// The inode of its pid namespace.
    pub pid_ns: u64,
    /// Its start time in clock ticks since boot.
    pub start_time: u64,
    /// The machine or container it runs in.
    pub host: String,
    /// Whether it is a process of its own, which SIGTERM ends well.
    pub ends_on_sigterm: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} on {:?}", self.pid, self.host)?;
        if self.pid_ns != sys::pid_namespace() {
            f.write_str(" (a pid of another namespace)")?;
        }
        Ok(())
    }
}

impl<'a> DrainLock<'a> {
    /// Takes the drain lock for the calling thread.
    ///
    /// # Errors
    /// `is_held`: somebody holds it, the sentence has the pid. `is_not_found`: the segment was removed.
    /// Else the drain file cannot be made, opened or mapped.
    pub fn acquire(segment: &'a Segment) -> Result<Self> {
        let Some(paths) = segment.paths() else {
            segment.pin();
            take(segment.view(), segment.offsets().end)?;
            return Ok(Self::held(segment, None));
        };
        // Under the creation lock what stands beside the mutex belongs to its state, and no remover
        // is at work.
        lock_file::exclusively(&paths.lock, |_| {
            let (_, header, _) = create::open(&paths.segment)?;
            if header.uuid != segment.uuid() {
                return Err(Error::not_found("it was removed, another one has its name"));
            }
            let mapping = map(paths)?;
            take(mapping.view(), 0)?;
            Ok(Self::held(segment, Some(mapping)))
        })
        .map_err(|error| error.within(format!("drain lock of segment {:?}", segment.name())))
    }

    fn held(segment: &'a Segment, mut file: Option<Mapping>) -> Self {
        // A lock that is never dropped (a thread that is killed) leaves its memory in place.
        if let Some(file) = &mut file {
            file.set_pinned(true);
        }
        Self { segment, file, pid: sys::pid(), on_its_thread: PhantomData }
    }

    /// Whether this process is the one that took it: false in a forked child.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.pid == sys::pid()
    }
}

impl Drop for DrainLock<'_> {
    fn drop(&mut self) {
        if !self.is_ours() {
            return;
        }
        let (view, base) = match &self.file {
            Some(file) => (file.view(), 0),
            None => (self.segment.view(), self.segment.offsets().end),
        };
        view.u32_at(base + PID).store(0, Ordering::Relaxed);
        view.mutex_unlock(base + MUTEX);
        // Unlocked, it stands in no list any more and may be unmapped.
        if let Some(mut file) = self.file.take() {
            file.set_pinned(false);
        }
    }
}

impl Segment {
    /// Whether a drain holds the drain lock. For blocked producers; two loads after the first time,
    /// never allocates.
    #[must_use]
    pub fn drain_is_alive(&self) -> bool {
        match &self.drain_seen.path {
            Some(path) => {
                let view = self.drain_seen.view.get_or_map(path, PAGE);
                view.is_some_and(|view| is_held(&view, 0))
            }
            None => is_held(self.view(), self.offsets().end),
        }
    }
}

/// The drain file as a producer sees it, mapped once it is there.
#[derive(Debug)]
pub(super) struct Seen {
    path: Option<CString>,
    view: LateView,
}

impl Seen {
    pub(super) fn new(paths: Option<&Paths>) -> Self {
        let path = paths.and_then(|paths| CString::new(paths.drain.as_os_str().as_bytes()).ok());
        Self { path, view: LateView::new() }
    }
}

/// Who holds the segment's drain lock, if anybody does.
#[must_use]
pub fn holder(segment: &Segment) -> Option<Holder> {
    let Some(path) = &segment.drain_seen.path else {
        let base = segment.offsets().end;
        return is_held(segment.view(), base).then(|| read_holder(segment.view(), base));
    };
    let view = segment.drain_seen.view.get_or_map(path, PAGE)?;
    is_held(&view, 0).then(|| read_holder(&view, 0))
}

/// Makes the page at `base` an unheld drain lock.
pub(super) fn init_page(view: &View, base: usize) -> Result<()> {
    if !view.mutex_init(base + MUTEX) {
        return Err(Error::other("the C library has no robust mutexes"));
    }
    view.u64_at(base + BOOT).store(boot_hash(&sys::boot_id()), Ordering::Relaxed);
    Ok(())
}

/// The drain file, made when it is absent, mapped for writing.
fn map(paths: &Paths) -> Result<Mapping> {
    let path = &paths.drain;
    if !path.exists() {
        let fresh = Mapping::heap(PAGE)?;
        init_page(fresh.view(), 0)?;
        let mut page = Vec::new();
        fresh.view().copy_out(0, PAGE, &mut page);
        // Somebody else's file at the name is looked at below like any other.
        let _made_here = create::publish(Method::Unnamed, path, PAGE as u64, |file| {
            file.write_all_at(&page, 0)
        })?;
    }
    let what = |error| Error::os(format!("open the drain file {}", path.display()), error);
    let opened = file::open_existing(path).map_err(what)?;
    let meta = opened.metadata().map_err(what)?;
    check_owner(path, &meta, "0600")?;
    if !meta.is_file() || meta.len() != PAGE as u64 {
        return Err(Error::not_a_segment(format!(
            "{} has {} bytes, a drain file has {PAGE}: remove it if no drain runs",
            path.display(),
            meta.len()
        )));
    }
    Mapping::file(&opened)
}

/// Takes the lock and says who holds it now.
fn take(view: &View, base: usize) -> Result<()> {
    let taken = view.mutex_try_lock(base + MUTEX);
    if !matches!(taken, Ok(Lock::Locked | Lock::OwnerDied)) {
        let holder = read_holder(view, base);
        if !is_stale(view, base, &holder) {
            taken?;
            return Err(Error::held(format!("held by {holder}")));
        }
        // Its thread ended without the kernel's mark: the machine was restarted, or the kernel
        // reaped the memory first.
        init_page(view, base)?;
        if !matches!(view.mutex_try_lock(base + MUTEX), Ok(Lock::Locked)) {
            return Err(Error::held("taken by another process at this moment, try again"));
        }
    }
    let ends_on_sigterm = SIGTERM_ENDS.load(Ordering::Relaxed);
    view.u32_at(base + ENDS_ON_SIGTERM).store(ends_on_sigterm, Ordering::Relaxed);
    let pid = sys::pid();
    let mut host = [0u8; HOST_BYTES];
    let name = sys::host_name();
    let len = name.floor_char_boundary(HOST_BYTES);
    host[..len].copy_from_slice(&name.as_bytes()[..len]);
    view.copy_in(base + HOST, &host);
    view.u64_at(base + START_TIME).store(sys::start_time(pid).unwrap_or(0), Ordering::Relaxed);
    view.u64_at(base + PID_NS).store(sys::pid_namespace(), Ordering::Relaxed);
    view.u64_at(base + BOOT).store(boot_hash(&sys::boot_id()), Ordering::Relaxed);
    view.u32_at(base + PID).store(pid, Ordering::Relaxed);
    Ok(())
}

/// Whether the holder is proven dead though the mutex does not say so.
fn is_stale(view: &View, base: usize, holder: &Holder) -> bool {
    let (boot, ours) =
        (view.u64_at(base + BOOT).load(Ordering::Relaxed), boot_hash(&sys::boot_id()));
    if boot != 0 && ours != 0 && boot != ours {
        return true;
    }
    holder.pid != 0
        && holder.pid_ns != 0
        && holder.pid_ns == sys::pid_namespace()
        && sys::process_is_gone(holder.pid, holder.start_time)
}

fn is_held(view: &View, base: usize) -> bool {
    // pair:over
    let word = view.mutex_word(base + MUTEX).load(order::over_load());
    word & robust::OWNER != 0 && word & robust::OWNER_DIED == 0
}

fn read_holder(view: &View, base: usize) -> Holder {
    let mut host = Vec::new();
    view.copy_out(base + HOST, HOST_BYTES, &mut host);
    host.truncate(host.iter().position(|&byte| byte == 0).unwrap_or(host.len()));
    Holder {
        pid: view.u32_at(base + PID).load(Ordering::Relaxed),
        pid_ns: view.u64_at(base + PID_NS).load(Ordering::Relaxed),
        start_time: view.u64_at(base + START_TIME).load(Ordering::Relaxed),
        host: String::from_utf8_lossy(&host).into_owned(),
        ends_on_sigterm: view.u32_at(base + ENDS_ON_SIGTERM).load(Ordering::Relaxed) == 1,
    }
}
