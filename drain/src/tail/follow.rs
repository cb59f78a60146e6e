//! Follows one segment: look after look, what has been committed since the last one, in time order.
//! Called by `tail.rs`, which prints; it stores nothing anywhere.

use std::time::{Duration, Instant};

use logring::layout::LaneRef;
use logring::ring::Unpinned;
use logring::ring::reader::Chain as BlockChain;
use logring::shm::{Segment, Signature};
use logring::sync::Ordering;

use crate::cli::exit::Failure;
use crate::lane::{Lane, Spent};
use crate::lanes::Lanes;
use crate::merge::Merge;
use crate::notice;
use crate::observe;
use crate::observe::census::{Census, Table};
use crate::observe::output::Output;
use crate::observe::time::Living;
use crate::pipeline::{Lines, Pipeline};
use crate::plausible;
use crate::process::Chain;
use crate::render::Renderer;
use crate::watermark;

/// How long a record may take from its clock to its commit and still stand in its place; what takes
/// longer comes late. Nobody is waited for and no barrier is raised, for the producers' sake.
const WINDOW: Duration = Duration::from_millis(10);
/// How often it is looked what passed in lanes that are over.
const COUNT_AFTER: Duration = Duration::from_millis(250);
/// Lines are handed on when there are so many bytes of them.
const CHUNK: usize = 64 << 10;

/// A segment that is followed.
#[derive(Debug)]
pub(super) struct Follower<'s> {
    segment: &'s Segment,
    lanes: Lanes,
    merge: Merge,
    pipeline: Pipeline<'s>,
    clock: Living,
    census: Census,
    count_at: Instant,
    /// Something was shown, or blocks came free, since it was last looked what passed.
    stirred: bool,
    free_epoch: u32,
    spent: Vec<Spent>,
    written_up_to: u64,
    /// Records that passed unseen and are not told yet.
    unseen: u64,
    /// What is found stood there before: what is missing of it is not missed.
    is_past: bool,
}

impl<'s> Follower<'s> {
    /// A follower that has seen nothing. The segment is `new` when all that was ever written to it
    /// is to be seen.
    pub(super) fn new(
        segment: &'s Segment,
        chain: Chain,
        renderer: Box<dyn Renderer>,
        new: bool,
    ) -> Self {
        Self {
            segment,
            lanes: Lanes::new(segment.geometry().block_count),
            merge: Merge::default(),
            pipeline: Pipeline::new(segment, chain, vec![Lines::by(None, renderer)]),
            clock: Living::new(segment),
            census: Census::start(segment, new),
            count_at: Instant::now(),
            stirred: true,
            free_epoch: 0,
            spent: Vec::new(),
            written_up_to: 0,
            unseen: 0,
            is_past: false,
        }
    }

    /// Goes to the present; `each` gets the lines of each record that is there, oldest first.
    pub(super) fn catch_up(&mut self, mut each: impl FnMut(Vec<u8>)) {
        self.is_past = true;
        self.begin(watermark::now(self.segment.clock_kind()));
        while self.next() {
            if !self.pipeline.is_empty() {
                each(self.pipeline.take(0, Vec::new()));
            }
        }
        for lane in self.lanes.iter_mut() {
            let _ = lane.chain.take_malformed();
        }
        self.is_past = false;
    }

    /// Looks once and writes what is new by `write`. `None` when there was nothing.
    pub(super) fn look(
        &mut self,
        write: impl FnMut(&[u8]) -> Result<Output, Failure>,
    ) -> Result<Option<Output>, Failure> {
        self.clock.look(self.segment, self.written_up_to);
        let now = watermark::now(self.segment.clock_kind());
        let window = self.clock.clock().ticks(WINDOW);
        self.look_below(now.saturating_sub(window), write)
    }

    /// Looks a last time, when nobody writes any more.
    pub(super) fn look_at_all(
        &mut self,
        mut write: impl FnMut(&[u8]) -> Result<Output, Failure>,
    ) -> Result<Output, Failure> {
        (self.count_at, self.stirred) = (Instant::now(), true);
        let looked = self.look_below(u64::MAX, &mut write)?;
        Ok(looked.unwrap_or(Output::Written))
    }

    fn look_below(
        &mut self,
        watermark: u64,
        mut write: impl FnMut(&[u8]) -> Result<Output, Failure>,
    ) -> Result<Option<Output>, Failure> {
        // What nobody has freed, nobody has written over.
        let free_epoch = self.segment.drain_area().free_epoch().load(Ordering::Relaxed);
        self.stirred |= free_epoch != self.free_epoch;
        self.free_epoch = free_epoch;
        let counting = self.stirred && Instant::now() >= self.count_at;
        // Before the survey: what is over by then and not found in it is gone.
        let table = counting.then(|| Table::read(self.segment));
        self.stirred &= !counting;
        self.begin(watermark);
        while self.next() {
            self.stirred = true;
            if self.pipeline.len() >= CHUNK
                && write(&self.pipeline.take(0, Vec::new()))? == Output::Closed
            {
                return Ok(Some(Output::Closed));
            }
        }
        self.end();
        if let Some(table) = table {
            self.count_at = Instant::now() + COUNT_AFTER;
            self.unseen += self.census.take(self.segment, &table, &mut self.lanes);
        }
        self.tell_unseen();
        if self.pipeline.is_empty() {
            return Ok(None);
        }
        write(&self.pipeline.take(0, Vec::new())).map(Some)
    }

