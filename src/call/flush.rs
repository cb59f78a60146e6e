//! Waiting until what was logged is written. Never needed for safety: a record whose call has
//! returned outlives its process. For tests, and before something is read back.

use std::time::{Duration, Instant};

use super::producer::Producer;
use super::{Logger, drain_thread, installed};
use crate::error::{Error, Result};
use crate::layout::drain_area::sink_state;
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
    let producer = installed::installed()
        .ok_or_else(|| Error::invalid("nothing to flush: call logring::builder(..).install()"))?;
    producer.flush(timeout)
}

impl Logger {
    /// [`flush`], for this logger's segment.
    ///
    /// # Errors
    /// As [`flush`].
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        match self.producer() {
            Some(producer) => producer.flush(timeout),
            None => flush(timeout),
        }
    }
}

impl Producer {
    fn flush(&self, timeout: Duration) -> Result<()> {
        let segment = self.segment();
        if drain_thread::drains(segment) {
            return Err(Error::invalid(format!(
                "flush was called on the thread of the drain of segment {:?}, which would wait for \
                 itself; call it on another thread",
                segment.name()
            )));
        }
        let area = segment.drain_area();
        let deadline = Instant::now().checked_add(timeout);
        let mine = area.flush_req().fetch_add(1, order::flush_cas()).wrapping_add(1); // pair:flush
        loop {
            let done = area.flush_done().load(order::flush_done_load()); // pair:flush-done
            // Numbers compare modulo 2^32.
            if done.wrapping_sub(mine) < u32::MAX / 2 {
                return Ok(());
            }
            if !segment.drain_is_alive() {
                let name = segment.name();
                return Err(Error::no_drain(format!("no drain runs on segment {name:?}")));
            }
            let rest = deadline.map_or(SLICE, |at| at.saturating_duration_since(Instant::now()));
            if rest.is_zero() {
                return Err(self.late(timeout));
            }
            area.ring_doorbell();
            sys::futex_wait(area.flush_done(), done, Some(rest.min(SLICE)));
        }
    }

    /// Why the drain was not done in time.
    fn late(&self, timeout: Duration) -> Error {
        let name = self.segment().name();
        let sinks = self.segment().drain_area().sinks();
        let stuck =
            sinks.iter().find(|sink| matches!(sink.state, sink_state::STUCK | sink_state::FAILED));
        match stuck {
            Some(sink) => {
                let reason = std::io::Error::from_raw_os_error(sink.errno.cast_signed());
                Error::sink_stuck(format!("sink {:?} is stuck: {reason}", sink.name))
            }
            None => Error::timed_out(format!(
                "timed out after {timeout:?}: the drain of segment {name:?} has not written all \
                 that was logged"
            )),
        }
    }
}
