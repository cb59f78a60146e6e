//! The bytes of a segment at one moment, and what the kernel does to them when a process is killed.

use logring::layout::{Offsets, lane, process};
use logring::shm::Segment;
use logring::sys;
use logring::sys::robust::{OWNER, OWNER_DIED};

use crate::site::GEOMETRY;

/// All bytes of a segment.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    /// Takes the bytes of `segment` as they are. False when they are what was there already.
    pub(crate) fn take(&mut self, segment: &Segment) -> bool {
        let len = segment.offsets().end;
        if self.0.len() == len && segment.view().holds(0, &self.0) {
            return false;
        }
        self.0.clear();
        segment.view().copy_out(0, len, &mut self.0);
        true
    }

    /// Puts them into `segment`, from byte `from` on.
    pub(crate) fn put(&self, segment: &Segment, from: usize) {
        segment.view().copy_in(from, &self.0[from..]);
    }

    /// The kernel has ended the process: robust mutexes of its threads are marked, its pid is gone,
    /// which is as if it were `gone`.
    pub(crate) fn kill(&mut self, pid: u32, gone: u32, offsets: &Offsets) {
        for index in 0..GEOMETRY.lane_count as usize {
            mark_dead(&mut self.0, offsets.lanes + index * lane::SIZE + lane::ARM, pid);
        }
        for index in 0..GEOMETRY.process_count as usize {
            let entry = offsets.processes + index * process::SIZE;
            let word = number(&self.0, entry + process::WORD);
            if process::state_of(word) == process::state::FILLING
                && process::filler_of(word).0 == pid
            {
                let gone = process::filling(process::inc_of(word), gone, sys::pid_namespace());
                store(&mut self.0, entry + process::WORD, gone);
            }
            if number(&self.0, entry + process::PID) as u32 == pid {
                // Its pid is still in use, since it is only stopped: as if it were another's now.
                let start = number(&self.0, entry + process::START_TIME);
                store(&mut self.0, entry + process::START_TIME, start + 1);
            }
        }
    }
}

/// Marks the robust mutex at `at` as the kernel does when thread `tid` ends.
pub(crate) fn mark_dead(bytes: &mut [u8], at: usize, tid: u32) {
    let word = number(bytes, at) as u32;
    if word & OWNER == tid {
        let marked = (word & !(OWNER | OWNER_DIED)) | OWNER_DIED;
        bytes[at..at + 4].copy_from_slice(&marked.to_le_bytes());
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn store(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
