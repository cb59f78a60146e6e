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

/// Runs `calls` with a handler that makes `nested` calls at point `point`. False when there are
/// not so many points.
fn with_handler(point: u32, calls: &'static [u32], nested: &'static [u32]) -> bool {
    let memory = Arc::new(ModelMemory::new(Shape { blocks: 6, hints: 63, ..Shape::default() }));
    let lane = Rc::new(ModelLane::new(&memory, 0));
    let on_top = lane.clone();
    signal::arm(point, move || {
        for slots in nested {
            on_top.log(*slots);
        }
    });
    for slots in calls {
        assert!(lane.log(*slots), "a call was refused at point {point}");
    }
    let ran = !signal::disarm();
    let told = lane.told.take();
    let expected = calls.len() + if ran { nested.len() } else { 0 };
    assert_eq!(told.sent.len() as u64 + told.inside, expected as u64, "calls at point {point}");
    ModelDrain::new(&memory).finish(&[told]);
    ran
}

#[test]
fn a_call_on_top_of_a_call_takes_nothing_from_it() {
    const CALLS: [&[u32]; 3] = [&[1, 1, 1], &[1, 2, 1], &[2, 1, 1]];
    const NESTED: [&[u32]; 4] = [&[1], &[2], &[1, 1], &[1, 2]];
    for calls in CALLS {
        for nested in NESTED {
            check(ALL, || {
                let points = (0..).take_while(|point| with_handler(*point, calls, nested)).count();
                assert!(points > 20, "only {points} points");
            });
        }
    }
}
