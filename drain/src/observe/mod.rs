//! Looking at a segment without taking anything from it: what `recover`, `tail` and `stats` share.
//!
//! None of it holds the drain lock, stores to a segment, a lock file or a ledger, or holds blocks back.
//! The segment is mapped for reading alone, and may be a copy of a dead machine's.

pub(crate) mod census;
pub(crate) mod filter;
pub(crate) mod output;
pub(crate) mod place;
pub(crate) mod time;

use std::sync::Arc;

use logring::layout::LaneRef;
use logring::layout::lane::LaneWord;
use logring::ring::Memory;
use logring::shm::{Segment, Signature, existing_runtime_dir};
use logring::sync::order;
use logring::{Error, Result};

use crate::lane::Owner;
use crate::ledger::{Ledger, Marks};
use crate::positions::Positions;

/// The ledger of the drains of `segment`.
///
/// # Errors
/// There is none at hand (`is_not_found`), or it cannot be used.
pub(crate) fn ledger(segment: &Segment) -> Result<Arc<Ledger>> {
    let directory = existing_runtime_dir()?
        .ok_or_else(|| Error::not_found("there is no directory that could hold a ledger"))?;
    let path = directory.join(format!("{}.ledger", segment.name()));
    let geometry = segment.geometry();
    let lanes = geometry.lane_count + geometry.process_count;
    Ledger::look(&path, segment.uuid(), geometry.block_count, lanes).map(Arc::new)
}

/// The positions of the cursor that is furthest, among those that count if any does, and its name.
pub(crate) fn furthest(segment: &Segment, ledger: &Arc<Ledger>) -> Option<(Positions, String)> {
    let geometry = segment.geometry();
    let lanes = geometry.lane_count + geometry.process_count;
    let names: Vec<String> = ledger.names().collect();
    let all = (0..names.len()).map(|cursor| {
        let positions = Positions::of(ledger, cursor, &Marks::default());
        (ledger.counts(cursor), positions.progress(segment, lanes), cursor, positions)
    });
    let best = all.max_by_key(|(counts, progress, cursor, _)| {
        (*counts, *progress, std::cmp::Reverse(*cursor))
    });
    best.map(|(_, _, cursor, positions)| (positions, names[cursor].clone()))
}

/// Whose a block is by its head.
pub(crate) fn owner(signature: Signature) -> Owner {
    let Signature { pid, tid, process, .. } = signature;
    Owner { pid, tid, process: Some(process), recycles: false, flight: false }
}

/// The last sequence that `lane` dropped; 0 when its entry has gone to another lane.
pub(crate) fn attempted(segment: &Segment, lane: LaneRef) -> u64 {
    match segment.lane_info(lane.index).and_then(|info| info.word) {
        Some(LaneWord::Live { inc, .. }) if inc == lane.inc => {
            segment.attempted(lane.index).load(order::attempted_load()) // pair:attempted
        }
        _ => 0,
    }
}
