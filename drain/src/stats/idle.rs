//! Blocks that threads hold without logging, and how many of them the drain has asked back. By the rule of
//! the threads themselves: a lane is idle when its last record is so old that its next one would be the
//! first behind a pause. Looks only.

use logring::layout::LaneRef;
use logring::layout::lane::{LaneKind, LaneWord};
use logring::layout::process::ask;
use logring::ring::writer::is_pause;
use logring::shm::Segment;
use logring::sync::Ordering;

use super::backlog::open_blocks;

/// Blocks of idle threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Idle {
    /// All that a living thread will go on in when it logs again.
    pub(super) held: u32,
    /// Those of them that come back then.
    pub(super) asked: u32,
}

/// Counts them; `now` is the segment's clock.
pub(super) fn count(segment: &Segment, now: u64, is_drained: bool) -> Idle {
    let mut idle = Idle::default();
    for (lane, last) in open_blocks(segment) {
        let Some(process) = asked_back(segment, lane) else { continue };
        if !is_pause(last, now) || segment.lane_has_ended(lane) {
            continue;
        }
        idle.held += 1;
        let flags = segment.ask(process).load(Ordering::Relaxed);
        idle.asked += u32::from(is_drained && flags & ask::PAD != 0);
    }
    idle
}

/// The process entry of a lane whose blocks come back by the drain alone: one that overwrites does not
/// wait for them, and keeps its own.
fn asked_back(segment: &Segment, lane: LaneRef) -> Option<u32> {
    let LaneWord::Live { inc, process, kind } = segment.lane_info(lane.index)?.word? else {
        return None;
    };
    let is_its = inc == lane.inc && process < segment.geometry().process_count;
    let comes_back = !matches!(kind, LaneKind::Recycling | LaneKind::Flight);
    (is_its && comes_back).then_some(process)
}
