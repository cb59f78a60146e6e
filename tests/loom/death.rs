//! Claims: what a lane committed before its end is delivered, wherever it was killed; at most the
//! record under way is torn, and counted; its blocks come back, a living lane's never do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, check};

/// Checks `model` with a lane that is killed before its first step, its second, and so on, until it
/// is not killed any more. The model returns whether it was.
pub(crate) fn check_each_kill(preemptions: usize, model: fn(u32) -> bool) {
    let mut steps = 0;
    loop {
        let killed = Arc::new(AtomicBool::new(false));
        let noted = killed.clone();
        check(preemptions, move || _ = noted.fetch_or(model(steps), Relaxed));
        if !killed.load(Relaxed) {
            break;
        }
        steps += 1;
    }
    println!("killed at each of {steps} steps");
    assert!(steps > 5, "a lane that does nothing");
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
    check_each_kill(3, |steps| {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        lane.view.kill_after(steps);
        let thread = spawn(move || lane.run(|lane| lane.log(1) && lane.log(2)));
        let drain = ModelDrain::new(&memory).spawn(1);
        let told = thread.join().unwrap();
        let killed = told.killed;
        drain.join().unwrap().finish(&[told]);
        memory.all_free();
        killed
    });
}

#[test]
fn a_dead_lane_stalls_nobody() {
    check_each_kill(1, |steps| {
        let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..Shape::default() }));
        let (dying, living) = (ModelLane::new(&memory, 0), ModelLane::new(&memory, 1));
        assert!(living.log(2));
        dying.view.kill_after(steps);
        let dying = spawn(move || dying.run(|lane| lane.log(1)));
        let living = spawn(move || living.live(|lane| lane.log(2)));
        let drain = ModelDrain::new(&memory).spawn(1);
        let told = [dying.join().unwrap(), living.join().unwrap()];
        let killed = told[0].killed;
        drain.join().unwrap().finish(&told);
        killed
    });
}
