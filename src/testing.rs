//! What a test sees of what the code under it logs: [`capture`] and [`logged`].
//!
//! Captured records are encoded and decoded as all are, but go to the test instead of a segment, so a
//! test needs no drain and no [`install`](crate::Builder::install), and tests that run in parallel see
//! nothing of each other.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::captured::{self, Sink};
use crate::call::context;
use crate::record::{AnyValue, Event, Field};
use crate::{Filter, Level};

/// Captures what the calling thread logs from now on, until the guard is dropped: calls without
/// `logger:`, and those with one of [`logring::logger`](crate::logger()) or bound from it.
///
/// Other threads and tasks are captured where the context goes with them:
/// [`Context::current`](context::Context::current), attached there, or
/// [`with_context`](context::WithContext::with_context). For code that starts threads by itself and
/// hands nothing on there is [`capture_all_threads`].
///
/// All levels are captured; where the process has installed a segment, those that its filter lets
/// through.
///
/// ```
/// use logring::{info, kv, testing, warn};
///
/// fn place(order_id: u64) {
///     info!("order placed", order_id, cents = 1_999);
///     warn!("stock is low");
/// }
///
/// let logs = testing::capture();
/// let _scope = logring::context::bound(kv! { tenant = "acme" });
/// place(42);
///
/// let events = logs.events();
/// assert_eq!(events.len(), 2);
/// assert_eq!(events[0].event(), "order placed");
/// assert_eq!(events[0]["order_id"], 42);
/// assert_eq!(events[0]["tenant"], "acme");
/// assert_eq!(events[1].level(), logring::Level::Warning);
/// ```
#[must_use = "logging is captured until the guard is dropped: `let logs = ...`"]
pub fn capture() -> Capture {
    start(Filter::at(Level::new(0)))
}

/// [`capture`] of what a filter lets through, written as in `LOGRING`: below it no field is evaluated,
/// as it is in a program.
///
/// # Errors
/// A filter that is malformed, see [`Filter`].
///
/// ```
/// use logring::{debug, info, testing};
///
/// # fn main() -> logring::Result<()> {
/// let logs = testing::capture_at("info,db=debug")?;
/// debug!("not this one");
/// debug!(target: "db", "connected");
/// info!("served");
/// assert_eq!(logs.events().len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn capture_at(filter: &str) -> crate::Result<Capture> {
    Ok(start(filter.parse()?))
}

/// What `action` logs, as what it gives: see [`capture`].
///
/// ```
/// let logged = logring::testing::logged(|| logring::info!("hello", who = "world"));
/// assert_eq!(logged.len(), 1);
/// assert_eq!(logged[0]["who"], "world");
/// ```
#[must_use]
pub fn logged(action: impl FnOnce()) -> Vec<Captured> {
    let logs = capture();
    action();
    logs.take()
}

/// The one event that `action` logs: see [`capture`].
///
/// ```
/// let event = logring::testing::returned(|| logring::info!("hello", who = "world"));
/// assert_eq!(event.field("who").unwrap(), "world");
/// ```
///
/// # Panics
/// It logs none, or several; the message shows them.
#[must_use]
#[track_caller]
pub fn returned(action: impl FnOnce()) -> Captured {
    let mut events = logged(action);
    assert!(events.len() == 1, "one event was expected, these were logged: {events:#?}");
    events.remove(0)
}

/// Captures what every thread of the process logs, until the guard is dropped: for code that starts
/// threads by itself. A thread that another capture covers stays with that one.
///
/// One such capture is going on at a time: the next one waits for its end. Tests that run meanwhile
/// and capture nothing are captured too, so assert on what your own code logs. It is for processes that
/// have installed no segment, as tests are by default: where one is installed, threads that have
/// logged to it before go on doing so.
///
/// ```
/// let logs = logring::testing::capture_all_threads();
/// std::thread::spawn(|| logring::info!("from a worker")).join().unwrap();
/// assert!(logs.events().iter().any(|event| event.event() == "from a worker"));
/// ```
#[must_use = "logging is captured until the guard is dropped: `let logs = ...`"]
pub fn capture_all_threads() -> CaptureAll {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Sink::new(Filter::at(Level::new(0)), None);
    captured::set_everywhere(Some(Arc::clone(&sink)));
    CaptureAll { sink, _alone: alone }
}

static ALONE: Mutex<()> = Mutex::new(());

