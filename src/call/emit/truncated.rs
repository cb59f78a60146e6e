//! Records that were cut since they were too long: marked in themselves, and counted.

use crate::layout::record::flags::TRUNCATED;
use crate::sync::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many records of this process were cut at [`Builder::max_record_bytes`](crate::Builder), or held a
/// value of more than 16 MiB. Each stands in the output, marked `truncated`. A counter of the process: a
/// forked child goes on from its parent's.
#[must_use]
pub fn truncated_records() -> u64 {
    // Relaxed: a counter.
    COUNT.load(Ordering::Relaxed)
}

/// The flags of a record, with the mark where it is cut here; one that its maker has cut has it already.
pub(in crate::call) fn mark(flags: u16, is_cut: bool) -> u16 {
    let flags = if is_cut { flags | TRUNCATED } else { flags };
    if flags & TRUNCATED != 0 {
        // Relaxed: a counter.
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
    flags
}
