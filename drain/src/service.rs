//! A drain from its first look at the segment to its last: attach, lock, ledger, sinks, restart,
//! then turn after turn until it is told to stop. What the binary and embedded drains run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use logring::layout::header::clock as clock_kind;
use logring::shm::{self, DrainLock, Segment};
use logring::{Error, Result};

use crate::clock::{Bracketed, Clock};
use crate::config::{Config, Order, Sink};
use crate::cursor::{Batch, Cursor, Replayed, Step};
use crate::drain::{Drain, Turn};
use crate::ledger::{ClockLine, Ledger, Marks, Opened};
use crate::notice;
use crate::outlets::Outlets;
use crate::pipeline::Pipeline;
use crate::positions::Positions;
use crate::process::Chain;
use crate::restart;
use crate::rhythm::Rhythm;
use crate::watermark;

/// What a drain is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where lines go; at least one.
    pub sinks: Vec<Sink>,
    /// How records are ordered.
    pub order: Order,
    /// The longest wait for a thread in the middle of a record.
    pub max_hold: Duration,
    /// Where the ledger stands; `None` = the runtime directory.
    pub state_dir: Option<PathBuf>,
}

impl From<Config> for Options {
    fn from(config: Config) -> Self {
        let Config { sinks, order, max_hold, .. } = config;
        Self { sinks, order, max_hold, state_dir: None }
    }
}

/// A drain that holds its segment's drain lock.
#[derive(Debug)]
pub struct Service {
    segment: &'static Segment,
    drain: Drain,
    // Given back last, when nothing of this drain can touch ledger or sinks any more.
    _lock: DrainLock<'static>,
}

/// Why a drain does not start.
#[derive(Debug)]
pub enum StartError {
    /// The segment, the lock or the ledger.
    Segment(Error),
    /// A sink.
    Sink(Error),
}

impl Service {
    /// Whether sinks and ledger can be opened, as far as can be told without making anything but the
    /// directory for the ledger: to be asked before a segment is made for nothing.
    ///
    /// # Errors
    /// What [`Service::start`] would say.
    pub fn check(options: &Options) -> Result<(), StartError> {
        state_dir(options).map_err(StartError::Segment)?;
        for sink in &options.sinks {
            sink.spec().and_then(|spec| Cursor::check(&spec)).map_err(StartError::Sink)?;
        }
        Ok(())
    }

    /// Takes the drain lock of `segment` and brings ledger and sinks to where the last drain left
    /// them.
    ///
    /// # Errors
    /// Another drain holds the lock (`Error::is_held`); the ledger or a sink cannot be opened.
    pub fn start(
        segment: &'static Segment,
        options: &Options,
        chain: Chain,
    ) -> Result<Self, StartError> {
        let lock = DrainLock::acquire(segment).map_err(StartError::Segment)?;
        let (ledger, opened) = open_ledger(segment, options).map_err(StartError::Segment)?;
        let ledger = Arc::new(ledger);
        let (forms, kinds) = forms(&options.sinks);
        let mut cursors = Vec::new();
        for (index, (sink, form)) in options.sinks.iter().zip(forms).enumerate() {
            let cursor = sink.spec().and_then(|spec| Cursor::open(&ledger, index, &spec));
            cursors.push((cursor.map_err(StartError::Sink)?, form));
        }
        let (clock, step) = start_clock(segment);
        let mut pipeline = Pipeline::new(segment, chain, kinds);
        let mut positions = Vec::new();
        let mut waiting = Vec::new();
        for (cursor, form) in &mut cursors {
            let queued =
                finish(segment, &ledger, cursor, &mut pipeline, *form).map_err(StartError::Sink)?;
            positions.push(Positions::of(&ledger, cursor.index(), &queued));
            waiting.push(u64::from(cursor.queued_bytes() > 0));
        }
        let geometry = segment.geometry();
        let lanes = geometry.lane_count + geometry.process_count;
        let furthest = furthest(segment, lanes, &positions, &ledger);
        let goal = positions.swap_remove(furthest);
        let to = goal.marks(segment, lanes);
        let mut outlets = Outlets::new(cursors, &waiting);
        // `positions` has the last one now where the furthest stood.
        for (at, from) in positions.iter().enumerate() {
            let at = if at == furthest { positions.len() } else { at };
            if from.progress(segment, lanes) < goal.progress(segment, lanes) {
                let bytes = pipeline.alone(outlets.form(at), |pipeline| {
                    restart::render_up_to(segment, from, &to, &clock, pipeline);
                });
                let (clock, realtime_ns, ns_per_tick) = clock.line();
                let clock = ClockLine { clock, realtime_ns, ns_per_tick };
                outlets.submit_to(at, Batch { bytes, marks: to.clone(), watermark: 0, clock });
            }
        }
        let mut drain =
            Drain::new(segment, goal, clock, pipeline, outlets, options.order, options.max_hold);
        if let Some(step) = step {
            drain.notice(&notice::clock_step(
                crate::clock::realtime_ns(),
                std::process::id(),
                step.by_ns,
            ));
        }
        if let Opened::SetAside { to, why } = opened {
            let sentence = format!(
                "the ledger was set aside as {} since {why}; what the ring still holds is sent again",
                to.display()
            );
            drain.notice(&notice::trouble(
                crate::clock::realtime_ns(),
                std::process::id(),
                "ledger",
                sentence,
            ));
        }
        segment.drain_area().announce(ledger.epoch());
        Ok(Self { segment, drain, _lock: lock })
    }

