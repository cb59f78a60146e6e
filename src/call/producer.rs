//! A process's tie to one segment: what loggers point at and log calls go through.
#![expect(unsafe_code, reason = "the list of states hangs in a page that is never unmapped")]

use std::sync::Mutex;
use std::sync::PoisonError;

use super::builder::{Flight, Options};
use super::filter::Filter;
use super::forked;
use super::levels::Known;
use super::logger::Interner;
use super::overflow::{Overflow, Policies, Shares};
use super::thread;
use super::thread::SEGMENTS_MAX;
use crate::error::{Error, Result};
use crate::layout::Geometry;
use crate::layout::header::clock;
use crate::layout::record;
use crate::level::Level;
use crate::record::callsite::{encode_level, encoded_string};
use crate::ring::{Memory, long};
use crate::shm::{Segment, SegmentSpec};
use crate::sync::Ordering::Relaxed;
use crate::sync::{AtomicU32, AtomicU64};
use crate::sys;

/// A process's tie to one segment. There is one per segment and process; it lives as long as the
/// process, as does its mapping.
#[derive(Debug)]
pub struct Producer {
    segment: &'static Segment,
    place: usize,
    overflow: Policies,
    /// Blocks that its threads may own, and those that are kept for errors.
    quota: u32,
    reserve: u32,
    flight: Option<Flight>,
    /// The level word of callsites whose records may be kept in a flight recorder.
    flight_word: AtomicU64,
    filter: Filter,
    /// What is set for the whole segment.
    rules: Known,
    /// Id of the rules << 32 | the lowest threshold that any target has under them.
    #[cfg(feature = "log")]
    lowest: AtomicU64,
    /// The first page of thread states, in wipe-on-fork memory.
    states: &'static AtomicU64,
    /// 1 once memory could not be made to be wiped in forked children.
    unwiped: AtomicU32,
    /// 1 once it was told that the lock file was closed.
    lockless: AtomicU32,
}

static PRODUCERS: Mutex<Vec<&'static Producer>> = Mutex::new(Vec::new());

