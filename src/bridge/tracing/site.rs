//! What the bridge remembers of each callsite of `tracing`: met once, by its metadata, which lives as
//! long as the process.

use std::ptr;

use tracing_core::{Level as TracingLevel, Metadata};

use crate::Logger;
use crate::bridge::foreign::{Foreign, fit_names, leak};
use crate::bridge::leaked::{Table, mix};
use crate::call::context::pairs::Pair;
use crate::layout::value::NAMES_MAX;
use crate::level::Level;
use crate::record::Facts;
use crate::sync::{AtomicU64, Ordering};

/// The callsites that were met.
static MET: Table<Site> = Table::new();

/// The field that is an event's text.
const MESSAGE: &str = "message";
/// The fields of the event that a span's end is.
pub(super) const CLOSE_NAMES: [&str; 2] = ["time.busy", "time.idle"];

/// A callsite of an event or of a span.
#[derive(Debug)]
pub(super) struct Site {
    metadata: &'static Metadata<'static>,
    /// Where its layer logs to: what is remembered of a callsite, its level word first, is of one segment.
    place: usize,
    /// An event's facts; of a span those of its end.
    pub(super) foreign: Foreign,
    /// Which of an event's fields its text is.
    pub(super) message: Option<usize>,
    /// The text of an event without one.
    pub(super) name: &'static str,
    /// The keys of a span's fields.
    pub(super) keys: Vec<Key>,
}

/// A key of a span's fields.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Segment tag << 32 | dictionary id; 0 = not known yet.
    id: AtomicU64,
}

impl Key {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, id: AtomicU64::new(0) }
    }

    pub(super) fn pair(&self, value: &[u8]) -> Pair {
        // Relaxed: the id is of use by itself.
        let id = self.id.load(Ordering::Relaxed);
        Pair::encoded(self.name, value, ((id >> 32) as u32, id as u32))
    }

    /// Remembers the number that the key was given.
    pub(super) fn learn(&self, from: &Pair) {
        let (tag, id) = from.known_id();
        // Relaxed: as in `pair`.
        self.id.store(u64::from(tag) << 32 | u64::from(id), Ordering::Relaxed);
    }
}

impl Site {
    pub(super) fn of(metadata: &'static Metadata<'static>, logger: &Logger) -> &'static Self {
        Self::known(metadata, logger).unwrap_or_else(|| {
            let place = logger.place();
            let is_it = |site: &Self| site.is(metadata, place);
            MET.find_or_add(hash(metadata, place), is_it, || Self::meet(metadata, place))
        })
    }

    /// The one of this metadata and the logger's segment, if it was met.
    pub(super) fn known(metadata: &Metadata<'_>, logger: &Logger) -> Option<&'static Self> {
        let place = logger.place();
        MET.find(hash(metadata, place), |site| site.is(metadata, place))
    }

    fn is(&self, metadata: &Metadata<'_>, place: usize) -> bool {
        address(self.metadata) == address(metadata) && self.place == place
    }

    #[cold]
    fn meet(metadata: &'static Metadata<'static>, place: usize) -> Self {
        let names: Vec<&'static str> = metadata.fields().iter().map(|field| field.name()).collect();
        let mut facts = Facts {
            level: level_of(*metadata.level()).number(),
            target: metadata.target(),
            file: metadata.file().unwrap_or_default(),
            line: metadata.line().unwrap_or_default(),
            event: "",
            names: &CLOSE_NAMES,
        };
        if metadata.is_span() {
            let keys = fit_names(names.into_iter()).into_iter().map(leak).map(Key::new).collect();
            let foreign = Foreign::new(facts);
            let name = metadata.name();
            return Self { metadata, place, foreign, message: None, name, keys };
        }
        let message = names.iter().position(|name| *name == MESSAGE);
        let fields = names.into_iter().filter(|name| *name != MESSAGE).take(NAMES_MAX as usize);
        let fields: Vec<&'static str> = fit_names(fields).into_iter().map(leak).collect();
        facts.names = fields.leak();
        // The macros make one up of file and line, which stand in the record as such.
        let made_up = metadata.name().starts_with("event ");
        let name = if made_up { "" } else { metadata.name() };
        let foreign = Foreign::new(facts);
        Self { metadata, place, foreign, message, name, keys: Vec::new() }
    }
}

fn address(metadata: &Metadata<'_>) -> usize {
    ptr::from_ref(metadata).addr()
}

fn hash(metadata: &Metadata<'_>, place: usize) -> u64 {
    mix(place as u64, address(metadata) as u64)
}

fn level_of(level: TracingLevel) -> Level {
    match level {
        TracingLevel::ERROR => Level::Error,
        TracingLevel::WARN => Level::Warning,
        TracingLevel::INFO => Level::Info,
        TracingLevel::DEBUG => Level::Debug,
        TracingLevel::TRACE => Level::Trace,
    }
}
