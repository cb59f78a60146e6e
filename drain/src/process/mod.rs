//! Processors: event to event, between merge and render. The drain runs a [`Chain`] of them over
//! every event, in order; a chain of none costs one comparison.
//!
//! Each of those that a configuration can name has a file here, and a line in `registry.rs`;
//! `docs/processors.md` lists them. A processor may be user code: a panic in one is caught, and never
//! costs the event.

pub mod callsite;
pub mod dedup;
pub mod drop_keys;
mod failures;
pub mod filter;
pub mod format_exception;
pub mod host;
pub mod keep_keys;
pub mod level;
pub mod level_number;
pub mod logger_name;
pub(crate) mod options;
pub mod positional_args;
pub mod rate_limit;
pub mod redact;
pub mod registry;
pub mod rename;
pub mod sample;
#[cfg(feature = "rhai")]
pub mod script;
pub mod set;
pub mod stack_info;
pub mod text;
pub mod timestamp;
pub mod unicode;

use std::fmt;

use logring::record::Event;

use crate::panics::caught;

pub use failures::PROCESSOR_ERROR;
pub use registry::{Fault, Made};

use failures::Failures;

/// What becomes of an event after a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on to the next processor, then to the sinks.
    Keep,
    /// It goes nowhere; its slots are freed as if it had been written.
    Drop,
    /// It goes on as [`Flow::Keep`] says, marked and counted: [`Processor::failure`] tells why.
    Failed,
}

/// One step of the pipeline. Every `FnMut(&mut Event<'_>) -> Flow` is one.
pub trait Processor: Send {
    /// Changes `event`, or says that it shall be dropped.
    fn process(&mut self, event: &mut Event<'_>) -> Flow;

    /// Why it failed, asked once after each [`Flow::Failed`].
    fn failure(&mut self) -> Option<String> {
        None
    }

    /// The next event of its own that is due at `now_ns`, if any: asked for before each event, with
    /// the event's time, until there is none, and now and then while no events come.
    ///
    /// For what it has to tell about events that it dropped. When the drain ends it is asked with
    /// the greatest time there is.
    fn overdue(&mut self, _now_ns: i64) -> Option<Due> {
        None
    }
}

/// An event that a processor makes.
#[derive(Debug)]
pub enum Due {
    /// One that it held back: it goes on to the next processor.
    Event(Event<'static>),
    /// One about the drain itself: as the drain's own it goes to the sinks in any case, through
    /// those processors only that say what a line looks like.
    Notice(Event<'static>),
}

impl<F> Processor for F
where
    F: FnMut(&mut Event<'_>) -> Flow + Send,
{
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        self(event)
    }
}

/// Processors in the order in which they run.
#[derive(Default)]
pub struct Chain {
    steps: Vec<Step>,
    /// Whether the event's text gets its place among the fields first.
    places_text: bool,
}

struct Step {
    name: String,
    processor: Box<dyn Processor>,
    /// The drain's own events go through it too.
    shapes: bool,
    failures: Failures,
}

impl Chain {
    /// A chain of none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a processor at the end; `name` stands in the mark that its panics leave.
    pub fn push(&mut self, name: impl Into<String>, processor: impl Processor + 'static) {
        let processor = Box::new(processor);
        self.steps.push(Step {
            name: name.into(),
            processor,
            shapes: false,
            failures: Failures::default(),
        });
    }

    /// Adds a processor that a configuration names.
    pub fn push_made(&mut self, made: Made) {
        let Made { name, processor, shapes, .. } = made;
        self.steps.push(Step { name, processor, shapes, failures: Failures::default() });
    }

    /// A chain for a renderer that prints the fields alone: the event's text gets its place among
    /// them, see [`text`], before the first processor.
    #[must_use]
    pub fn with_text_placed() -> Self {
        Self { places_text: true, ..Self::default() }
    }

    /// Whether it has no processors and places no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.places_text
    }

    /// Runs the processors over `event`; the first that drops it ends the run. After a panic the
    /// event goes on to the next processor as the panic left it, with [`PROCESSOR_ERROR`].
    #[inline]
    pub fn run(&mut self, event: &mut Event<'_>) -> Flow {
        if self.is_empty() { Flow::Keep } else { self.run_from(0, event, |_| true) }
    }

    /// Runs over an event of the drain's own the processors that say what a line looks like.
    pub fn run_notice(&mut self, event: &mut Event<'_>) {
        // None of them drops.
        let _ = self.run_from(0, event, |step| step.shapes);
    }

    /// Hands over the events that processors have to tell at `now_ns`, each run through what
    /// follows.
    pub fn overdue(&mut self, now_ns: i64, mut tell: impl FnMut(&mut Event<'_>)) {
        for at in 0..self.steps.len() {
            let step = &mut self.steps[at];
            if let Some(mut event) = step.failures.overdue(&step.name, now_ns) {
                self.run_notice(&mut event);
                tell(&mut event);
            }
            // A panic there is told by the next event's, if it is one that comes again.
            while let Ok(Some(due)) = caught(|| self.steps[at].processor.overdue(now_ns)) {
                match due {
                    Due::Event(mut event) => {
                        if self.run_from(at + 1, &mut event, |_| true) == Flow::Keep {
                            tell(&mut event);
                        }
                    }
                    Due::Notice(mut event) => {
                        self.run_notice(&mut event);
                        tell(&mut event);
                    }
                }
            }
        }
    }

    /// How many times a processor panicked or failed so far.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.steps.iter().map(|step| step.failures.all).sum()
    }

    fn run_from(
        &mut self,
        first: usize,
        event: &mut Event<'_>,
        runs: impl Fn(&Step) -> bool,
    ) -> Flow {
        if self.places_text && first == 0 {
            text::place(event);
        }
        for step in self.steps.iter_mut().skip(first).filter(|step| runs(step)) {
            // What a panic leaves half done in the event is still an event.
            match caught(|| step.processor.process(event)) {
                Ok(Flow::Keep) => {}
                Ok(Flow::Drop) => return Flow::Drop,
                Ok(Flow::Failed) => {
                    let text = step.processor.failure();
                    step.failures.note(event, &step.name, text.as_deref().unwrap_or("failed"));
                }
                Err(text) => {
                    step.failures.note(event, &step.name, &text);
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use logring::Level;
    use logring::record::AnyValue;

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
        assert_eq!(chain.failures(), 0);
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
            assert_eq!(chain.failures(), count);
        }
    }
}