impl Producer {
    /// Attaches the segment that `options` name, creating it where it is absent. A segment that this
    /// process is tied to already keeps its overflow policy and filter.
    ///
    /// # Errors
    /// A bad name or geometry; a segment that cannot be created or attached; too many segments.
    pub(crate) fn attach(options: Options) -> Result<&'static Self> {
        let spec = SegmentSpec {
            geometry: Geometry::with_ring_bytes(options.ring_bytes),
            max_record_bytes: options.max_record_bytes,
            clock: options.clock.kind(),
            ..SegmentSpec::new(options.name)
        };
        let (segment, _) = Segment::open_or_create_static(&spec)?;
        let producer =
            Self::of(segment, options.overflow, options.shares, options.flight, options.filter)?;
        for (level, name) in &options.own_levels {
            // Where there is no room the level is printed by its number.
            producer.intern(&encode_level(*level, &name.to_ascii_lowercase()));
        }
        Ok(producer)
    }

    /// A tie to a segment of its own in private memory, for tests.
    #[cfg(test)]
    pub(crate) fn on_heap(filter: Filter) -> &'static Self {
        let geometry = Geometry { block_count: 15, ..Geometry::default() };
        let segment = Segment::heap(geometry).expect("there is memory").leak();
        let policies = Policies { all: Overflow::Drop, from: Vec::new() };
        let shares = Shares { quota: 100, reserve: 0 };
        Self::of(segment, policies, shares, None, filter).expect("there is room for one more")
    }

    fn of(
        segment: &'static Segment,
        overflow: Policies,
        shares: Shares,
        flight: Option<Flight>,
        filter: Filter,
    ) -> Result<&'static Self> {
        let mut producers = PRODUCERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = producers.iter().find(|known| known.segment.uuid() == segment.uuid()) {
            return Ok(known);
        }
        // The first place is the installed segment's.
        let place = producers.len() + 1;
        if place > SEGMENTS_MAX {
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
            place,
            overflow,
            quota: shares.quota_of(segment.block_count()),
            reserve: shares.reserve_of(segment.block_count()),
            flight,
            flight_word: AtomicU64::new(flight.map_or(0, |flight| u64::from(flight.level))),
            #[cfg(feature = "log")]
            lowest: AtomicU64::new(u64::from(lowest_of(&filter, flight))),
            filter,
            rules: Known::default(),
            states,
            unwiped: AtomicU32::new(0),
            lockless: AtomicU32::new(0),
        }));
        producer.note_wiping(wiped);
        forked::watch();
        producers.push(producer);
        Ok(producer)
    }

    /// All ties of this process.
    pub(super) fn all() -> Vec<&'static Self> {
        PRODUCERS.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This process's tie to `segment`, if it has one.
    pub(super) fn known(segment: &Segment) -> Option<&'static Self> {
        let producers = PRODUCERS.lock().unwrap_or_else(PoisonError::into_inner);
        producers.iter().find(|known| std::ptr::eq(known.segment, segment)).copied()
    }

    /// The segment.
    #[inline(always)]
    pub fn segment(&self) -> &'static Segment {
        self.segment
    }

    /// Where each thread finds its state in this segment, from 1.
    #[inline(always)]
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// What a record of this level does when the ring is full.
    pub(crate) fn overflow(&self, level: Level) -> Overflow {
        self.overflow.of(level)
    }

    /// Blocks that its threads may own.
    pub(crate) fn quota(&self) -> u32 {
        self.quota
    }

    /// What its threads' flight recorders keep; `None` where they have none.
    #[inline(always)]
    pub(crate) fn flight(&self) -> Option<Flight> {
        self.flight
    }

    /// The word that lets through what flight recorders keep, for callsites of this level.
    pub(super) fn flight_word(&'static self, level: u8) -> Option<&'static AtomicU64> {
        self.flight.filter(|flight| level >= flight.level).map(|_| &self.flight_word)
    }

    /// Blocks that are kept for errors.
    pub(crate) fn reserve(&self) -> u32 {
        self.reserve
    }

    /// Whether its threads may overwrite blocks of their own.
    pub(crate) fn overwrites(&self) -> bool {
        self.overflow.overwrite()
    }

    pub(crate) fn states(&self) -> &'static AtomicU64 {
        self.states
    }

    /// Tells once when forked children would inherit their parent's states.
    pub(crate) fn note_wiping(&self, wiped: bool) {
        if !wiped && self.unwiped.swap(1, Relaxed) == 0 {
            sys::say(format_args!(
                "this kernel cannot wipe memory on fork (MADV_WIPEONFORK); \
                 forked children must not log before exec"
            ));
        }
    }

    /// Tells once when somebody has closed all descriptors of this process, as one does to become a
    /// service: what is logged arrives, but this process's death is harder to prove.
    pub(super) fn look_after_lock(&self) {
        let is_gone = self.segment.lock_file().is_some_and(|lock| !lock.is_intact());
        if is_gone && self.lockless.swap(1, Relaxed) == 0 {
            sys::say(format_args!(
                "this process has closed the lock file of segment {:?}, which it is to keep open; \
                 its records arrive, but that it has ended can be proven in fewer ways",
                self.segment.name()
            ));
        }
    }

    /// Payloads of fewer bytes take the short way of a log call: one slot, and the processor's clock.
    pub(crate) fn short_payload(&self) -> usize {
        match self.segment.clock_kind() {
            // Which lane a record goes to is decided on the long way.
            _ if self.flight.is_some() => 0,
            clock::TSC => {
                let slot = self.segment.slot_size() - record::PAYLOAD;
                slot.min(self.segment.max_record_bytes() as usize) + 1
            }
            _ => 0,
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
    pub(crate) fn count_drop(&'static self) {
        let count = || {
            let drops = match self.segment.register_process() {
                Some(process) => self.segment.drops(process.index),
                // The process table is full.
                None => self.segment.drain_area().untabled(),
            };
            drops.fetch_add(1, Relaxed);
        };
        if forked::is_inside() { forked::count_in(self, count) } else { count() }
    }

    /// Lets the next lane collect extension blocks, and wakes who waits for that.
    pub(crate) fn stop_collecting(&self) {
        long::stop_collecting(self.segment);
        self.segment.drain_area().announce_free();
    }

    /// The segment's part of a callsite's cached id; never 0.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u32 {
        self.segment.tag()
    }

    /// The level from which records of a target go out, by the program's own filter.
    pub(super) fn threshold(&self, target: &str) -> u8 {
        self.filter.threshold(target)
    }

    /// The same by what is in force now.
    pub(super) fn threshold_now(&self, target: &str) -> u8 {
        let rules = self.segment.drain_area().level_rules().load(Relaxed);
        self.in_force(rules, target)
    }

    /// The same by the rules of this id.
    pub(super) fn in_force(&self, rules: u32, target: &str) -> u8 {
        self.rules.in_force(self.segment, rules, target, self.threshold(target))
    }

    /// Whether records of this level go out for no target, by what is in force now. False says nothing.
    #[cfg(feature = "log")]
    #[inline]
    pub(crate) fn is_below_all(&self, level: u8) -> bool {
        let rules = self.segment.drain_area().level_rules().load(Relaxed);
        // Relaxed: the word stands alone.
        let known = self.lowest.load(Relaxed);
        if (known >> 32) as u32 != rules {
            self.find_lowest(rules);
            return false;
        }
        level < known as u8
    }

    #[cfg(feature = "log")]
    #[cold]
    fn find_lowest(&self, rules: u32) {
        let own = lowest_of(&self.filter, self.flight);
        let lowest = self.rules.lowest(self.segment, rules).map_or(own, |set| own.min(set));
        // Relaxed: as above.
        self.lowest.store(u64::from(rules) << 32 | u64::from(lowest), Relaxed);
    }

    /// The level word of a target. `None`: there is no room for one more, or none at this moment; the
    /// caller asks [`Producer::threshold_now`] instead, and here again at its next call.
    pub(crate) fn level_word(&'static self, target: &str) -> Option<&'static AtomicU64> {
        let id = encoded_string(target, |content| self.intern(content))?;
        let in_force = |rules| self.in_force(rules, target);
        self.segment.level_word(id, self.threshold(target), in_force)
    }
}

/// The lowest level that a process does anything with.
#[cfg(feature = "log")]
fn lowest_of(filter: &Filter, flight: Option<Flight>) -> u8 {
    // No target has this name: it stands for those that the filter says nothing of.
    let other = filter.threshold("");
    let lowest = filter.lowest().map_or(other, |lowest| lowest.min(other));
    flight.map_or(lowest, |flight| lowest.min(flight.level))
}

impl Interner for Producer {
    /// Registers the calling thread where it has not logged yet: an entry that is being filled is
    /// marked with the filler's lane.
    fn intern(&'static self, content: &[u8]) -> Option<u32> {
        self.segment.intern(thread::lane(self)?, content)
    }
}
