//! The drain's loop: look, merge, process, render, write, checkpoint, free. Joins all other parts.
//!
//! One turn takes a watermark, sees what every lane has below it, and writes that in one time
//! order, in batches. A block is given back only when every sink has written and noted what it
//! held.

mod ends;

use std::time::{Duration, Instant};

use logring::record::Event;
use logring::ring::Memory;
use logring::ring::reader::Position;
use logring::shm::{Anchor, Segment, Tally};
use logring::sync::{Ordering, order};
use logring::sys;

use crate::clock::{Bracketed, Clock};
use crate::config::Order;
use crate::flight::Flights;
use crate::hold::{self, Hold};
use crate::housekeeping::Housekeeping;
use crate::lane::{Lane, Spent};
use crate::lanes::Lanes;
use crate::ledger::{BlockMark, ClockLine, LaneMark, Marks};
use crate::merge::Merge;
use crate::notice;
use crate::outlets::{Change, Outlets};
use crate::pipeline::Pipeline;
use crate::plausible;
use crate::positions::Positions;
use crate::private::Private;
use crate::retire::{Closed, Retire};
use crate::watermark::{self, Watermark};

/// A batch is handed to the sinks when it has grown to this.
const BATCH_BYTES: usize = 256 << 10;
/// No more is read while a sink has this much waiting in private memory.
const QUEUE_BYTES_MAX: usize = 64 << 20;

/// How often a pass sweeps again where a lane overwrites blocks meanwhile.
const SWEEPS_MORE: u32 = 4;

/// What a turn found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was read and handed to the sinks.
    Moved,
    /// There was nothing to read.
    Idle,
    /// A sink does not take what it has been given; nothing more is read meanwhile.
    Blocked,
}

/// A drain at work on one segment.
#[derive(Debug)]
pub(crate) struct Drain {
    segment: &'static Segment,
    /// Where reading began.
    positions: Positions,
    watermark: Watermark,
    clock: Clock,
    lanes: Lanes,
    merge: Merge,
    hold: Hold,
    housekeeping: Housekeeping,
    pipeline: Pipeline<'static>,
    outlets: Outlets,
    retire: Retire,
    flights: Flights,
    /// Blocks read to their end and lanes closed since the last batch was handed over.
    spent: Vec<Spent>,
    closed: Vec<Closed>,
    /// What became of records since the last batch was handed over, per process entry.
    tallies: Vec<(u32, Tally)>,
    /// Marks of lanes that are closed, and of what has no lane.
    marks: Vec<LaneMark>,
    /// The newest flush asked for before this pass; with its watermark, the batch after which it is done.
    flush: u32,
    flush_after: Option<(u32, u64, u64)>,
    free_blocks: u32,
    /// No turns come after those that are under way: what is to be told is told now.
    ends: bool,
    /// Time of the newest record written; an older one that comes now is late.
    written_up_to: u64,
    /// Passes over the ring that were begun, and those that have been handed over whole.
    passes: u64,
    whole_passes: u64,
    /// A forked child is not the drain.
    pid: u32,
    /// Last, so that what a sink logs at its end does not go into the ring either.
    private: Private,
}

impl Drain {
    /// A drain that goes on where the ledger says.
    pub(crate) fn new(
        segment: &'static Segment,
        positions: Positions,
        clock: Clock,
        pipeline: Pipeline<'static>,
        outlets: Outlets,
        private: Private,
        (order, max_hold): (Order, Duration),
    ) -> Self {
        publish(segment, &clock);
        Self {
            segment,
            watermark: Watermark::new(segment, order),
            clock,
            lanes: Lanes::new(segment.block_count()),
            merge: Merge::default(),
            hold: Hold::new(max_hold),
            housekeeping: Housekeeping::new(segment, &positions),
            positions,
            pipeline,
            outlets,
            retire: Retire::default(),
            flights: Flights::default(),
            spent: Vec::new(),
            closed: Vec::new(),
            tallies: Vec::new(),
            marks: Vec::new(),
            flush: segment.drain_area().flush_done().load(Ordering::Relaxed),
            flush_after: None,
            free_blocks: 0,
            ends: false,
            written_up_to: 0,
            passes: 0,
            whole_passes: 0,
            pid: sys::pid(),
            private,
        }
    }

