//! Claims: what a lane committed before its end is delivered, wherever it was killed; at most the
//! record under way is torn, and counted; its blocks come back, a living lane's never do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, check};

/// Runs `model` for a kill before each step of a lane, until one in which nobody is killed.
pub(crate) fn at_each_step(model: impl Fn(u32, &AtomicBool)) {
    for steps in 0..200 {
        let killed = AtomicBool::new(false);
        model(steps, &killed);
        if !killed.load(Relaxed) {
            assert!(steps > 5, "a lane that did nothing");
            println!("killed at each of {steps} steps");
            return;
        }
    }
    panic!("a lane that does not end");
}

#[test]
fn what_a_lane_wrote_before_its_end_is_delivered() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(1));
        let thread = spawn(move || lane.run(|lane| assert!(lane.log(1))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
        memory.all_free();
    });
}

#[test]
fn a_lane_may_be_killed_at_any_step() {
    at_each_step(|steps, killed| {
        let seen = Arc::new(AtomicBool::new(false));
        let noted = seen.clone();
        check(3, move || {
            let memory = Arc::new(ModelMemory::new(Shape::default()));
            let lane = ModelLane::new(&memory, 0);
            lane.view.kill_after(steps);
            let thread = spawn(move || lane.run(|lane| lane.log(1) && lane.log(2)));
            let drain = ModelDrain::new(&memory).spawn(1);
            let told = thread.join().unwrap();
            noted.fetch_or(told.killed, Relaxed);
            drain.join().unwrap().finish(&[told]);
            memory.all_free();
        });
        killed.store(seen.load(Relaxed), Relaxed);
    });
}

#[test]
fn a_dead_lane_stalls_nobody() {
    at_each_step(|steps, killed| {
        let seen = Arc::new(AtomicBool::new(false));
        let noted = seen.clone();
        check(1, move || {
            let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..Shape::default() }));
            let (dying, living) = (ModelLane::new(&memory, 0), ModelLane::new(&memory, 1));
            assert!(living.log(2));
            dying.view.kill_after(steps);
            let dying = spawn(move || dying.run(|lane| lane.log(1)));
            let living = spawn(move || living.live(|lane| lane.log(2)));
            let drain = ModelDrain::new(&memory).spawn(1);
            let told = [dying.join().unwrap(), living.join().unwrap()];
            noted.fetch_or(told[0].killed, Relaxed);
            drain.join().unwrap().finish(&told);
        });
        killed.store(seen.load(Relaxed), Relaxed);
    });
}
