//! The ring as one lane or the drain sees it: each access is a step, which the checker may put
//! anywhere between the steps of the others, and before which a lane may be killed.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::Arc;

use logring::ring::Memory;
use logring::sync::{AtomicU64, Ordering::Relaxed};

use crate::memory::ModelMemory;

/// What unwinds a killed lane.
pub(crate) struct Killed;

/// The view.
pub(crate) struct View {
    memory: Arc<ModelMemory>,
    /// Whose; `None` is the drain's.
    lane: Option<u32>,
    own_hints: AtomicU64,
    steps_left: Cell<u32>,
    /// Payload may be written over while it is read here: the checker is not told of it.
    loose: bool,
}

impl View {
    pub(crate) fn new(memory: &Arc<ModelMemory>, lane: Option<u32>) -> Self {
        let own_hints = AtomicU64::new(memory.shape.hints);
        Self {
            memory: memory.clone(),
            lane,
            own_hints,
            steps_left: Cell::new(u32::MAX),
            loose: false,
        }
    }

    /// The drain's, of lanes that overwrite.
    pub(crate) fn loose(memory: &Arc<ModelMemory>) -> Self {
        Self { loose: true, ..Self::new(memory, None) }
    }

    /// The lane is killed before the step that comes after `steps` others.
    pub(crate) fn kill_after(&self, steps: u32) {
        self.steps_left.set(steps);
    }

    /// The ring for one step on what others see.
    pub(crate) fn step(&self) -> &ModelMemory {
        self.memory.turn();
        self.own_step()
    }

    /// The ring for one step whose place among the steps of others makes no difference: on the
    /// payload, whose accesses are checked wherever they stand, or on the clock.
    pub(crate) fn own_step(&self) -> &ModelMemory {
        if let Some(lane) = self.lane {
            match self.steps_left.get() {
                0 => resume_unwind(Box::new(Killed)),
                steps => self.steps_left.set(steps - 1),
            }
            self.memory.barrier.answer(lane);
        }
        &self.memory
    }

    /// The ring, for what is no step of the protocol.
    pub(crate) fn aside(&self) -> &ModelMemory {
        &self.memory
    }

    /// Whether the thread of `lane` has ended.
    pub(crate) fn over(&self, lane: u32) -> &AtomicU64 {
        &self.step().over[lane as usize]
    }
}

impl Memory for View {
    type Block = u32;

    fn slots_per_block(&self) -> u32 {
        self.memory.shape.slots_per_block
    }
    fn block_count(&self) -> u32 {
        self.memory.shape.blocks
    }
    fn lane_count(&self) -> u32 {
        self.memory.shape.lanes
    }
    fn slot_words(&self) -> u32 {
        self.memory.shape.slot_words
    }
    fn word(&self, block: u32) -> &AtomicU64 {
        &self.step().words[block as usize]
    }
    fn begun(&self, block: u32) -> &AtomicU64 {
        &self.step().begun[block as usize]
    }
    fn ext_of(&self, block: u32) -> &AtomicU64 {
        &self.step().ext_of[block as usize]
    }
    fn hint(&self, index: u32) -> &AtomicU64 {
        assert_eq!(index, 0);
        if self.memory.shape.shared_hints { &self.step().hints } else { &self.own_hints }
    }
    fn attempted(&self, lane: u32) -> &AtomicU64 {
        &self.step().attempted[lane as usize]
    }
    fn collecting(&self) -> &AtomicU64 {
        &self.step().collecting
    }
    fn block(&self, block: u32) -> u32 {
        block
    }
    fn stamp(&self, block: u32, slot: u32) -> &AtomicU64 {
        self.step().slot(block, slot, 0)
    }
    fn slot_word(&self, block: u32, slot: u32, word: u32) -> u64 {
        match word {
            // The stamp was looked at; its copy is not used.
            0 => 0,
            _ if self.loose => self.step().slot(block, slot, word).load(Relaxed),
            _ => self.own_step().read(block, slot, word),
        }
    }
}
