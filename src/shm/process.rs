//! The process table: how this process takes an entry, and who in it is dead.
//!
//! What a process knows of its own entry stands in a page that the kernel wipes in a forked child, so
//! a child starts with nothing and registers anew. Registration takes no lock of the process and
//! allocates nothing: it may run in a signal handler.

use crossbeam_utils::Backoff;

use super::segment::Segment;
use super::tally::Tally;
use super::view::View;
use crate::error::Result;
use crate::layout::process as at;
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, order};
use crate::sys::{self, guard};

/// This process's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRef {
    /// Index into the process table.
    pub index: u32,
    /// How many times this entry has been taken.
    pub inc: u32,
    /// Whether membarrier reaches this process; else its lanes fence by themselves.
    pub fenced: bool,
}

/// What an entry says; nobody vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// See `layout::process::state`.
    pub state: u64,
    /// How many times this entry has been taken.
    pub inc: u32,
    /// The pid in the process's own namespace; 0 while it is not known yet.
    pub pid: u32,
    /// Whether membarrier reaches the process.
    pub fenced: bool,
    /// The inode of its pid namespace.
    pub pid_ns: u64,
    /// Its start time in clock ticks since boot; 0 = unknown.
    pub start_time: u64,
    /// Records that had no lane to be counted in.
    pub drops: u64,
    /// What drains have made of its records so far.
    pub tally: Tally,
    /// Its name.
    pub name: String,
}

impl ProcessInfo {
    /// Whether the entry is in use.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == at::state::LIVE
    }
}

/// What this process knows of itself in one segment: zero in a forked child.
///
/// ```text
///  0 state u32: 0 nothing, 2 registered, tid << 2 | 1 being registered by that thread
///  4 index u32 | 8 incarnation u32 | 12 fenced u32 | 16 nonce u64
/// ```
#[derive(Debug)]
pub(super) struct OwnPage {
    view: View,
    wipes: bool,
}

const STATE: usize = 0;
const INDEX: usize = 4;
const INC: usize = 8;
const FENCED: usize = 12;
const NONCE: usize = 16;
const NOTHING: u32 = 0;
const REGISTERED: u32 = 2;

impl OwnPage {
    pub(super) fn new() -> Result<Self> {
        let (view, wipes) = View::wipe_on_fork()?;
        Ok(Self { view, wipes })
    }
}

impl Segment {
    /// This process's entry, taken now when it has none. `None`: the table is full, the segment was
    /// removed, or this is a call from inside this thread's own registration.
    pub fn register_process(&self) -> Option<ProcessRef> {
        let state = self.own.view.u32_at(STATE);
        let registering = sys::tid() << 2 | 1;
        let backoff = Backoff::new();
        loop {
            if let Some(process) = self.process() {
                return Some(process);
            }
            // pair:own
            match state.compare_exchange(NOTHING, registering, order::own_cas(), Ordering::Relaxed)
            {
                Ok(_) => {
                    let process = self.claim_process();
                    let next = if process.is_some() { REGISTERED } else { NOTHING };
                    state.store(next, order::own_store()); // pair:own
                    return process;
                }
                Err(by) if by == registering => return None,
                Err(_) => backoff.snooze(),
            }
        }
    }

    /// This process's entry, if it has one.
    #[must_use]
    pub fn process(&self) -> Option<ProcessRef> {
        let own = &self.own.view;
        // pair:own
        (own.u32_at(STATE).load(order::own_load()) == REGISTERED).then(|| ProcessRef {
            index: own.u32_at(INDEX).load(Ordering::Relaxed),
            inc: own.u32_at(INC).load(Ordering::Relaxed),
            fenced: own.u32_at(FENCED).load(Ordering::Relaxed) != 0,
        })
    }

    /// Whether a forked child forgets its parent's entry by itself; where not (an old kernel), a child
    /// handler calls [`Segment::forget_process`].
    #[must_use]
    pub fn wipes_on_fork(&self) -> bool {
        self.own.wipes
    }

    /// In a forked child: what the page still says is the parent's.
    pub fn forget_process(&self) {
        self.own.view.zero(0, NONCE + 8);
    }

