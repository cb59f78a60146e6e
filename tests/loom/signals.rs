//! Claim: a log call on top of a log call of the same thread, wherever a signal puts it, takes
//! nothing from it: it logs as well, or is refused and counted.
//!
//! A plain enumeration of the points at which the handler can run; the checker has nothing to
//! interleave.

use std::rc::Rc;
use std::sync::Arc;

use logring::sync::signal;

use crate::drain::ModelDrain;
use crate::lane::ModelLane;
use crate::memory::{ALL, ModelMemory, Shape, check};

/// A call that is one function, in place of a number of slots.
const ONE: u32 = 0;
/// No call: the open block is given back.
const BACK: u32 = u32::MAX;

/// One of these, or a record of so many slots. False when it was refused.
fn call(lane: &ModelLane, what: u32) -> bool {
    match what {
        ONE => lane.log_one(),
        BACK => {
            lane.give_back();
            true
        }
        slots => lane.log(slots),
    }
}

/// Runs `calls` with a handler that makes `nested` calls at point `point`. False when there are
/// not so many points.
fn with_handler(point: u32, calls: &'static [u32], nested: &'static [u32]) -> bool {
    let memory = Arc::new(ModelMemory::new(Shape { blocks: 6, hints: 63, ..Shape::default() }));
    let lane = Rc::new(ModelLane::new(&memory, 0));
    let on_top = lane.clone();
    signal::arm(point, move || {
        for slots in nested {
            call(&on_top, *slots);
        }
    });
    for slots in calls {
        assert!(call(&lane, *slots), "a call was refused at point {point}");
    }
    let ran = !signal::disarm();
    let told = lane.told.take();
    let logged = |calls: &[u32]| calls.iter().filter(|what| **what != BACK).count();
    let expected = logged(calls) + if ran { logged(nested) } else { 0 };
    assert_eq!(told.sent.len() as u64 + told.inside, expected as u64, "calls at point {point}");
    ModelDrain::new(&memory).finish(&[told]);
    ran
}

fn each_on_top_of_each(calls: &'static [&'static [u32]], nested: &'static [&'static [u32]]) {
    for calls in calls {
        for nested in nested {
            check(ALL, || {
                let points = (0..).take_while(|point| with_handler(*point, calls, nested)).count();
                assert!(points > 10, "only {points} points");
            });
        }
    }
}

#[test]
fn a_call_on_top_of_a_call_takes_nothing_from_it() {
    each_on_top_of_each(&[&[1, 1, 1], &[1, 2, 1], &[2, 1, 1]], &[&[1], &[2], &[1, 1], &[1, 2]]);
}

#[test]
fn a_call_on_top_of_one_function_takes_nothing_from_it() {
    each_on_top_of_each(
        &[&[ONE, ONE, ONE], &[1, ONE, ONE], &[ONE, 2, ONE]],
        &[&[ONE], &[2], &[ONE, ONE], &[ONE, 2]],
    );
}

#[test]
fn a_call_on_top_of_a_block_given_back_finds_another() {
    each_on_top_of_each(
        &[&[ONE, BACK, ONE], &[1, BACK, 2]],
        &[&[ONE], &[2], &[BACK], &[ONE, BACK]],
    );
}
