//! The dictionary: callsites and strings, interned once per segment by their content.
//!
//! ```text
//!  slot word   63..62 state | READY: 61..32 len (30) | 31..0 offset into the blob
//!                           | RESERVED: 31..12 lane index | 11..0 lane incarnation
//! ```
//!
//! An id is the slot's index + 1, so 0 is never an id. Slots are found by hash and linear probing
//! over at most [`PROBES`] slots; the whole content is compared, never the hash alone. A reader
//! passes RESERVED slots by; duplicates are harmless. Entries are never changed or removed.
//!
//! An entry in the blob is `kind u8`, then the kind's content (see `record::callsite`).

use super::word::{INC_BITS, LaneRef};

/// How far a look-up goes from its hash's slot.
pub const PROBES: u32 = 64;
/// Longest entry in bytes; longer content stays inline in each record.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;

/// Entry kind: a callsite.
pub const KIND_CALLSITE: u8 = 1;
/// Entry kind: a UTF-8 string (key names, targets).
pub const KIND_STRING: u8 = 2;
/// Entry kind: an own level, its number (1 byte) and its name.
pub const KIND_LEVEL: u8 = 3;

/// What a dictionary slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Never used.
    Empty,
    /// A lane is filling it.
    Reserved(LaneRef),
    /// Its bytes stand at `offset..offset + len` of the blob.
    Ready {
        /// Offset into the blob in bytes.
        offset: u32,
        /// Length in bytes.
        len: u32,
    },
    /// Its lane died while filling it; it may be reserved again.
    Tombstone,
}

impl Entry {
    /// Decodes a slot word.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Self {
        match word >> 62 {
            0 => Self::Empty,
            1 => Self::Reserved(LaneRef {
                index: (word >> INC_BITS) as u32 & ((1 << super::word::LANE_BITS) - 1),
                inc: word as u32 & ((1 << INC_BITS) - 1),
            }),
            2 => Self::Ready { offset: word as u32, len: ((word >> 32) & 0x3fff_ffff) as u32 },
            _ => Self::Tombstone,
        }
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Reserved(lane) => 1 << 62 | (lane.index as u64) << INC_BITS | lane.inc as u64,
            Self::Ready { offset, len } => 2 << 62 | (len as u64) << 32 | offset as u64,
            Self::Tombstone => 3 << 62,
        }
    }
}

/// FNV-1a over the content, folded: which slot a look-up starts at.
#[inline]
#[must_use]
pub const fn hash(content: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut at = 0;
    while at < content.len() {
        hash = (hash ^ content[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash ^ (hash >> 32)
}