    fn claim_process(&self) -> Option<ProcessRef> {
        let pid = sys::pid();
        let (start_time, pid_ns) = (sys::start_time(pid).unwrap_or(0), sys::pid_namespace());
        let (boot, name) = (boot_hash(&sys::boot_id()), sys::comm());
        let nonce = sys::random_u64();
        self.own.view.u64_at(NONCE).store(nonce, Ordering::Relaxed);
        let (index, inc) = self.take_process_entry(pid, pid_ns)?;
        let entry = self.process_entry(index)?;
        for (offset, value) in [
            (at::START_TIME, start_time),
            (at::PID_NS, pid_ns),
            (at::BOOT, boot),
            (at::NONCE, nonce),
        ] {
            self.u64_at(entry + offset).store(value, Ordering::Relaxed);
        }
        self.view().copy_in(entry + at::NAME, &name);
        // pair:live: with a pid, all that proves its death stands there too.
        self.u32_at(entry + at::PID).store(pid, order::live_store());
        // Without the lock the entry is still right, only its death is harder to prove.
        if let Some(lock) = self.lock_file().filter(|lock| lock.is_intact()) {
            let _ = sys::lock_byte(lock.fd(), liveness_byte(index));
        }
        let fenced = sys::membarrier_register();
        self.u32_at(entry + at::FENCED).store(fenced.into(), Ordering::Relaxed);
        let word = self.u64_at(entry + at::WORD);
        let live = at::live(inc, self.is_guarded(index));
        word.store(live, order::live_store()); // pair:live
        // pair:removed: a remover that did not see this entry is seen here.
        fence(order::removed_fence());
        if self.is_removed() {
            self.vacate_process(index, inc);
            return None;
        }
        let own = &self.own.view;
        own.u32_at(INDEX).store(index, Ordering::Relaxed);
        own.u32_at(INC).store(inc, Ordering::Relaxed);
        own.u32_at(FENCED).store(fenced.into(), Ordering::Relaxed);
        Some(ProcessRef { index, inc, fenced })
    }

    /// The first free entry, taken: from the start, so that entries in use stand close together.
    fn take_process_entry(&self, pid: u32, pid_ns: u64) -> Option<(u32, u32)> {
        (0..self.geometry().process_count).find_map(|index| {
            let word = self.u64_at(self.process_entry(index)? + at::WORD);
            let seen = word.load(Ordering::Relaxed);
            if at::state_of(seen) != at::state::FREE {
                return None;
            }
            let inc = at::inc_of(seen);
            let filling = at::filling(inc, pid, pid_ns);
            // pair:entry
            word.compare_exchange(seen, filling, order::entry_cas(), Ordering::Relaxed).ok()?;
            Some((index, inc))
        })
    }

    fn vacate_process(&self, index: u32, inc: u32) {
        let Some(entry) = self.process_entry(index) else { return };
        let word = self.u64_at(entry + at::WORD);
        // A live entry without a pid is one that is being given back, see `process_is_dead`.
        word.store(at::word(at::state::LIVE, inc), Ordering::Relaxed);
        self.u32_at(entry + at::PID).store(0, order::live_store()); // pair:live
        self.view().zero(entry + at::PID, at::SIZE - at::PID);
        if let Some(lock) = self.lock_file().filter(|lock| lock.is_intact()) {
            sys::unlock_byte(lock.fd(), liveness_byte(index));
        }
        let next = at::word(at::state::FREE, inc.wrapping_add(1));
        word.store(next, order::entry_free()); // pair:entry
    }

    /// The pid of the process of an entry; 0 when there is no such entry, and while it is not known.
    /// One load.
    pub(super) fn pid_of(&self, index: u32) -> u32 {
        self.process_entry(index)
            .map_or(0, |entry| self.u32_at(entry + at::PID).load(Ordering::Relaxed))
    }

    /// How many blocks the lanes of a process own, as its threads and the drain count: a hint.
    ///
    /// # Panics
    /// No such entry.
    #[must_use]
    pub fn held(&self, index: u32) -> &AtomicU32 {
        let entry = self.offsets().processes + index as usize * at::SIZE;
        assert!(index < self.geometry().process_count, "no process entry {index}");
        self.u32_at(entry + at::HELD)
    }

    /// Where the entry begins; `None` for an index out of range.
    pub(super) fn process_entry(&self, index: u32) -> Option<usize> {
        (index < self.geometry().process_count)
            .then(|| self.offsets().processes + index as usize * at::SIZE)
    }

    /// The count of records of a process that had no lane to be counted in.
    ///
    /// # Panics
    /// No such entry: the index is one's own, or was checked.
    #[must_use]
    pub fn drops(&self, index: u32) -> &AtomicU64 {
        let entry = self.process_entry(index).expect("a process index in range");
        self.u64_at(entry + at::DROPS)
    }

    /// The drain's flags to a process, see `layout::process::ask`.
    ///
    /// # Panics
    /// No such entry: the index is one's own, or was checked.
    #[must_use]
    pub fn ask(&self, index: u32) -> &AtomicU32 {
        let entry = self.process_entry(index).expect("a process index in range");
        self.u32_at(entry + at::ASK)
    }

    /// Whether the entry of this index is anybody's, or about to be. One load, where
    /// [`Segment::process_info`] makes a name.
    #[must_use]
    pub fn process_is_taken(&self, index: u32) -> bool {
        self.process_entry(index).is_some_and(|entry| {
            let word = self.u64_at(entry + at::WORD).load(Ordering::Relaxed);
            matches!(at::state_of(word), at::state::LIVE | at::state::FILLING)
        })
    }

