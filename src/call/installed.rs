//! The segment that this process has installed, and the first call of each callsite.

use std::sync::OnceLock;

use super::producer::Producer;
use super::{Callsite, Interner, Logger, captured, drain_thread};
use crate::error::{Error, Result};
use crate::level::Level;
use crate::sync::{AtomicU64, Ordering};
use crate::sys;

static INSTALLED: OnceLock<&'static Producer> = OnceLock::new();

/// Calls that found no segment.
static EARLY: AtomicU64 = AtomicU64::new(0);

/// The installed segment.
#[inline]
pub(crate) fn installed() -> Option<&'static Producer> {
    INSTALLED.get().copied()
}

/// Makes `segment` the one that calls without `logger:` go to.
///
/// # Errors
/// There is one already.
pub(super) fn install(segment: &'static Producer) -> Result<()> {
    INSTALLED.set(segment).map_err(|_| taken())
}

/// # Errors
/// A segment is installed already.
pub(super) fn check_free() -> Result<()> {
    if INSTALLED.get().is_some() { Err(taken()) } else { Ok(()) }
}

/// [`install`], which the same segment may ask for again.
///
/// # Errors
/// There is another one already.
pub(super) fn install_or_same(segment: &'static Producer) -> Result<()> {
    let installed = *INSTALLED.get_or_init(|| segment);
    if std::ptr::eq(installed, segment) { Ok(()) } else { Err(taken()) }
}

/// # Errors
/// A segment of another name is installed already.
pub(super) fn check_free_for(name: &str) -> Result<()> {
    match INSTALLED.get() {
        Some(installed) if installed.segment().name() != name => Err(taken()),
        _ => Ok(()),
    }
}

fn taken() -> Error {
    Error::already_installed(
        "a logger is installed in this process already; use `open` or `open_embedded` for further \
         segments",
    )
}

/// Log calls of this process that came before `install` and went nowhere.
#[must_use]
pub fn early_calls() -> u64 {
    // Relaxed: a counter.
    EARLY.load(Ordering::Relaxed)
}

/// The first call of a callsite: gives it its level word and says whether it goes on. The
/// dictionary entry comes with its first record, see [`register`].
#[cold]
#[inline(never)]
pub(crate) fn admit(callsite: &'static Callsite, logger: &Logger) -> bool {
    let facts = callsite.facts();
    if let Some(sink) = captured::sink(logger) {
        return sink.admits(facts.level, facts.target);
    }
    let Some(producer) = logger.producer() else {
        // Relaxed: a counter.
        if EARLY.fetch_add(1, Ordering::Relaxed) == 0 {
            sys::say(format_args!(
                "a log call before logring::builder(..).install() went nowhere, as will \
                 further ones (first: {}:{})",
                facts.file, facts.line
            ));
        }
        return false;
    };
    if drain_thread::drains(producer.segment()) {
        // The target cannot be interned here: the callsite is tied to its level word elsewhere.
        return facts.level >= producer.threshold_now(facts.target);
    }
    if let Some(word) = producer.flight_word(facts.level) {
        callsite.set_level_word(word);
        return true;
    }
    let Some(word) = producer.level_word(facts.target) else {
        // It obeys all the same, a microsecond slower: each of its calls comes this way.
        return facts.level >= producer.threshold_now(facts.target);
    };
    callsite.set_level_word(word);
    callsite.enabled(Level::new(facts.level))
}

/// The callsite's id in the segment's dictionary, which is remembered; 0 = it has none there this
/// time (the dictionary is full, or somebody else is filling its place), and its facts stand inline
/// in the record.
#[cold]
#[inline(never)]
pub(crate) fn register(callsite: &'static Callsite, segment: &'static Producer) -> u32 {
    let Some(id) = callsite.facts().encoded(|content| segment.intern(content)) else { return 0 };
    callsite.set_cached(segment.tag(), id);
    id
}
