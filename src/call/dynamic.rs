//! Records whose facts are known only at run time: lines of a stream, a command's arguments, the events
//! of other logging interfaces.
//!
//! A [`Site`] is what many records share and is interned once, by content, like a macro's callsite; a
//! [`Record`] adds the rest. A text or a key that is made anew for each record never fills the
//! dictionary: texts stand in the record, and keys do so as soon as half of the dictionary is taken.
//! Nothing here panics, and a record costs what a macro's slow path costs.

mod known;

use std::borrow::Cow;
use std::fmt;

use super::context::{keys, local as context};
use super::emit::{Origin, begin_record, commit};
use super::{Logger, Producer, captured, thread};
use crate::layout::record::flags;
use crate::layout::value::NAMES_MAX;
use crate::level::Level;
use crate::record::callsite::encode_string;
use crate::record::value::{AnyEncode, stage};
use crate::record::{Facts, Scratch};
use crate::sync::AtomicU64;
use crate::sync::Ordering::Relaxed;
use known::Taken;

/// Facts of records that are known at run time: what a log macro knows when it is compiled.
///
/// ```
/// use logring::{Level, Site};
///
/// let logger = logring::logger();
/// let disk = Site::new(Level::Warning, "monitor").event("disk {pct}% full").fields(["pct"]);
/// if disk.enabled(&logger) {
///     disk.record(&logger, &[&91]).field("host", &"a").log();
/// }
/// let lines = Site::new(Level::Info, "stdin");
/// lines.record(&logger, &[]).text("braces mean {nothing} here").log();
/// ```
#[derive(Debug)]
pub struct Site {
    level: Level,
    target: String,
    file: String,
    line: u32,
    event: String,
    names: Vec<String>,
    /// Whether its facts and its records' keys may go to the dictionary.
    interned: bool,
    /// Segment tag << 32 | dictionary id; 0 = none.
    cached: AtomicU64,
    /// Segment tag << 32 | number of the level word + 1; 0 = not known yet.
    word: AtomicU64,
}

/// The number of no level word: there was no room for one.
const NO_WORD: u32 = u32::MAX - 1;
/// The longest target, file and key in bytes; longer ones are cut.
const NAME_BYTES_MAX: usize = 1024;

impl Site {
    /// A site without file, line, event text and fields.
    #[must_use]
    pub fn new(level: Level, target: impl Into<String>) -> Self {
        Self {
            level,
            target: cut(target.into(), NAME_BYTES_MAX),
            file: String::new(),
            line: 0,
            event: String::new(),
            names: Vec::new(),
            interned: true,
            cached: AtomicU64::new(0),
            word: AtomicU64::new(0),
        }
    }

    /// Where in a source it stands.
    #[must_use]
    pub fn file(mut self, file: impl Into<String>, line: u32) -> Self {
        self.file = cut(file.into(), NAME_BYTES_MAX);
        self.line = line;
        self
    }

    /// The text of its records, with placeholders as in the log macros: `{}`, `{name}`, `{name:>8}`.
    /// The drain fills them from the fields; one without its field stands as it is. For texts that
    /// are made anew for each record there is [`Record::text`].
    #[must_use]
    pub fn event(mut self, template: impl Into<String>) -> Self {
        self.event = template.into();
        self
    }

    /// The names of the fields that each of its records has. One that is empty, reserved, there already
    /// or has control characters in it is renamed, see [`renamed_keys`](crate::renamed_keys).
    #[must_use]
    pub fn fields(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.clear();
        for name in names.into_iter().take(NAMES_MAX as usize) {
            let name = keys::fit(Cow::Owned(name.into()), |name| self.has(name)).into_owned();
            self.names.push(name);
        }
        self
    }

