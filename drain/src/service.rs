//! A drain from its first look at the segment to its last: attach, lock, ledger, sinks, restart,
//! then turn after turn until it is told to stop. What the binary and embedded drains run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use logring::layout::header::clock as clock_kind;
use logring::shm::{self, DrainLock, Segment};
use logring::{Error, Result};

use crate::clock::{Bracketed, Clock};
use crate::config::{Sink, pipeline};
use crate::cursor::{Batch, Cursor, Replayed, Step};
use crate::drain::{Drain, Turn};
use crate::end::{End, Next};
use crate::fate::Fate;
use crate::ledger::{ClockLine, Ledger, Marks, Opened};
use crate::notice;
use crate::options::{Destination, Options};
use crate::outlets::Outlets;
use crate::pipeline::{Lines, Pipeline};
use crate::positions::Positions;
use crate::private::Private;
use crate::restart;
use crate::rhythm::Rhythm;
use crate::watermark;

/// A drain that holds its segment's drain lock.
#[derive(Debug)]
pub struct Service {
    segment: &'static Segment,
    drain: Drain,
    // Given back last, when nothing of this drain can touch ledger or sinks any more.
    lock: DrainLock<'static>,
}

/// Why a drain does not start.
#[derive(Debug)]
pub enum StartError {
    /// The segment, the lock or the ledger.
    Segment(Error),
    /// A sink.
    Sink(Error),
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Segment(error) | StartError::Sink(error) => error,
        }
    }
}

impl Service {
    /// Whether sinks and ledger can be opened, as far as can be told without making anything but the
    /// directory for the ledger: to be asked before a segment is made for nothing.
    ///
    /// # Errors
    /// What [`Service::start`] would say.
    pub fn check(options: &Options) -> Result<(), StartError> {
        pipeline::chain(&options.processors, false).map_err(StartError::Segment)?;
        options.cursor_names().map_err(StartError::Sink)?;
        for destination in &options.destinations {
            destination.check().map_err(StartError::Sink)?;
        }
        state_dir(options.state_dir.as_ref()).map_err(StartError::Segment)?;
        Ok(())
    }

    /// Takes the drain lock of `segment` for the calling thread and brings ledger and sinks to where
    /// the last drain left them.
    ///
    /// From here on what this thread logs into the segment goes into the drain's output past the
    /// ring, until the service is dropped.
    ///
    /// # Errors
    /// Another drain holds the lock (`Error::is_held`); the ledger or a sink cannot be opened.
    pub fn start(segment: &'static Segment, options: Options) -> Result<Self, StartError> {
        let lock = DrainLock::acquire(segment).map_err(StartError::Segment)?;
        let private = Private::new(segment);
        let names = options.cursor_names().map_err(StartError::Sink)?;
        let Options { destinations, mut chain, processors, order, max_hold, state_dir } = options;
        pipeline::add(&mut chain, &processors).map_err(StartError::Segment)?;
        let (ledger, opened) =
            open_ledger(segment, state_dir.as_ref(), &names).map_err(StartError::Segment)?;
        let ledger = Arc::new(ledger);
        let Sinks { mut cursors, lines } =
            open_sinks(&ledger, &names, destinations).map_err(StartError::Sink)?;
        let (clock, step) = start_clock(segment);
        let mut pipeline = Pipeline::new(segment, chain, lines);
        // Without an older ledger, what an older drain has read is not known.
        let complete = match opened {
            Opened::Found => true,
            Opened::New => segment.drain_area().epoch().load(logring::sync::Ordering::Relaxed) == 0,
            Opened::SetAside { .. } => false,
        };
        let mut positions = Vec::new();
        let mut waiting = Vec::new();
        for (cursor, form) in &mut cursors {
            let queued =
                finish(segment, &ledger, cursor, &mut pipeline, *form).map_err(StartError::Sink)?;
            let of = Positions::of(&ledger, cursor.index(), &queued);
            positions.push(of.are_complete(complete));
            waiting.push(u64::from(cursor.queued_bytes() > 0));
        }
        let geometry = segment.geometry();
        let lanes = geometry.lane_count + geometry.process_count;
        let furthest = furthest(segment, lanes, &positions, &ledger);
        let goal = positions.swap_remove(furthest);
        let (to, watermark) = (goal.marks(segment, lanes), goal.watermark());
        let mut outlets = Outlets::new(cursors, &waiting);
        // `positions` has the last one now where the furthest stood.
        for (at, from) in positions.iter().enumerate() {
            let at = if at == furthest { positions.len() } else { at };
            if from.progress(segment, lanes) < goal.progress(segment, lanes) {
                let bytes = pipeline.alone(outlets.form(at), |pipeline| {
                    restart::render_up_to(segment, from, &to, (&clock, watermark), pipeline);
                });
                let (clock, realtime_ns, ns_per_tick) = clock.line();
                let clock = ClockLine { clock, realtime_ns, ns_per_tick };
                outlets.submit_to(at, Batch { bytes, marks: to.clone(), watermark, clock });
            }
        }
        let timing = (order, max_hold.0);
        let mut drain = Drain::new(segment, goal, clock, pipeline, outlets, private, timing);
        tell_start(&mut drain, step, opened);
        segment.drain_area().announce(ledger.epoch());
        Ok(Self { segment, drain, lock })
    }