    /// Runs until `stop` says so; then everything that has been committed is written, and it ends.
    pub fn run(&mut self, stop: &AtomicBool) {
        let mut rhythm = Rhythm::default();
        let mut quiet_after_stop = 0;
        loop {
            let turn = self.drain.turn();
            let stopping = stop.load(Ordering::Relaxed);
            if stopping {
                self.drain.ends_soon();
            }
            if stopping && turn == Turn::Idle && self.drain.is_settled() {
                // One more look: a lane may have ended meanwhile.
                quiet_after_stop += 1;
                if quiet_after_stop > 1 {
                    return;
                }
                continue;
            }
            let (free, total) = self.drain.filling();
            match turn {
                Turn::Moved if stopping => {}
                Turn::Moved => rhythm.pause(self.segment, true, free, total),
                Turn::Idle | Turn::Blocked => rhythm.pause(self.segment, false, free, total),
            }
        }
    }

    /// Whether the kernel lets the order be strict.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.drain.is_strict()
    }

    /// Sinks that do not take what they are given, each with its last error.
    pub fn stuck(&self) -> Vec<(String, String)> {
        self.drain.stuck()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.segment.drain_area().retire();
    }
}

fn state_dir(options: &Options) -> Result<PathBuf> {
    match &options.state_dir {
        Some(directory) => Ok(directory.clone()),
        None => shm::runtime_dir(),
    }
}

fn open_ledger(segment: &Segment, options: &Options) -> Result<(Ledger, Opened)> {
    let directory = state_dir(options)?;
    let names: Vec<String> =
        options.sinks.iter().map(|sink| sink.spec()?.cursor_name()).collect::<Result<_>>()?;
    let geometry = segment.geometry();
    // Behind the lanes stand the processes: how many of their drops have been told.
    let lanes = geometry.lane_count + geometry.process_count;
    let path = directory.join(format!("{}.ledger", segment.name()));
    Ledger::open(&path, segment.uuid(), geometry.block_count, lanes, &names)
}

/// Sinks that want the same lines share their rendering: per sink its form, per form a sink.
fn forms(sinks: &[Sink]) -> (Vec<usize>, Vec<&Sink>) {
    let mut kinds: Vec<&Sink> = Vec::new();
    let forms = sinks
        .iter()
        .map(|sink| {
            kinds.iter().position(|kind| kind.has_lines_of(sink)).unwrap_or_else(|| {
                kinds.push(sink);
                kinds.len() - 1
            })
        })
        .collect();
    (forms, kinds)
}

fn start_clock(segment: &Segment) -> (Clock, Option<crate::clock::Step>) {
    if segment.clock_kind() != clock_kind::TSC {
        return (Clock::realtime(), None);
    }
    let (clock, ns) = segment.created_anchor();
    let kind = segment.clock_kind();
    let mut source = Bracketed::new(move || watermark::now(kind));
    Clock::start((clock, i64::try_from(ns).unwrap_or(i64::MAX)), &mut source)
}

/// Finishes the batch that the previous drain had prepared for this sink and not committed. Returns
/// its positions if the sink does not take it now: it stays at the head of the sink's queue.
fn finish(
    segment: &'static Segment,
    ledger: &Arc<Ledger>,
    cursor: &mut Cursor,
    pipeline: &mut Pipeline,
    form: usize,
) -> Result<Marks> {
    let Some(replay) = cursor.replay().cloned() else { return Ok(Marks::default()) };
    let ClockLine { clock, realtime_ns, ns_per_tick } = replay.clock;
    let clock = if segment.clock_kind() == clock_kind::TSC {
        Clock::from_line(clock, realtime_ns, ns_per_tick)
    } else {
        Clock::realtime()
    };
    let from = Positions::of(ledger, cursor.index(), &Marks::default());
    let bytes = pipeline.alone(form, |pipeline| {
        restart::render_up_to(segment, &from, &replay.marks, &clock, pipeline);
    });
    if cursor.finish_replay(Some(&bytes))? == Replayed::Dropped {
        return Ok(Marks::default());
    }
    match cursor.step(Instant::now()) {
        Step::Done(_) => Ok(Marks::default()),
        Step::Idle | Step::Stuck { .. } => Ok(replay.marks),
    }
}

/// The sink that has consumed most of what stands in the ring; the first of several.
fn furthest(segment: &Segment, lanes: u32, positions: &[Positions], ledger: &Ledger) -> usize {
    let progress = |at: usize| positions.get(at).map_or((0, 0), |at| at.progress(segment, lanes));
    let counting = (0..positions.len()).filter(|cursor| ledger.counts(*cursor));
    counting.max_by_key(|at| (progress(*at), std::cmp::Reverse(*at))).unwrap_or(0)
}
