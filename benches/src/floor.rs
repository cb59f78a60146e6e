//! What no log call can do without: the clock, a slot filled, one release store; its state in memory,
//! as that of a log call is, and in a function of its own.

use std::cell::Cell;

use logring::sync::{AtomicU64, Ordering};
use logring::sys;

/// Slots of this process's own that are filled in turn.
#[derive(Debug)]
pub struct Floor {
    slots: Box<[Slot]>,
    next: Cell<usize>,
    sequence: Cell<u64>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Slot([AtomicU64; 16]);

/// As many as a block has.
const SLOTS: usize = 256;

impl Default for Floor {
    fn default() -> Self {
        Self::new()
    }
}

impl Floor {
    /// A floor whose slots are not touched yet.
    #[must_use]
    pub fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Slot::default()).collect();
        Self { slots, next: Cell::new(0), sequence: Cell::new(0) }
    }

    /// Fills the next slot with these values.
    #[inline(never)]
    pub fn push(&self, order_id: u64, total_cents: i64, ms: f64) {
        let at = self.next.get();
        let Slot(words) = &self.slots[at % SLOTS];
        let sequence = self.sequence.get() + 1;
        let clock = sys::now_ticks();
        words[1].store(clock, Ordering::Relaxed);
        words[2].store(sequence, Ordering::Relaxed);
        words[3].store(order_id, Ordering::Relaxed);
        words[4].store(total_cents.cast_unsigned(), Ordering::Relaxed);
        words[5].store(ms.to_bits(), Ordering::Relaxed);
        for word in &words[6..] {
            word.store(sequence, Ordering::Relaxed);
        }
        words[0].store(sequence << 1, Ordering::Release);
        self.next.set(at + 1);
        self.sequence.set(sequence);
    }
}
