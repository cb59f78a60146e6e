//! The header: what a stranger must know to read the rest, also of a copied or dead segment.
//!
//! ```text
//!    0 magic (8 bytes) | 8 layout_version u32 | 12 endian tag u32 | 16 header_len u32 | 20 slot_size u32
//!   24 slots_per_block u32 | 28 block_count u32 | 32 process_count u32 | 36 lane_count u32
//!   40 level_count u32 | 44 dictionary_slots u32 | 48 dictionary_bytes u64 | 56 total_bytes u64
//!   64 boot_id (16) | 80 uuid (16) | 96 lock dev | 104 lock ino | 112 clock kind u32 | 116 uid u32
//!  120 state u32 | 124 max_record_bytes u32 | 128 created_ns | 136 created_clock | 144 name_len u32
//!  148 name (64 bytes) | 4096 end
//! ```

/// Bytes of the header; the drain area follows.
pub const SIZE: usize = 4096;
/// First bytes of a segment. Code keeps it inverted so that a search of memory finds segments only.
pub const MAGIC_INVERTED: u64 = !u64::from_le_bytes(*b"logring\0");
/// Reads as itself only on a little-endian machine.
pub const ENDIAN_TAG: u32 = 0x0102_0304;

/// Offset of the magic.
pub const MAGIC: usize = 0;
/// Offset of the layout version.
pub const LAYOUT_VERSION: usize = 8;
/// Offset of the endian tag.
pub const ENDIAN: usize = 12;
/// Offset of the header's length in bytes.
pub const HEADER_LEN: usize = 16;
/// Offset of the slot size in bytes.
pub const SLOT_SIZE: usize = 20;
/// Offset of the number of slots in a block.
pub const SLOTS_PER_BLOCK: usize = 24;
/// Offset of the number of blocks.
pub const BLOCK_COUNT: usize = 28;
/// Offset of the number of process entries.
pub const PROCESS_COUNT: usize = 32;
/// Offset of the number of lane entries.
pub const LANE_COUNT: usize = 36;
/// Offset of the number of level words.
pub const LEVEL_COUNT: usize = 40;
/// Offset of the number of dictionary slots.
pub const DICTIONARY_SLOTS: usize = 44;
/// Offset of the size of the dictionary's blob in bytes.
pub const DICTIONARY_BYTES: usize = 48;
/// Offset of the segment's size in bytes.
pub const TOTAL_BYTES: usize = 56;
/// Offset of the boot id under which the segment was created.
pub const BOOT_ID: usize = 64;
/// Offset of the segment's uuid.
pub const UUID: usize = 80;
/// Offset of the lock file's device.
pub const LOCK_DEV: usize = 96;
/// Offset of the lock file's inode.
pub const LOCK_INO: usize = 104;
/// Offset of the clock kind, see [`clock`].
pub const CLOCK_KIND: usize = 112;
/// Offset of the creator's uid.
pub const UID: usize = 116;
/// Offset of the state, see [`state`].
pub const STATE: usize = 120;
/// Offset of the longest record in bytes of payload; longer ones are cut, with a mark.
pub const MAX_RECORD_BYTES: usize = 124;
/// Offset of the creation time: realtime nanoseconds since the epoch.
pub const CREATED_NS: usize = 128;
/// Offset of the segment's clock at [`CREATED_NS`]: with it the first anchor.
pub const CREATED_CLOCK: usize = 136;
/// Offset of the name's length.
pub const NAME_LEN: usize = 144;
/// Offset of the name.
pub const NAME: usize = 148;
/// Longest name.
pub const NAME_BYTES: usize = 64;

/// Values of the state word.
pub mod state {
    /// In use.
    pub const READY: u32 = 1;
    /// About to be unlinked; an attaching process lets go and looks at the name again.
    pub const REMOVED: u32 = 2;
}

/// Values of the clock kind: what timestamps are counted in.
pub mod clock {
    /// Time stamp counter ticks, where the kernel trusts it.
    pub const TSC: u32 = 1;
    /// `CLOCK_REALTIME` in nanoseconds.
    pub const REALTIME: u32 = 2;
    /// `CLOCK_REALTIME_COARSE` in nanoseconds.
    pub const COARSE: u32 = 3;
}

const _: () = {
    assert!(NAME + NAME_BYTES <= SIZE);
    assert!(CREATED_NS.is_multiple_of(8) && UUID.is_multiple_of(8) && LOCK_DEV.is_multiple_of(8));
};