    /// Keeps its facts and its records' keys out of the segment's dictionary: they stand in each
    /// record. For a site that logs once.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.interned = false;
        self
    }

    /// Whether its records go out by the level that is in force for its target. For an inline site, and
    /// where the segment has no room for one more target, that takes a little longer.
    /// Before `install`: false.
    #[must_use]
    pub fn enabled(&self, logger: &Logger) -> bool {
        self.enabled_at(logger, self.level)
    }

    /// The same for a record of another level, see [`Record::level`].
    #[must_use]
    pub fn enabled_at(&self, logger: &Logger, level: Level) -> bool {
        if let Some(sink) = captured::sink(logger) {
            return sink.admits(level.number(), &self.target);
        }
        let Some(producer) = logger.producer() else { return false };
        let word = self.level_word(producer).and_then(|at| producer.segment().level_word_at(at));
        let threshold = match word {
            Some(word) => word.load(Relaxed) as u8,
            None => producer.threshold_now(&self.target),
        };
        level.number() >= threshold
    }

    /// A record of it: `values` are those of its fields in order. Missing ones are null, and what is
    /// too many is left out.
    #[must_use = "nothing is logged before `log` or `try_log`"]
    pub fn record<'a>(&'a self, logger: &'a Logger, values: &[&dyn AnyEncode]) -> Record<'a> {
        let (whole, nothing) = (self.is_short(logger), ());
        let (level, text, body) = (self.level, None, Scratch::new());
        let keys = Taken::default();
        let mut record =
            Record { site: self, logger, level, text, body, whole, extra: false, keys };
        for (index, name) in self.names.iter().enumerate() {
            let value = values.get(index).copied().unwrap_or(&nothing);
            if whole {
                stage(&mut record.body, value);
            } else {
                record.put_pair(name, value);
            }
        }
        record
    }
}

impl Site {
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    #[cfg(feature = "log")]
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn facts<'a>(&'a self, names: &'a [&'a str]) -> Facts<'a> {
        let Self { level, target, file, line, event, .. } = self;
        Facts { level: level.number(), target, file, line: *line, event, names }
    }

    /// Bytes of its facts as a record or the dictionary has them.
    fn facts_len(&self) -> usize {
        let names = self.names.iter().map(|name| Facts::text_len(name));
        self.facts(&[]).encoded_len() + names.sum::<usize>()
    }

    /// Whether a record of this segment takes its facts: half of one, should they stand inline.
    fn is_short(&self, logger: &Logger) -> bool {
        self.facts_len() <= max_record_bytes(logger) / 2
    }

    /// The number of the word that says what goes out for its target. `None`: there is no room for one
    /// more target.
    fn level_word(&self, producer: &'static Producer) -> Option<u32> {
        if !self.interned {
            return None;
        }
        let known = self.word.load(Relaxed);
        if (known >> 32) as u32 == producer.tag() {
            return (known as u32).checked_sub(1).filter(|index| *index != NO_WORD);
        }
        let segment = producer.segment();
        let lane = thread::lane(producer)?;
        let id = segment.intern_spare(lane, &encode_string(&self.target));
        let base = producer.threshold(&self.target);
        let in_force = |rules| producer.in_force(rules, &self.target);
        let index = id.and_then(|id| segment.level_word_spare(id, base, in_force));
        let found = u64::from(index.unwrap_or(NO_WORD)) + 1;
        self.word.store(u64::from(producer.tag()) << 32 | found, Relaxed);
        index
    }
}

impl Origin for Site {
    fn content(&self) -> Vec<u8> {
        self.facts(&self.names()).encode()
    }

    fn id(&self, producer: &'static Producer) -> u32 {
        if !self.interned {
            return 0;
        }
        let cached = self.cached.load(Relaxed);
        if (cached >> 32) as u32 == producer.tag() {
            return cached as u32;
        }
        let lane = thread::lane(producer);
        let id = lane.and_then(|lane| producer.segment().intern_spare(lane, &self.content()));
        let Some(id) = id else { return 0 };
        self.cached.store(u64::from(producer.tag()) << 32 | u64::from(id), Relaxed);
        id
    }
}

/// A site whose facts no record takes: its fields are pairs, and its event text is the record's.
struct Brief<'a>(&'a Site);

impl Origin for Brief<'_> {
    fn content(&self) -> Vec<u8> {
        let Site { level, target, .. } = self.0;
        let target = &target[..target.floor_char_boundary(BRIEF_BYTES_MAX)];
        let level = level.number();
        Facts { level, target, file: "", line: 0, event: "", names: &[] }.encode()
    }

    fn id(&self, _: &'static Producer) -> u32 {
        0
    }
}

/// The longest target in bytes where little else has room.
const BRIEF_BYTES_MAX: usize = 32;

/// A record of a [`Site`], while it is put together.
#[must_use = "nothing is logged before `log` or `try_log`"]
pub struct Record<'a> {
    site: &'a Site,
    logger: &'a Logger,
    level: Level,
    text: Option<&'a str>,
    /// Values of the site's fields, then pairs of key and value.
    body: Scratch,
    /// Whether the site's facts fit.
    whole: bool,
    /// Whether there are pairs.
    extra: bool,
    /// The keys besides those of the site.
    keys: Taken,
}

