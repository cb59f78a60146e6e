//! The bridge from the [`log`](https://docs.rs/log) facade: [`Builder::log_bridge`], or [`Bridge`]
//! where something else is the process's logger and hands on to it.
//!
//! Keys and values of a record are typed fields. A level that no target has enabled costs a comparison,
//! one that another target has a look into a table; `log::max_level` stays at trace, so that a level that
//! an operator lowers while the process runs is in force at once.

use std::time::Duration;

use ::log::kv::{self, Key, VisitSource, VisitValue};
use ::log::{LevelFilter, Log, Metadata, Record};

use super::foreign::{Foreign, Text, Values, fit_names, leak};
use super::leaked::{Table, mix};
use crate::call::logger::DEFAULT;
use crate::call::{Builder, Site};
use crate::error::{Error, Result};
use crate::level::Level;
use crate::record::{AsDisplay, Facts};
use crate::{Logger, Value};

/// The callsites of `log` that were met.
static MET: Table<Met> = Table::new();
/// So many of them are remembered. A program has fewer; what makes targets or keys at run time has more.
const MET_MAX: u64 = 4096;

/// How long [`Log::flush`] waits for the drain.
const FLUSH: Duration = Duration::from_secs(1);

impl Builder {
    /// Makes the installed segment the place where records of the `log` macros go, those of all crates
    /// of the process: what `env_logger::init()` or `fern`'s `apply()` does elsewhere.
    ///
    /// ```no_run
    /// # fn main() -> logring::Result<()> {
    /// let _guard = logring::builder("billing").log_bridge().install()?;
    /// log::info!(order_id = 42; "order placed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `install` gives an error where the process has a `log` logger already
    /// ([`Error::is_already_installed`]).
    pub fn log_bridge(self) -> Self {
        self.starting(|_| init())
    }
}

/// Does what [`Builder::log_bridge`] does where a segment is installed elsewhere; before that is done
/// records go nowhere, and are counted by [`early_calls`](crate::early_calls).
///
/// # Errors
/// The process has a `log` logger already ([`Error::is_already_installed`]).
pub fn init() -> Result<()> {
    static BRIDGE: Bridge = Bridge { logger: None };
    ::log::set_logger(&BRIDGE).map_err(|_| {
        Error::already_installed(
            "the process has a `log` logger already: install one of the two, or hand on from that \
             one to a logring::bridge::log::Bridge",
        )
    })?;
    ::log::set_max_level(LevelFilter::Trace);
    Ok(())
}

/// A [`Log`] that logs into a segment. For programs with more than one `log` logger; all others take
/// [`Builder::log_bridge`].
///
/// ```
/// use log::Log as _;
///
/// let logs = logring::testing::capture();
/// let bridge = logring::bridge::log::Bridge::default();
/// bridge.log(&log::Record::builder().target("db").args(format_args!("connected")).build());
/// assert_eq!(logs.events()[0].target(), "db");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Bridge {
    /// `None` = the one that calls without `logger:` use.
    logger: Option<Logger>,
}

impl Bridge {
    /// One that logs by this logger: into its segment, with its context. [`Bridge::default`] logs into
    /// the installed segment.
    #[must_use]
    pub const fn new(logger: Logger) -> Self {
        Self { logger: Some(logger) }
    }

    fn logger(&self) -> &Logger {
        self.logger.as_ref().unwrap_or(&DEFAULT)
    }

    #[inline(never)]
    fn log_met(&self, record: &Record<'_>) {
        let logger = self.logger();
        let there = There::of(record, logger);
        let Some(met) = there.met() else { return there.log_unmet(logger, record) };
        if !met.foreign.enabled(logger) {
            return;
        }
        let mut values = Values::new();
        if there.keys != 0 {
            let _ = record.key_values().visit(&mut Fields(&mut values));
        }
        let mut text = Text::new();
        text.write(*record.args());
        if there.literal.is_none() {
            text.is_made();
        }
        met.foreign.log(logger, &text, &values);
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let logger = self.logger();
        if is_below_all(logger, metadata.level()) {
            return false;
        }
        let there = There::of_metadata(metadata, logger);
        match there.met() {
            Some(met) => met.foreign.enabled(logger),
            None => Site::new(there.level, metadata.target()).enabled(logger),
        }
    }

