//! The real drain's recovery of what stands in a segment, and what is left of it afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use logring::layout::lane::LaneWord;
use logring::layout::{BlockWord, process};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering;
use logring_drain::{Options, Service, Sink};

use crate::Failure;
use crate::check::{Expected, check};

/// Recovers what stands in `segment` into `output`, with the ledger in `folder`, and checks it. Twice:
/// the second drain has nothing to write, and gives back the entries of processes that are dead.
pub(crate) fn recover(
    segment: &'static Segment,
    folder: &Path,
    output: &Path,
    expected: &Expected,
) -> Result<(), Failure> {
    for _ in 0..2 {
        drain(segment, folder, output)?;
        check(output, expected)?;
    }
    let left = in_use(segment);
    if left.is_empty() { Ok(()) } else { Err(format!("left in use: {}", left.join(", ")).into()) }
}

/// Runs a drain until it has written everything.
fn drain(segment: &'static Segment, folder: &Path, output: &Path) -> Result<(), Failure> {
    let drained = catch_unwind(AssertUnwindSafe(|| -> logring::Result<()> {
        let mut service = Service::start(segment, options(folder, output))?;
        service.run(&AtomicBool::new(true))
    }));
    drained.map_err(|_| "the drain panicked")??;
    Ok(())
}

/// The drain that is tried.
pub(crate) fn options(folder: &Path, output: &Path) -> Options {
    Options::new([Sink::json(output)]).state_dir(folder)
}

/// What a killed process has left in use: blocks, lanes, process entries.
fn in_use(segment: &Segment) -> Vec<String> {
    let geometry = segment.geometry();
    let word = |block| BlockWord::of(segment.word(block).load(Ordering::Relaxed));
    let blocks = (0..geometry.block_count)
        .filter(|block| !matches!(word(*block), Some(BlockWord::Free { .. })))
        .map(|block| format!("block {block} is {:?}", word(block)));
    let lane = |index| segment.lane_info(index).and_then(|info| info.word);
    let lanes = (0..geometry.lane_count)
        .filter(|index| !matches!(lane(*index), Some(LaneWord::Free { .. })))
        .map(|index| format!("lane {index} is {:?}", lane(index)));
    let processes = (0..geometry.process_count)
        .filter_map(|index| segment.process_info(index))
        .filter(|info| info.state != process::state::FREE)
        .map(|info| format!("process {} has state {}", info.pid, info.state));
    blocks.chain(lanes).chain(processes).collect()
}
