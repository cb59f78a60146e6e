//! What panicked or failed in a chain of processors: the mark in the event, and the count, which is
//! told in the output once a second as a line of the drain's own.

use std::borrow::Cow;

use logring::Level;
use logring::record::{AnyValue, Event, Field};

/// The field that marks an event in which a processor panicked or failed:
/// `<processor>: <its message>`.
pub const PROCESSOR_ERROR: &str = "processor_error";

/// How long failures are gathered before they are told, by the events' time.
const GATHERED_NS: i64 = 1_000_000_000;

/// The failures of one processor.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) all: u64,
    untold: u64,
    due_ns: i64,
}

impl Failures {
    /// Counts one, and marks its event.
    #[cold]
    pub(super) fn note(&mut self, event: &mut Event<'_>, name: &str, text: &str) {
        if self.untold == 0 {
            self.due_ns = event.timestamp_ns.saturating_add(GATHERED_NS);
        }
        self.all += 1;
        self.untold += 1;
        event.fields.push(Field {
            key: Cow::Borrowed(PROCESSOR_ERROR),
            value: AnyValue::Str(Cow::Owned(format!("{name}: {text}"))),
        });
    }

    /// The line that tells them, if it is time.
    pub(super) fn overdue(&mut self, name: &str, now_ns: i64) -> Option<Event<'static>> {
        if self.untold == 0 || now_ns < self.due_ns {
            return None;
        }
        let count = std::mem::take(&mut self.untold);
        let field = |key, value| Field { key: Cow::Borrowed(key), value };
        Some(Event {
            timestamp_ns: self.due_ns.min(now_ns),
            level: Level::Warning,
            target: Cow::Borrowed("logring"),
            event: Cow::Borrowed("a processor failed"),
            pid: std::process::id(),
            fields: vec![
                field("kind", AnyValue::Str(Cow::Borrowed("processor_failed"))),
                field("count", AnyValue::U64(count)),
                field("processor", AnyValue::Str(Cow::Owned(name.to_owned()))),
            ],
            ..Event::default()
        })
    }
}
