//! A drain that reads as the real one does: watermark, barrier, who is over, words, stamps; busy
//! lanes waited for; all below the watermark written in time order; then the blocks freed.

use std::sync::Arc;

use logring::layout::{BlockWord, ExtOf, LaneRef};
use logring::ring::Memory;
use logring::ring::reader::{Chain, Look, Position, Sweep, copy_slot, free, was_written};
use logring::sync::{Ordering::Relaxed, order, weaken};
use loom::thread::{JoinHandle, spawn, yield_now};

use crate::account::{Account, Read};
use crate::lane::{Told, continuation, of_header};
use crate::memory::{ModelMemory, broken};
use crate::view::View;

/// The drain.
pub(crate) struct ModelDrain {
    view: View,
    sweep: Sweep,
    lanes: Vec<LaneReader>,
    account: Account,
    asks: bool,
}

/// One lane as the drain knows it.
struct LaneReader {
    lane: LaneRef,
    chain: Chain,
    /// Blocks that it owned at the last sweep without having begun them.
    not_begun: Vec<(u32, u32)>,
    /// Blocks read to their end, to be freed when all that was read is written.
    ended: Vec<(u32, u32)>,
    /// In this round, before the sweep: whether its thread was over, its last dropped sequence.
    over: bool,
    attempted: u64,
    /// Whether this round stopped at a record above the watermark, or at one that may still come.
    held: bool,
}

impl ModelDrain {
    /// A drain that has read nothing yet.
    pub(crate) fn new(memory: &Arc<ModelMemory>) -> Self {
        let lane = |index| LaneReader {
            lane: LaneRef { index, inc: 1 },
            chain: Chain::new(Some(1)),
            not_begun: Vec::new(),
            ended: Vec::new(),
            over: false,
            attempted: 0,
            held: false,
        };
        Self {
            view: View::new(memory, None),
            sweep: Sweep::new(memory.shape.blocks),
            lanes: (0..memory.shape.lanes).map(lane).collect(),
            account: Account::new(memory.shape.lanes),
            asks: false,
        }
    }

    /// The same, which asks idle lanes for their blocks.
    pub(crate) fn asking(self) -> Self {
        Self { asks: true, ..self }
    }

    /// Reads and writes all that is below a new watermark, and frees what can be freed. True when there
    /// was nothing to read, and nothing that may come to be read.
    pub(crate) fn round(&mut self) -> bool {
        if self.asks {
            self.view.step().ask.store(1, Relaxed);
        }
        let watermark = self.watermark();
        for lane in &mut self.lanes {
            lane.look_before_stamps(&self.view);
        }
        self.sweep();
        let mut batch = Vec::new();
        for index in 0..self.lanes.len() {
            self.read(index, watermark, &mut batch);
        }
        batch.sort_unstable_by_key(|read: &Read| (read.timestamp, read.lane, read.sequence));
        self.account.write(&batch, watermark);
        for lane in &mut self.lanes {
            for (block, generation) in lane.ended.drain(..) {
                give_back(&self.view, block, generation, lane.lane);
            }
        }
        batch.is_empty() && !self.lanes.iter().any(|lane| lane.held)
    }

    /// Reads what is there; then says that it sleeps until it is woken, and looks once more. Whether that
    /// look found nothing.
    pub(crate) fn spawn_asleep(mut self) -> JoinHandle<(Self, bool)> {
        spawn(move || {
            self.round();
            let late = weaken::is("asleep_after_look");
            let sleeps = late && self.round();
            self.view.step().asleep.store(1, Relaxed);
            let sleeps = if late { sleeps } else { self.round() };
            (self, sleeps)
        })
    }

    /// Whether all of these have been read.
    pub(crate) fn has_read(&self, told: &Told) -> bool {
        let read_up_to = self.account.lanes[told.lane as usize].last;
        told.sent.iter().all(|(sequence, _)| *sequence <= read_up_to)
    }

    /// Makes `rounds` rounds on a thread of its own.
    ///
    /// Not on the thread that has made the ring: the checker lets a thread that waited see no
    /// longer what it knew before, which would be the ring's first state.
    pub(crate) fn spawn(mut self, rounds: u32) -> JoinHandle<Self> {
        spawn(move || {
            for _ in 0..rounds {
                self.round();
            }
            self
        })
    }

    /// After all lanes have done: reads the rest and holds the output against what they say.
    pub(crate) fn finish(mut self, told: &[Told]) -> Account {
        self.round();
        self.round();
        self.account.settle(told);
        self.account
    }

    /// W, then the barrier: what is marked before its clock is below W is seen marked.
    fn watermark(&self) -> u64 {
        if weaken::is("watermark_after_barrier") {
            self.view.aside().barrier.heavy();
            return self.view.step().now();
        }
        let watermark = self.view.step().now();
        self.view.aside().barrier.heavy();
        watermark
    }

    fn sweep(&mut self) {
        for lane in &mut self.lanes {
            lane.not_begun.clear();
        }
        self.sweep.run(&self.view, |owned| {
            let lane = &mut self.lanes[owned.lane.index as usize];
            match owned.ordinal {
                Some(ordinal) => {
                    // A block that the chain has passed is done with: it waits to be freed.
                    let _ = lane.chain.insert(owned.block, owned.generation, ordinal, 0);
                }
                None => lane.not_begun.push((owned.block, owned.generation)),
            }
        });
        for lane in &mut self.lanes {
            let passed_over = lane.chain.settle();
            if weaken::is("next_ordinal_early") {
                lane.chain.settle();
            } else if passed_over {
                broken("a begun block's predecessor is found", lane.chain.ordinal());
            }
        }
    }

