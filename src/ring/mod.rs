//! The ring's protocol: producers claim blocks and commit records, the drain reads and frees.
//!
//! Invariants, each relied upon by name elsewhere:
//!
//! - **I1 one owner.** A block word says FREE or names one lane. A claim is one CAS; after it only
//!   the drain changes the word, and only to `FREE(g + 1)` of a block that has ended or whose lane
//!   is over. A lane that overwrites changes it too: of an ended block of its own, to `OWNED(g + 1)`,
//!   a free and a claim in one step.
//! - **I2 own slots.** Only the owner of (block, generation) stores into the block's slots, `begun`
//!   and `ext_of`; it stores no further than slot `slots_per_block - 1`.
//! - **I3 committed is initialised.** A stamp of the block's generation that says RECORD, PAD or
//!   HEAD is the last store of its record (Release).
//! - **I4 marked before timed.** A record's BUSY stamp is stored before its clock is read; with the
//!   drain's barrier between its clock and its look at the stamps, a record below the watermark is
//!   seen committed or its lane seen busy.
//! - **I5 in order.** A lane's ordinals grow by one; block n is complete before n + 1 is begun.
//!
//! | pair | store | load | carries |
//! |---|---|---|---|
//! | commit | `LaneCell::commit`, PAD | `Chain::look` | the record's bytes |
//! | begun | `LaneCell::begin` | `Sweep::run` | that older blocks of the lane are complete |
//! | free | `free`, `recycle` | `claim` | that the drain has done reading |
//! | attempted | `LaneCell::drop_one`, `cross_over` | the drain, before words and stamps | which sequences were given up |
//! | over | the kernel at a thread's end | the drain, before stamps | all that the lane wrote |
//! | recycle | a claim or `recycle`, then a fence | `Unpinned::holds`, after the copy | that what was copied is older |
//! | membarrier | mark | watermark | see I4 |

pub mod hints;
pub mod long;
pub mod memory;
pub mod reader;
pub mod recycle;
pub mod sweep;
pub mod unpinned;
pub mod writer;

pub use memory::Memory;
pub use unpinned::{Recycled, Unpinned};
pub use writer::LaneCell;

/// Between mark and clock: the compiler keeps the order, and the drain's membarrier makes it the
/// processor's (I4). Under the model checker both halves are fences.
#[inline(always)]
pub fn light_barrier() {
    #[cfg(not(logring_loom))]
    crate::sync::compiler_fence(crate::sync::Ordering::SeqCst);
    #[cfg(logring_loom)]
    crate::sync::light::barrier();
}
