//! Levels in force: the rules that somebody sets for a whole segment while it is in use, laid over
//! each process's own filter.
//!
//! The rules are a specification as `LOGRING` has it, which stands in the segment's dictionary; one
//! word of the segment says which. `logring-drain level` calls this, and a program may.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use super::filter::Filter;
use super::logger::{Interner, Logger};
use super::producer::Producer;
use crate::error::{Error, Result};
use crate::layout::level_word::LevelWord;
use crate::record::callsite::{decode_string, encode_string};
use crate::shm::Segment;
use crate::sync::Ordering::Relaxed;

/// The rules that were read last, by their id.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Option<(u32, Filter)>>);

impl Known {
    /// The threshold of `target` under the rules of this id, where the process's own filter gives
    /// `base`. Never waits: a call inside a call reads the rules anew.
    pub(crate) fn in_force(&self, segment: &Segment, rules: u32, target: &str, base: u8) -> u8 {
        if rules == 0 {
            return base;
        }
        let of = |filter: &Filter| filter.covering(target).unwrap_or(base);
        let Ok(mut known) = self.0.try_lock() else { return of(&read(segment, rules)) };
        match &*known {
            Some((id, filter)) if *id == rules => of(filter),
            _ => of(&known.insert((rules, read(segment, rules))).1),
        }
    }

    /// The lowest threshold that the rules of this id set.
    #[cfg(feature = "log")]
    pub(crate) fn lowest(&self, segment: &Segment, rules: u32) -> Option<u8> {
        read(segment, rules).lowest()
    }
}

/// The rules in force in a segment; [`Filter::is_nothing`] where there are none.
#[must_use]
pub fn rules(segment: &Segment) -> Filter {
    read(segment, segment.drain_area().level_rules().load(Relaxed))
}

/// Rules that cannot be read are those that can be; nobody vouches for what stands in a segment.
fn read(segment: &Segment, id: u32) -> Filter {
    let mut filter = Filter::nothing();
    let mut content = Vec::new();
    if id != 0 && segment.dictionary_get(id, &mut content) {
        filter.take(&decode_string(&content).unwrap_or_default());
    }
    filter
}

impl Logger {
    /// Changes the levels in force for every process that logs into this logger's segment, now and
    /// later: `change` gets the rules that are in force and makes of them those that shall be. Where
    /// they say something of a target they win over each process's own filter. When this has
    /// returned, the next log call of any thread of any process obeys. Gives the new rules.
    ///
    /// ```no_run
    /// # fn main() -> logring::Result<()> {
    /// let log = logring::builder("billing").open()?;
    /// log.change_levels(|rules| rules.take("billing::db=debug").map_or(Ok(()), Err))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The one that `change` gives; no segment is installed; the segment's dictionary or process table
    /// is full. Nothing has changed then.
    pub fn change_levels(&self, change: impl FnOnce(&mut Filter) -> Result<()>) -> Result<Filter> {
        let Some(producer) = self.producer() else {
            return Err(Error::not_found("no segment is installed, so its levels cannot be set"));
        };
        let segment = producer.segment();
        let _alone = Alone::take(segment)?;
        let mut filter = rules(segment);
        change(&mut filter)?;
        let id = if filter.is_nothing() { 0 } else { intern(producer, &filter)? };
        segment.set_level_rules(id, |word| {
            let target = target(segment, word.target);
            target.and_then(|target| filter.covering(&target)).unwrap_or(word.base)
        });
        Ok(filter)
    }

    /// The lowest level that goes out for `target` by this process's filter and the rules that are set
    /// for its segment; `None` where none does, or before `install`.
    #[must_use]
    pub fn effective_level(&self, target: &str) -> Option<crate::Level> {
        let threshold = self.producer()?.threshold_now(target);
        (threshold < u8::MAX).then(|| crate::Level::new(threshold))
    }
}

/// The name of a level word's target.
fn target(segment: &Segment, id: u32) -> Option<String> {
    let mut content = Vec::new();
    segment.dictionary_get(id, &mut content).then_some(())?;
    decode_string(&content).map(std::borrow::Cow::into_owned)
}

fn intern(producer: &'static Producer, rules: &Filter) -> Result<u32> {
    let content = encode_string(&rules.to_string());
    // Another process may be adding at this moment.
    let id = (0..100).find_map(|_| producer.intern(&content));
    id.ok_or_else(|| {
        Error::full(format!(
            "segment {:?}: its dictionary or process table has no room for the level rules \"{rules}\"; \
             the levels stay as they are",
            producer.segment().name()
        ))
    })
}

/// The level words of a segment and what they say.
#[must_use]
pub fn words(segment: &Segment) -> Vec<(Option<String>, LevelWord)> {
    let words = segment.level_words().filter_map(|word| LevelWord::of(word.load(Relaxed)));
    words.map(|word| (target(segment, word.target), word)).collect()
}

/// Held by the one who sets levels: in this process a mutex, between processes a lock on the segment's
/// file, which the kernel takes back from who dies.
struct Alone {
    _here: std::sync::MutexGuard<'static, ()>,
    _file: Option<File>,
}

impl Alone {
    fn take(segment: &Segment) -> Result<Self> {
        static HERE: Mutex<()> = Mutex::new(());
        let here = HERE.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(paths) = segment.paths() else { return Ok(Self { _here: here, _file: None }) };
        let file = File::open(&paths.segment)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| Error::os(format!("lock {}", paths.segment.display()), error))?;
        Ok(Self { _here: here, _file: Some(file) })
    }
}