    /// Reads one lane up to its first record that is not committed, or not below the watermark.
    fn read(&mut self, index: usize, watermark: u64, batch: &mut Vec<Read>) {
        let Self { view, lanes, account, .. } = self;
        let (lane, account) = (&mut lanes[index], &mut account.lanes[index]);
        lane.held = false;
        let end = loop {
            match lane.look(view) {
                Look::Record { at, slots, head, .. } => {
                    let (read, extension) = lane.copy(view, at, slots, head);
                    if read.timestamp >= watermark {
                        lane.held = true;
                        break Look::Empty;
                    }
                    account.read(read.sequence);
                    batch.push(read);
                    lane.chain.advance(slots);
                    lane.ended.extend(extension);
                }
                Look::Open { busy: true, .. } if !lane.over => {
                    yield_now();
                    if view.over(lane.lane.index).load(order::over_load()) != 0 // pair:over
                        && matches!(lane.look(view), Look::Open { busy: true, .. })
                    {
                        // It will never be committed; the next round counts it.
                        lane.held = true;
                        break Look::Empty;
                    }
                }
                end @ (Look::Open { .. } | Look::Empty) => break end,
            }
        };
        lane.late_looks(view);
        let malformed = lane.chain.take_malformed();
        if malformed != 0 {
            broken("a block before a begun one is complete", (lane.chain.ordinal(), malformed));
        }
        if lane.held {
            return;
        }
        account.complete_to(lane.attempted);
        if lane.over {
            account.torn += lane.bury(view, end);
        } else if weaken::is("free_from_the_living") {
            lane.ended.extend(lane.chain.abandon().map(|at| (at.block, at.generation)));
        }
    }
}

impl LaneReader {
    /// What must be looked at before words and stamps.
    fn look_before_stamps(&mut self, view: &View) {
        if !weaken::is("over_after_stamps") {
            self.over = view.over(self.lane.index).load(order::over_load()) != 0; // pair:over
        }
        if !weaken::is("attempted_after_stamps") {
            let attempted = view.attempted(self.lane.index);
            self.attempted = attempted.load(order::attempted_load()); // pair:attempted
        }
    }

    /// The same in the wrong place.
    fn late_looks(&mut self, view: &View) {
        if weaken::is("over_after_stamps") {
            self.over = view.over(self.lane.index).load(order::over_load()) != 0; // pair:over
        }
        if weaken::is("attempted_after_stamps") {
            let attempted = view.attempted(self.lane.index);
            self.attempted = attempted.load(order::attempted_load()); // pair:attempted
        }
    }

    fn look(&mut self, view: &View) -> Look {
        let ended = &mut self.ended;
        self.chain.look(view, |at: Position| ended.push((at.block, at.generation)))
    }

    /// Copies a record and its extension, and looks whether it is whole.
    fn copy(
        &self,
        view: &View,
        at: Position,
        slots: u32,
        head: bool,
    ) -> (Read, Option<(u32, u32)>) {
        let mut words = Vec::new();
        copy_words(view, at.block, at.slot, slots, &mut words);
        let stride = view.slot_words() as usize;
        let header = words[1];
        let mut extension = None;
        if head {
            let (block, generation) = ((words[2] >> 32) as u32, words[2] as u32);
            self.check_extension(view, at, (block, generation));
            copy_words(view, block, 0, view.slots_per_block(), &mut words);
            extension = Some((block, generation));
        }
        for (slot, words) in (0..).zip(words.chunks(stride)) {
            if words[1] != header ^ continuation(slot) {
                broken("a committed record is whole", (at, slot, words[1], header));
            }
        }
        let (lane, sequence, timestamp) = of_header(header);
        if lane != self.lane.index {
            broken("a committed record is its lane's", (at, lane));
        }
        (Read { timestamp, lane, sequence }, extension)
    }

    fn check_extension(&self, view: &View, at: Position, (block, generation): (u32, u32)) {
        let word = BlockWord::of(view.word(block).load(Relaxed));
        let ext_of = ExtOf::of(view.ext_of(block).load(Relaxed));
        let head = ExtOf { generation: at.generation, slot: at.slot, block: at.block };
        let owned = BlockWord::Owned { generation, lane: self.lane };
        if word != Some(owned) || ext_of != Some(head) {
            broken("an extension is its head's", (at, block, word, ext_of));
        }
    }

    /// Ends a lane that is over and whose committed records have all been read. Returns how many
    /// records were being written.
    fn bury(&mut self, view: &View, end: Look) -> u64 {
        let mut torn = 0;
        if let Look::Open { busy, .. } = end {
            torn = u64::from(busy);
            self.ended.extend(self.chain.abandon().map(|at| (at.block, at.generation)));
        }
        for (block, generation) in std::mem::take(&mut self.not_begun) {
            if self.ended.contains(&(block, generation)) {
                // The extension of a record that was read in this round.
                continue;
            }
            if was_written(view, block, generation) {
                broken("a block is begun before it is written", (block, generation));
            }
            self.ended.push((block, generation));
        }
        torn
    }
}

/// Frees a block as the protocol says, or as a mutation has it.
fn give_back(view: &View, block: u32, generation: u32, lane: LaneRef) {
    view.aside().used(block);
    if weaken::is("same_generation") {
        let free = BlockWord::Free { generation }.raw();
        view.ext_of(block).store(0, Relaxed);
        view.word(block).store(free, order::free_store()); // pair:free
        return;
    }
    if !free(view, block, generation, lane) {
        broken("the drain alone frees", (block, generation));
    }
}

/// The words of `slots` slots, as the drain copies them.
fn copy_words(view: &View, block: u32, slot: u32, slots: u32, words: &mut Vec<u64>) {
    let mut bytes = Vec::new();
    for slot in slot..slot + slots {
        copy_slot(view, block, slot, 0, &mut bytes);
    }
    words.extend(bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)));
}