impl<'a> Record<'a> {
    /// Another level than the site's.
    #[inline(always)]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The event's text instead of the site's, literal: braces in it are no placeholders. It is not
    /// copied before the record is logged. One too long for the record is cut, and marked.
    #[inline(always)]
    pub fn text(mut self, text: &'a str) -> Self {
        self.text = Some(text);
        self
    }

    /// A field besides those of the site. A key that is empty, reserved, there already or has control
    /// characters in it is renamed, see [`renamed_keys`](crate::renamed_keys).
    // Inline, so that the record is not copied from call to call.
    #[inline(always)]
    pub fn field(mut self, key: &str, value: &dyn AnyEncode) -> Self {
        self.put_field(key, value);
        self
    }

    fn put_field(&mut self, key: &str, value: &dyn AnyEncode) {
        let is_taken = |key: &str| self.site.has(key) || self.keys.contains(key);
        let key = keys::fit(Cow::Borrowed(key), is_taken);
        self.keys.add(&key);
        self.put_pair(&key, value);
    }

    fn put_pair(&mut self, key: &str, value: &dyn AnyEncode) {
        // Behind what was cut nothing has a place.
        if !self.body.is_full() {
            put_key(&mut self.body, self.logger, self.site.interned, key);
            stage(&mut self.body, value);
        }
        self.extra = true;
    }

    /// Logs it, whatever its level: ask [`Site::enabled`] before. What the ring does not take is
    /// dropped by the logger's policy, and counted.
    pub fn log(self) {
        self.try_log();
    }

    /// Logs it, and says whether it was committed; false where it was dropped.
    pub fn try_log(self) -> bool {
        let site: &dyn Origin = if self.whole { self.site } else { &Brief(self.site) };
        let mut set = if self.extra { flags::EXTRA } else { 0 };
        if self.level != self.site.level {
            set |= flags::LEVEL_OVERRIDE;
        }
        if self.body.is_full() {
            set |= flags::TRUNCATED;
        }
        let text = self.text.or((!self.whole).then_some(&self.site.event));
        put(site, self.logger, self.level, set, text, self.body.bytes())
    }
}

/// Logs a record whose values stand in `body` already; a text that is too long for it is cut. Says
/// whether it was committed.
pub(crate) fn put(
    origin: &dyn Origin,
    logger: &Logger,
    level: Level,
    mut set: u16,
    whole: Option<&str>,
    body: &[u8],
) -> bool {
    let max = max_record_bytes(logger);
    let text = whole.map(|text| {
        let context_len = context::len(logger);
        // The facts take half of it at most.
        if 8 + context_len + text.len() + body.len() <= max / 2 {
            return text;
        }
        let around = 4 + origin.content().len() + context_len + 4;
        let room = max.saturating_sub(around);
        // Fields come before a text that is too long, but leave it a half.
        let most = room.saturating_sub(body.len()).max(room / 2);
        &text[..text.floor_char_boundary(most)]
    });
    if text.is_some() {
        set |= flags::TEXT;
    }
    if text.map(str::len) < whole.map(str::len) {
        set |= flags::TRUNCATED;
    }
    let len = text.map_or(0, |text| 4 + text.len()) + body.len();
    let mut out = begin_record(origin, logger, level, set, len);
    if !out.is_open() {
        return false;
    }
    if let Some(text) = text {
        out.put_slice(&(text.len() as u32).to_le_bytes());
        out.put_slice(text.as_bytes());
    }
    out.put_slice(body);
    commit(out);
    true
}

/// Puts the key of a pair that stands behind the values: its number where `interned` says that it may
/// get one. One that is unfit for a key is renamed; whether it is there already the caller looks.
pub(crate) fn put_key(body: &mut Scratch, logger: &Logger, interned: bool, key: &str) {
    let key = keys::fit(Cow::Borrowed(key), |_| false);
    let key = &key[..key.floor_char_boundary(NAME_BYTES_MAX)];
    let interned = interned && captured::sink(logger).is_none();
    let producer = logger.producer().filter(|_| interned);
    let id = producer.and_then(|producer| known::number(producer, key));
    body.write(|out| {
        out.put_slice(&id.unwrap_or(0).to_le_bytes());
        if id.is_none() {
            out.put_slice(&(key.len() as u16).to_le_bytes());
            out.put_slice(key.as_bytes());
        }
    });
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("site", self.site)
            .field("level", &self.level)
            .field("text", &self.text)
            .finish_non_exhaustive()
    }
}

/// The longest payload of this logger's records.
fn max_record_bytes(logger: &Logger) -> usize {
    let of_segment = logger.producer().map(|at| at.segment().max_record_bytes() as usize);
    of_segment.unwrap_or(captured::MAX_RECORD_BYTES)
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}
