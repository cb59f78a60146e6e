//! A ring in the model checker's atomics, and what the checker is told about who may touch what.
//!
//! A block has a *user* and each slot a *payload*, plain cells beside the words: an access that the
//! protocol has not ordered after the one before it is reported, whatever values the words had.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::AtomicU64 as AtomicU64Std;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use logring::layout::BlockWord;
use logring::ring::Memory;
use logring::sync::{AtomicU64, Ordering::Relaxed, fence, weaken};
use loom::cell::UnsafeCell;

/// No bound on the preemptions of a model.
pub(crate) const ALL: usize = usize::MAX;

/// Runs `model` over all interleavings of at most `preemptions` preemptions; `LOGRING_LONG` adds
/// one, `LOOM_MAX_PREEMPTIONS` sets them.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let long = std::env::var_os("LOGRING_LONG").is_some();
    if preemptions != ALL {
        builder.preemption_bound.get_or_insert(preemptions + usize::from(long));
    }
    builder.max_branches = 50_000;
    let runs = Arc::new(AtomicU64Std::new(0));
    let (counted, begin) = (runs.clone(), Instant::now());
    builder.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        model();
    });
    let runs = runs.load(std::sync::atomic::Ordering::Relaxed);
    println!("{runs} runs, {:.1} s", begin.elapsed().as_secs_f64());
}

/// Ends the model: `claim` does not hold.
pub(crate) fn broken(claim: &str, detail: impl std::fmt::Debug) -> ! {
    panic!("claim broken: {claim}: {detail:?}")
}

/// What a model's ring is like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) lanes: u32,
    pub(crate) blocks: u32,
    pub(crate) slots_per_block: u32,
    /// With the stamp.
    pub(crate) slot_words: u32,
    /// The bitmap at the beginning.
    pub(crate) hints: u64,
    /// Whether there is one bitmap for all, as in a segment, or one for each lane, which has fewer
    /// interleavings; since any content is safe, that is as good where hints are not the subject.
    pub(crate) shared_hints: bool,
    /// The generation of the first claims.
    pub(crate) generation: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            lanes: 1,
            blocks: 2,
            slots_per_block: 2,
            slot_words: 2,
            hints: 3,
            shared_hints: false,
            generation: 1,
        }
    }
}

/// The ring.
pub(crate) struct ModelMemory {
    shape: Shape,
    words: Vec<AtomicU64>,
    begun: Vec<AtomicU64>,
    ext_of: Vec<AtomicU64>,
    hints: AtomicU64,
    attempted: Vec<AtomicU64>,
    collecting: AtomicU64,
    slots: Vec<AtomicU64>,
    /// Per lane 1 when its thread has ended.
    over: Vec<AtomicU64>,
    clock: AtomicU64,
    turns: AtomicU64,
    users: Vec<UnsafeCell<()>>,
    payloads: Vec<UnsafeCell<()>>,
    claims: Mutex<HashSet<(u32, u32)>>,
}

// SAFETY: the cells hold nothing, and the model checker checks each access to them; all else is
// atomic or locked.
unsafe impl Sync for ModelMemory {}

impl ModelMemory {
    pub(crate) fn new(shape: Shape) -> Self {
        let words = |count, value| (0..count).map(|_| AtomicU64::new(value)).collect();
        let cells = |count| (0..count).map(|_| UnsafeCell::new(())).collect();
        let slots = shape.blocks * shape.slots_per_block;
        Self {
            shape,
            words: words(shape.blocks, BlockWord::Free { generation: shape.generation }.raw()),
            begun: words(shape.blocks, 0),
            ext_of: words(shape.blocks, 0),
            hints: AtomicU64::new(shape.hints),
            attempted: words(shape.lanes, 0),
            collecting: AtomicU64::new(0),
            slots: words(slots * shape.slot_words, 0),
            over: words(shape.lanes, 0),
            clock: AtomicU64::new(1),
            turns: AtomicU64::new(0),
            users: cells(shape.blocks),
            payloads: cells(slots),
            claims: Mutex::new(HashSet::new()),
        }
    }

    /// The clock: one that all processors agree on, hence a step on one word, in the order of
    /// things as they happen. Relaxed: reading it orders nothing else.
    pub(crate) fn now(&self) -> u64 {
        self.clock.fetch_add(1, Relaxed)
    }

    /// The drain's half of the barrier (`membarrier`).
    pub(crate) fn heavy_barrier(&self) {
        if !weaken::is("heavy_barrier") {
            fence(logring::sync::Ordering::SeqCst);
        }
    }

    /// Whether the thread of `lane` has ended.
    pub(crate) fn over(&self, lane: u32) -> &AtomicU64 {
        self.turn();
        &self.over[lane as usize]
    }

    /// Whoever calls this believes that `block` is its own, and that nobody else uses it.
    pub(crate) fn used(&self, block: u32) {
        self.users[block as usize].with_mut(|_| ());
    }

    /// Notes a claim: there is one of each block and generation.
    pub(crate) fn claimed(&self, block: u32, generation: u32) {
        if !self.claims.lock().unwrap().insert((block, generation)) {
            broken("one user per block and generation", (block, generation));
        }
    }

    /// Fills a word of a slot's payload.
    pub(crate) fn fill(&self, block: u32, slot: u32, word: u32, value: u64) {
        assert!(slot < self.shape.slots_per_block && (1..self.shape.slot_words).contains(&word));
        self.payloads[(block * self.shape.slots_per_block + slot) as usize].with_mut(|_| ());
        self.at(block, slot, word).store(value, Relaxed);
    }

