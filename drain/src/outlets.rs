//! All local sinks of a drain: what is rendered goes to each of them, each goes at its own pace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logring::layout::drain_area::sink_state;
use logring::shm::{DrainArea, Segment, SinkState};
use logring::sync::Ordering;
use logring::sys;

use crate::cursor::{Batch, Cursor, Step};
use crate::ledger::{ClockLine, Marks};
use crate::pipeline::Pipeline;

/// How long a sink is left alone with an error before `flush` is told that it is stuck.
const TELL_AFTER: Duration = Duration::from_millis(50);

/// A sink that has taken no byte for this long can be given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);
/// How often a sink that was given up is tried again.
const HEAL_EVERY: Duration = Duration::from_secs(1);
/// So many batches' lines are kept to be written over.
const USED_MAX: usize = 4;

/// What became of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was given up: from now on it misses records.
    Failed {
        /// The sink.
        sink: String,
        /// Its last error.
        error: String,
    },
    /// It writes again, and missed so many.
    Healed {
        /// The sink.
        sink: String,
        /// Records.
        missed: u64,
    },
}

/// A sink and how far it is.
#[derive(Debug)]
struct Outlet {
    cursor: Cursor,
    /// Which of the pipeline's forms it takes.
    form: usize,
    /// Batches that it was given and is not done with, one of its own included.
    owes: u64,
    told: u32,
    /// The code of the error by which its last sync failed.
    unsynced: Option<Option<i32>>,
    /// When it is next tried, if it was given up.
    heal_at: Option<Instant>,
}

/// The sinks of a drain.
#[derive(Debug)]
pub(crate) struct Outlets {
    all: Vec<Outlet>,
    submitted: u64,
    /// Lines that are written everywhere, for the next batches to be written over.
    used: Vec<Vec<u8>>,
}

impl Outlets {
    /// Sinks, each with the form of lines that it takes; `waiting` says how many batches stand in
    /// its queue already.
    pub(crate) fn new(cursors: Vec<(Cursor, usize)>, waiting: &[u64]) -> Self {
        let all = cursors
            .into_iter()
            .zip(waiting)
            .map(|((cursor, form), owes)| Outlet {
                cursor,
                form,
                owes: *owes,
                told: sink_state::NONE,
                unsynced: None,
                heal_at: None,
            })
            .collect();
        Self { all, submitted: 0, used: Vec::new() }
    }

    /// Gives every sink what the pipeline has rendered and the positions behind it. Returns the
    /// batch's number, from 1.
    pub(crate) fn submit(
        &mut self,
        pipeline: &mut Pipeline<'_>,
        marks: &Marks,
        watermark: u64,
        clock: ClockLine,
    ) -> u64 {
        self.submitted += 1;
        let mut batches: Vec<Option<Arc<Batch>>> = vec![None; pipeline.forms()];
        // A failed sink takes nothing: what it misses is counted when it heals.
        for outlet in self.all.iter_mut().filter(|outlet| !outlet.cursor.has_failed()) {
            let Some(batch) = batches.get_mut(outlet.form) else { continue };
            let batch = batch.get_or_insert_with(|| {
                let bytes = pipeline.take(outlet.form, self.used.pop().unwrap_or_default());
                Arc::new(Batch { bytes, marks: marks.clone(), watermark, clock })
            });
            outlet.cursor.submit(Arc::clone(batch));
            outlet.owes += 1;
        }
        self.submitted
    }

    /// Gives one sink a batch of its own, which the others have had.
    pub(crate) fn submit_to(&mut self, at: usize, batch: Batch) {
        if let Some(outlet) = self.all.get_mut(at).filter(|outlet| !outlet.cursor.has_failed()) {
            outlet.cursor.submit(Arc::new(batch));
            outlet.owes += 1;
        }
    }

    /// Lets every sink write what it can; says what somebody did to their files.
    pub(crate) fn step(&mut self, segment: &Segment) -> Vec<crate::sink::Trouble> {
        let mut troubles = Vec::new();
        let now = Instant::now();
        for (index, outlet) in self.all.iter_mut().enumerate() {
            while let Step::Done(batch) = outlet.cursor.step(now) {
                outlet.owes = outlet.owes.saturating_sub(1);
                if self.used.len() < USED_MAX {
                    self.used.extend(Arc::into_inner(batch).map(|batch| batch.bytes));
                }
            }
            troubles.append(&mut outlet.cursor.take_troubles());
            outlet.tell(&segment.drain_area(), index, now);
        }
        troubles
    }

