//! A drain from its first look at the segment to its last: attach, lock, ledger, sinks, restart,
//! then turn after turn until it is told to stop. What the binary and embedded drains run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logring::layout::header::clock as clock_kind;
use logring::shm::{self, DrainLock, Segment};
use logring::{Error, Result};

use crate::clock::{Bracketed, Clock};
use crate::cursor::{Batch, Cursor, Replayed};
use crate::drain::{Drain, Turn};
use crate::ledger::{ClockLine, Ledger, Opened};
use crate::notice;
use crate::outlets::Outlets;
use crate::pipeline::Pipeline;
use crate::process::Chain;
use crate::render::Renderer;
use crate::restart;
use crate::rhythm::Rhythm;
use crate::sink::SinkSpec;
use crate::watermark;

/// What a drain is to do.
#[derive(Debug)]
pub struct Options {
    /// Where its bytes go; at least one.
    pub sinks: Vec<SinkSpec>,
    /// The longest wait for a thread in the middle of a record.
    pub max_hold: Duration,
    /// Where the ledger stands; `None` = the runtime directory.
    pub state_dir: Option<PathBuf>,
}

/// A drain that holds its segment's drain lock.
#[derive(Debug)]
pub struct Service {
    segment: &'static Segment,
    lock: DrainLock<'static>,
    drain: Drain,
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
    /// Takes the drain lock of `segment` and brings ledger and sinks to where the last drain left
    /// them. `renderer` makes the renderer of a sink.
    ///
    /// # Errors
    /// Another drain holds the lock (`Error::is_held`); the ledger or a sink cannot be opened.
    pub fn start(
        segment: &'static Segment,
        options: &Options,
        chain: Chain,
        mut renderer: impl FnMut(&SinkSpec) -> Box<dyn Renderer>,
    ) -> Result<Self, StartError> {
        let lock = DrainLock::acquire(segment).map_err(StartError::Segment)?;
        let (ledger, opened) = open_ledger(segment, options).map_err(StartError::Segment)?;
        let ledger = Arc::new(ledger);
        let (forms, kinds) = forms(&options.sinks);
        let mut cursors = Vec::new();
        for (index, spec) in options.sinks.iter().enumerate() {
            let cursor = Cursor::open(&ledger, index, spec).map_err(StartError::Sink)?;
            cursors.push((cursor, forms[index]));
        }
        let (clock, step) = start_clock(segment);
        for ((cursor, _), spec) in cursors.iter_mut().zip(&options.sinks) {
            finish(segment, &ledger, cursor, spec, &mut renderer).map_err(StartError::Sink)?;
        }
        let furthest = furthest(segment, &ledger, cursors.len());
        let mut late: Vec<(usize, Batch)> = Vec::new();
        for (at, ((cursor, _), spec)) in cursors.iter().zip(&options.sinks).enumerate() {
            late.extend(
                catch_up(segment, &ledger, cursor, spec, furthest, &clock, &mut renderer)
                    .map(|batch| (at, batch)),
            );
        }
        let mut outlets = Outlets::new(cursors);
        for (at, batch) in late {
            outlets.submit_to(at, batch);
        }
        let renderers = kinds.iter().map(|spec| renderer(spec)).collect();
        let pipeline = Pipeline::new(segment, chain, renderers);
        let mut drain = Drain::new(
            segment,
            Arc::clone(&ledger),
            furthest,
            clock,
            pipeline,
            outlets,
            options.max_hold,
        );
        if let Some(step) = step {
            drain.notice(&notice::clock_step(crate::clock::realtime_ns(), step.by_ns));
        }
        if let Opened::SetAside { to, why } = opened {
            let sentence = format!(
                "the ledger was set aside as {} since {why}; what the ring still holds is sent again",
                to.display()
            );
            drain.notice(&notice::trouble(crate::clock::realtime_ns(), "ledger", sentence));
        }
        segment.drain_area().announce(ledger.epoch());
        Ok(Self { segment, lock, drain })
    }

