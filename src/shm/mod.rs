//! The segment as memory: creating and attaching it, the process and lane tables, who is alive, the
//! dictionary, level words, the drain lock. `call/` and the drain use it; the ring's protocol stands
//! in `ring/` and sees a segment through `ring::Memory` only.
//!
//! What happens in each file: `name` where things stand, `create` and `segment` how a segment comes to
//! be and is found, `backing` and `view` its memory, `lock_file` the liveness locks, `process` and
//! `lane` the tables, `dictionary`, `levels`, `drain_area` and `drain_lock` the rest, `wake` who
//! wakes whom, `place` what becomes of its file.

pub mod backing;
pub mod create;
pub mod dictionary;
pub mod drain_area;
pub mod drain_lock;
pub mod header;
pub mod lane;
pub mod levels;
pub mod lock_file;
mod memory;
pub mod name;
pub mod place;
pub mod process;
pub mod registry;
pub mod segment;
pub mod tally;
pub mod view;
mod wake;

pub use drain_area::{Anchor, DrainArea, SinkState};
pub use drain_lock::{DrainLock, Holder};
pub use lane::LaneInfo;
pub use memory::Signature;
pub use name::{existing_runtime_dir, runtime_dir};
pub use place::Place;
pub use process::{ProcessInfo, ProcessRef};
pub use segment::{Segment, SegmentSpec};
pub use tally::Tally;
pub use view::{Block, View};