/// A capture of all threads that is going on, see [`capture_all_threads`].
#[derive(Debug)]
#[must_use = "logging is captured until the guard is dropped: `let logs = ...`"]
pub struct CaptureAll {
    sink: Arc<Sink>,
    _alone: MutexGuard<'static, ()>,
}

impl CaptureAll {
    /// What has been captured so far, in the order in which the calls returned.
    #[must_use]
    pub fn events(&self) -> Vec<Captured> {
        self.sink.events().iter().cloned().map(|event| Captured { event }).collect()
    }
}

impl Drop for CaptureAll {
    fn drop(&mut self) {
        captured::set_everywhere(None);
    }
}

fn start(filter: Filter) -> Capture {
    Capture { sink: context::capture(filter), _on_its_thread: PhantomData }
}

/// A capture that is going on, see [`capture`].
#[derive(Debug)]
#[must_use = "logging is captured until the guard is dropped: `let logs = ...`"]
pub struct Capture {
    sink: Arc<Sink>,
    _on_its_thread: PhantomData<*const ()>,
}

impl Capture {
    /// What has been captured so far, in the order in which the calls returned.
    #[must_use]
    pub fn events(&self) -> Vec<Captured> {
        self.sink.events().iter().cloned().map(|event| Captured { event }).collect()
    }

    /// The same, and forgets it.
    #[must_use]
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut *self.sink.events())
            .into_iter()
            .map(|event| Captured { event })
            .collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.sink.close();
        context::end_capture(&self.sink);
    }
}

/// A captured event. Its values are typed, and compare with what a program has: `event["id"] == 7`.
///
/// Its `Debug` is one line, so that a failed assertion shows what there is: `info shop::orders: "order
/// placed" order_id=42 | tenant="acme"`, the context behind the bar.
#[derive(Clone, PartialEq)]
pub struct Captured {
    event: Event<'static>,
}

impl Captured {
    /// Its level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.event.level
    }

    /// Its target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.event.target
    }

    /// The event's text, as it stands in the source: its placeholders are filled in the drain.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event.event
    }

    /// The value of a field of the call's own.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&AnyValue<'static>> {
        last(&self.event.fields, key)
    }

    /// The value of a key that the context has: of the process, thread, task, scope or logger.
    #[must_use]
    pub fn context(&self, key: &str) -> Option<&AnyValue<'static>> {
        last(&self.event.context, key)
    }

    /// The value of a key: the call's, else the context's.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&AnyValue<'static>> {
        self.field(key).or_else(|| self.context(key))
    }

    /// The call's own fields, in call order.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &Field<'static>> {
        self.event.fields.iter()
    }

    /// Keys and values of the context and the call, as a line of the output has them: of equal keys
    /// the last one.
    #[must_use]
    pub fn all(&self) -> Vec<(&str, &AnyValue<'static>)> {
        let mut all: Vec<(&str, _)> = Vec::new();
        for field in self.event.context.iter().chain(&self.event.fields) {
            all.retain(|(key, _)| *key != field.key);
            all.push((&field.key, &field.value));
        }
        all
    }

    /// The whole event, as a drain gets it.
    #[must_use]
    pub fn as_event(&self) -> &Event<'static> {
        &self.event
    }
}

impl std::ops::Index<&str> for Captured {
    type Output = AnyValue<'static>;

    /// # Panics
    /// The event has no such key: see [`Captured::get`].
    fn index(&self, key: &str) -> &AnyValue<'static> {
        let Some(value) = self.get(key) else {
            panic!("the event {:?} has no field {key:?}: {:?}", self.event(), self.all())
        };
        value
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { level, target, event, context, fields, .. } = &self.event;
        write!(f, "{level} {target}: {event:?}")?;
        put(f, fields)?;
        if context.is_empty() {
            return Ok(());
        }
        f.write_str(" |")?;
        put(f, context)
    }
}

fn put(f: &mut fmt::Formatter<'_>, fields: &[Field<'_>]) -> fmt::Result {
    fields.iter().try_for_each(|field| match &field.value {
        AnyValue::Str(text) => write!(f, " {}={text:?}", field.key),
        value => write!(f, " {}={value}", field.key),
    })
}

fn last<'a>(fields: &'a [Field<'static>], key: &str) -> Option<&'a AnyValue<'static>> {
    fields.iter().rev().find(|field| field.key == key).map(|field| &field.value)
}
