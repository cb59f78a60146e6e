//! Claim: any content of the hint bitmap is safe, whoever writes it: a lane finds a free block as
//! long as there is one, and no block twice.

use std::sync::Arc;

use logring::sync::Ordering::Relaxed;
use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, check};

/// Two lanes find the two blocks, the bitmap being `hints` at first, then `scribbles` in turn.
fn each_lane_finds_a_block(hints: u64, scribbles: &'static [u64]) {
    check(2, move || {
        let memory = Arc::new(ModelMemory::new(Shape {
            lanes: 2,
            hints,
            shared_hints: true,
            ..Shape::default()
        }));
        let threads = [0, 1].map(|index| {
            let lane = ModelLane::new(&memory, index);
            spawn(move || lane.live(|lane| assert!(lane.log(1))))
        });
        for scribble in scribbles {
            memory.hints.store(*scribble, Relaxed);
        }
        ModelDrain::new(&memory).finish(&threads.map(|thread| thread.join().unwrap()));
    });
}

#[test]
fn any_bitmap_is_safe() {
    for hints in [0, 1, 2, 3, 4, 1 << 63, u64::MAX] {
        each_lane_finds_a_block(hints, &[]);
    }
}

#[test]
fn a_bitmap_that_others_write_is_safe() {
    each_lane_finds_a_block(3, &[0, u64::MAX]);
    each_lane_finds_a_block(0, &[2, 1]);
}

#[test]
fn freed_blocks_are_found_whatever_the_bitmap_says() {
    check(3, || {
        let memory = Arc::new(ModelMemory::new(Shape { shared_hints: true, ..Shape::default() }));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(2) && lane.log(2));
        let mut drain = ModelDrain::new(&memory);
        drain.round();
        memory.hints.store(0, Relaxed);
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(2) && lane.log(2))));
        memory.hints.store(u64::MAX << 2, Relaxed);
        drain.finish(&[thread.join().unwrap()]);
    });
}
