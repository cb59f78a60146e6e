//! Waiting until what was logged is written. Never needed for safety: a record whose call has
//! returned outlives its process. For tests, and before something is read back.

use std::time::{Duration, Instant};

use super::producer::Producer;
use super::{Logger, drain_thread, installed};
use crate::error::{Error, Result};
use crate::layout::drain_area::sink_state;
use crate::layout::lane::{LaneKind, LaneWord};
use crate::ring::{Memory, Unpinned, reader};
use crate::sync::Ordering::Relaxed;
use crate::sync::order;
use crate::sys;

/// The longest wait between two looks at the drain and its sinks.
const SLICE: Duration = Duration::from_millis(100);

/// Waits until all that was logged before, in any process, to the installed segment is written to
/// every sink of its drain. Costs a wake-up of the drain and one of its passes.
///
/// # Errors
/// Nothing is installed; it is called on the drain's own thread; no drain runs on the segment ([`Error::is_no_drain`]); a sink is stuck
/// ([`Error::is_sink_stuck`]); `timeout` ended first ([`Error::is_timed_out`]).
pub fn flush(timeout: Duration) -> Result<()> {
    the_installed()?.flush(timeout)
}

/// [`flush`], and every file is synced to its medium (`fdatasync`), also against a failure of power.
/// Costs what the slowest disk takes for that; streams and sinks of the user's own have no medium.
///
/// # Errors
/// As [`flush`]; and a file could not be synced ([`Error::is_not_durable`]): what it had since its last
/// sync may not be there after a failure of power, and no later sync can tell. The drain leaves that
/// file aside and goes on in a new one.
pub fn flush_durable(timeout: Duration) -> Result<()> {
    the_installed()?.flush_durable(timeout)
}

fn the_installed() -> Result<&'static Producer> {
    installed::installed()
        .ok_or_else(|| Error::invalid("nothing to flush: call logring::builder(..).install()"))
}

impl Logger {
    /// [`flush`], for this logger's segment.
    ///
    /// # Errors
    /// As [`flush`].
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        self.producer().map_or_else(the_installed, Ok)?.flush(timeout)
    }

    /// [`flush_durable`], for this logger's segment.
    ///
    /// # Errors
    /// As [`flush_durable`].
    pub fn flush_durable(&self, timeout: Duration) -> Result<()> {
        self.producer().map_or_else(the_installed, Ok)?.flush_durable(timeout)
    }
}

/// Whether flush number `a` is `b` or came after it; numbers compare modulo 2^32.
fn is_from(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) <= u32::MAX / 2
}

impl Producer {
    fn flush(&self, timeout: Duration) -> Result<()> {
        self.check_thread()?;
        let area = self.segment().drain_area();
        let mine = area.flush_req().fetch_add(1, order::flush_cas()).wrapping_add(1); // pair:flush
        self.wait(mine, timeout)
    }

    fn flush_durable(&self, timeout: Duration) -> Result<()> {
        self.check_thread()?;
        let area = self.segment().drain_area();
        let mine = loop {
            let newest = area.flush_req().load(Relaxed);
            let mine = newest.wrapping_add(1);
            // First: a drain that sees the request sees what is asked for.
            let _ = area
                .flush_durable()
                .fetch_update(Relaxed, Relaxed, |asked| is_from(mine, asked).then_some(mine));
            let req = area.flush_req();
            // pair:flush
            if req.compare_exchange(newest, mine, order::flush_cas(), Relaxed).is_ok() {
                break mine;
            }
        };
        self.wait(mine, timeout)?;
        // What failed for a later one may concern this one too.
        if is_from(area.flush_failed().load(Relaxed), mine) {
            return Err(self.not_durable());
        }
        Ok(())
    }

    fn check_thread(&self) -> Result<()> {
        let segment = self.segment();
        if drain_thread::drains(segment) {
            return Err(Error::invalid(format!(
                "flush was called on the thread of the drain of segment {:?}, which would wait for \
                 itself; call it on another thread",
                segment.name()
            )));
        }
        Ok(())
    }

    fn wait(&self, mine: u32, timeout: Duration) -> Result<()> {
        let segment = self.segment();
        let area = segment.drain_area();
        let asked_at = self.now();
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let done = area.flush_done().load(order::flush_done_load()); // pair:flush-done
            if is_from(done, mine) {
                return Ok(());
            }
            if !segment.drain_is_alive() {
                let name = segment.name();
                return Err(Error::no_drain(format!("no drain runs on segment {name:?}")));
            }
            let rest = deadline.map_or(SLICE, |at| at.saturating_duration_since(Instant::now()));
            if rest.is_zero() {
                return Err(self.late(timeout, asked_at));
            }
            area.ring_doorbell();
            sys::futex_wait(area.flush_done(), done, Some(rest.min(SLICE)));
        }
    }

    /// Why the drain was not done in time with what was logged before `asked_at`.
    fn late(&self, timeout: Duration, asked_at: u64) -> Error {
        let sinks = self.segment().drain_area().sinks();
        let stuck =
            sinks.iter().find(|sink| matches!(sink.state, sink_state::STUCK | sink_state::FAILED));
        match stuck {
            Some(sink) => {
                let reason = std::io::Error::from_raw_os_error(sink.errno.cast_signed());
                Error::sink_stuck(format!("sink {:?} is stuck: {}", sink.name, in_words(&reason)))
            }
            None => Error::timed_out(format!(
                "timed out after {} with {} records outstanding",
                in_seconds(timeout),
                self.outstanding(asked_at)
            )),
        }
    }

    fn not_durable(&self) -> Error {
        let sinks = self.segment().drain_area().sinks();
        let failed = sinks.iter().find(|sink| sink.state == sink_state::UNSYNCED);
        Error::not_durable(match failed {
            Some(sink) => {
                let reason = std::io::Error::from_raw_os_error(sink.errno.cast_signed());
                let reason = in_words(&reason);
                format!(
                    "sink {:?} could not be synced: {reason}; what its file had since its last sync \
                     may not be on the medium",
                    sink.name
                )
            }
            None => "a sink could not be synced; what its file had since its last sync may not be \
                     on the medium"
                .to_owned(),
        })
    }

    /// Records committed before `asked_at` that are not in every sink, as far as the drain has told.
    /// One look at each record of the ring: for an error's sentence.
    fn outstanding(&self, asked_at: u64) -> u64 {
        let segment = self.segment();
        let from = segment.drain_area().written_below().load(Relaxed);
        // What a flight recorder keeps nobody waits for.
        let is_flight = |block: &u32| {
            let word = segment.lane_info(segment.signature(*block).lane.index);
            let word = word.and_then(|info| info.word);
            matches!(word, Some(LaneWord::Live { kind: LaneKind::Flight, .. }))
        };
        (0..segment.block_count())
            .filter(|block| !is_flight(block))
            .map(|block| reader::count_between(&Unpinned(segment), block, from..asked_at))
            .sum()
    }
}

/// What the operating system calls it, without the number behind.
fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// `1 s`, `0.25 s`.
fn in_seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
