//! Claim: a reader that holds nothing back believes nothing that was written over while it copied.

use std::sync::Arc;

use logring::layout::Stamp;
use logring::layout::stamp::Kind;
use logring::ring::{Memory, Unpinned};
use logring::sync::{Ordering::Relaxed, order};
use loom::thread::spawn;

use crate::drain::ModelDrain;
use crate::lane::{ModelLane, header};
use crate::memory::{ModelMemory, Shape, broken, check};
use crate::view::View;

#[test]
fn a_record_that_was_written_over_is_not_believed() {
    check(4, || {
        // One block, whose first record was read and freed, and which the lane claims again.
        let shape = Shape { blocks: 1, hints: 1, ..Shape::default() };
        let memory = Arc::new(ModelMemory::new(shape));
        let lane = ModelLane::new(&memory, 0);
        assert!(lane.log(2));
        let first = lane.told.borrow().sent[0];
        let mut drain = ModelDrain::new(&memory);
        drain.round();
        let thread = spawn(move || lane.live(|lane| assert!(lane.log(2))));
        let seen = spawn({
            let memory = memory.clone();
            move || look(&memory)
        });
        if let Some(seen) = seen.join().unwrap()
            && seen != header(0, first.0, first.1)
        {
            broken("what is believed is of its generation", seen);
        }
        drain.finish(&[thread.join().unwrap()]);
    });
}

/// What the first slot holds in generation 1, if it is to be believed. By hand, since the model
/// checker is told of the ring's own copies, which never meet a writer.
fn look(memory: &Arc<ModelMemory>) -> Option<u64> {
    let view = View::new(memory, None);
    let stamp = Stamp::of(view.stamp(0, 0).load(order::commit_load()))?; // pair:commit
    if stamp.generation != 1 || stamp.kind != Kind::Record {
        return None;
    }
    memory.turn();
    let copied = memory.slot(0, 0, 1).load(Relaxed);
    Unpinned(&view).holds(0, 1).then_some(copied)
}