    /// One turn: a pass over the ring begun or gone on with, at most one batch handed to the sinks.
    pub(crate) fn turn(&mut self) -> Turn {
        self.write();
        if self.outlets.queued_bytes() > QUEUE_BYTES_MAX {
            self.judge();
            return Turn::Blocked;
        }
        if self.merge.is_empty() {
            self.look();
        }
        self.deliver();
        if self.merge.is_empty() {
            self.end_pass();
            self.close_empty();
            self.keep_house();
        }
        let moved = self.hand_over();
        self.write();
        self.judge();
        if moved { Turn::Moved } else { Turn::Idle }
    }

    /// Where a drain that has nothing to do looks for something, until its next turn; `None` when it has.
    pub(crate) fn watch(&self) -> Option<Vec<Position>> {
        self.is_settled().then(|| self.lanes.watch(self.segment)).flatten()
    }

    /// Whether a turn would find nothing to read and nobody waits for one: a look at as little as says
    /// so, without the barrier. What it does not see yet the next one does.
    pub(crate) fn is_quiet(&self, watched: &[Position]) -> bool {
        let area = self.segment.drain_area();
        area.flush_req().load(Ordering::Relaxed) == area.flush_done().load(Ordering::Relaxed)
            && self.lanes.are_quiet(self.segment, watched)
    }

    /// Whether records have been seen that the next turn reads without a look at the ring.
    pub(crate) fn is_mid_pass(&self) -> bool {
        !self.merge.is_empty()
    }

    /// Whether all that was read is written, noted and freed.
    pub(crate) fn is_settled(&self) -> bool {
        self.merge.is_empty()
            && self.retire.is_empty()
            && self.outlets.queued_bytes() == 0
            && self.private.is_empty()
            && !self.lanes.iter().any(|lane| lane.untold.is_some())
    }

    /// The drain is about to end.
    pub(crate) fn ends_soon(&mut self) {
        self.ends = true;
    }

    /// Passes over the ring that were begun, and how many of them have been handed to the sinks.
    pub(crate) fn passes(&self) -> (u64, u64) {
        (self.passes, self.whole_passes)
    }

    /// Batches that were handed to the sinks, and up to which of them all sinks are done.
    pub(crate) fn batches(&self) -> (u64, u64) {
        (self.outlets.submitted(), self.outlets.done())
    }

    /// Whether all that is not written yet is kept by sinks that have taken nothing for so long.
    pub(crate) fn waits_for_stuck_sinks(&self, long: Duration) -> bool {
        self.outlets.are_stuck(long)
    }

    /// Free blocks and all blocks, as the last sweep counted them.
    pub(crate) fn filling(&self) -> (u32, u32) {
        (self.free_blocks, self.segment.block_count())
    }

    /// An event of the drain's own goes out with the next batch.
    pub(crate) fn notice(&mut self, event: &Event<'_>) {
        self.pipeline.notice(event);
    }

    /// What processors have still to tell goes out with the next batch. False when there is nothing.
    pub(crate) fn tell_rest(&mut self) -> bool {
        self.pipeline.overdue(i64::MAX);
        !self.pipeline.is_empty()
    }

    /// Whether the order is strict.
    pub(crate) fn is_strict(&self) -> bool {
        self.watermark.is_strict()
    }

    /// Sinks that do not take what they are given, each with its last error.
    pub(crate) fn stuck(&self) -> Vec<(String, String)> {
        self.outlets.stuck().map(|(name, error)| (name.to_owned(), error)).collect()
    }

    /// Compares the clock with the wall clock about once a second and notes the anchor.
    fn keep_time(&mut self) {
        let kind = self.segment.clock_kind();
        let now = watermark::now(kind);
        if !self.clock.is_due(now) {
            return;
        }
        self.pipeline.overdue(self.clock.convert(now));
        let mut source = Bracketed::new(move || watermark::now(kind));
        if let Some(step) = self.clock.anchor(self.written_up_to, &mut source) {
            let time = self.clock.convert(watermark::now(kind));
            self.pipeline.notice(&notice::clock_step(time, std::process::id(), step.by_ns));
        }
        publish(self.segment, &self.clock);
    }

