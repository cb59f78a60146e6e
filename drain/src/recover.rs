//! `logring-drain recover`: what a segment holds, in time order, from a dead one, a copy, or a living
//! one as it is at this moment. Reads only; nobody vouches for a byte of it.

use logring::Level;
use logring::layout::LaneRef;
use logring::ring::Unpinned;
use logring::ring::reader::Chain as BlockChain;
use logring::shm::{Segment, Tally};

use crate::cli::exit::{Exit, Failure};
use crate::clock::Clock;
use crate::lane::{Lane, Owner, Spent};
use crate::lanes::Lanes;
use crate::merge::Merge;
use crate::notice;
use crate::observe;
use crate::observe::output::{self, Output};
use crate::observe::place::{self, Found};
use crate::observe::time::{self, Known};
use crate::pipeline::{Lines, Pipeline};
use crate::plausible;
use crate::positions::{self, Positions};
use crate::process::Chain;
use crate::render::Form;

/// What is to be recovered, and how it is to look.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment's name, or a file.
    pub what: String,
    /// The form of lines; `None` = for people on a terminal, else JSON.
    pub form: Option<Form>,
    /// The lowest level that is shown.
    pub level: Option<Level>,
    /// Also what a drain has written and what still stands in freed blocks.
    pub all: bool,
}

/// Lines are handed on when there are so many bytes of them.
const CHUNK: usize = 64 << 10;

/// Renders to standard output what the segment holds, and says on standard error what that was.
///
/// # Errors
/// No such segment or file, not one that this build reads, standard output cannot be written.
pub fn run(options: &Options) -> Result<Exit, Failure> {
    let Found { segment, is_copy } = place::open(&options.what)?;
    let (from, which) = start(&segment, options.all);
    let (clock, known) = time::frozen(&segment);
    let forms = vec![Lines::by(options.level, output::renderer(options.form))];
    let mut recovery = Recovery {
        segment: &segment,
        is_copy,
        all: options.all,
        clock,
        lanes: Lanes::new(segment.geometry().block_count),
        pipeline: Pipeline::new(&segment, Chain::new(), forms),
        spent: Vec::new(),
        written_up_to: 0,
        read: 0,
        tally: Tally::default(),
    };
    recovery.find(from.as_ref());
    if recovery.render()? == Output::Closed {
        return Ok(Exit::Ok);
    }
    let Tally { lost, torn, malformed, .. } = recovery.tally;
    let read = recovery.read;
    let also = match known {
        Known::Well => "",
        Known::ByRate => "; no drain has compared its clock with the time of day",
        Known::Guessed => {
            "; no drain has compared its clock with the time of day, and it comes from another run \
             of the kernel: times are guessed at this machine's rate"
        }
    };
    output::say(&format!(
        "segment {:?}: {read} records {which}; {lost} lost, {torn} torn, {malformed} malformed{also}",
        segment.name()
    ));
    Ok(Exit::Ok)
}

/// Where reading begins, and in words what is read by that.
fn start(segment: &Segment, all: bool) -> (Option<Positions>, String) {
    if all {
        return (None, "in all its blocks, written by a drain or not".into());
    }
    match observe::ledger(segment) {
        Ok(ledger) => match observe::furthest(segment, &ledger) {
            Some((positions, name)) => {
                (Some(positions), format!("behind what a drain has written to {name}"))
            }
            None => (None, "in blocks in use, of which no drain has written any".into()),
        },
        Err(error) if error.is_not_found() => (
            None,
            "in blocks in use; no ledger is at hand that tells what a drain has written".into(),
        ),
        Err(error) => (None, format!("in blocks in use, written by a drain or not, since {error}")),
    }
}

struct Recovery<'s> {
    segment: &'s Segment,
    /// Nobody writes to it any more.
    is_copy: bool,
    /// Freed blocks are read too: what is not there has been written.
    all: bool,
    clock: Clock,
    lanes: Lanes,
    pipeline: Pipeline<'s>,
    spent: Vec<Spent>,
    written_up_to: u64,
    read: u64,
    tally: Tally,
}