    fn log(&self, record: &Record<'_>) {
        // First and alone, since most calls that are not enabled end here.
        if !is_below_all(self.logger(), record.level()) {
            self.log_met(record);
        }
    }

    /// Waits up to a second until the drain has written what was logged before. Nothing need call it.
    fn flush(&self) {
        // Without a drain there is nothing to wait for, and the records are safe all the same.
        let _ = self.logger().flush(FLUSH);
    }
}

/// What is known of a record's callsite.
struct There<'r> {
    /// The bridge's segment: what is remembered of a callsite, its level word first, is of one segment.
    place: usize,
    level: Level,
    target: &'r str,
    file: &'r str,
    line: u32,
    /// The text, where it stands in the source as it is.
    literal: Option<&'static str>,
    source: Option<&'r dyn kv::Source>,
    keys: usize,
}

/// The same of a callsite that was met.
#[derive(Debug)]
struct Met {
    place: usize,
    foreign: Foreign,
    literal: Option<&'static str>,
    /// As they came; the callsite has them fit.
    keys: Vec<String>,
}

impl<'r> There<'r> {
    fn of(record: &'r Record<'r>, logger: &Logger) -> Self {
        let source = record.key_values();
        Self {
            file: record.file().unwrap_or_default(),
            line: record.line().unwrap_or_default(),
            literal: record.args().as_str(),
            keys: source.count(),
            source: Some(source),
            ..Self::of_metadata(record.metadata(), logger)
        }
    }

    fn of_metadata(metadata: &'r Metadata<'r>, logger: &Logger) -> Self {
        let (level, target) = (level_of(metadata.level()), metadata.target());
        let place = logger.place();
        Self { place, level, target, file: "", line: 0, literal: None, source: None, keys: 0 }
    }

    /// The callsite; `None` where as many are remembered as may be.
    fn met(&self) -> Option<&'static Met> {
        let hash = self.hash();
        let known = MET.find(hash, |met| self.is(met));
        known.or_else(|| {
            let is_room = MET.count() < MET_MAX;
            is_room.then(|| MET.find_or_add(hash, |met| self.is(met), || self.meet()))
        })
    }

    fn hash(&self) -> u64 {
        let literal = self.literal.map_or(0, |text| text.as_ptr().addr() as u64);
        let line = u64::from(self.line) << 8 | u64::from(self.level.number());
        let line = line | (self.place as u64) << 40;
        let hash = mix(mix(mix(ends(self.target), ends(self.file)), line), literal);
        let mut all = KeysHash(hash);
        if let Some(source) = self.source.filter(|_| self.keys != 0) {
            let _ = source.visit(&mut all);
        }
        all.0
    }

    fn is(&self, met: &Met) -> bool {
        let Facts { level, target, file, line, .. } = *met.foreign.facts();
        let literal = |text: Option<&'static str>| text.map(|text| (text.as_ptr(), text.len()));
        level == self.level.number()
            && line == self.line
            && met.place == self.place
            && literal(met.literal) == literal(self.literal)
            && met.keys.len() == self.keys
            && target == self.target
            && file == self.file
            && (self.keys == 0 || self.has_keys(&met.keys))
    }

    fn has_keys(&self, keys: &[String]) -> bool {
        let mut all = KeysAre { rest: keys, same: true };
        if let Some(source) = self.source {
            let _ = source.visit(&mut all);
        }
        all.same && all.rest.is_empty()
    }

    #[cold]
    fn meet(&self) -> Met {
        let mut keys = Keys(Vec::new());
        if let Some(source) = self.source {
            let _ = source.visit(&mut keys);
        }
        let names = fit_names(keys.0.iter().map(String::as_str));
        let names: Vec<&'static str> = names.into_iter().map(leak).collect();
        let foreign = Foreign::new(Facts {
            level: self.level.number(),
            target: leak(self.target),
            file: leak(self.file),
            line: self.line,
            event: "",
            names: names.leak(),
        });
        Met { place: self.place, foreign, literal: self.literal, keys: keys.0 }
    }

    /// Logs a record of a callsite that is not remembered.
    #[cold]
    fn log_unmet(&self, logger: &Logger, record: &Record<'_>) {
        let site = Site::new(self.level, self.target).file(self.file, self.line);
        if !site.enabled(logger) {
            return;
        }
        let mut keys = Keys(Vec::new());
        let mut values = Values::new();
        let _ = record.key_values().visit(&mut keys);
        let names = fit_names(keys.0.iter().map(String::as_str));
        let mut rest = names.iter();
        let _ =
            record.key_values().visit(&mut Pairs { values: &mut values, logger, names: &mut rest });
        let mut text = Text::new();
        text.write(*record.args());
        values.log_of_site(&site, logger, &text);
    }
}

