//! Claims: a record over two blocks is seen whole or not at all; its extension comes back when it
//! was read, or its lane has ended; what was collected in vain comes back too.

use std::sync::Arc;

use logring::layout::{Kind, LaneRef};
use logring::ring::Memory;
use logring::ring::long::{collect_one, give_up, mark_head, start_collecting, stop_collecting};
use logring::ring::reader::free;
use logring::ring::writer::Claimed;
use logring::sync::weaken;
use loom::thread::spawn;

use crate::death::check_each_kill;
use crate::drain::ModelDrain;
use crate::lane::{ModelLane, continuation, header};
use crate::memory::{ModelMemory, Shape, broken, check};
use crate::view::View;

/// A ring whose heads can name an extension.
fn shape() -> Shape {
    Shape { slot_words: 3, ..Shape::default() }
}

/// A log call whose record needs a head of one slot and `extensions` blocks.
fn log_long(lane: &ModelLane, extensions: usize) -> bool {
    let ModelLane { view, cell, .. } = lane;
    if !cell.close() {
        broken("a cell that nobody uses is open", cell.lane());
    }
    let collected = collect(lane, extensions);
    let Some(collected) = collected else {
        cell.drop_one(view);
        lane.told.borrow_mut().dropped += 1;
        cell.reopen();
        return false;
    };
    let place = mark_head(view, cell, 1, collected.iter().copied()).expect("the head fits");
    let now = cell.stamp_time(view.own_step().now());
    lane.fill(&place, 1, now);
    let early = weaken::is("head_before_extension");
    if early {
        lane.commit(&place, Kind::Head, now);
    }
    let value = header(cell.lane().index, place.sequence, now);
    let mut number = 1;
    for Claimed { block, generation } in collected {
        view.aside().used(block);
        let named = u64::from(block) << 32 | u64::from(generation);
        view.own_step().fill(place.block, place.offset, 2, named);
        for slot in 0..view.slots_per_block() {
            view.own_step().fill(block, slot, 1, value ^ continuation(number));
            number += 1;
        }
    }
    if !early {
        lane.commit(&place, Kind::Head, now);
    }
    true
}

/// Collects the blocks of a long record and a place for its head, or gives up.
fn collect(lane: &ModelLane, extensions: usize) -> Option<Vec<Claimed>> {
    let ModelLane { view, cell, .. } = lane;
    if !start_collecting(view, cell.lane()) {
        return None;
    }
    let mut collected = Vec::new();
    let mut complete = cell.fits(1) || lane.cross();
    while complete && collected.len() < extensions {
        match collect_one(view, cell) {
            Some(claimed) => {
                view.aside().claimed(claimed.block, claimed.generation);
                view.aside().used(claimed.block);
                collected.push(claimed);
            }
            None => complete = false,
        }
    }
    if !complete {
        give_up(view, cell, collected.drain(..));
    }
    stop_collecting(view);
    complete.then_some(collected)
}

#[test]
fn a_long_record_is_seen_whole_or_not_at_all() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(shape()));
        let lane = ModelLane::new(&memory, 0);
        let thread = spawn(move || lane.live(|lane| assert!(log_long(lane, 1))));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn an_extension_comes_back_when_its_record_was_read() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(shape()));
        let lane = ModelLane::new(&memory, 0);
        assert!(log_long(&lane, 1));
        let thread = spawn(move || lane.live(|lane| log_long(lane, 1)));
        let drain = ModelDrain::new(&memory).spawn(1);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn what_was_collected_in_vain_comes_back() {
    check(2, || {
        let memory = Arc::new(ModelMemory::new(shape()));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(1));
        let thread = spawn(move || {
            lane.live(|lane| {
                assert!(!log_long(lane, 2));
                lane.log(1);
            })
        });
        let drain = ModelDrain::new(&memory).spawn(2);
        drain.join().unwrap().finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn a_lane_may_be_killed_in_a_long_record() {
    check_each_kill(3, |steps| {
        let memory = Arc::new(ModelMemory::new(shape()));
        let lane = ModelLane::new(&memory, 0);
        lane.view.kill_after(steps);
        let thread = spawn(move || lane.run(|lane| log_long(lane, 1)));
        let drain = ModelDrain::new(&memory).spawn(1);
        let told = thread.join().unwrap();
        let killed = told.killed;
        drain.join().unwrap().finish(&[told]);
        memory.all_free();
        killed
    });
}

#[test]
fn a_stale_free_leaves_an_extension_its_head() {
    check(3, || {
        let memory = Arc::new(ModelMemory::new(shape()));
        let lane = ModelLane::new(&memory, 0);
        assert!(log_long(&lane, 1));
        let mut drain = ModelDrain::new(&memory);
        drain.round();
        let thread = spawn(move || lane.live(|lane| assert!(log_long(lane, 1))));
        assert!(!free(&View::new(&memory, None), 1, 1, LaneRef { index: 0, inc: 1 }));
        drain.finish(&[thread.join().unwrap()]);
    });
}

#[test]
fn one_lane_at_a_time_collects() {
    check(4, || {
        let memory = Arc::new(ModelMemory::new(Shape { lanes: 2, ..shape() }));
        let threads = [0, 1].map(|index| {
            let lane = ModelLane::new(&memory, index);
            spawn(move || lane.live(|lane| log_long(lane, 1)))
        });
        let told = threads.map(|thread| thread.join().unwrap());
        if told.iter().all(|told| told.sent.is_empty()) {
            broken("two long records do not each hold half of the ring", told);
        }
        ModelDrain::new(&memory).finish(&told);
    });
}
