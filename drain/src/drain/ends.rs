//! The end of a pass over the ring: what is missing behind a lane's last record, lanes and processes
//! that are over, and what the drain's own thread has logged. Called by the loop in `drain.rs`.

use logring::layout::LaneRef;
use logring::ring::Memory;
use logring::shm::Tally;
use logring::sync::order;
use logring::sys;

use super::Drain;
use crate::flight;
use crate::lane::{Owner, Spent};
use crate::ledger::{LaneMark, TORN};
use crate::notice::{self, Who};
use crate::plausible;
use crate::positions;
use crate::retire::{Closed, NO_ENTRY};

impl Drain {
    /// Everything below the watermark is out: reports what is missing behind a lane's last record,
    /// and closes lanes that are over.
    pub(super) fn end_pass(&mut self) {
        let time = self.clock.convert(self.merge.watermark());
        while let Some(record) = self.private.next_before(self.merge.watermark()) {
            self.pipeline.private(&record, &self.clock);
        }
        let lost = self.private.take_lost();
        if lost > 0 {
            let who = Who { pid: self.pid, tid: sys::tid() };
            self.pipeline.notice(&notice::lost(time, lost, who));
        }
        for at in self.lanes.indexes() {
            let Some(lane) = self.lanes.get_mut(at).filter(|lane| lane.head.is_none()) else {
                continue;
            };
            if std::mem::take(&mut lane.overheld) {
                self.pipeline.notice(&notice::late(time, 1, lane.who()));
            }
            let malformed = lane.chain.take_malformed();
            lane.tally.malformed += malformed;
            lane.untold.malformed += malformed;
            let last = lane.sequence.unwrap_or(0);
            let missing = plausible::missing(last, lane.attempted);
            // What stands in blocks that are known and not reached is not missing.
            let missing = missing.filter(|missing| *missing > 0 && !lane.chain.has_more());
            if let Some(missing) = missing {
                lane.tally.lost += missing;
                self.pipeline.notice(&notice::lost(time, missing, lane.who()));
                lane.sequence = Some(lane.attempted);
                lane.touched = true;
            }
            let is_last = lane.over && !lane.chain.has_more();
            if let Some(told) = lane.untold.take(is_last || self.ends) {
                let (who, pipeline) = (lane.who(), &mut self.pipeline);
                if told.malformed > 0 {
                    pipeline.notice(&notice::malformed(time, told.malformed, who));
                }
                if told.implausible > 0 {
                    pipeline.notice(&notice::implausible(time, told.implausible, who));
                }
            }
            if !is_last {
                continue;
            }
            let mut flags = 0;
            if matches!(lane.open, Some((_, true))) {
                flags = TORN;
                self.pipeline.notice(&notice::torn(time, 1, lane.who()));
                lane.sequence = Some(lane.sequence.unwrap_or(0).saturating_add(1));
                lane.tally.torn += 1;
            }
            if let Some(at) = lane.chain.abandon() {
                let (block, generation) = (at.block, at.generation);
                self.spent.push(Spent { block, generation, lane: lane.lane });
            }
            self.marks.push(LaneMark { flags, ..lane.mark() });
            let last = lane.sequence.unwrap_or(0);
            self.closed.push(Closed { lane: lane.lane, last });
            self.tallies.extend(lane.take_tally());
            self.lanes.close(at, &mut self.spent);
        }
    }

    /// Entries of threads and processes that ended without leaving a block, and their losses.
    pub(super) fn keep_house(&mut self) {
        // At the end whatever the clock says: drops of the last moment are told by this drain.
        if !(self.ends || self.housekeeping.is_due()) {
            return;
        }
        let time = self.clock.convert(self.merge.watermark());
        let (ledger, outlets) = (self.positions.ledger(), &self.outlets);
        let found = self.housekeeping.round(self.segment, &mut self.lanes, self.ends, |head| {
            outlets.cursors().all(|cursor| {
                let (generation, slots) = ledger.consumed(cursor, head.block);
                generation == head.generation && slots > head.slot
            })
        });
        if let Some(suspended) = found.suspended {
            self.pipeline.notice(&notice::suspended(time, std::process::id(), suspended));
        }
        for (pid, count, mark) in found.drops {
            let process = mark.lane - self.segment.geometry().lane_count;
            self.tallies.push((process, Tally { taken: count, lost: count, ..Tally::default() }));
            self.pipeline.notice(&notice::lost(time, count, Who { pid, tid: 0 }));
            self.marks.push(mark);
        }
        if found.untabled > 0 {
            let count = found.untabled;
            self.tallies.push((NO_ENTRY, Tally { taken: count, lost: count, ..Tally::default() }));
            self.pipeline.notice(&notice::lost(time, count, Who::default()));
        }
        self.spent.extend(found.spent);
    }

    /// Lanes that ended without leaving a block: tells what they dropped, gives them back.
    pub(super) fn close_empty(&mut self) {
        let time = self.clock.convert(self.merge.watermark());
        for lane in self.housekeeping.confirm(&mut self.lanes) {
            if self.retire.holds(lane) {
                continue;
            }
            if flight::is_one(self.segment, lane) {
                // What nobody asked for is not written.
                self.flights.forget(lane);
                self.spent.extend(flight::blocks_of(self.segment, lane));
                self.closed.push(Closed { lane, last: 0 });
                continue;
            }
            let mark = self.positions.lane(lane);
            let told = mark.map_or(0, |mark| mark.sequence);
            let attempted = self.segment.attempted(lane.index).load(order::attempted_load()); // pair:attempted
            let missing = plausible::missing(told, attempted);
            if let Some(missing) = missing.filter(|missing| *missing > 0) {
                let owner = positions::owner(self.segment, lane);
                let Owner { pid, tid, process, .. } = owner.unwrap_or_default();
                self.pipeline.notice(&notice::lost(time, missing, Who { pid, tid }));
                let lost = Tally { lost: missing, ..Tally::default() };
                self.tallies.extend(process.map(|process| (process, lost)));
                let LaneRef { index, inc } = lane;
                let ordinal = mark.map_or(1, |mark| mark.ordinal);
                let sequence = attempted;
                self.marks.push(LaneMark { lane: index, inc, ordinal, sequence, flags: 0 });
            }
            self.closed.push(Closed { lane, last: attempted.max(told) });
        }
    }
}
