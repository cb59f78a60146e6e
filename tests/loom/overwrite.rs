//! Claim: a lane that overwrites its own oldest block loses what stood there and nothing else, each
//! loss is counted once, also where it is killed on the way, and the drain believes nothing that was
//! written over while it copied.

use std::sync::Arc;

use logring::layout::{Kind, LaneRef};
use logring::ring::reader::{Chain, Look, Sweep, free};
use logring::ring::{Memory, Recycled, recycle};
use logring::sync::order;
use loom::thread::{JoinHandle, spawn};

use crate::account::LaneAccount;
use crate::death::check_each_kill;
use crate::lane::{ModelLane, Told, of_header};
use crate::memory::{ModelMemory, Shape, broken, check};
use crate::view::View;

/// One lane that has filled both blocks of its ring.
fn full() -> (Arc<ModelMemory>, ModelLane) {
    let memory = Arc::new(ModelMemory::new(Shape { slots_per_block: 1, ..Shape::default() }));
    let lane = ModelLane::new(&memory, 0);
    log(&lane);
    log(&lane);
    (memory, lane)
}

/// A log call under the policy `overwrite`, of a record that fills a block.
fn log(lane: &ModelLane) {
    if !lane.cell.has_room(1) {
        lane.cell.close();
        let crossed = lane.cell.cross(&lane.view) || recycle::cross_over(&lane.view, &lane.cell);
        if !crossed {
            lane.cell.drop_one(&lane.view);
            lane.told.borrow_mut().dropped += 1;
        }
        lane.cell.reopen();
        if !crossed {
            return;
        }
    }
    let Some(place) = lane.cell.mark(&lane.view, 1) else { unreachable!() };
    let now = lane.cell.stamp_time(lane.view.own_step().now());
    lane.fill(&place, 1, now);
    lane.commit(&place, Kind::Record, now);
}

/// The drain of that lane.
struct Reader {
    view: View,
    sweep: Sweep,
    chain: Chain,
    account: LaneAccount,
}

impl Reader {
    fn new(memory: &Arc<ModelMemory>) -> Self {
        Self {
            view: View::loose(memory),
            sweep: Sweep::new(memory.shape.blocks),
            chain: Chain::new(Some(1)),
            account: LaneAccount::default(),
        }
    }

    fn spawn(mut self, rounds: u32) -> JoinHandle<Self> {
        spawn(move || {
            for _ in 0..rounds {
                self.round();
            }
            self
        })
    }

    fn round(&mut self) {
        let Self { view, sweep, chain, account } = self;
        let view = &*view;
        let memory = Recycled(view);
        let lane = LaneRef { index: 0, inc: 1 };
        let over = view.over(0).load(order::over_load()) != 0; // pair:over
        let attempted = view.attempted(0).load(order::attempted_load()); // pair:attempted
        let (mut ended, mut not_begun) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            not_begun.clear();
            sweep.run(view, |owned| match owned.ordinal {
                Some(ordinal) => {
                    let _ = chain.insert(owned.block, owned.generation, ordinal, 0);
                }
                None => not_begun.push((owned.block, owned.generation)),
            });
            chain.settle();
            if !chain.misses_next() {
                break;
            }
        }
        let end = loop {
            let look = chain.look(&memory, |at| ended.push((at.block, at.generation)));
            let Look::Record { at, slots, .. } = look else { break look };
            let header = memory.slot_word(view.block(at.block), at.slot, 1);
            if !memory.holds(at.block, at.generation) {
                chain.outrun();
                continue;
            }
            let (_, sequence, timestamp) = of_header(header);
            account.read(sequence);
            account.written.push((sequence, timestamp));
            chain.advance(slots);
        };
        if chain.take_malformed() != 0 {
            broken("what was written over is not believed to be damaged", &account);
        }
        if !chain.has_more() {
            account.complete_to(attempted);
            if over {
                account.torn += u64::from(matches!(end, Look::Open { busy: true, .. }));
                ended.extend(chain.abandon().map(|at| (at.block, at.generation)));
                ended.append(&mut not_begun);
            }
        }
        for (block, generation) in ended {
            // False when its owner has overwritten it since.
            free(view, block, generation, lane);
        }
    }

    /// After the lane has done: each record is written as it was sent or counted, in order.
    fn finish(mut self, told: &Told) {
        self.round();
        self.round();
        let LaneAccount { written, lost, torn, .. } = &self.account;
        // One more than its caller was told of may be whole when it was killed.
        let known = |record| told.sent.contains(record) || told.killed;
        if !written.iter().all(known) {
            broken("what is written was sent", (&self.account, told));
        }
        let sent = told.sent.len() as u64 + told.dropped;
        let under_way = (written.len() as u64 + lost + torn).checked_sub(sent);
        if under_way.is_none_or(|more| more > u64::from(told.killed)) {
            broken("each record is written or counted, once", (&self.account, told));
        }
        if told.killed {
            self.view.aside().all_free();
        }
    }
}

#[test]
fn what_is_overwritten_is_counted_and_nothing_else() {
    check(2, || {
        let (memory, lane) = full();
        let thread = spawn(move || lane.live(|lane| (log(lane), log(lane))));
        let reader = Reader::new(&memory).spawn(1);
        reader.join().unwrap().finish(&thread.join().unwrap());
    });
}

#[test]
fn a_lane_may_be_killed_while_it_overwrites() {
    check_each_kill(1, |steps| {
        let (memory, lane) = full();
        lane.view.kill_after(steps);
        let thread = spawn(move || lane.run(|lane| (log(lane), log(lane))));
        let reader = Reader::new(&memory).spawn(1);
        let told = thread.join().unwrap();
        let killed = told.killed;
        reader.join().unwrap().finish(&told);
        killed
    });
}
