//! A process's tie to one segment: what loggers point at and log calls go through.
#![expect(unsafe_code, reason = "the list of states hangs in a page that is never unmapped")]

use std::sync::Mutex;
use std::sync::PoisonError;

use super::callsite::Callsite;
use super::filter::Filter;
use super::overflow::Overflow;
use super::thread::SEGMENTS_MAX;
use crate::error::{Error, Result};
use crate::layout::LaneRef;
use crate::layout::header::clock;
use crate::layout::level_word::LevelWord;
use crate::shm::Segment;
use crate::sync::Ordering::Relaxed;
use crate::sync::{AtomicU32, AtomicU64};
use crate::sys;

/// A process's tie to one segment. There is one per segment and process; it lives as long as the
/// process, as does its mapping.
#[derive(Debug)]
pub struct Producer {
    segment: &'static Segment,
    index: usize,
    overflow: Overflow,
    filter: Filter,
    /// The first page of thread states, in wipe-on-fork memory.
    states: &'static AtomicU64,
    /// 1 once memory could not be made to be wiped in forked children.
    unwiped: AtomicU32,
}

static PRODUCERS: Mutex<Vec<&'static Producer>> = Mutex::new(Vec::new());

impl Producer {
    /// The tie to `segment`, made at the first call; `overflow` and `filter` count then only.
    ///
    /// # Errors
    /// More than [`SEGMENTS_MAX`] segments in one process, or no memory.
    pub(crate) fn of(
        segment: &'static Segment,
        overflow: Overflow,
        filter: Filter,
    ) -> Result<&'static Self> {
        let mut producers = PRODUCERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = producers.iter().find(|known| known.segment.uuid() == segment.uuid()) {
            return Ok(known);
        }
        let index = producers.len();
        if index >= SEGMENTS_MAX {
            return Err(Error::full(format!(
                "this process has logged into {SEGMENTS_MAX} segments, which is the most it can; \
                 log into fewer segments or from more processes"
            )));
        }
        let (page, wiped) = sys::map_wipe_on_fork(4096)?;
        // SAFETY: the page is mapped for good, zeroed, and used for this one word.
        let states: &'static AtomicU64 = unsafe { page.cast().as_ref() };
        let producer = Box::leak(Box::new(Self {
            segment,
            index,
            overflow,
            filter,
            states,
            unwiped: AtomicU32::new(0),
        }));
        producer.note_wiping(wiped);
        producers.push(producer);
        Ok(producer)
    }

    /// The segment.
    #[inline(always)]
    pub fn segment(&self) -> &'static Segment {
        self.segment
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.overflow
    }

    pub(crate) fn states(&self) -> &'static AtomicU64 {
        self.states
    }

    /// Tells once when forked children would inherit their parent's states.
    pub(crate) fn note_wiping(&self, wiped: bool) {
        if !wiped && self.unwiped.swap(1, Relaxed) == 0 {
            eprintln!(
                "logring: this kernel cannot wipe memory on fork (MADV_WIPEONFORK); \
                 forked children must not log before exec"
            );
        }
    }

    /// The segment's clock, now.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        match self.segment.clock_kind() {
            clock::TSC => sys::now_ticks(),
            clock::COARSE => sys::realtime_coarse_ns(),
            _ => sys::realtime_ns(),
        }
    }

    /// Counts a record that has no lane to be counted in.
    #[cold]
    pub(crate) fn count_drop(&self) {
        if let Some(process) = self.segment.register_process() {
            self.segment.drops(process.index).fetch_add(1, Relaxed);
        }
    }

    /// Makes `site` known to the segment: its id, and the level word that it asks from now on.
    /// `None` when that word says that the call is disabled. Id 0 = the dictionary is full.
    #[cold]
    pub(crate) fn resolve(&self, site: &'static Callsite, lane: LaneRef) -> Option<u32> {
        let cached = site.cached();
        if cached.tag == self.segment.tag() {
            return Some(cached.id);
        }
        let id = self.segment.intern(lane, &site.content()).unwrap_or(0);
        let base = self.filter.threshold(site.target()).number();
        let target = self.segment.intern(lane, &site.target_content()).unwrap_or(0);
        let word = self.segment.level_word(target, base);
        let threshold = match word {
            Some(word) => LevelWord::of(word.load(Relaxed)).map_or(base, |word| word.threshold),
            None => base,
        };
        site.settle(self.segment.tag(), id, word);
        (site.level().number() >= threshold).then_some(id)
    }
}
