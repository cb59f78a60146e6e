//! Flight recorders: what threads have kept below their level is read when a record comes that asks for
//! it, and written before that record. Called by `drain.rs`.
//!
//! Lanes of kind Flight are in nobody's chain and hold nothing up: they are looked for when they are
//! wanted, and read as who pins nothing reads, since their owners overwrite them meanwhile.

use std::collections::HashMap;

use logring::layout::lane::{LaneKind, LaneWord};
use logring::layout::word::Begun;
use logring::layout::{BlockWord, LaneRef};
use logring::ring::Memory;
use logring::ring::reader::Chain;
use logring::shm::Segment;
use logring::sync::{Ordering, order};

use crate::clock::Clock;
use crate::lane::{Lane, Spent};
use crate::ledger::LaneMark;
use crate::pipeline::Pipeline;
use crate::positions::{self, Positions};

/// How far each flight recorder has been written.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    written: HashMap<LaneRef, u64>,
    marks: Vec<LaneMark>,
}

impl Flights {
    /// Writes what the flight recorders of a process's threads hold from before `time`, in time order
    /// among themselves, and what of it was overwritten since the last time.
    pub(crate) fn write(
        &mut self,
        segment: &'static Segment,
        process: u32,
        time: u64,
        (positions, clock): (&Positions, &Clock),
        pipeline: &mut Pipeline<'_>,
    ) {
        let mut spent = Vec::new();
        let mut lanes = find(segment, process, |lane| {
            let noted = positions.lane(lane).map_or(0, |mark| mark.sequence);
            self.written.get(&lane).copied().unwrap_or(noted)
        });
        for lane in &mut lanes {
            pass_written(segment, lane);
        }
        loop {
            let next = lanes.iter_mut().filter(|lane| lane.head.is_some());
            let Some(lane) = next.min_by_key(|lane| lane.head.map(|head| head.timestamp)) else {
                break;
            };
            if lane.head.is_none_or(|head| head.timestamp >= time) {
                break;
            }
            pipeline.deliver(segment, clock, lane, &mut 0, &mut spent);
            pass_written(segment, lane);
        }
        for lane in lanes {
            let last = lane.sequence.unwrap_or(0);
            if self.written.insert(lane.lane, last) != Some(last) {
                self.marks.push(lane.mark());
            }
        }
    }

    /// The marks of those that have been written since the last call.
    pub(crate) fn take_marks(&mut self) -> Vec<LaneMark> {
        std::mem::take(&mut self.marks)
    }

    /// The lane is over.
    pub(crate) fn forget(&mut self, lane: LaneRef) {
        self.written.remove(&lane);
    }
}

/// Whether a lane is a flight recorder.
pub(crate) fn is_one(segment: &Segment, lane: LaneRef) -> bool {
    positions::owner(segment, lane).is_some_and(|owner| owner.flight)
}

/// All blocks of a lane that is over.
pub(crate) fn blocks_of(segment: &Segment, lane: LaneRef) -> impl Iterator<Item = Spent> + '_ {
    (0..segment.block_count()).filter_map(move |block| {
        match BlockWord::of(segment.word(block).load(Ordering::Relaxed)) {
            Some(BlockWord::Owned { generation, lane: owner }) if owner == lane => {
                Some(Spent { block, generation, lane })
            }
            _ => None,
        }
    })
}

/// The flight recorders of a process, each with its blocks.
fn find(segment: &Segment, process: u32, written: impl Fn(LaneRef) -> u64) -> Vec<Lane> {
    let mut lanes: HashMap<LaneRef, Lane> = HashMap::new();
    for block in 0..segment.block_count() {
        let word = BlockWord::of(segment.word(block).load(Ordering::Relaxed));
        let Some(BlockWord::Owned { generation, lane }) = word else { continue };
        let begun = Begun::of(segment.begun(block).load(order::begun_load())); // pair:begun
        let info = segment.lane_info(lane.index).and_then(|info| info.word);
        let Some(LaneWord::Live { inc, process: of, kind: LaneKind::Flight }) = info else {
            continue;
        };
        if begun.generation != generation || inc != lane.inc || of != process {
            continue;
        }
        let Some(owner) = positions::owner(segment, lane) else { continue };
        let lane = lanes
            .entry(lane)
            .or_insert_with(|| Lane::new(lane, owner, Chain::new(None), Some(written(lane))));
        let _ = lane.chain.insert(block, generation, begun.ordinal, 0);
    }
    lanes.into_values().collect()
}

/// Copies the lane's next record that is not written yet, over blocks that are overwritten meanwhile.
fn pass_written(segment: &Segment, lane: &mut Lane) {
    let mut spent = Vec::new();
    loop {
        lane.fill(segment, &mut spent);
        match lane.head {
            Some(head) if lane.sequence.is_some_and(|written| head.sequence <= written) => {
                lane.skip();
            }
            Some(_) => return,
            None if lane.open.is_some() || !lane.chain.has_more() => return,
            // The second time it goes on with what is there.
            None => _ = lane.chain.settle() | lane.chain.settle(),
        }
    }
}
