//! The static part of a log call: its facts, and what the process remembers of it.
//!
//! Each macro makes one `static` [`Callsite`]. A disabled call is [`Callsite::enabled`] alone: two
//! relaxed loads and a comparison. A fresh callsite points at a word whose threshold is 0, so its
//! first call goes to [`Callsite::admit`], which registers it before anything is evaluated.
#![expect(unsafe_code, reason = "one pointer to a level word in the segment, see `enabled`")]

use super::{Logger, aside};
use crate::level::{CAP, Level};
use crate::record::callsite::Facts;
use crate::ring::writer::commit_of;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// The level word of callsites that are not registered: its threshold lets everything through.
static UNREGISTERED: AtomicU64 = AtomicU64::new(0);

/// A log call's facts and what the process remembers of it.
#[derive(Debug)]
pub struct Callsite {
    facts: Facts<'static>,
    /// Always a word that lives as long as the process: a static, or one of a segment, which is
    /// never unmapped.
    level_word: AtomicPtr<AtomicU64>,
    /// Segment tag << 32 | dictionary id; 0 = none.
    cached: AtomicU64,
    /// The same where the record may go the shortest way, which rings no doorbell.
    cached_short: AtomicU64,
    /// What the stamp of a record of one slot differs in from its mark.
    commit: u64,
}

impl Callsite {
    /// A callsite that has never been called. In a constant, which a macro's callsite is, event and
    /// names that do not fit are a compile error.
    ///
    /// # Panics
    /// A placeholder without a field, or two fields of one name.
    #[must_use]
    #[track_caller]
    pub const fn new(
        level: Level,
        target: &'static str,
        file: &'static str,
        line: u32,
        event: &'static str,
        names: &'static [&'static str],
    ) -> Self {
        super::check::check(event, names);
        Self {
            facts: Facts { level: level.number(), target, file, line, event, names },
            level_word: AtomicPtr::new((&raw const UNREGISTERED).cast_mut()),
            cached: AtomicU64::new(0),
            cached_short: AtomicU64::new(0),
            commit: commit_of(level.number()),
        }
    }

    /// A callsite of another logging interface. Its names are fit and differ, and each placeholder of
    /// its event has a field.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) const fn foreign(facts: Facts<'static>) -> Self {
        Self {
            facts,
            level_word: AtomicPtr::new((&raw const UNREGISTERED).cast_mut()),
            cached: AtomicU64::new(0),
            cached_short: AtomicU64::new(0),
            commit: commit_of(facts.level),
        }
    }

    /// What stands in the source.
    #[must_use]
    pub const fn facts(&self) -> &Facts<'static> {
        &self.facts
    }

    /// Whether a record of `level` (the callsite's own, given as a constant) may go out. True for a
    /// callsite that is not registered yet: [`Callsite::admit`] decides.
    #[inline(always)]
    #[must_use]
    pub fn enabled(&self, level: Level) -> bool {
        self.enabled_by(level).is_some()
    }

    /// The word that lets a record of `level` through, see [`Callsite::enabled`].
    #[inline(always)]
    #[must_use]
    #[allow(clippy::absurd_extreme_comparisons, reason = "without a cap it is the minimum")]
    pub fn enabled_by(&self, level: Level) -> Option<&'static AtomicU64> {
        // A constant, so that a call below the cap leaves nothing behind.
        if level.number() < CAP {
            return None;
        }
        // Relaxed: the word is a static, or was mapped before its address was stored here.
        let word = self.level_word.load(Ordering::Relaxed);
        // SAFETY: `level_word` always points at a word that lives as long as the process.
        let word = unsafe { &*word };
        // Relaxed: a changed threshold may come through a little later.
        (level.number() >= word.load(Ordering::Relaxed) as u8).then_some(word)
    }

    /// Whether an enabled call goes on; registers the callsite at its first call.
    #[inline(always)]
    #[must_use]
    pub fn admit(&'static self, logger: &Logger) -> bool {
        // Relaxed: see `enabled`.
        let word = self.level_word.load(Ordering::Relaxed).cast_const();
        // SAFETY: as in `enabled_by`.
        self.admit_by(unsafe { &*word }, logger)
    }

    /// The same for who has looked at the word already.
    #[inline(always)]
    #[must_use]
    pub fn admit_by(&'static self, word: &'static AtomicU64, logger: &Logger) -> bool {
        !std::ptr::eq(word, &raw const UNREGISTERED) || aside::admit(self, logger)
    }

    /// Segment tag << 32 | dictionary id of the segment that the callsite was last registered with;
    /// 0 = none, or the dictionary is full there.
    #[inline(always)]
    #[must_use]
    pub fn cached(&self) -> u64 {
        // Relaxed: the id is of use by itself, the producer does not read the dictionary.
        self.cached.load(Ordering::Relaxed)
    }

    /// The same; 0 also for levels that are told to the drain at once.
    #[inline(always)]
    pub(super) fn cached_short(&self) -> u64 {
        // Relaxed: as in `cached`.
        self.cached_short.load(Ordering::Relaxed)
    }

    /// What the stamp of a record of one slot differs in from its mark.
    #[inline(always)]
    pub(super) fn commit(&self) -> u64 {
        self.commit
    }

    /// Remembers the id that a segment's dictionary gave.
    pub(crate) fn set_cached(&self, segment_tag: u32, id: u32) {
        // Relaxed: as in `cached`.
        let cached = u64::from(segment_tag) << 32 | u64::from(id);
        self.cached.store(cached, Ordering::Relaxed);
        if self.facts.level < Level::Error.number() {
            self.cached_short.store(cached, Ordering::Relaxed);
        }
    }

    /// Ends the unregistered state: from now on `word` decides.
    pub(crate) fn set_level_word(&self, word: &'static AtomicU64) {
        // Relaxed: see `enabled`.
        self.level_word.store(std::ptr::from_ref(word).cast_mut(), Ordering::Relaxed);
    }
}