    /// Finds what is there, and gets ready to deliver what lies below `watermark`.
    fn begin(&mut self, watermark: u64) {
        let segment = self.segment;
        for lane in self.lanes.iter_mut().filter(|lane| !lane.over) {
            lane.over = segment.lane_has_ended(lane.lane);
        }
        self.survey();
        let memory = Unpinned(segment);
        for lane in self.lanes.iter_mut() {
            lane.attempted = observe::attempted(segment, lane.lane);
            lane.fill(&memory, &mut self.spent);
            self.spent.clear();
        }
        self.merge.start(&mut self.lanes, watermark);
    }

    /// Finds all blocks; twice where the next one of a lane was not found, which shows whether it is
    /// gone or was claimed behind the survey's back.
    fn survey(&mut self) {
        self.survey_once();
        if self.lanes.iter_mut().any(|lane| lane.chain.misses_next()) {
            self.survey_once();
        }
    }

    fn survey_once(&mut self) {
        let Self { segment, lanes, census, is_past, .. } = self;
        lanes.survey(segment, |lane, signature| {
            (lane.index < segment.geometry().lane_count).then(|| {
                // One that was there before counts from the first record that is seen of it.
                let is_old = census.meet(lane) || *is_past;
                open(lane, signature, is_old)
            })
        });
    }

    /// Delivers the earliest record. False when there is none below the watermark.
    fn next(&mut self) -> bool {
        let Self {
            segment,
            lanes,
            merge,
            pipeline,
            clock,
            spent,
            written_up_to,
            unseen,
            is_past,
            ..
        } = self;
        let memory = Unpinned(*segment);
        merge.next(lanes, |lane| {
            let Some(head) = lane.head else { return };
            let before = head.sequence.saturating_sub(1);
            if lane.sequence.is_none() || (lane.outrun && *is_past) {
                lane.sequence = Some(before);
            } else if lane.outrun {
                let last = lane.sequence.unwrap_or(before);
                *unseen = unseen.saturating_add(plausible::missing(last, before).unwrap_or(0));
                lane.sequence = Some(before.max(last));
            }
            lane.outrun = false;
            pipeline.deliver(&memory, clock.clock(), lane, written_up_to, spent);
            lane.fill(&memory, spent);
            spent.clear();
        })
    }

    /// All that was found is out: tells what is missing behind each lane's last record.
    fn end(&mut self) {
        let time = self.clock.clock().convert(self.written_up_to);
        let lanes = self.lanes.iter_mut().filter(|lane| lane.head.is_none());
        for lane in lanes.filter(|lane| !lane.chain.has_more() && !lane.outrun) {
            let untold = lane.untold.take(true).unwrap_or_default();
            let malformed = lane.chain.take_malformed() + untold.malformed;
            if malformed > 0 {
                self.pipeline.notice(&notice::malformed(time, malformed, lane.who()));
            }
            match lane.sequence {
                None if lane.attempted > 0 => lane.sequence = Some(lane.attempted),
                Some(last) if lane.attempted > last => {
                    if let Some(lost) = plausible::missing(last, lane.attempted) {
                        self.pipeline.notice(&notice::lost(time, lost, lane.who()));
                        lane.sequence = Some(lane.attempted);
                    }
                }
                _ => {}
            }
            if let Some((at, true)) = lane.open
                && lane.over
                && lane.excused != Some(at)
            {
                self.pipeline.notice(&notice::torn(time, 1, lane.who()));
                lane.sequence = lane.sequence.map(|last| last.saturating_add(1));
                lane.excused = Some(at);
            }
        }
    }

    fn tell_unseen(&mut self) {
        if self.unseen > 0 {
            let time = self.clock.clock().convert(self.written_up_to);
            self.pipeline.notice(&notice::unseen(time, std::process::id(), self.unseen));
            self.unseen = 0;
        }
    }
}

/// A lane that was found by a block of this head.
fn open(lane: LaneRef, signature: Signature, is_old: bool) -> Lane {
    let owner = observe::owner(signature);
    if is_old {
        Lane::new(lane, owner, BlockChain::new(None), None)
    } else {
        Lane::new(lane, owner, BlockChain::new(Some(1)), Some(0))
    }
}
