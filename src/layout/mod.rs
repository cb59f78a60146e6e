//! The contract between producers and drain: where each byte of a segment stands and what it means.
//!
//! Only constants, packed words, `repr(C)` shapes and assertions live here; no behaviour. The
//! version is the layout's own number, apart from the crate's: two builds talk to each other iff
//! they have the same [`VERSION`]. `docs/layout.md` is checked against this module by a test.
//!
//! ```text
//!  offset 0
//!  +--------+------------+-----------+-------+-------------+------------+------+
//!  | Header | Drain area | Processes | Lanes | Level words | Dictionary | Blob |
//!  +--------+------------+-----------+-------+-------------+------------+------+
//!  +-------------+-------------+-------------+------------------------------------+
//!  | Hint bitmap | Block words | Block heads | Slots: block 0 | block 1 | ...     |
//!  +-------------+-------------+-------------+------------------------------------+
//! ```
//!
//! All shared fields are little-endian, of explicit width, without pointers, `bool`, enums or
//! `usize`. A reader of either side checks every index before it uses it.

pub mod dictionary;
pub mod drain_area;
pub mod geometry;
pub mod head;
pub mod header;
pub mod lane;
pub mod level_word;
pub mod process;
pub mod record;
pub mod stamp;
pub mod value;
pub mod word;

pub use geometry::{Geometry, Offsets};
pub use stamp::{Kind, Stamp};
pub use word::{Begun, BlockWord, ExtOf, LaneRef};

/// The layout version. It stays 0 until the benchmarks have settled the block format; from 1 on a
/// version is kept.
pub const VERSION: u32 = 0;

/// Size of a cache line pair in bytes: words that different sides write stand this far apart,
/// since the adjacent-line prefetcher pulls lines in pairs.
pub const LINE_PAIR: usize = 128;

#[cfg(target_endian = "big")]
compile_error!("logring segments are little-endian; this target is big-endian");
