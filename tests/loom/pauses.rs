//! Claims: a record that is one function from its first look to its commit is as whole and as ordered as
//! any; a block that its owner gives back when it is asked has one user at a time, wherever the owner
//! dies; a drain that sleeps until it is woken has read what was logged, or is woken.

use std::sync::Arc;

use logring::sync::Ordering::Relaxed;
use loom::thread::spawn;

use crate::death::check_each_kill;
use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ModelMemory, Shape, broken, check};

/// One lane, two records, one round of the drain.
fn strict_order(fenced: bool) {
    check(4, move || {
        let memory = Arc::new(ModelMemory::new(Shape { fenced, ..Shape::default() }));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(1));
        let thread = spawn(move || lane.live(|lane| assert!(lane.log_one() && lane.log_one())));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn a_record_of_one_function_is_whole_and_in_order() {
    strict_order(false);
}

#[test]
fn a_record_of_one_function_is_in_order_with_fences() {
    strict_order(true);
}

#[test]
fn a_block_given_back_is_used_again() {
    check(3, || {
        let shape = Shape { lanes: 2, blocks: 1, hints: 1, ..Shape::default() };
        let memory = Arc::new(ModelMemory::new(shape));
        let lanes = [0, 1].map(|index| ModelLane::new(&memory, index));
        assert!(lanes[0].log(1));
        // Who finds no block drops.
        let threads = lanes.map(|lane| {
            spawn(move || {
                lane.live(|lane| {
                    lane.give_back();
                    lane.log(1);
                })
            })
        });
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&threads.map(|thread| thread.join().unwrap()));
    });
}

#[test]
fn who_is_asked_gives_a_block_back_and_takes_another() {
    check(3, || {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log_one());
        let thread = spawn(move || {
            lane.live(|lane| {
                lane.give_back_if_asked();
                assert!(lane.log_one());
                lane.give_back_if_asked();
            })
        });
        let drain = ModelDrain::new(&memory).asking().spawn(2);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

/// One record behind a pause, while the drain falls asleep.
fn deep_sleep(fenced: bool) {
    check(3, move || {
        let memory = Arc::new(ModelMemory::new(Shape { fenced, ..Shape::default() }));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(1));
        let thread = spawn(move || {
            lane.live(|lane| {
                assert!(lane.log_one());
                lane.end_deep_sleep();
            })
        });
        let drain = ModelDrain::new(&memory).spawn_asleep();
        let (drain, sleeps) = drain.join().unwrap();
        let told = thread.join().unwrap();
        let woken = memory.woken.load(Relaxed) != 0;
        if sleeps && !woken && !drain.has_read(&told) {
            broken("a drain sleeps on only when it has read everything", told);
        }
        drain.finish(&[told]);
    });
}

#[test]
fn a_drain_that_sleeps_until_it_is_woken_misses_nothing() {
    deep_sleep(false);
}

#[test]
fn a_drain_that_sleeps_until_it_is_woken_misses_nothing_with_fences() {
    deep_sleep(true);
}

#[test]
fn a_lane_may_be_killed_while_it_gives_a_block_back() {
    check_each_kill(2, |steps| {
        let memory = Arc::new(ModelMemory::new(Shape::default()));
        let lane = ModelLane::new(&memory, 0);
        lane.view.kill_after(steps);
        let thread = spawn(move || {
            lane.run(|lane| {
                lane.log(1);
                lane.give_back();
                lane.log(1);
            })
        });
        let drain = ModelDrain::new(&memory).spawn(1);
        let told = thread.join().unwrap();
        let killed = told.killed;
        drain.join().unwrap().finish(&[told]);
        memory.all_free();
        killed
    });
}
