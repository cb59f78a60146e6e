//! Block heads: what a block is for its owner, apart from the words that others change.
//!
//! ```text
//!  0 begun | 8 ext_of | 16 lane u32 | 20 pid u32 | 24 tid u32 | 28 process index u32        32 bytes
//! ```
//!
//! From 16 on stands who began the block. The drain never needs it, since a block that is owned names
//! its lane in its word; who reads without holding a block back finds it freed, and the entries of
//! its thread and process given to others.

/// Bytes of a head.
pub const SIZE: usize = 32;
/// Offset of `begun`.
pub const BEGUN: usize = 0;
/// Offset of `ext_of`.
pub const EXT_OF: usize = 8;
/// Offset of the lane that began the block, as in a block word: index, then incarnation.
pub const LANE: usize = 16;
/// Offset of its process's pid.
pub const PID: usize = 20;
/// Offset of its thread id.
pub const TID: usize = 24;
/// Offset of the index of its process's entry.
pub const PROCESS: usize = 28;

const _: () = assert!(PROCESS + 4 == SIZE && LANE.is_multiple_of(8) && TID.is_multiple_of(8));