    /// Gives up a sink that is stuck and alone pins more than `blocks_max` blocks, as `pinned` says
    /// of batches from one number up to another; tries those given up before. Never the last one:
    /// then the ring fills, and the overflow policy applies.
    ///
    /// To be called when all that was rendered has been submitted.
    pub(crate) fn judge(
        &mut self,
        blocks_max: usize,
        pinned: impl Fn(u64, u64) -> usize,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let now = Instant::now();
        for at in 0..self.all.len() {
            let submitted = self.submitted;
            let others = self
                .all
                .iter()
                .enumerate()
                .filter(|(other, outlet)| *other != at && !outlet.cursor.has_failed());
            // What the slowest of the others owes.
            let Some(owed) = others.map(|(_, outlet)| outlet.owes).max() else { continue };
            let Some(outlet) = self.all.get_mut(at) else { continue };
            if outlet.cursor.has_failed() {
                if owed == 0 && outlet.heal_at.is_none_or(|heal_at| now >= heal_at) {
                    changes.extend(outlet.heal(now));
                }
                continue;
            }
            let Some(stuck) = outlet.cursor.stuck() else { continue };
            let alone =
                pinned(submitted.saturating_sub(outlet.owes), submitted.saturating_sub(owed));
            if now.duration_since(stuck.since) >= GIVE_UP_AFTER && alone > blocks_max {
                let (sink, error) = (outlet.cursor.name().to_owned(), stuck.error.to_string());
                changes.push(Change::Failed { sink, error });
                // In the ledger before any of its blocks is freed.
                outlet.cursor.fail();
                outlet.owes = 0;
                outlet.heal_at = Some(now + HEAL_EVERY);
            }
        }
        changes
    }

    /// The newest batch that every sink is done with; 0 while one still owes a batch of its own.
    pub(crate) fn done(&self) -> u64 {
        let owed = self.all.iter().map(|outlet| outlet.owes).max().unwrap_or(0);
        self.submitted.saturating_sub(owed)
    }

    /// The form of lines that a sink takes.
    pub(crate) fn form(&self, at: usize) -> usize {
        self.all.get(at).map_or(0, |outlet| outlet.form)
    }

    /// The newest batch.
    pub(crate) fn submitted(&self) -> u64 {
        self.submitted
    }

    /// The ledger's indexes of the sinks that count.
    pub(crate) fn cursors(&self) -> impl Iterator<Item = usize> {
        let counting = self.all.iter().filter(|outlet| !outlet.cursor.has_failed());
        counting.map(|outlet| outlet.cursor.index())
    }

    /// Bytes that the slowest sink has not written yet.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.all.iter().map(|outlet| outlet.cursor.queued_bytes()).max().unwrap_or(0)
    }

    /// The sinks that do not take what they are given, with their last error.
    pub(crate) fn stuck(&self) -> impl Iterator<Item = (&str, String)> {
        self.all.iter().filter_map(|outlet| {
            let stuck = outlet.cursor.stuck()?;
            Some((outlet.cursor.name(), stuck.error.to_string()))
        })
    }

    /// Whether some sink has more to write, and none that has could write for so long.
    pub(crate) fn are_stuck(&self, long: Duration) -> bool {
        let mut owing = self.all.iter().filter(|outlet| outlet.owes > 0).peekable();
        owing.peek().is_some()
            && owing.all(|outlet| {
                outlet.cursor.stuck().is_some_and(|stuck| stuck.since.elapsed() >= long)
            })
    }

    /// Syncs every sink if a flush up to `flush` asked for that. One that fails is noted before the
    /// flush is done: whoever asked is told, and what is on the medium is never guessed by a second try.
    pub(crate) fn sync_if_asked(&mut self, area: &DrainArea<'_>, flush: u32) {
        let asked = area.flush_durable().load(Ordering::Relaxed);
        let done = area.flush_done().load(Ordering::Relaxed);
        // Numbers compare modulo 2^32. One that was asked for since may be served with this one.
        if asked == done || asked.wrapping_sub(done) > u32::MAX / 2 {
            return;
        }
        for (index, outlet) in self.all.iter_mut().enumerate() {
            outlet.unsynced = outlet.cursor.sync().err().map(|error| error.raw_os_error());
            if outlet.unsynced.is_some() {
                area.flush_failed().store(flush, Ordering::Relaxed);
            }
            outlet.tell(area, index, Instant::now());
        }
    }
}

impl Outlet {
    fn heal(&mut self, now: Instant) -> Option<Change> {
        self.heal_at = Some(now + HEAL_EVERY);
        self.cursor.heal().ok()?;
        self.heal_at = None;
        Some(Change::Healed {
            sink: self.cursor.name().to_owned(),
            missed: self.cursor.take_missed(),
        })
    }

    /// Says in the drain area how the sink does, where that has changed.
    fn tell(&mut self, area: &DrainArea<'_>, index: usize, now: Instant) {
        let stuck =
            self.cursor.stuck().filter(|stuck| now.duration_since(stuck.since) >= TELL_AFTER);
        let state = match (self.cursor.has_failed(), stuck) {
            (true, _) => sink_state::FAILED,
            (false, Some(_)) => sink_state::STUCK,
            (false, None) if self.unsynced.is_some() => sink_state::UNSYNCED,
            (false, None) => sink_state::OK,
        };
        if state != self.told {
            self.told = state;
            let failed = stuck.map_or(self.unsynced.flatten(), |stuck| stuck.error.raw_os_error());
            let errno = failed.unwrap_or(0);
            area.set_sink(
                index,
                &SinkState {
                    state,
                    errno: errno as u32,
                    since_ns: sys::realtime_ns(),
                    name: self.cursor.name().to_owned(),
                },
            );
        }
    }
}