    /// What the entry of this index says; `None` when there is no such entry. Free entries are told
    /// too.
    #[must_use]
    pub fn process_info(&self, index: u32) -> Option<ProcessInfo> {
        let entry = self.process_entry(index)?;
        let word = self.u64_at(entry + at::WORD).load(order::live_load()); // pair:live
        let mut name = Vec::new();
        self.view().copy_out(entry + at::NAME, at::NAME_BYTES, &mut name);
        name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
        let number = |offset| self.u64_at(entry + offset).load(Ordering::Relaxed);
        Some(ProcessInfo {
            state: at::state_of(word),
            inc: at::inc_of(word),
            pid: self.u32_at(entry + at::PID).load(order::live_load()), // pair:live
            fenced: self.u32_at(entry + at::FENCED).load(Ordering::Relaxed) != 0,
            pid_ns: number(at::PID_NS),
            start_time: number(at::START_TIME),
            drops: number(at::DROPS),
            tally: self.tally_at(entry + at::TAKEN),
            name: String::from_utf8_lossy(&name).into_owned(),
        })
    }

    /// Takes the guard of this entry; whether it holds for as long as this process's memory exists.
    /// What a kernel does with the lock of a descriptor that is closed is looked at, not believed.
    fn is_guarded(&self, index: u32) -> bool {
        let Some((paths, id)) = self.paths().zip(self.file_id) else { return false };
        guard::hold(&paths.segment, id, guard_byte(index))
            && guard::is_free(&paths.segment, id, guard_byte(index)) == Some(false)
    }

    /// Whether it is proven that the process of this entry is dead: another boot; or its liveness lock
    /// is free and either its pid, of our namespace, is gone or another process's, or the guard that it
    /// had is free, in whatever namespace it ran. No proof = alive, as is this process itself. About
    /// 10 us: not for every sweep.
    #[must_use]
    pub fn process_is_dead(&self, index: u32) -> bool {
        let Some(entry) = self.process_entry(index) else { return false };
        let word = self.u64_at(entry + at::WORD).load(order::live_load()); // pair:live
        let pid = self.u32_at(entry + at::PID).load(order::live_load()); // pair:live
        match (at::state_of(word), pid) {
            // Given back halfway when its drain was killed.
            (at::state::LIVE, 0) => return true,
            (at::state::LIVE, _) => {}
            (at::state::FILLING, _) => return self.filler_is_gone(index, word),
            _ => return false,
        }
        let number = |offset| self.u64_at(entry + offset).load(Ordering::Relaxed);
        let own = self.own.view.u64_at(NONCE).load(Ordering::Relaxed);
        if own != 0 && number(at::NONCE) == own {
            return false;
        }
        let (boot, our_boot) = (number(at::BOOT), boot_hash(&sys::boot_id()));
        if boot != 0 && our_boot != 0 && boot != our_boot {
            return true;
        }
        let Some(lock) = self.lock_file().filter(|lock| lock.is_intact()) else { return false };
        if sys::byte_is_locked(lock.fd(), liveness_byte(index)) {
            return false;
        }
        let pid_ns = number(at::PID_NS);
        let is_visible = pid_ns != 0 && pid_ns == sys::pid_namespace();
        is_visible && sys::process_is_gone(pid, number(at::START_TIME))
            || at::is_guarded(word) && self.guard_is_free(index)
    }

    /// Whether nobody holds the guard of the entry, as far as that can be asked: a segment whose file
    /// is gone from its name cannot be asked.
    fn guard_is_free(&self, index: u32) -> bool {
        let file = self.paths().zip(self.file_id);
        file.and_then(|(paths, id)| guard::is_free(&paths.segment, id, guard_byte(index)))
            == Some(true)
    }

    /// Whether who took the entry died before it had filled it. What stands there may be anything:
    /// only the word tells, and the lock, which may be held by then.
    fn filler_is_gone(&self, index: u32, word: u64) -> bool {
        let (pid, pid_ns) = at::filler_of(word);
        let Some(lock) = self.lock_file().filter(|lock| lock.is_intact()) else { return false };
        let ours = sys::pid_namespace();
        pid != 0
            && ours != 0
            && pid_ns == ours as u8
            && !sys::byte_is_locked(lock.fd(), liveness_byte(index))
            && sys::process_is_gone(pid, 0)
    }

    /// Gives the entry of a dead process back; false when its death is not proven. The drain alone
    /// calls this, when all lanes of the process are given back and its drops are told.
    pub fn release_process(&self, index: u32) -> bool {
        let Some(info) = self.process_info(index) else { return false };
        if !self.process_is_dead(index) {
            return false;
        }
        self.vacate_process(index, info.inc);
        true
    }
}

/// The byte of the lock file that the process of an entry holds.
fn liveness_byte(index: u32) -> u64 {
    u64::from(index) + 1
}

/// The byte of the segment's file that the memory of the process of an entry holds: beyond all that
/// a segment has.
fn guard_byte(index: u32) -> u64 {
    1 << 60 | u64::from(index)
}

/// A boot id in one word; 0 = unknown.
pub(super) fn boot_hash(id: &[u8; 16]) -> u64 {
    if *id == [0; 16] { 0 } else { crate::layout::dictionary::hash(id).max(1) }
}

const _: () = assert!(at::PID.is_multiple_of(8), "zeroed by words from the pid on");
