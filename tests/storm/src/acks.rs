//! The ledger of acknowledged records: a counter per thread in a mapped file of its own.
//!
//! A thread stores its counter after each log call has returned, and another one before each call. The
//! file's pages outlive whoever is killed, so that what stands there was acknowledged, up to the
//! instruction, and whether a record was in flight is known. Its first word tells the producers to stop.
#![expect(unsafe_code, reason = "atomic words in a mapped file have no safe form")]

use std::fs::OpenOptions;
use std::path::Path;

use logring::sync::{AtomicU64, Ordering};
use memmap2::MmapRaw;

use crate::Failure;

/// Bytes from one thread's counter to the next: a line pair.
const STRIDE: usize = 128;

/// What a thread has told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Its last record whose call had returned.
    pub(crate) acked: u64,
    /// The last one that it began to log.
    pub(crate) begun: u64,
    /// See [`who`].
    pub(crate) who: u64,
}

/// A thread, as the drain names it in its notices.
pub(crate) const fn who(pid: u64, tid: u64) -> u64 {
    pid << 32 | tid
}

/// The mapped file.
#[derive(Debug)]
pub(crate) struct Acks {
    map: MmapRaw,
}

impl Acks {
    /// Maps the file at `path`, created for `threads` threads unless that is 0.
    pub(crate) fn open(path: &Path, threads: usize) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(threads > 0)
            .truncate(false)
            .open(path)?;
        if threads > 0 {
            file.set_len(((threads + 1) * STRIDE) as u64)?;
        }
        Ok(Self { map: MmapRaw::map_raw(&file)? })
    }

    /// How many threads it has room for.
    pub(crate) fn threads(&self) -> usize {
        self.map.len() / STRIDE - 1
    }

    /// Tells the producers to stop.
    pub(crate) fn stop(&self) {
        self.word(0).store(1, Ordering::Relaxed);
    }

    /// Whether they shall.
    pub(crate) fn stopped(&self) -> bool {
        self.word(0).load(Ordering::Relaxed) != 0
    }

    /// The counter of a thread.
    pub(crate) fn of(&self, thread: usize) -> &AtomicU64 {
        self.word(thread + 1)
    }

    /// Not 0 once the threads from `base` on shall log without pauses, since their end is near: most
    /// kills would meet them pausing.
    pub(crate) fn frenzy(&self, base: usize) -> &AtomicU64 {
        self.at((base + 1) * STRIDE + 8)
    }

    /// The pid of the child that the producer of the threads from `base` on has forked; 0 = none yet.
    pub(crate) fn child(&self, base: usize) -> &AtomicU64 {
        self.at((base + 1) * STRIDE + 16)
    }

    /// The number of the record that a thread has begun to log.
    pub(crate) fn begun(&self, thread: usize) -> &AtomicU64 {
        self.at((thread + 1) * STRIDE + 24)
    }

    /// Who a thread is, as [`who`] has it; 0 = it has not begun.
    pub(crate) fn who(&self, thread: usize) -> &AtomicU64 {
        self.at((thread + 1) * STRIDE + 32)
    }

    /// What each of the first `threads` threads has told.
    pub(crate) fn told(&self, threads: usize) -> Vec<Told> {
        let told = |thread| Told {
            acked: self.of(thread).load(Ordering::Acquire),
            begun: self.begun(thread).load(Ordering::Acquire),
            who: self.who(thread).load(Ordering::Acquire),
        };
        (0..threads).map(told).collect()
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        self.at(index * STRIDE)
    }

    fn at(&self, offset: usize) -> &AtomicU64 {
        assert!(offset + 8 <= self.map.len(), "offset {offset} is beyond the ledger");
        // SAFETY: in bounds by the assertion, aligned since maps begin at a page and all offsets are
        // multiples of 8; alive as long as the map; everybody uses these bytes as atomic words.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }
}
