//! What a test sees of what the code under it logs: [`capture`] and [`logged`].
//!
//! Captured records are encoded and decoded as all are, but go to the test instead of a segment, so a
//! test needs no drain and no [`install`](crate::Builder::install), and tests that run in parallel see
//! nothing of each other.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::call::captured::Sink;
use crate::call::context;
use crate::record::{AnyValue, Event, Field};
use crate::{Filter, Level};

/// Captures what the calling thread logs from now on, until the guard is dropped: calls without
/// `logger:`, and those with one of [`logring::logger`](crate::logger) or bound from it.
///
/// Other threads and tasks are captured where the context goes with them:
/// [`Context::current`](context::Context::current), attached there, or
/// [`with_context`](context::WithContext::with_context).
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
#[derive(Clone, Debug, PartialEq)]
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

    /// The value of a key: the call's, else the context's.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&AnyValue<'static>> {
        let found = self.fields().rev().find(|field| field.key == key);
        let found =
            found.or_else(|| self.event.context.iter().rev().find(|field| field.key == key));
        found.map(|field| &field.value)
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
