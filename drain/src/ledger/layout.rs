//! Where each word of a ledger stands.
//!
//! ```text
//!  word 0 magic | version | uuid (2) | blocks | lanes | sum of these | 0 | epoch | 0 ...        64
//!  64   entries[16] of 192 words: state | committed | prepared | opened | 0 ...
//!                                 16 note[0] | 32 note[1]
//!                                 63 name length | 64 name (1 KiB)
//!  3584 areas, one per entry in use, each rounded up to a page:
//!       blocks[blocks] of 4: pending id | pending gen:32 slots:32 | consumed gen:32 slots:32 | 0
//!       lanes[lanes] of 8:   pending id | pending flags:32 inc:31 1 | ordinal | sequence
//!                                       | consumed flags:32 inc:31 1 | ordinal | sequence | 0
//!
//!  note  id | kind | dev | ino | birth | before | after | tail before | tail after
//!           | watermark | clock | realtime ns | ns per tick | 0 0 0                            16
//! ```
//!
//! Words are little-endian as the segment's are. `magic` is stored last at creation.

use super::words::WORD;
use logring::layout::drain_area::SINKS_MAX;

pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"lr-ledgr");
pub(super) const VERSION: u64 = 1;

/// How many cursors a ledger has room for, those of removed sinks included.
pub(super) const ENTRIES: usize = SINKS_MAX;

pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
pub(super) const UUID_AT: usize = 2;
pub(super) const BLOCKS_AT: usize = 4;
pub(super) const LANES_AT: usize = 5;
pub(super) const SUM_AT: usize = 6;
pub(super) const EPOCH_AT: usize = 8;

const HEADER: usize = 64;
const ENTRY: usize = 192;
const PAGE: usize = 4096 / WORD;
const AREAS: usize = (HEADER + ENTRIES * ENTRY).next_multiple_of(PAGE);

/// Words of an entry, from its start.
pub(super) mod entry {
    pub(in super::super) const STATE: usize = 0;
    pub(in super::super) const COMMITTED: usize = 1;
    pub(in super::super) const PREPARED: usize = 2;
    /// Epoch of the drain that has this entry's sink open.
    pub(in super::super) const OPENED: usize = 3;
    pub(in super::super) const NOTES: usize = 16;
    pub(in super::super) const NAME_LEN: usize = 63;
    pub(in super::super) const NAME: usize = 64;
}

/// Words of a note.
pub(super) const NOTE: usize = 16;
/// Bytes of a cursor's name.
pub(super) const NAME_BYTES: usize = 1024;
/// Words of a block's positions.
pub(super) const BLOCK: usize = 4;
/// Words of a lane's positions.
pub(super) const LANE: usize = 8;

/// How many blocks and lanes the ledger keeps positions of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) blocks: u32,
    pub(super) lanes: u32,
}

impl Shape {
    const fn area_words(self) -> usize {
        (self.blocks as usize * BLOCK + self.lanes as usize * LANE).next_multiple_of(PAGE)
    }

    /// Bytes of a ledger whose first `areas` entries have an area.
    pub(super) const fn bytes(self, areas: usize) -> usize {
        (AREAS + areas * self.area_words()) * WORD
    }

    /// How many areas a file of `bytes` has.
    pub(super) const fn areas(self, bytes: usize) -> usize {
        (bytes / WORD).saturating_sub(AREAS) / self.area_words()
    }

    /// The first word of a block's positions.
    pub(super) fn block(self, entry: usize, block: u32) -> usize {
        assert!(block < self.blocks, "the drain checks block indexes before it reads a block");
        AREAS + entry * self.area_words() + block as usize * BLOCK
    }

    /// The first word of a lane's positions.
    pub(super) fn lane(self, entry: usize, lane: u32) -> usize {
        assert!(lane < self.lanes, "the drain checks lane indexes before it reads a lane");
        AREAS + entry * self.area_words() + self.blocks as usize * BLOCK + lane as usize * LANE
    }

    /// All words of an entry's positions.
    pub(super) const fn area(self, entry: usize) -> std::ops::Range<usize> {
        let start = AREAS + entry * self.area_words();
        start..start + self.area_words()
    }
}

/// The first word of an entry.
pub(super) const fn entry_at(entry: usize) -> usize {
    HEADER + entry * ENTRY
}

/// The first word of the note for batch `id`: ids of successive batches alternate between two.
pub(super) const fn note_at(entry: usize, id: u64) -> usize {
    entry_at(entry) + self::entry::NOTES + (id & 1) as usize * NOTE
}

const _: () = {
    assert!(entry::NOTES + 2 * NOTE <= entry::NAME_LEN);
    assert!(entry::NAME + NAME_BYTES / WORD <= ENTRY);
    assert!(AREAS == 3584);
};
