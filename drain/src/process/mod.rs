//! Processors: event to event, between merge and render. The drain runs a [`Chain`] of them over
//! every event, in order; a chain of none costs one comparison.
//!
//! A processor is user code: a panic in one is caught, and never costs the event.

use std::borrow::Cow;
use std::fmt;

use logring::record::{AnyValue, Event, Field};

use crate::panics::caught;

/// What becomes of an event after a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on to the next processor, then to the sinks.
    Keep,
    /// It goes nowhere; its slots are freed as if it had been written.
    Drop,
}

/// One step of the pipeline. Every `FnMut(&mut Event<'_>) -> Flow` is one.
pub trait Processor: Send {
    /// Changes `event`, or says that it shall be dropped.
    fn process(&mut self, event: &mut Event<'_>) -> Flow;
}

impl<F> Processor for F
where
    F: FnMut(&mut Event<'_>) -> Flow + Send,
{
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        self(event)
    }
}

/// The field that marks an event in which a processor panicked: `<processor>: <its message>`.
pub const PROCESSOR_ERROR: &str = "processor_error";

/// Processors in the order in which they run.
#[derive(Default)]
pub struct Chain {
    steps: Vec<Step>,
    panics: u64,
}

struct Step {
    name: String,
    processor: Box<dyn Processor>,
}

impl Chain {
    /// A chain of none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a processor at the end; `name` stands in the mark that its panics leave.
    pub fn push(&mut self, name: impl Into<String>, processor: impl Processor + 'static) {
        self.steps.push(Step { name: name.into(), processor: Box::new(processor) });
    }

    /// Runs the processors over `event`; the first that drops it ends the run. After a panic the
    /// event goes on to the next processor as the panic left it, with [`PROCESSOR_ERROR`].
    #[inline]
    pub fn run(&mut self, event: &mut Event<'_>) -> Flow {
        if self.steps.is_empty() { Flow::Keep } else { self.run_steps(event) }
    }

    /// How many panics were caught so far.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics
    }

    fn run_steps(&mut self, event: &mut Event<'_>) -> Flow {
        for step in &mut self.steps {
            // What a panic leaves half done in the event is still an event.
            match caught(|| step.processor.process(event)) {
                Ok(Flow::Keep) => {}
                Ok(Flow::Drop) => return Flow::Drop,
                Err(text) => {
                    self.panics += 1;
                    mark(event, &step.name, &text);
                }
            }
        }
        Flow::Keep
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.steps.iter().map(|step| &step.name);
        f.write_str("Chain ")?;
        f.debug_list().entries(names).finish()
    }
}

#[cold]
fn mark(event: &mut Event<'_>, name: &str, text: &str) {
    event.fields.push(Field {
        key: Cow::Borrowed(PROCESSOR_ERROR),
        value: AnyValue::Str(Cow::Owned(format!("{name}: {text}"))),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use logring::Level;

    #[test]
    fn an_empty_chain_keeps_and_changes_nothing() {
        let mut event = Event { event: Cow::Borrowed("x"), ..Event::default() };
        let before = event.clone();
        assert_eq!(Chain::new().run(&mut event), Flow::Keep);
        assert_eq!(event, before);
    }

    #[test]
    fn processors_run_in_order_until_one_drops() {
        let mut chain = Chain::new();
        chain.push("raise", |event: &mut Event<'_>| {
            event.level = Level::Error;
            Flow::Keep
        });
        chain.push("drop errors", |event: &mut Event<'_>| {
            if event.level == Level::Error { Flow::Drop } else { Flow::Keep }
        });
        chain.push("never", |_: &mut Event<'_>| unreachable!("the event was dropped"));
        assert_eq!(chain.run(&mut Event::default()), Flow::Drop);
        assert_eq!(chain.panics(), 0);
    }

    #[test]
    fn a_panic_marks_the_event_and_the_next_processor_runs() {
        let mut chain = Chain::new();
        chain.push("boom", |_: &mut Event<'_>| -> Flow { panic!("no {}", "luck") });
        chain.push("retarget", |event: &mut Event<'_>| {
            event.target = Cow::Borrowed("after");
            Flow::Keep
        });
        for count in 1..=2 {
            let mut event = Event::default();
            assert_eq!(chain.run(&mut event), Flow::Keep);
            assert_eq!(event.target, "after");
            assert_eq!(event.fields.len(), 1);
            assert_eq!(event.fields[0].key, PROCESSOR_ERROR);
            assert_eq!(event.fields[0].value, AnyValue::Str("boom: no luck".into()));
            assert_eq!(chain.panics(), count);
        }
    }
}