    /// Takes a watermark and sees what each lane has below it.
    fn look(&mut self) {
        let segment = self.segment;
        self.passes += 1;
        self.private.collect();
        self.flush = segment.drain_area().flush_req().load(order::flush_load()); // pair:flush
        self.keep_time();
        // Whether a lane is over comes before its words and stamps: what it wrote is visible then.
        for lane in self.lanes.iter_mut().filter(|lane| lane.head.is_none() && !lane.over) {
            lane.over = lane.dead || segment.lane_has_ended(lane.lane);
        }
        // And so does what it gave up: all before that is in blocks that the sweep finds.
        for lane in self.lanes.iter_mut() {
            lane.attempted = segment.attempted(lane.lane.index).load(order::attempted_load()); // pair:attempted
        }
        let flushed = segment.drain_area().flush_done().load(Ordering::Relaxed);
        let watermark = self.watermark.take(&self.clock, self.ends || self.flush != flushed);
        self.sweep();
        let owned = segment.block_count() - self.free_blocks.min(segment.block_count());
        let high_water = segment.drain_area().high_water();
        if owned > high_water.load(Ordering::Relaxed) {
            high_water.store(owned, Ordering::Relaxed);
        }
        let now = Instant::now();
        for lane in self.lanes.iter_mut() {
            // In window order nothing is waited for.
            lane.held = !self.watermark.is_strict();
            lane.fill(segment, &mut self.spent);
            hold::note_busy(lane, now);
        }
        self.find_stranded();
        self.start_merge(watermark);
    }

    /// Waits for records in the middle of being written, and begins the merge, or begins it again.
    fn start_merge(&mut self, watermark: u64) {
        let (ahead, kind) = (self.clock.ticks(plausible::AHEAD), self.segment.clock_kind());
        for lane in self.lanes.iter_mut() {
            self.hold.settle(self.segment, lane, &mut self.spent);
            plausible::bound_time(lane, watermark, ahead, || watermark::now(kind));
        }
        self.merge.start(&mut self.lanes, watermark);
    }

    /// Finds where lanes go on whose owners have overwritten what was to be read next. What they have
    /// below the watermark stands in blocks that are known or gone: it must not wait for the next pass,
    /// in which it would be late. A block that a sweep has not found, although it began after a later
    /// one had been seen, is gone.
    fn find_stranded(&mut self) {
        let segment = self.segment;
        for _ in 0..SWEEPS_MORE {
            if !self.lanes.iter().any(Lane::is_stranded) {
                break;
            }
            self.sweep();
            for lane in self.lanes.iter_mut().filter(|lane| lane.owner.recycles) {
                lane.fill(segment, &mut self.spent);
            }
        }
    }

    fn sweep(&mut self) {
        let (segment, positions) = (self.segment, &self.positions);
        self.free_blocks = self.lanes.sweep(
            segment,
            |lane| positions.open(segment, lane).filter(|lane| !lane.owner.flight),
            |block, generation| positions.consumed(block, generation),
            &mut self.spent,
        );
    }

    /// Renders records below the watermark, earliest first, until none is left or a batch is full.
    fn deliver(&mut self) {
        while self.deliver_until_stranded() {
            self.find_stranded();
            self.start_merge(self.merge.watermark());
        }
    }

    /// The same until a lane's next block is not where it was. True when one is.
    fn deliver_until_stranded(&mut self) -> bool {
        let Self {
            merge,
            lanes,
            pipeline,
            spent,
            segment,
            clock,
            hold,
            written_up_to,
            private,
            flights,
            positions,
            ..
        } = self;
        let (ahead, kind) = (clock.ticks(plausible::AHEAD), segment.clock_kind());
        let watermark = merge.watermark();
        let mut stranded = false;
        while !stranded && pipeline.len() < BATCH_BYTES {
            let more = merge.run(lanes, |lane, below| {
                let time = lane.head.map_or(0, |head| head.timestamp);
                while let Some(record) = private.next_before(time) {
                    pipeline.private(&record, clock);
                }
                private.others_speak();
                if lane.wants_flight()
                    && let Some(process) = lane.owner.process
                {
                    flights.write(segment, process, time, (positions, clock), pipeline);
                }
                let is_run = !private.waits()
                    && pipeline.deliver_run(clock, lane, written_up_to, (below, BATCH_BYTES));
                if !is_run {
                    pipeline.deliver(*segment, clock, lane, written_up_to, spent);
                }
                lane.fill(*segment, spent);
                hold.settle(segment, lane, spent);
                plausible::bound_time(lane, watermark, ahead, || watermark::now(kind));
                stranded = lane.is_stranded();
                !stranded && pipeline.len() < BATCH_BYTES
            });
            if !more {
                break;
            }
        }
        stranded
    }

