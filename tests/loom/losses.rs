//! Claim: records that found no room are counted, each once and where they are missing, also while
//! their lane lives and whatever it sends after them.

use std::sync::Arc;

use loom::thread::spawn;

use crate::death::check_each_kill;
use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, check};

/// A ring with two lanes, in which the first has one slot left and the other block is taken.
fn nearly_full() -> (Arc<ModelMemory>, ModelLane, ModelLane) {
    let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..Shape::default() }));
    let (lane, other) = (ModelLane::new(&memory, 0), ModelLane::new(&memory, 1));
    assert!(lane.log(1) && other.log(1));
    (memory, lane, other)
}

#[test]
fn a_dropped_record_is_counted_once() {
    check(4, || {
        let (memory, lane, other) = nearly_full();
        let thread = spawn(move || {
            lane.live(|lane| {
                assert!(lane.log(1));
                lane.log(1);
            })
        });
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap(), other.live(|_| ())]);
    });
}

#[test]
fn a_gap_is_counted_where_it_is() {
    check(3, || {
        let (memory, lane, other) = nearly_full();
        let thread = spawn(move || {
            lane.live(|lane| {
                // Does not fit beside what is there, and there is no other block; the next does.
                lane.log(2);
                lane.log(1);
                lane.log(1);
            })
        });
        let drain = ModelDrain::new(&memory).spawn(2);
        drain.join().unwrap().finish(&[thread.join().unwrap(), other.live(|_| ())]);
    });
}

#[test]
fn a_lane_may_be_killed_while_it_drops() {
    check_each_kill(3, |steps| {
        let (memory, lane, other) = nearly_full();
        lane.view.kill_after(steps);
        let thread = spawn(move || lane.run(|lane| (lane.log(2), lane.log(1))));
        let drain = ModelDrain::new(&memory).spawn(1);
        let told = thread.join().unwrap();
        let killed = told.killed;
        drain.join().unwrap().finish(&[told, other.run(|_| ())]);
        killed
    });
}