    /// A claim that holds when nothing runs any more: all blocks are free.
    pub(crate) fn all_free(&self) {
        for block in 0..self.shape.blocks {
            let word = BlockWord::of(self.words[block as usize].load(Relaxed));
            if !matches!(word, Some(BlockWord::Free { .. })) {
                broken("a dead lane's blocks come back", (block, word));
            }
        }
    }

    /// A step of whoever runs; each order of them is looked at. The checker would leave out orders
    /// that make no difference to it, and it forgets that a word was read by one thread when the
    /// other has read it too, before it writes it. Relaxed: orders nothing else.
    fn turn(&self) {
        self.turns.fetch_add(1, Relaxed);
    }

    fn at(&self, block: u32, slot: u32, word: u32) -> &AtomicU64 {
        let slot = block * self.shape.slots_per_block + slot;
        &self.slots[(slot * self.shape.slot_words + word) as usize]
    }
}

impl Memory for ModelMemory {
    type Block = u32;

    fn slots_per_block(&self) -> u32 {
        self.shape.slots_per_block
    }
    fn block_count(&self) -> u32 {
        self.shape.blocks
    }
    fn lane_count(&self) -> u32 {
        self.shape.lanes
    }
    fn slot_words(&self) -> u32 {
        self.shape.slot_words
    }
    fn word(&self, block: u32) -> &AtomicU64 {
        self.turn();
        &self.words[block as usize]
    }
    fn begun(&self, block: u32) -> &AtomicU64 {
        self.turn();
        &self.begun[block as usize]
    }
    fn ext_of(&self, block: u32) -> &AtomicU64 {
        self.turn();
        &self.ext_of[block as usize]
    }
    fn hint(&self, index: u32) -> &AtomicU64 {
        assert_eq!(index, 0);
        &self.hints
    }
    fn attempted(&self, lane: u32) -> &AtomicU64 {
        self.turn();
        &self.attempted[lane as usize]
    }
    fn collecting(&self) -> &AtomicU64 {
        self.turn();
        &self.collecting
    }
    fn block(&self, block: u32) -> u32 {
        block
    }
    fn stamp(&self, block: u32, slot: u32) -> &AtomicU64 {
        if slot >= self.shape.slots_per_block {
            broken("a lane stays inside its block", (block, slot));
        }
        self.turn();
        self.at(block, slot, 0)
    }
    fn slot_word(&self, block: u32, slot: u32, word: u32) -> u64 {
        if word == 0 {
            // The stamp was looked at; its copy is not used.
            return 0;
        }
        self.payloads[(block * self.shape.slots_per_block + slot) as usize].with(|_| ());
        self.at(block, slot, word).load(Relaxed)
    }
}

/// What unwinds a killed lane.
pub(crate) struct Killed;

/// A lane's view of the ring, which can end the lane before any of its steps on shared memory.
pub(crate) struct LaneView {
    memory: Arc<ModelMemory>,
    own_hints: AtomicU64,
    steps_left: Cell<u32>,
}

impl LaneView {
    pub(crate) fn new(memory: Arc<ModelMemory>) -> Self {
        let own_hints = AtomicU64::new(memory.shape.hints);
        Self { memory, own_hints, steps_left: Cell::new(u32::MAX) }
    }

    /// The lane is killed before the step that comes after `steps` others.
    pub(crate) fn kill_after(&self, steps: u32) {
        self.steps_left.set(steps);
    }

    /// The ring, one step on it ahead.
    pub(crate) fn step(&self) -> &ModelMemory {
        match self.steps_left.get() {
            0 => resume_unwind(Box::new(Killed)),
            steps => self.steps_left.set(steps - 1),
        }
        &self.memory
    }

    /// The ring, for what is no step of the protocol.
    pub(crate) fn aside(&self) -> &ModelMemory {
        &self.memory
    }
}

impl Memory for LaneView {
    type Block = u32;

    fn slots_per_block(&self) -> u32 {
        self.memory.slots_per_block()
    }
    fn block_count(&self) -> u32 {
        self.memory.block_count()
    }
    fn lane_count(&self) -> u32 {
        self.memory.lane_count()
    }
    fn slot_words(&self) -> u32 {
        self.memory.slot_words()
    }
    fn word(&self, block: u32) -> &AtomicU64 {
        self.step().word(block)
    }
    fn begun(&self, block: u32) -> &AtomicU64 {
        self.step().begun(block)
    }
    fn ext_of(&self, block: u32) -> &AtomicU64 {
        self.step().ext_of(block)
    }
    fn hint(&self, index: u32) -> &AtomicU64 {
        let memory = self.step();
        if memory.shape.shared_hints { memory.hint(index) } else { &self.own_hints }
    }
    fn attempted(&self, lane: u32) -> &AtomicU64 {
        self.step().attempted(lane)
    }
    fn collecting(&self) -> &AtomicU64 {
        self.step().collecting()
    }
    fn block(&self, block: u32) -> u32 {
        self.memory.block(block)
    }
    fn stamp(&self, block: u32, slot: u32) -> &AtomicU64 {
        self.step().stamp(block, slot)
    }
    fn slot_word(&self, block: u32, slot: u32, word: u32) -> u64 {
        self.step().slot_word(block, slot, word)
    }
}