impl Recovery<'_> {
    /// Finds all lanes and their blocks.
    fn find(&mut self, from: Option<&Positions>) {
        let Self { segment, is_copy, all, lanes, spent, .. } = self;
        let (segment, is_copy) = (*segment, *is_copy);
        // Before the sweep: what a lane that is over wrote is visible in it.
        let ready = |mut lane: Lane| {
            lane.over = is_copy || segment.lane_is_over(lane.lane);
            lane.attempted = observe::attempted(segment, lane.lane);
            lane
        };
        // Twice, so that what the first one passed too early is found, and a chain whose next block
        // is gone goes on with the one that is there.
        for _ in 0..2 {
            if *all {
                lanes.survey(segment, |lane, signature| {
                    let is_known = lane.index < segment.geometry().lane_count;
                    is_known.then(|| ready(new_lane(lane, observe::owner(signature))))
                });
                continue;
            }
            let open = |lane| match from {
                Some(from) => from.open(segment, lane).map(ready),
                None => positions::owner(segment, lane).map(|owner| ready(new_lane(lane, owner))),
            };
            let consumed =
                |block, generation| from.map_or(0, |from| from.consumed(block, generation));
            lanes.sweep(&Unpinned(segment), open, consumed, spent);
        }
    }

    /// Renders all of it in time order; then what is missing behind each lane's last record.
    fn render(&mut self) -> Result<Output, Failure> {
        let mut merge = Merge::default();
        let mut lanes = std::mem::replace(&mut self.lanes, Lanes::new(0));
        lanes.iter_mut().for_each(|lane| self.pursue(lane));
        loop {
            merge.start(&mut lanes, u64::MAX);
            while merge.next(&mut lanes, |lane| self.deliver(lane)) {
                if self.pipeline.len() >= CHUNK
                    && output::write(&self.pipeline.take(0, Vec::new()))? == Output::Closed
                {
                    return Ok(Output::Closed);
                }
            }
            // A time that no clock has sorts behind all others, and below no watermark.
            let Some(lane) = lanes.iter_mut().find(|lane| lane.head.is_some()) else { break };
            self.deliver(lane);
        }
        self.lanes = lanes;
        self.end();
        output::write(&self.pipeline.take(0, Vec::new()))
    }

    fn deliver(&mut self, lane: &mut Lane) {
        if let Some(head) = lane.head
            && std::mem::take(&mut lane.outrun)
        {
            // What stood in front of it was written by a drain, and over since.
            lane.sequence = head.sequence.checked_sub(1);
        }
        let Self { segment, pipeline, clock, written_up_to, spent, .. } = self;
        pipeline.deliver(&Unpinned(*segment), clock, lane, written_up_to, spent);
        self.pursue(lane);
    }

    /// Copies the lane's next record, over blocks of its chain that are not there.
    fn pursue(&mut self, lane: &mut Lane) {
        loop {
            lane.fill(&Unpinned(self.segment), &mut self.spent);
            self.spent.clear();
            if lane.head.is_some() || lane.open.is_some() || !lane.chain.has_more() {
                return;
            }
            // The second time it goes on with what is there.
            let passed = lane.chain.settle() | lane.chain.settle();
            lane.outrun |= passed && self.all;
        }
    }

    fn end(&mut self) {
        let Self { lanes, pipeline, clock, read, tally, written_up_to, .. } = self;
        let time = clock.convert(*written_up_to);
        for lane in lanes.iter_mut() {
            let skipped = lane.chain.take_malformed();
            lane.tally.malformed += skipped;
            let malformed = skipped + lane.untold.take(true).unwrap_or_default().malformed;
            if malformed > 0 {
                pipeline.notice(&notice::malformed(time, malformed, lane.who()));
            }
            let last = lane.sequence.unwrap_or(0);
            let lost = plausible::missing(last, lane.attempted);
            if let Some(lost) = lost.filter(|lost| *lost > 0) {
                pipeline.notice(&notice::lost(time, lost, lane.who()));
                lane.tally.lost = lane.tally.lost.wrapping_add(lost);
            }
            if lane.over && matches!(lane.open, Some((_, true))) {
                pipeline.notice(&notice::torn(time, 1, lane.who()));
                lane.tally.torn += 1;
            }
            *read += lane.delivered;
            *tally = tally.plus(lane.tally);
        }
    }
}

/// A lane of which nothing is known but its name.
fn new_lane(lane: LaneRef, owner: Owner) -> Lane {
    let mut lane = Lane::new(lane, owner, BlockChain::new(Some(1)), Some(0));
    lane.is_new = true;
    lane
}
