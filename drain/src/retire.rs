//! What is given back once every sink has written and noted the batch that it belongs to: blocks,
//! then the entries of lanes and processes that are over.

use std::collections::VecDeque;

use logring::layout::LaneRef;
use logring::layout::lane::LaneWord;
use logring::ring::{Memory, reader};
use logring::shm::{Segment, Tally};
use logring::sync::Ordering::Relaxed;

use crate::lane::Spent;

/// What waits for a batch.
#[derive(Debug)]
struct Due {
    batch: u64,
    blocks: Vec<Spent>,
    lanes: Vec<Closed>,
    tallies: Vec<(u32, Tally)>,
}

/// While more is being read, producers are told of free blocks by this part of the ring.
const TOLD_PARTS: usize = 16;

/// In the place of a process, for the counts of processes without an entry.
pub(crate) const NO_ENTRY: u32 = u32::MAX;

/// A lane that is over and read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    pub(crate) lane: LaneRef,
    /// Its last sequence.
    pub(crate) last: u64,
}

/// The lane's process owns one block less.
fn give_back(segment: &Segment, lane: LaneRef) {
    let word = segment.lane_info(lane.index).and_then(|info| info.word);
    if let Some(LaneWord::Live { inc, process, .. }) = word
        && inc == lane.inc
        && process < segment.geometry().process_count
    {
        let less = |held: u32| held.checked_sub(1);
        let _ = segment.held(process).fetch_update(Relaxed, Relaxed, less);
    }
}

/// The queue of what waits for batches, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Retire {
    due: VecDeque<Due>,
    /// Blocks that were given back since producers were last told.
    untold: usize,
}

impl Retire {
    /// `blocks` and `lanes` are done with once batch number `batch` is; then the records of `tallies`
    /// count, per process entry.
    pub(crate) fn after(
        &mut self,
        batch: u64,
        blocks: Vec<Spent>,
        lanes: Vec<Closed>,
        tallies: Vec<(u32, Tally)>,
    ) {
        if !blocks.is_empty() || !lanes.is_empty() || !tallies.is_empty() {
            self.due.push_back(Due { batch, blocks, lanes, tallies });
        }
    }

    /// Gives back what waited for batches up to `done`, and wakes producers that wait for a block or an
    /// entry. Where `more` follows at once, who waits for a block is woken when a part of the ring is free:
    /// else it would sleep again after each batch, and a call of the kernel for each is dear.
    pub(crate) fn run(&mut self, segment: &Segment, done: u64, more: bool) {
        let mut released = false;
        while self.due.front().is_some_and(|due| due.batch <= done) {
            let Some(due) = self.due.pop_front() else { break };
            // Before the lanes, with which a process's entry may go.
            for (process, tally) in &due.tallies {
                segment.add_tally(*process, *tally);
                if *process == NO_ENTRY {
                    segment.drain_area().untabled_told().fetch_add(tally.lost, Relaxed);
                }
            }
            for spent in &due.blocks {
                if reader::free(segment, spent.block, spent.generation, spent.lane) {
                    self.untold += 1;
                    give_back(segment, spent.lane);
                }
            }
            for lane in &due.lanes {
                segment.release_lane(lane.lane, lane.last);
                released = true;
            }
        }
        // Producers wait for blocks, and for entries where a table is full.
        let enough = if more { segment.block_count() as usize / TOLD_PARTS } else { 0 };
        if self.untold > enough || released {
            self.untold = 0;
            segment.drain_area().announce_free();
        }
    }

    /// How many blocks wait for batches after `from` up to `to`.
    pub(crate) fn blocks_between(&self, from: u64, to: u64) -> usize {
        let waiting = self.due.iter().filter(|due| from < due.batch && due.batch <= to);
        waiting.map(|due| due.blocks.len()).sum()
    }

    /// Whether `lane` waits to be given back.
    pub(crate) fn holds(&self, lane: LaneRef) -> bool {
        self.due.iter().any(|due| due.lanes.iter().any(|closed| closed.lane == lane))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
