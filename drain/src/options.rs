//! What a drain is to do, for those who start one from code: sinks, processors of the user's own,
//! sinks of the user's own.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use logring::{Error, Level, Result};

use crate::config::{Config, MAX_HOLD, Named, Order, Sink};
use crate::cursor::Cursor;
use crate::process::{Chain, Processor};
use crate::render::Renderer;

/// Longest name of an own sink in bytes.
const NAME_MAX: usize = 64;

/// What a drain is to do: where lines go, and what happens to events before.
///
/// ```
/// use logring_drain::{Event, Flow, Options, OwnSink, Sink};
///
/// let options = Options::new([Sink::json("billing.jsonl")])
///     .processor("drop health checks", |event: &mut Event<'_>| {
///         if event.target == "health" { Flow::Drop } else { Flow::Keep }
///     })
///     .own_sink(OwnSink::new("copy", std::io::sink()));
/// ```
#[derive(Default)]
pub struct Options {
    pub(crate) destinations: Vec<Destination>,
    pub(crate) chain: Chain,
    /// Processors of a configuration, behind those of the chain.
    pub(crate) processors: Vec<Named>,
    pub(crate) order: Order,
    pub(crate) max_hold: MaxHold,
    pub(crate) state_dir: Option<PathBuf>,
}

/// How long order waits for one record, with its default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxHold(pub(crate) Duration);

impl Default for MaxHold {
    fn default() -> Self {
        Self(MAX_HOLD)
    }
}

/// One place where lines go.
#[derive(Debug)]
pub(crate) enum Destination {
    Sink(Sink),
    Own(OwnSink),
}

/// A sink of the user's own: a writer, and which lines it gets.
///
/// The writer is called on the drain's thread with whole lines, as many as there are, and flushed
/// at the end of each batch; only then do the records count as written. A `write` that takes a part
/// is called again with the rest. After an error or a panic the batch comes once more from its
/// first line, later and later while that goes on; `WouldBlock` goes on where it stopped. So each
/// line comes at least once. A writer that blocks holds up all sinks of its drain.
///
/// What the writer itself logs goes into the drain's output, as long as others log too: its words
/// about its own words are dropped and counted.
pub struct OwnSink {
    pub(crate) name: String,
    pub(crate) level: Option<Level>,
    pub(crate) renderer: Option<Box<dyn Renderer>>,
    pub(crate) writer: Box<dyn Write + Send>,
}

impl OwnSink {
    /// A sink of JSON lines into `writer`. By the name the drain knows after a restart what this
    /// sink has had: keep it. At most 64 bytes, without control characters.
    #[must_use]
    pub fn new(name: impl Into<String>, writer: impl Write + Send + 'static) -> Self {
        Self { name: name.into(), level: None, renderer: None, writer: Box::new(writer) }
    }

    /// Only events of this level or above.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    /// Lines of another form. An event in which the renderer panics is a line of JSON with the field
    /// `renderer_error`.
    #[must_use]
    pub fn renderer(self, renderer: impl Renderer + 'static) -> Self {
        Self { renderer: Some(Box::new(renderer)), ..self }
    }
}

impl Options {
    /// A drain into these sinks, with all defaults: strict order, a record is waited for up to 2 s,
    /// the ledger in the runtime directory.
    pub fn new(sinks: impl IntoIterator<Item = Sink>) -> Self {
        let destinations = sinks.into_iter().map(Destination::Sink).collect();
        Self { destinations, ..Self::default() }
    }

    /// One more sink of the user's own.
    #[must_use]
    pub fn own_sink(mut self, sink: OwnSink) -> Self {
        self.destinations.push(Destination::Own(sink));
        self
    }

    /// One more processor, after those that are there; a closure is one. `name` stands in the field
    /// `processor_error` of an event in which it panics.
    ///
    /// It is called on the drain's thread for each event. What it logs goes into the drain's output
    /// past all processors. After a kill of the drain it may see the last events again. A separate
    /// `logring-drain run` that takes over does not have it.
    #[must_use]
    pub fn processor(
        mut self,
        name: impl Into<String>,
        processor: impl Processor + 'static,
    ) -> Self {
        self.chain.push(name, processor);
        self
    }

    /// Processors of a configuration, such as `{ name = "redact", keys = ["password"] }`; they run
    /// behind all those of the program.
    #[must_use]
    pub fn configured(self, processors: Vec<Named>) -> Self {
        Self { processors, ..self }
    }

    /// How records of different threads are put in order.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The longest wait for a thread in the middle of a record.
    #[must_use]
    pub fn max_hold(self, max_hold: Duration) -> Self {
        Self { max_hold: MaxHold(max_hold), ..self }
    }

    /// Where the ledger stands, instead of the runtime directory. Whoever drains the segment next
    /// must look there too, or sends again what the ring still holds.
    #[must_use]
    pub fn state_dir(self, directory: impl Into<PathBuf>) -> Self {
        Self { state_dir: Some(directory.into()), ..self }
    }

    /// The names of the sinks' cursors in the ledger.
    ///
    /// # Errors
    /// No sink, a name that cannot be, or one that two of them have.
    pub(crate) fn cursor_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for destination in &self.destinations {
            let name = match destination {
                Destination::Sink(sink) => sink.spec()?.cursor_name()?,
                Destination::Own(sink) => own_name(&sink.name)?,
            };
            if names.contains(&name) {
                return Err(Error::invalid(format!(
                    "two sinks are {name}, expected a path or a name of its own for each"
                )));
            }
            names.push(name);
        }
        if names.is_empty() {
            return Err(Error::invalid(
                "no sink: give one, as in Options::new([Sink::json(PATH)])",
            ));
        }
        Ok(names)
    }
}

/// The cursor's name of an own sink; no renderer is called `own`.
fn own_name(name: &str) -> Result<String> {
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "the own sink name {name:?} cannot be, expected 1 to {NAME_MAX} bytes without control \
             characters"
        )));
    }
    Ok(format!("own:{name}"))
}

impl Destination {
    /// Whether it can be opened, as far as can be told without making anything.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Sink(sink) => {
                sink.make_chain()?;
                sink.make_renderer()?;
                Cursor::check(&sink.spec()?)
            }
            Self::Own(sink) => own_name(&sink.name).map(drop),
        }
    }
}

impl From<Config> for Options {
    /// Segment, size and `wait` are not the drain's to decide here.
    fn from(config: Config) -> Self {
        let Config { processors, sinks, order, max_hold, .. } = config;
        Self::new(sinks).configured(processors).order(order).max_hold(max_hold)
    }
}

impl From<Sink> for Options {
    fn from(sink: Sink) -> Self {
        Self::new([sink])
    }
}

impl<const N: usize> From<[Sink; N]> for Options {
    fn from(sinks: [Sink; N]) -> Self {
        Self::new(sinks)
    }
}

impl From<Vec<Sink>> for Options {
    fn from(sinks: Vec<Sink>) -> Self {
        Self::new(sinks)
    }
}

impl From<OwnSink> for Options {
    fn from(sink: OwnSink) -> Self {
        Self::default().own_sink(sink)
    }
}

impl fmt::Debug for OwnSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnSink").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("destinations", &self.destinations)
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}
