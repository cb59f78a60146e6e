//! Reading again exactly what a batch had: after a kill between its preparation and its commit, and
//! for a sink that stood behind the others.
//!
//! The same slots, in the same order, under the same watermark and clock, give the same bytes; what
//! of them the file has already is then not written again. What cannot be had again is told as lost.

use std::collections::HashMap;

use logring::layout::{BlockWord, LaneRef};
use logring::ring::Memory;
use logring::ring::reader::Chain;
use logring::shm::Segment;
use logring::sync::Ordering;

use crate::clock::Clock;
use crate::lane::{Lane, Limit, Owner, Spent};
use crate::lanes::Lanes;
use crate::ledger::{BlockMark, LaneMark, Marks, TORN};
use crate::merge::Merge;
use crate::notice::{self, Who};
use crate::pipeline::Pipeline;
use crate::plausible;
use crate::positions::{self, Positions};

/// How often a replay sweeps again where a lane overwrites blocks meanwhile.
const SWEEPS_MORE: u32 = 4;

/// Renders into `pipeline` what stands between the positions `from` and `to`, then tells how much of
/// that is not there: it was told as lost in a batch that this sink has not had, or its writer has
/// overwritten it since. `watermark` is that of the last batch.
pub(crate) fn render_up_to(
    segment: &'static Segment,
    from: &Positions,
    to: &Marks,
    (clock, watermark): (&Clock, u64),
    pipeline: &mut Pipeline<'_>,
) {
    let mut way = Way::new(segment, from, to);
    for _ in 0..2 {
        // Twice, so that a chain whose next block was never there goes on with the one that is.
        way.sweep();
    }
    way.fill(|_| true);
    let mut written_up_to = 0;
    while way.render_until_stranded(clock, &mut written_up_to, pipeline) {
        for _ in 0..SWEEPS_MORE {
            if !way.lanes.iter().any(Lane::is_stranded) {
                break;
            }
            way.sweep();
            way.fill(|lane| lane.owner.recycles);
        }
    }
    way.tell_missing(clock.convert(watermark), pipeline);
}

/// The way from one position to another.
struct Way<'a> {
    segment: &'static Segment,
    from: &'a Positions,
    /// Where each block is left, and each lane.
    slots: HashMap<u32, &'a BlockMark>,
    ends: HashMap<u32, &'a LaneMark>,
    lanes: Lanes,
    /// To be given back with what follows, not here.
    spent: Vec<Spent>,
}

impl<'a> Way<'a> {
    fn new(segment: &'static Segment, from: &'a Positions, to: &'a Marks) -> Self {
        Self {
            segment,
            from,
            slots: to.blocks.iter().map(|mark| (mark.block, mark)).collect(),
            ends: to.lanes.iter().map(|mark| (mark.lane, mark)).collect(),
            lanes: Lanes::new(segment.block_count()),
            spent: Vec::new(),
        }
    }

    /// Finds the lanes' blocks and says how far each lane is to be read.
    fn sweep(&mut self) {
        let Self { segment, from, slots, ends, lanes, spent } = self;
        lanes.sweep(
            *segment,
            |lane| {
                ends.get(&lane.index)
                    .filter(|end| end.inc == lane.inc)
                    .and(from.open(segment, lane).filter(|lane| !lane.owner.flight))
            },
            |block, generation| from.consumed(block, generation),
            spent,
        );
        for lane in lanes.iter_mut() {
            let Some(end) = ends.get(&lane.lane.index) else { continue };
            let last = last_block(segment, slots, &lane.chain, end.ordinal, lane.lane.index);
            lane.limit = Some(Limit { ordinal: end.ordinal, block: last });
        }
    }

    fn fill(&mut self, which: impl Fn(&Lane) -> bool) {
        let Self { segment, lanes, spent, .. } = self;
        for lane in lanes.iter_mut().filter(|lane| which(lane)) {
            lane.fill(*segment, spent);
        }
    }

    /// Renders until all is out, or a lane's next block is not where it was. True when one is.
    fn render_until_stranded(
        &mut self,
        clock: &Clock,
        written_up_to: &mut u64,
        pipeline: &mut Pipeline<'_>,
    ) -> bool {
        let Self { segment, lanes, spent, .. } = self;
        let mut merge = Merge::default();
        merge.start(lanes, u64::MAX);
        let mut stranded = false;
        while !stranded
            && merge.next(lanes, |lane| {
                pipeline.deliver(*segment, clock, lane, written_up_to, spent);
                lane.fill(*segment, spent);
                stranded = lane.is_stranded();
            })
        {}
        stranded
    }

    /// Tells of each lane, and of each process that dropped without one, what lies between the last
    /// record that was rendered and the position to which the other sinks have come.
    fn tell_missing(mut self, time: i64, pipeline: &mut Pipeline<'_>) {
        let mut ends: Vec<&LaneMark> = std::mem::take(&mut self.ends).into_values().collect();
        ends.sort_unstable_by_key(|end| end.lane);
        for end in ends {
            let Some(missing) = plausible::missing(self.told(end), end.sequence) else { continue };
            let torn = u64::from(end.flags & TORN != 0).min(missing);
            let (who, is_flight) = self.who(end);
            let lost = if is_flight { notice::overwritten } else { notice::lost };
            if missing > torn {
                pipeline.notice(&lost(time, missing - torn, who));
            }
            if torn > 0 {
                pipeline.notice(&notice::torn(time, torn, who));
            }
        }
    }

    /// Up to which sequence this sink has what the mark is about.
    fn told(&mut self, end: &LaneMark) -> u64 {
        let read = self.lanes.get_by(LaneRef { index: end.lane, inc: end.inc });
        let read = read.map(|lane| lane.sequence.unwrap_or(end.sequence));
        let noted = || self.from.mark(end.lane).filter(|mark| mark.inc == end.inc);
        read.unwrap_or_else(|| noted().map_or(0, |mark| mark.sequence))
    }

    /// Whom a mark is about, and whether it is a thread's flight recorder.
    fn who(&self, end: &LaneMark) -> (Who, bool) {
        let lanes = self.segment.geometry().lane_count;
        if let Some(process) = end.lane.checked_sub(lanes) {
            let pid = self.segment.process_info(process).map_or(0, |process| process.pid);
            return (Who { pid, tid: 0 }, false);
        }
        let lane = LaneRef { index: end.lane, inc: end.inc };
        let Owner { pid, tid, flight, .. } =
            positions::owner(self.segment, lane).unwrap_or_default();
        (Who { pid, tid }, flight)
    }
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
