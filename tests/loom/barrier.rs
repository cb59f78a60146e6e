//! The barrier between mark and clock on one side, watermark and look on the other, in the two forms
//! that it has.
//!
//! *Membarrier*: lanes have no fence at all. The drain asks, and each lane whose thread runs executes
//! a full fence between two of its steps, wherever it stands, as an interrupt would have it do; a
//! thread that has ended has passed one. *Fenced*: each lane fences after its marks, the drain after
//! its watermark.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use logring::sync::{Ordering, fence, weaken};
use loom::thread::{Thread, current, park};

/// The barrier's state. Not of the model: the kernel's.
pub(crate) struct Barrier {
    fenced: bool,
    lanes: Vec<LaneState>,
    /// Who waits for answers.
    asks: Mutex<Option<Thread>>,
}

#[derive(Default)]
struct LaneState {
    runs: AtomicBool,
    asked: AtomicBool,
}

impl Barrier {
    pub(crate) fn new(lanes: u32, fenced: bool) -> Self {
        let lanes = (0..lanes).map(|_| LaneState::default()).collect();
        Self { fenced, lanes, asks: Mutex::new(None) }
    }

    /// The thread of `lane` begins: it was switched to, which is a fence.
    pub(crate) fn begin(&self, lane: u32) {
        self.lanes[lane as usize].runs.store(true, SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Between two steps of `lane`.
    pub(crate) fn answer(&self, lane: u32) {
        if self.lanes[lane as usize].asked.swap(false, SeqCst) {
            fence(Ordering::SeqCst);
            // Carries what the fence has carried already, at the same moment.
            let asks = self.asks.lock().unwrap();
            asks.as_ref().expect("who asks waits").unpark();
        }
    }

    /// The thread of `lane` has ended, and was switched away from.
    pub(crate) fn end(&self, lane: u32) {
        fence(Ordering::SeqCst);
        self.lanes[lane as usize].runs.store(false, SeqCst);
        self.answer(lane);
    }

    /// The drain's half.
    pub(crate) fn heavy(&self) {
        if weaken::is("heavy_barrier") {
            return;
        }
        fence(Ordering::SeqCst);
        if self.fenced {
            return;
        }
        *self.asks.lock().unwrap() = Some(current());
        for lane in &self.lanes {
            lane.asked.store(lane.runs.load(SeqCst), SeqCst);
        }
        while self.lanes.iter().any(|lane| lane.asked.load(SeqCst)) {
            park();
        }
        fence(Ordering::SeqCst);
    }
}
