//! Claims: a block has one user in each generation; nothing is stored into it after it was freed
//! without a new claim; what is stale fails and changes nothing.

use std::sync::Arc;

use logring::layout::word::GEN_MAX;
use logring::layout::{Begun, Kind, LaneRef, Stamp};
use logring::ring::reader::free;
use logring::sync::Ordering::Relaxed;
use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, broken, check};
use crate::view::View;

/// A lane that needs three blocks of two, while the drain frees them.
fn a_lane_comes_round(generation: u32) {
    check(3, move || {
        let memory = Arc::new(ModelMemory::new(Shape { generation, ..Shape::default() }));
        if generation == GEN_MAX {
            leave_first_generation(&memory);
        }
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(2));
        let thread = spawn(move || {
            lane.live(|lane| {
                lane.log(2);
                lane.log(1);
            })
        });
        let drain = ModelDrain::new(&memory).spawn(2);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

/// What stands in the blocks since their first generation, when nobody wrote there afterwards.
fn leave_first_generation(memory: &ModelMemory) {
    let stamp = Stamp { generation: 1, kind: Kind::Record, slots: 1, level: 20 };
    for block in 0..memory.shape.blocks {
        for slot in 0..memory.shape.slots_per_block {
            memory.slot(block, slot, 0).store(stamp.raw(), Relaxed);
        }
        memory.begun[block as usize].store(Begun { generation: 1, ordinal: 1 }.raw(), Relaxed);
    }
}

#[test]
fn a_freed_block_is_used_again() {
    a_lane_comes_round(1);
}

#[test]
fn generations_begin_again_after_the_last() {
    a_lane_comes_round(GEN_MAX);
}

#[test]
fn two_lanes_race_for_one_block() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(Shape { lanes: 3, ..Shape::default() }));
        let taken = ModelLane::new(&memory, 2);
        assert!(taken.log(1));
        let threads = [0, 1].map(|index| {
            let lane = ModelLane::new(&memory, index);
            spawn(move || lane.live(|lane| lane.log(2)))
        });
        let [a, b] = threads.map(|thread| thread.join().unwrap());
        if a.sent.len() + b.sent.len() != 1 {
            broken("a free block goes to one of those who want it", (a, b));
        }
        ModelDrain::new(&memory).finish(&[a, b, taken.live(|_| ())]);
    });
}

#[test]
fn a_claim_from_a_stale_look_fails() {
    check(2, || {
        let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..Shape::default() }));
        let lanes = [0, 1].map(|index| ModelLane::new(&memory, index));
        assert!(lanes.iter().all(|lane| lane.log(2)));
        let threads = lanes.map(|lane| spawn(move || lane.live(|lane| lane.log(2))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&threads.map(|thread| thread.join().unwrap()));
    });
}

#[test]
fn a_stale_free_changes_nothing() {
    check(3, || {
        // One block, at its last generation: the free that follows zeroes the stamps.
        let shape = Shape { blocks: 1, hints: 1, generation: GEN_MAX, ..Shape::default() };
        let memory = Arc::new(ModelMemory::new(shape));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(2));
        let mut drain = ModelDrain::new(&memory);
        drain.round();
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(2))));
        assert!(!free(&View::new(&memory, None), 0, GEN_MAX, LaneRef { index: 0, inc: 1 }));
        drain.finish(&[thread.join().unwrap()]);
    });
}
