//! Claims: a committed record is whole; each is read once, in its lane's order; nothing below a
//! written watermark comes later.

use std::sync::Arc;

use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, check};

#[test]
fn a_committed_record_is_whole() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(2))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

/// One lane, two records, one round of the drain.
fn strict_order(fenced: bool) {
    check(4, move || {
        let memory = Arc::new(ModelMemory::new(Shape { fenced, ..Shape::default() }));
        let lane = ModelLane::new(&memory, 0);
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(1) && lane.log(1))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn nothing_below_a_written_watermark_comes_later() {
    strict_order(false);
}

#[test]
fn nothing_below_a_written_watermark_comes_later_with_fences() {
    strict_order(true);
}

#[test]
fn two_lanes_come_in_one_time_order() {
    check(3, || {
        let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..Shape::default() }));
        let threads = [0, 1].map(|index| {
            let lane = ModelLane::new(&memory, index);
            spawn(move || lane.live(|lane| assert!(lane.log(1))))
        });
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&threads.map(|thread| thread.join().unwrap()));
    });
}

#[test]
fn a_block_is_read_after_its_predecessor() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        // The second does not fit beside the first, which leaves a block that ends with a PAD.
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(1) && lane.log(2))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}