    /// Runs until `stop` says so; then everything that has been committed is written, and it ends.
    pub fn run(&mut self, stop: &AtomicBool) {
        let mut rhythm = Rhythm::default();
        let mut quiet_after_stop = 0;
        loop {
            let turn = self.drain.turn();
            let stopping = stop.load(Ordering::Relaxed);
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

fn open_ledger(segment: &Segment, options: &Options) -> Result<(Ledger, Opened)> {
    let directory = match &options.state_dir {
        Some(directory) => directory.clone(),
        None => shm::runtime_dir()?,
    };
    let names: Vec<String> =
        options.sinks.iter().map(SinkSpec::cursor_name).collect::<Result<_>>()?;
    let geometry = segment.geometry();
    // Behind the lanes stand the processes: how many of their drops have been told.
    let lanes = geometry.lane_count + geometry.process_count;
    let path = directory.join(format!("{}.ledger", segment.name()));
    Ledger::open(&path, segment.uuid(), geometry.block_count, lanes, &names)
}

/// Sinks that want the same lines share their rendering: per sink its form, per form a sink.
fn forms(sinks: &[SinkSpec]) -> (Vec<usize>, Vec<SinkSpec>) {
    let mut kinds: Vec<SinkSpec> = Vec::new();
    let forms = sinks
        .iter()
        .map(|spec| {
            kinds.iter().position(|kind| kind.renderer() == spec.renderer()).unwrap_or_else(|| {
                kinds.push(spec.clone());
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

/// Finishes the batch that the previous drain had prepared for this sink and not committed.
fn finish(
    segment: &'static Segment,
    ledger: &Ledger,
    cursor: &mut Cursor,
    spec: &SinkSpec,
    renderer: &mut impl FnMut(&SinkSpec) -> Box<dyn Renderer>,
) -> Result<()> {
    let Some(replay) = cursor.replay().cloned() else { return Ok(()) };
    let ClockLine { clock, realtime_ns, ns_per_tick } = replay.clock;
    let clock = if segment.clock_kind() == clock_kind::TSC {
        Clock::from_line(clock, realtime_ns, ns_per_tick)
    } else {
        Clock::realtime()
    };
    let mut pipeline = Pipeline::new(segment, Chain::new(), vec![renderer(spec)]);
    restart::render_up_to(segment, ledger, cursor.index(), &replay.marks, &clock, &mut pipeline);
    let _: Replayed = cursor.finish_replay(Some(&pipeline.take(0)))?;
    Ok(())
}

/// The cursor that has consumed most of what stands in the ring.
fn furthest(segment: &Segment, ledger: &Ledger, cursors: usize) -> usize {
    (0..cursors)
        .filter(|cursor| ledger.counts(*cursor))
        .max_by_key(|cursor| {
            (restart::progress(segment, ledger, *cursor), std::cmp::Reverse(*cursor))
        })
        .unwrap_or(0)
}

/// What a sink has to be given so that it stands where the furthest one does.
fn catch_up(
    segment: &'static Segment,
    ledger: &Ledger,
    cursor: &Cursor,
    spec: &SinkSpec,
    furthest: usize,
    clock: &Clock,
    renderer: &mut impl FnMut(&SinkSpec) -> Box<dyn Renderer>,
) -> Option<Batch> {
    let behind = restart::progress(segment, ledger, cursor.index())
        < restart::progress(segment, ledger, furthest);
    if !behind || cursor.has_failed() {
        return None;
    }
    let geometry = segment.geometry();
    let lanes = geometry.lane_count + geometry.process_count;
    let marks = restart::marks_of(segment, ledger, furthest, lanes);
    let mut pipeline = Pipeline::new(segment, Chain::new(), vec![renderer(spec)]);
    restart::render_up_to(segment, ledger, cursor.index(), &marks, clock, &mut pipeline);
    let (clock, realtime_ns, ns_per_tick) = clock.line();
    let clock = ClockLine { clock, realtime_ns, ns_per_tick };
    Some(Batch { bytes: pipeline.take(0), marks, watermark: 0, clock })
}
