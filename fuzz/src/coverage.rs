//! Which edges of the code an input has run through. The compiler counts them where it was told to
//! (`ci/fuzz.sh`), and hands the counters over before `main`; without them every input looks alike.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The counters of each piece of code: address and number.
static PIECES: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called by the compiler's start-up code, once for each piece.
///
/// # Safety
/// `start..end` are the counters of a piece of this program, which stay for its life.
#[unsafe(no_mangle)]
// SAFETY: keeps numbers alone; what is done by them stands in `each`.
unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    if let Ok(mut pieces) = PIECES.lock() {
        let piece = (start.expose_provenance(), end.addr() - start.addr());
        if !pieces.contains(&piece) {
            pieces.push(piece);
        }
    }
}

/// The compiler's table of addresses, which is not needed.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_pcs_init(_: *const usize, _: *const usize) {}

/// What all inputs of a target have run through so far.
#[derive(Default)]
pub(crate) struct Coverage {
    /// Per counter the classes of counts that were seen, a bit each.
    seen: Vec<u8>,
}

impl Coverage {
    /// Before an input.
    pub(crate) fn reset(&self) {
        each(|_, counter| counter.store(0, Relaxed));
    }

    /// After it: whether it did something that none before did. Counts are told apart as 1, 2, 3,
    /// 4 to 7, 8 to 15, 16 to 31, 32 to 127 and more.
    pub(crate) fn is_new(&mut self) -> bool {
        let mut is_new = false;
        each(|at, counter| {
            let class = match counter.load(Relaxed) {
                0 => return,
                count @ 1..=3 => count - 1,
                4..=7 => 3,
                8..=15 => 4,
                16..=31 => 5,
                32..=127 => 6,
                _ => 7,
            };
            if self.seen.len() <= at {
                self.seen.resize(at + 1, 0);
            }
            is_new |= self.seen[at] >> class & 1 == 0;
            self.seen[at] |= 1 << class;
        });
        is_new
    }

    /// How many edges were seen, and how many there are.
    pub(crate) fn seen(&self) -> (usize, usize) {
        let mut all = 0;
        each(|_, _| all += 1);
        (self.seen.iter().filter(|classes| **classes != 0).count(), all)
    }
}

fn each(mut visit: impl FnMut(usize, &AtomicU8)) {
    let Ok(pieces) = PIECES.lock() else { return };
    let mut index = 0;
    for (start, len) in pieces.iter() {
        for at in 0..*len {
            let counter = std::ptr::with_exposed_provenance_mut::<u8>(start + at);
            // SAFETY: a counter of this program, handed over above; other threads may count meanwhile,
            // by plain stores that the compiler made, of which a lost one does not matter.
            visit(index, unsafe { AtomicU8::from_ptr(counter) });
            index += 1;
        }
    }
}