/// Whether no target lets such records out. False says nothing.
#[inline]
fn is_below_all(logger: &Logger, level: ::log::Level) -> bool {
    logger.producer().is_some_and(|producer| producer.is_below_all(level_of(level).number()))
}

fn level_of(level: ::log::Level) -> Level {
    match level {
        ::log::Level::Error => Level::Error,
        ::log::Level::Warn => Level::Warning,
        ::log::Level::Info => Level::Info,
        ::log::Level::Debug => Level::Debug,
        ::log::Level::Trace => Level::Trace,
    }
}

/// Both ends of a text and its length: cheap, and apart enough.
fn ends(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let word = |at: Option<&[u8; 8]>| at.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let short = || bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    match bytes.first_chunk() {
        Some(first) => mix(word(Some(first)), word(bytes.last_chunk())) ^ bytes.len() as u64,
        None => mix(short(), bytes.len() as u64),
    }
}

struct KeysHash(u64);

impl<'kvs> VisitSource<'kvs> for KeysHash {
    fn visit_pair(&mut self, key: Key<'kvs>, _: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0 = mix(self.0, ends(key.as_str()));
        Ok(())
    }
}

struct KeysAre<'k> {
    rest: &'k [String],
    same: bool,
}

impl<'kvs> VisitSource<'kvs> for KeysAre<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, _: kv::Value<'kvs>) -> Result<(), kv::Error> {
        match self.rest {
            [first, rest @ ..] if *first == key.as_str() => self.rest = rest,
            _ => self.same = false,
        }
        Ok(())
    }
}

struct Keys(Vec<String>);

impl<'kvs> VisitSource<'kvs> for Keys {
    fn visit_pair(&mut self, key: Key<'kvs>, _: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push(key.as_str().to_owned());
        Ok(())
    }
}

/// Takes values as those of the callsite's fields.
struct Fields<'a>(&'a mut Values);

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, _: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        value.visit(Typed(self.0))
    }
}

/// Takes pairs of names that were made fit and values.
struct Pairs<'a, 'n> {
    values: &'a mut Values,
    logger: &'a Logger,
    names: &'a mut std::slice::Iter<'n, String>,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_, '_> {
    fn visit_pair(&mut self, _: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let Some(name) = self.names.next() else { return Ok(()) };
        self.values.key(self.logger, name);
        value.visit(Typed(self.values))
    }
}

/// Takes one value with its type.
struct Typed<'a>(&'a mut Values);

impl Typed<'_> {
    fn plain(self, value: &impl Value) -> Result<(), kv::Error> {
        self.0.plain(value);
        Ok(())
    }
}

macro_rules! plain {
    ($($visit:ident: $type:ty;)*) => {$(
        fn $visit(&mut self, value: $type) -> Result<(), kv::Error> {
            Typed(self.0).plain(&value)
        }
    )*};
}

impl<'v> VisitValue<'v> for Typed<'_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.0.any(&AsDisplay(&value));
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        Typed(self.0).plain(&())
    }

    fn visit_error(&mut self, error: &(dyn std::error::Error + 'static)) -> Result<(), kv::Error> {
        self.0.any(&error);
        Ok(())
    }

    fn visit_borrowed_error(
        &mut self,
        error: &'v (dyn std::error::Error + 'static),
    ) -> Result<(), kv::Error> {
        self.visit_error(error)
    }

    plain! {
        visit_u64: u64;
        visit_i64: i64;
        visit_u128: u128;
        visit_i128: i128;
        visit_f64: f64;
        visit_bool: bool;
        visit_str: &str;
        visit_char: char;
    }
}
