//! The process table: one entry per process that has registered a lane.
//!
//! ```text
//!  0 word | 8 pid u32 | 12 fenced u32 | 16 pid namespace | 24 start time | 32 nonce
//!  40 drops | 48 ask u32 | 52 held u32 | 56 boot id hash | 64 name (32 bytes, NUL padded)
//!  96 taken | 104 lost | 112 torn | 120 malformed                                             128 bytes
//!
//!  word   63..62 state (0 free, 1 live, 2 being filled) | 31..0 incarnation
//!         live: 32 the process's memory holds the guard of this entry
//!         being filled: 61..54 pid namespace (low bits of its inode) | 53..32 pid
//! ```

/// Bytes of an entry.
pub const SIZE: usize = 128;
/// Offset of the word.
pub const WORD: usize = 0;
/// Offset of the pid, in the process's own namespace.
pub const PID: usize = 8;
/// Offset of `fenced`: 1 when the process registered for `membarrier`, 0 when it fences by itself.
pub const FENCED: usize = 12;
/// Offset of the inode of its pid namespace.
pub const PID_NS: usize = 16;
/// Offset of its start time in clock ticks since boot (`/proc/<pid>/stat`, field 22).
pub const START_TIME: usize = 24;
/// Offset of a random number that tells it from every other process, forked children included.
pub const NONCE: usize = 32;
/// Offset of the count of records that had no lane to be counted in.
pub const DROPS: usize = 40;
/// Offset of the drain's flags to the process, see [`ask`].
pub const ASK: usize = 48;
/// Offset of the count of blocks that its lanes own: a hint, kept by its threads and the drain.
pub const HELD: usize = 52;
/// Offset of a hash of the boot id under which the entry was filled.
pub const BOOT: usize = 56;
/// Offset of the process's name (`comm`), NUL padded.
pub const NAME: usize = 64;
/// Room for the name.
pub const NAME_BYTES: usize = 32;
/// Offset of the sum of the last sequences of its threads that have ended and were read to their end.
pub const TAKEN: usize = 96;
/// Offset of the count of its records that drains have reported as lost.
pub const LOST: usize = 104;
/// Offset of the count of its records that drains have reported as torn.
pub const TORN: usize = 112;
/// Offset of the count of its records that drains have reported as malformed.
pub const MALFORMED: usize = 120;

/// `word` states.
pub mod state {
    /// Nobody's.
    pub const FREE: u64 = 0;
    /// Filled and in use.
    pub const LIVE: u64 = 1;
    /// Taken, not yet filled; the word says by whom, since the entry does not yet.
    pub const FILLING: u64 = 2;
}

/// The state in a process word.
#[inline]
#[must_use]
pub const fn state_of(word: u64) -> u64 {
    word >> 62
}

/// The incarnation in a process word.
#[inline]
#[must_use]
pub const fn inc_of(word: u64) -> u32 {
    word as u32
}

/// A process word.
#[inline]
#[must_use]
pub const fn word(state: u64, inc: u32) -> u64 {
    state << 62 | inc as u64
}

/// In the word of a live entry: the process's memory holds a lock that falls when it ends.
const GUARDED: u64 = 1 << 32;

/// The word of a live entry.
#[inline]
#[must_use]
pub const fn live(inc: u32, is_guarded: bool) -> u64 {
    word(state::LIVE, inc) | if is_guarded { GUARDED } else { 0 }
}

/// Whether the process of a live entry's word has taken the entry's guard.
#[inline]
#[must_use]
pub const fn is_guarded(word: u64) -> bool {
    word & GUARDED != 0
}

/// Bits of a pid: the kernel gives no higher ones.
const PID_BITS: u32 = 22;

/// The word of an entry that the process `pid` of namespace `pid_ns` is filling.
#[inline]
#[must_use]
pub const fn filling(inc: u32, pid: u32, pid_ns: u64) -> u64 {
    let pid = pid & ((1 << PID_BITS) - 1);
    word(state::FILLING, inc) | (pid_ns & 0xff) << (32 + PID_BITS) | (pid as u64) << 32
}

/// Who fills the entry of this word: its pid, and the low 8 bits of its pid namespace's inode.
#[inline]
#[must_use]
pub const fn filler_of(word: u64) -> (u32, u8) {
    ((word >> 32) as u32 & ((1 << PID_BITS) - 1), (word >> (32 + PID_BITS)) as u8)
}

/// Bits of `ask`.
pub mod ask {
    /// Give back the block you hold at your next record.
    pub const PAD: u32 = 1;
}

const _: () = assert!(NAME + NAME_BYTES <= TAKEN && MALFORMED + 8 <= SIZE);
