//! Reading again exactly what a batch had: after a kill between its preparation and its commit, and
//! for a sink that stood behind the others.
//!
//! The same slots, in the same order, under the same watermark and clock, give the same bytes; what
//! of them the file has already is then not written again.

use std::collections::HashMap;

use logring::layout::BlockWord;
use logring::ring::Memory;
use logring::ring::reader::Chain;
use logring::shm::Segment;
use logring::sync::Ordering;

use crate::clock::Clock;
use crate::lane::Limit;
use crate::lanes::Lanes;
use crate::ledger::{BlockMark, Marks};
use crate::merge::Merge;
use crate::pipeline::Pipeline;
use crate::positions::Positions;

/// Renders into `pipeline` what stands between the positions `from` and `to`.
pub(crate) fn render_up_to(
    segment: &'static Segment,
    from: &Positions,
    to: &Marks,
    clock: &Clock,
    pipeline: &mut Pipeline<'_>,
) {
    let slots: HashMap<u32, &BlockMark> = to.blocks.iter().map(|mark| (mark.block, mark)).collect();
    let ends: HashMap<u32, _> = to.lanes.iter().map(|mark| (mark.lane, mark)).collect();
    let mut lanes = Lanes::new(segment.block_count());
    let mut spent = Vec::new();
    for _ in 0..2 {
        // Twice, so that a chain whose next block was never there goes on with the one that is.
        lanes.sweep(
            segment,
            |lane| {
                ends.get(&lane.index)
                    .filter(|end| end.inc == lane.inc)
                    .and(from.open(segment, lane).filter(|lane| !lane.owner.flight))
            },
            |block, generation| from.consumed(block, generation),
            &mut spent,
        );
    }
    for lane in lanes.iter_mut() {
        let Some(end) = ends.get(&lane.lane.index) else { continue };
        let last = last_block(segment, &slots, &lane.chain, end.ordinal, lane.lane.index);
        lane.limit = Some(Limit { ordinal: end.ordinal, block: last });
        lane.fill(segment, &mut spent);
    }
    let mut merge = Merge::default();
    merge.start(&mut lanes, u64::MAX);
    let mut written_up_to = 0;
    while merge.next(&mut lanes, |lane| {
        pipeline.deliver(segment, clock, lane, &mut written_up_to, &mut spent);
        lane.fill(segment, &mut spent);
    }) {}
}

/// The block with this ordinal, if `to` says how far it was read.
fn last_block(
    segment: &Segment,
    slots: &HashMap<u32, &BlockMark>,
    chain: &Chain,
    ordinal: u64,
    lane: u32,
) -> Option<(u32, u32)> {
    let (block, generation) = chain.block_of(ordinal)?;
    let mark = slots.get(&block).filter(|mark| mark.generation == generation)?;
    let word = BlockWord::of(segment.word(block).load(Ordering::Relaxed))?;
    let owned = matches!(word, BlockWord::Owned { lane: owner, .. } if owner.index == lane);
    owned.then_some((block, mark.slots))
}
