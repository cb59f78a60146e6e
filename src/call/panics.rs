//! Panics in the log: the hook of [`log_panics`], and [`catch`].
//!
//! The record is made in the panic hook, on the thread that panics and before anything unwinds: it
//! has the thread's context, and it is in the ring also when the process aborts. No code of a user
//! runs for it. The hook that was there before runs after it, as it would have without.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, UnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::{self, Poll};

use super::{Site, logger};
use crate::level::Level;
use crate::sync::AtomicU32;
use crate::sync::Ordering::Relaxed;

/// The target of records of panics.
pub const TARGET: &str = "panic";

static HOOK: Once = Once::new();
/// 1 once panics of all threads are to be logged.
static ALL: AtomicU32 = AtomicU32::new(0);

/// Where a panic was, where that is known.
type Place = Option<String>;

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    /// Whether this thread is logging a panic.
    static LOGGING: Cell<bool> = const { Cell::new(false) };
    /// The place of this thread's last panic that was logged; `None` when there was none.
    static LOGGED: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Logs each panic of this process from now on, with its message, place, thread and backtrace, as
/// level critical and target `panic`; then the hook that was in force before runs. Calling it again
/// changes nothing. A hook that is set later has to hand on to this one.
///
/// The record is safe when the process then aborts. Panics in a log call's values are logged too.
///
/// ```
/// logring::log_panics();
/// ```
pub fn log_panics() {
    ALL.store(1, Relaxed);
    set_hook();
}

/// Calls `action`; a panic in it is logged as [`log_panics`] does, and given back instead of going on.
///
/// ```
/// let done = logring::catch(|| 7);
/// assert_eq!(done.unwrap(), 7);
///
/// let failed = logring::catch(|| -> u32 { panic!("no price for item {}", 42) });
/// assert_eq!(failed.unwrap_err().message(), "no price for item 42");
/// ```
///
/// # Errors
/// The panic; [`Caught::resume`] lets it go on.
pub fn catch<T>(action: impl FnOnce() -> T + UnwindSafe) -> Result<T, Caught> {
    set_hook();
    CATCHING.set(CATCHING.get() + 1);
    LOGGED.set(None);
    let outcome = catch_unwind(action);
    CATCHING.set(CATCHING.get() - 1);
    outcome.map_err(|payload| {
        let place = LOGGED.take().unwrap_or_else(|| {
            // No hook has seen it: it was resumed, or somebody has put another hook in place of ours.
            log(message(&*payload), "", 0, None);
            None
        });
        Caught { payload, place }
    })
}

/// [`catch`] of a future: a panic while it is polled is logged, with the context that it has there, and
/// given back. Boxes nothing. What the future holds is dropped after a panic; of what it had borrowed to
/// change, some may be half changed, as futures are seldom `UnwindSafe` this is not asked for.
///
/// ```
/// # fn main() {
/// # futures_lite::future::block_on(async {
/// let done = logring::catch_async(async { 7 }).await;
/// assert_eq!(done.unwrap(), 7);
///
/// let failed = logring::catch_async(async { panic!("no price") }).await;
/// assert_eq!(failed.map(|(): ()| ()).unwrap_err().message(), "no price");
/// # });
/// # }
/// ```
pub fn catch_async<F: Future>(future: F) -> CatchAsync<F> {
    CatchAsync { future }
}

pin_project_lite::pin_project! {
    /// A future whose panics are caught, see [`catch_async`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited or polled"]
    pub struct CatchAsync<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for CatchAsync<F> {
    type Output = Result<F::Output, Caught>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        // It is not polled again: its end is given back.
        let poll = AssertUnwindSafe(|| self.project().future.poll(cx));
        match catch(poll) {
            Ok(poll) => poll.map(Ok),
            Err(caught) => Poll::Ready(Err(caught)),
        }
    }
}

/// A panic that [`catch`] or [`catch_async`] has logged.
pub struct Caught {
    payload: Box<dyn Any + Send>,
    place: Place,
}

impl Caught {
    /// What it said; `<no message>` where it was no text.
    #[must_use]
    pub fn message(&self) -> &str {
        message(&*self.payload)
    }

    /// Where in a source it was, as `src/shop.rs:12:5`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// What the panic carries.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }

    /// Lets the panic go on, without another record of it.
    pub fn resume(self) -> ! {
        LOGGED.set(Some(self.place));
        resume_unwind(self.payload)
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught")
            .field("message", &self.message())
            .field("location", &self.location())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.message())
    }
}

impl std::error::Error for Caught {}

fn set_hook() {
    // The hook cannot be changed while a panic is on its way, and not twice.
    if std::thread::panicking() || HOOK.is_completed() {
        return;
    }
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            note(info);
            before(info);
        }));
    });
}

/// A thread that is ending may have no thread-locals any more; its panic aborts, and is logged as such.
fn note(info: &PanicHookInfo<'_>) {
    let catches = CATCHING.try_with(Cell::get).unwrap_or(0) > 0;
    if !catches && ALL.load(Relaxed) == 0 {
        return;
    }
    // A panic out of what is below ends in std's abort; it must not come round here again.
    if LOGGING.try_with(|logging| logging.replace(true)).unwrap_or(true) {
        return;
    }
    let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
    let place = info.location().map(ToString::to_string);
    log(message(info.payload()), file, line, place.as_deref());
    let _ = LOGGED.try_with(|logged| logged.set(Some(place)));
    let _ = LOGGING.try_with(|logging| logging.set(false));
}

fn log(message: &str, file: &str, line: u32, place: Option<&str>) {
    let logger = logger();
    let site = Site::new(Level::Critical, TARGET).file(file, line).inline();
    let site =
        site.event("panicked: {message}").fields(["message", "location", "thread", "backtrace"]);
    if !site.enabled(&logger) {
        return;
    }
    let current = std::thread::current();
    let thread = current.name();
    let backtrace = Backtrace::force_capture().to_string();
    site.record(&logger, &[&message, &place, &thread, &short(&backtrace)]).log();
}

/// The frames between the panic's own machinery and that which started the thread.
fn short(backtrace: &str) -> &str {
    let is_frame = |line: &str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let (mut start, mut at, mut behind) = (0, 0, false);
    for line in backtrace.split_inclusive('\n') {
        if behind && is_frame(line) {
            (start, behind) = (at, false);
        }
        behind |= line.contains("rust_begin_unwind") || line.contains("core::panicking::");
        at += line.len();
        if is_frame(line) && line.contains("__rust_begin_short_backtrace") {
            at -= line.len();
            break;
        }
    }
    backtrace.get(start..at).unwrap_or(backtrace).trim_end()
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("<no message>")
}
