//! The drain area: the few words that the drain and the producers say to each other.
//!
//! Words that different sides write often stand [`super::LINE_PAIR`] bytes apart. No mutex of the
//! drain stands here, since producers can write here; and a producer reads none of the lines that
//! the drain writes often.
//!
//! ```text
//!     0 drain pid u32 | 4 drain alive u32 | 8 epoch | 16 start time | 24 pid namespace    (drain, at start)
//!    32 high water u32 | 40 taken | 48 lost | 56 torn | 64 malformed                  (drain, for `stats`)
//!    72 written below u64                                                              (drain, for `flush`)
//!    80 untabled told u64                                              (drain, when its report is written)
//!   128 sleeping u32 | 132 doorbell u32       (producers look at a crossing, at error, at flush, behind a pause)
//!   256 free_epoch u32 | 260 waiting u32                                        (blocked producers and drain)
//!   384 collecting                                                      (the lane that collects extensions)
//!   512 flush_req u32 | 516 flush_done u32 | 520 flush_durable u32 | 524 flush_failed u32
//!   640 blob_next                                                      (next free byte of the dictionary)
//!   648 level_rules u32                                                              (whoever sets levels)
//!   656 untabled u64                                           (processes that found no entry of their own)
//!   768 anchor[2]: sequence u64, clock u64, realtime ns u64, ns per tick (32.32) u64           (drain)
//!  1024 sinks[16] of 128 bytes: state u32 | errno u32 | since ns u64 | name (96 bytes, NUL padded)
//!  3072 end
//! ```

/// Bytes of the area.
pub const SIZE: usize = 4096;
/// Offset of the running drain's pid.
pub const PID: usize = 0;
/// Offset of 1 while a drain runs. A hint: the drain lock is the proof.
pub const ALIVE: usize = 4;
/// Offset of the drain's epoch, which grows with each start.
pub const EPOCH: usize = 8;
/// Offset of the drain's start time.
pub const START_TIME: usize = 16;
/// Offset of the drain's pid namespace.
pub const PID_NS: usize = 24;
/// Offset of the highest number of owned blocks that drains have seen.
pub const HIGH_WATER: usize = 32;
/// Offset of the sum of the last sequences of all threads that have ended and were read to their end.
pub const TAKEN: usize = 40;
/// Offset of the count of records that drains have reported as lost.
pub const LOST: usize = 48;
/// Offset of the count of records that drains have reported as torn.
pub const TORN: usize = 56;
/// Offset of the count of records that drains have reported as malformed.
pub const MALFORMED: usize = 64;
/// Offset of the time, in the segment's clock, below which all records are written to every sink.
pub const WRITTEN_BELOW: usize = 72;
/// Offset of how many of [`UNTABLED`] drains have reported.
pub const UNTABLED_TOLD: usize = 80;
/// Offset of how the drain sleeps, one of [`sleeping`]: not, or so that it wants the doorbell rung.
pub const SLEEPING: usize = 128;
/// Offset of the doorbell (futex).
pub const DOORBELL: usize = 132;
/// Offset of the word that grows when blocks become free (futex).
pub const FREE_EPOCH: usize = 256;
/// Offset of 1 while a producer waits for a free block.
pub const WAITING: usize = 260;
/// Offset of the lane that collects more than one block at once; 0 = none. A lane reference + 1.
pub const COLLECTING: usize = 384;
/// Offset of the number of the newest flush asked for.
pub const FLUSH_REQ: usize = 512;
/// Offset of the number of the newest flush done (futex).
pub const FLUSH_DONE: usize = 516;
/// Offset of the number of the newest flush that wants its files synced.
pub const FLUSH_DURABLE: usize = 520;
/// Offset of the number of the newest flush that a sync of a file failed for.
pub const FLUSH_FAILED: usize = 524;
/// Offset of the dictionary blob's next free byte.
pub const BLOB_NEXT: usize = 640;
/// Offset of the dictionary id of the level rules in force, a specification as `LOGRING` has it; 0 =
/// none, and each process's own filter is in force.
pub const LEVEL_RULES: usize = 648;
/// Offset of the count of records dropped by processes that had no entry to count them in.
pub const UNTABLED: usize = 656;
/// Offset of the clock anchors; the one with the higher even sequence is the newer.
pub const ANCHORS: usize = 768;
/// Bytes of an anchor.
pub const ANCHOR_BYTES: usize = 32;
/// Offset of the sinks' states, for the errors of `flush`.
pub const SINKS: usize = 1024;
/// Bytes of a sink's state.
pub const SINK_BYTES: usize = 128;
/// How many sinks' states there is room for.
pub const SINKS_MAX: usize = 16;
/// Offset of a sink's name in its state.
pub const SINK_NAME: usize = 16;
/// Room for a sink's name.
pub const SINK_NAME_BYTES: usize = 96;

/// How the drain sleeps.
pub mod sleeping {
    /// Not at all.
    pub const NOT: u32 = 0;
    /// It looks for new records by itself; rung by who cannot wait for that.
    pub const LIGHT: u32 = 1;
    /// It looks for nothing until a lane's first record behind a pause rings.
    pub const DEEP: u32 = 2;
}

/// Values of a sink's state word.
pub mod sink_state {
    /// No such sink.
    pub const NONE: u32 = 0;
    /// Writing.
    pub const OK: u32 = 1;
    /// Its last write failed with `errno`, or took no byte; it is being retried.
    pub const STUCK: u32 = 2;
    /// It pins too much of the ring and misses records until it heals.
    pub const FAILED: u32 = 3;
    /// Writing; its last sync failed with `errno`, so what its file had then may not be on the medium.
    pub const UNSYNCED: u32 = 4;
}

const _: () = {
    assert!(SINKS + SINK_BYTES * SINKS_MAX <= SIZE);
    assert!(SINK_NAME + SINK_NAME_BYTES <= SINK_BYTES);
    assert!(ANCHORS + 2 * ANCHOR_BYTES <= SINKS);
};
