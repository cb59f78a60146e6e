//! A ring in the model checker's atomics, and what the checker is told about who may touch what.
//! Lanes and drain reach it through a `View` (`view.rs`).
//!
//! A block has a *user* and each slot a *payload*, plain cells beside the words: an access that the
//! protocol has not ordered after the one before it is reported, whatever values the words had.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64 as Count;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use logring::layout::BlockWord;
use logring::sync::{AtomicU64, Ordering::Relaxed, light};
use loom::cell::UnsafeCell;

use crate::barrier::Barrier;

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
    let runs = Arc::new(Count::new(0));
    let (counted, begin) = (runs.clone(), Instant::now());
    builder.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        model();
    });
    let runs = runs.load(std::sync::atomic::Ordering::SeqCst);
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
    /// Whether lanes fence after each mark, as they do where there is no membarrier.
    pub(crate) fenced: bool,
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
            fenced: false,
        }
    }
}

/// The ring.
pub(crate) struct ModelMemory {
    pub(crate) shape: Shape,
    pub(crate) words: Vec<AtomicU64>,
    pub(crate) begun: Vec<AtomicU64>,
    pub(crate) ext_of: Vec<AtomicU64>,
    pub(crate) hints: AtomicU64,
    pub(crate) attempted: Vec<AtomicU64>,
    pub(crate) collecting: AtomicU64,
    /// 1 when the drain asks for blocks.
    pub(crate) ask: AtomicU64,
    /// 1 while the drain sleeps until it is woken.
    pub(crate) asleep: AtomicU64,
    /// 1 when somebody has woken it.
    pub(crate) woken: AtomicU64,
    /// Per lane 1 when its thread has ended.
    pub(crate) over: Vec<AtomicU64>,
    pub(crate) barrier: Barrier,
    slots: Vec<AtomicU64>,
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
        light::set_fenced(shape.fenced);
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
            ask: AtomicU64::new(0),
            asleep: AtomicU64::new(0),
            woken: AtomicU64::new(0),
            over: words(shape.lanes, 0),
            barrier: Barrier::new(shape.lanes, shape.fenced),
            slots: words(slots * shape.slot_words, 0),
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

    /// A step of whoever runs; each order of them is looked at. The checker would leave out orders
    /// that make no difference to it, and it forgets that one thread has read a word when the other
    /// reads it too before it writes it. Relaxed: orders nothing else.
    pub(crate) fn turn(&self) {
        self.turns.fetch_add(1, Relaxed);
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
        self.payload(block, slot, word).with_mut(|_| ());
        self.slot(block, slot, word).store(value, Relaxed);
    }

    /// Reads a word of a slot's payload.
    pub(crate) fn read(&self, block: u32, slot: u32, word: u32) -> u64 {
        self.payload(block, slot, word).with(|_| ());
        self.slot(block, slot, word).load(Relaxed)
    }

    /// A word of a slot, the stamp being word 0.
    pub(crate) fn slot(&self, block: u32, slot: u32, word: u32) -> &AtomicU64 {
        if slot >= self.shape.slots_per_block {
            broken("a lane stays inside its block", (block, slot));
        }
        let slot = block * self.shape.slots_per_block + slot;
        &self.slots[(slot * self.shape.slot_words + word) as usize]
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

    fn payload(&self, block: u32, slot: u32, word: u32) -> &UnsafeCell<()> {
        assert!(word != 0, "payload does not cover a stamp");
        &self.payloads[(block * self.shape.slots_per_block + slot) as usize]
    }
}