    /// Hands what has been rendered, and the positions behind it, to every sink. False when there
    /// is nothing to hand over.
    fn hand_over(&mut self) -> bool {
        let moved = !self.pipeline.is_empty() || !self.spent.is_empty() || !self.closed.is_empty();
        if moved {
            let mut marks = Marks { blocks: Vec::new(), lanes: std::mem::take(&mut self.marks) };
            for lane in self.lanes.iter_mut() {
                if !std::mem::take(&mut lane.touched) {
                    continue;
                }
                self.tallies.extend(lane.take_tally());
                marks.lanes.push(lane.mark());
                marks.blocks.extend(lane.position().map(|at| BlockMark {
                    block: at.block,
                    generation: at.generation,
                    slots: at.slot,
                }));
            }
            marks.lanes.extend(self.flights.take_marks());
            let watermark = self.merge.watermark();
            let (clock, realtime_ns, ns_per_tick) = self.clock.line();
            let line = ClockLine { clock, realtime_ns, ns_per_tick };
            let batch = self.outlets.submit(&mut self.pipeline, &marks, watermark, line);
            self.retire.after(
                batch,
                std::mem::take(&mut self.spent),
                std::mem::take(&mut self.closed),
                std::mem::take(&mut self.tallies),
            );
        }
        if self.merge.is_empty() {
            self.flush_after = Some((self.flush, self.merge.watermark(), self.outlets.submitted()));
            self.whole_passes = self.passes;
        }
        moved
    }

    /// Gives up a sink that holds too much of the ring, goes on with one that is well again.
    fn judge(&mut self) {
        let quarter = self.segment.block_count() as usize / 4;
        let retire = &self.retire;
        let changes = self.outlets.judge(quarter, |from, to| retire.blocks_between(from, to));
        let time = self.clock.convert(self.merge.watermark());
        let pid = std::process::id();
        for change in changes {
            let event = match change {
                Change::Failed { sink, error } => notice::trouble(
                    time,
                    pid,
                    "sink-failed",
                    format!(
                        "sink {sink} does not write and holds the ring: {error}; it misses records from now on"
                    ),
                ),
                Change::Healed { sink, missed } => notice::missed(time, pid, &sink, missed),
            };
            self.pipeline.notice(&event);
        }
    }

    /// Lets the sinks write what they can, and gives back what all of them have noted.
    fn write(&mut self) {
        if self.pid != sys::pid() {
            // A processor forked, and this is the child.
            return;
        }
        let Self { private, outlets, segment, .. } = self;
        for trouble in private.while_writing(|| outlets.step(segment)) {
            // Before the first look there is no watermark: what a restart has to tell is of now.
            let at = match self.merge.watermark() {
                0 => watermark::now(segment.clock_kind()),
                watermark => watermark,
            };
            let time = self.clock.convert(at);
            self.pipeline.notice(&notice::trouble(
                time,
                std::process::id(),
                trouble.kind.as_str(),
                trouble.to_string(),
            ));
        }
        let done = self.outlets.done();
        let more = self.is_mid_pass() && self.outlets.queued_bytes() <= QUEUE_BYTES_MAX;
        self.retire.run(self.segment, done, more);
        if let Some((flush, below, _)) = self.flush_after.take_if(|(.., batch)| *batch <= done) {
            let area = self.segment.drain_area();
            area.written_below().store(below, Ordering::Relaxed);
            if area.flush_done().load(Ordering::Relaxed) != flush {
                self.outlets.sync_if_asked(&area, flush);
                area.finish_flush(flush);
            }
        }
    }
}

/// Tells who reads the segment besides how this drain turns its clock into time.
fn publish(segment: &Segment, clock: &Clock) {
    let (clock, realtime_ns, ns_per_tick) = clock.line();
    let realtime_ns = u64::try_from(realtime_ns).unwrap_or(0);
    segment.drain_area().set_anchor(Anchor { clock, realtime_ns, ns_per_tick });
}
