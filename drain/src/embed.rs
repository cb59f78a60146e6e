//! The drain on a thread of the process that logs: no second process, nothing to set up.
//!
//! It is the same drain, with the same ledger, so that a separate one can go on where this process
//! ended, and the other way round. Its thread never runs a signal handler, never writes to its own
//! ring, and is not there in a forked child.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use logring::shm::Segment;
use logring::shm::drain_lock;
use logring::{Builder, Error, Logger, Result, sys};

use crate::options::Options;
use crate::service::Service;

/// Gives [`logring::Builder`] a drain of its own.
///
/// ```no_run
/// use logring::info;
/// use logring_drain::{Embed, Sink};
///
/// fn main() -> logring::Result<()> {
///     let _guard = logring::builder("demo").embedded(Sink::json("demo.jsonl"))?;
///     info!("order placed", order_id = 42);
///     Ok(())
/// }
/// ```
///
/// Nothing need be called before the process ends: what a process that aborts or calls `exit` has
/// logged stays in the segment, and the next drain writes it, be it embedded in the next run or a
/// `logring-drain run` beside it. While this process lives no other drain starts on the segment.
///
/// Other processes may log into the segment too, forked children among them: their records go out
/// here as well.
pub trait Embed: Sized {
    /// Installs the process's logger, as [`Builder::install`] does, and starts the drain of its
    /// segment on a thread.
    ///
    /// When the [`Embedded`] has been dropped, this may be called again with the same segment.
    ///
    /// # Errors
    /// Those of [`Builder::install`]; another drain runs on the segment, in this process or another
    /// one ([`Error::is_held`]); a sink or the ledger cannot be opened. Then nothing is installed.
    fn embedded(self, options: impl Into<Options>) -> Result<Embedded>;

    /// The same for a further segment, which log calls reach by [`Embedded::logger`].
    ///
    /// # Errors
    /// Those of [`Builder::open`], else as for [`Embed::embedded`].
    fn open_embedded(self, options: impl Into<Options>) -> Result<Embedded>;
}

impl Embed for Builder {
    fn embedded(self, options: impl Into<Options>) -> Result<Embedded> {
        let options = options.into();
        Service::check(&options)?;
        let (_guard, embedded) = self.install_with(|logger| Embedded::start(logger, options))?;
        Ok(embedded)
    }

    fn open_embedded(self, options: impl Into<Options>) -> Result<Embedded> {
        let options = options.into();
        Service::check(&options)?;
        Embedded::start(&self.open()?, options)
    }
}

/// A drain on a thread of this process. Dropping it writes everything that has been committed, in
/// whatever process, and ends the drain; what is logged afterwards waits in the segment.
///
/// In a forked child it is a name without a thread: dropping it there does nothing.
#[must_use = "the drain ends when this is dropped: bind it to a name, `let _guard = ...`"]
pub struct Embedded {
    logger: Logger,
    segment: &'static Segment,
    stop: Arc<AtomicBool>,
    /// Taken when it is dropped.
    thread: Option<JoinHandle<()>>,
    pid: u32,
}

impl Embedded {
    /// The segment that is drained.
    #[must_use]
    pub fn segment(&self) -> &'static Segment {
        self.segment
    }

    /// A logger into the segment, without context.
    #[must_use]
    pub fn logger(&self) -> Logger {
        self.logger.clone()
    }

    fn start(logger: &Logger, options: Options) -> Result<Self> {
        let segment = logger.segment().expect("a builder's logger has a segment");
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::sync_channel(1);
        let until = Arc::clone(&stop);
        // Blocked from its first instruction on, so that handlers run on the application's threads.
        let thread = sys::with_signals_blocked(|| {
            let named = thread::Builder::new().name("logring-drain".to_owned());
            named.spawn(move || drain(segment, options, &tell, &until))
        })
        .map_err(|error| Error::os("start the drain's thread", error))?;
        let failed = match told.recv() {
            Ok(Ok(())) => {
                let (logger, pid) = (logger.clone(), sys::pid());
                return Ok(Self { logger, segment, stop, thread: Some(thread), pid });
            }
            Ok(Err(error)) => error,
            Err(_) => Error::other("the drain's thread panicked while it started"),
        };
        // It has nothing more to do; what it panicked with has been said.
        let _ = thread.join();
        Err(failed)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if self.pid != sys::pid() {
            // The thread is the parent's; here even its handle is not to be touched.
            mem::forget(thread);
            return;
        }
        self.stop.store(true, Ordering::Relaxed);
        self.segment.drain_area().ring_doorbell();
        // A processor that drops it stands on that thread: it ends after this event's batch.
        if thread.thread().id() != thread::current().id() {
            // A panic of the drain has been said, and what it had not written stays in the ring.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("segment", &self.segment.name()).finish_non_exhaustive()
    }
}

/// The drain's thread: tells how it started, then drains until it is told to stop.
fn drain(
    segment: &'static Segment,
    options: Options,
    tell: &SyncSender<Result<()>>,
    stop: &AtomicBool,
) {
    let mut service = match Service::start(segment, options) {
        Ok(service) => service,
        Err(error) => {
            // Whoever started this thread waits for that.
            let _ = tell.send(Err(of_this_process(segment, error.into())));
            return;
        }
    };
    if !service.is_strict() {
        say("this kernel forbids membarrier; records are ordered by window, not strictly");
    }
    let _ = tell.send(Ok(()));
    if let Err(error) = service.run(stop) {
        say(&error.to_string());
    }
    for (sink, error) in service.stuck() {
        say(&format!("sink {sink} does not take what is left: {error}; it stays in the ring"));
    }
}

/// That the holder of the drain lock is this process is better said so than by a pid.
fn of_this_process(segment: &Segment, error: Error) -> Error {
    let held_here = error.is_held()
        && drain_lock::holder(segment).is_some_and(|holder| {
            holder.pid == sys::pid() && holder.pid_ns == sys::pid_namespace()
        });
    if !held_here {
        return error;
    }
    Error::held(format!(
        "segment {:?} is drained by this process already: drop that `Embedded` first",
        segment.name()
    ))
}

fn say(sentence: &str) {
    use std::io::Write;
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(std::io::stderr(), "logring: {sentence}");
}