    /// Runs until `stop` says so; then everything that had been committed by then is written, and it
    /// ends. What a sink does not take stays in the ring, see [`Service::stuck`].
    ///
    /// # Errors
    /// The segment's file was cut by somebody else; or it was removed, and the last process that used
    /// it has ended. What could be read is written.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<()> {
        let mut fate = Fate::default();
        let mut rhythm = Rhythm::default();
        let mut end = None;
        // Another process: a processor forked, and this is the child.
        while self.lock.is_ours() {
            let turn = self.drain.turn();
            if let Some((kind, sentence)) = fate.look(self.segment) {
                let now = crate::clock::realtime_ns();
                self.drain.notice(&notice::trouble(now, std::process::id(), kind, sentence));
            }
            if stop.load(Ordering::Relaxed) || fate.is_over() {
                self.drain.ends_soon();
                let end = end.get_or_insert_with(|| End::begin(&self.drain));
                match end.look(turn, &self.drain) {
                    Next::Over if !self.drain.tell_rest() => break,
                    Next::Over => continue,
                    Next::AtOnce => continue,
                    Next::Rest => {}
                }
            }
            // What is to be read stands in the ring already: nobody writes there meanwhile.
            if turn == Turn::Moved && self.drain.is_mid_pass() {
                continue;
            }
            let (drain, filling) = (&self.drain, self.drain.filling());
            let mut watch = None;
            rhythm.pause(self.segment, turn == Turn::Moved, filling, drain.is_strict(), || {
                let watched = watch.get_or_insert_with(|| drain.watch());
                !stop.load(Ordering::Relaxed)
                    && watched.as_ref().is_some_and(|watched| drain.is_quiet(watched))
            });
        }
        fate.end(self.segment)
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
        if self.lock.is_ours() {
            self.segment.drain_area().retire();
        }
    }
}

fn state_dir(given: Option<&PathBuf>) -> Result<PathBuf> {
    given.map_or_else(shm::runtime_dir, |directory| Ok(directory.clone()))
}

fn open_ledger(
    segment: &Segment,
    directory: Option<&PathBuf>,
    names: &[String],
) -> Result<(Ledger, Opened)> {
    let geometry = segment.geometry();
    // Behind the lanes stand the processes: how many of their drops have been told.
    let lanes = geometry.lane_count + geometry.process_count;
    let path = state_dir(directory)?.join(format!("{}.ledger", segment.name()));
    Ledger::open(&path, segment.uuid(), geometry.block_count, lanes, names)
}

/// The sinks' cursors, each with its form of lines, and the forms.
#[derive(Default)]
struct Sinks {
    cursors: Vec<(Cursor, usize)>,
    lines: Vec<Lines>,
}

/// Opens all sinks. Those that want the same lines share their rendering.
fn open_sinks(
    ledger: &Arc<Ledger>,
    names: &[String],
    destinations: Vec<Destination>,
) -> Result<Sinks> {
    let Sinks { mut cursors, mut lines } = Sinks::default();
    let mut kinds: Vec<(Sink, usize)> = Vec::new();
    for (index, (destination, name)) in destinations.into_iter().zip(names).enumerate() {
        cursors.push(match destination {
            Destination::Sink(sink) => {
                let cursor = Cursor::open(ledger, index, &sink.spec()?)?;
                let known = kinds.iter().find(|(kind, _)| kind.has_lines_of(&sink));
                let form = known.map_or(lines.len(), |(_, form)| *form);
                if form == lines.len() {
                    lines.push(Lines::of(&sink)?);
                    kinds.push((sink, form));
                }
                (cursor, form)
            }
            Destination::Own(sink) => {
                let cursor = Cursor::own(ledger, index, name.clone(), sink.writer)?;
                lines.push(Lines::own(sink.level, sink.renderer));
                (cursor, lines.len() - 1)
            }
        });
    }
    Ok(Sinks { cursors, lines })
}

/// What the output is told of how the drain found things.
fn tell_start(drain: &mut Drain, step: Option<crate::clock::Step>, opened: Opened) {
    let (now, pid) = (crate::clock::realtime_ns(), std::process::id());
    if let Some(step) = step {
        drain.notice(&notice::clock_step(now, pid, step.by_ns));
    }
    if let Opened::SetAside { to, why } = opened {
        let sentence = format!(
            "the ledger was set aside as {} since {why}; what the ring still holds is sent again",
            to.display()
        );
        drain.notice(&notice::trouble(now, pid, "ledger", sentence));
    }
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
    pipeline: &mut Pipeline<'_>,
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
        let at = (&clock, replay.watermark);
        restart::render_up_to(segment, &from, &replay.marks, at, pipeline);
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
