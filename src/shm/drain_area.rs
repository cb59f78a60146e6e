//! The drain area by name: words that wake, block and flush, the clock's anchors, the sinks' states.
//!
//! Nothing here decides anything; `ring/`, `call/` and the drain use the words by the protocol.

use super::segment::Segment;
use crate::layout::drain_area as at;
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, order};
use crate::sys;

/// The drain area of a segment.
#[derive(Clone, Copy, Debug)]
pub struct DrainArea<'a> {
    segment: &'a Segment,
}

/// What the segment's clock said at which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The segment's clock.
    pub clock: u64,
    /// Nanoseconds since the epoch at that moment.
    pub realtime_ns: u64,
    /// Nanoseconds per tick, as 32.32 fixed point.
    pub ns_per_tick: u64,
}

/// How a sink does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkState {
    /// See `layout::drain_area::sink_state`.
    pub state: u32,
    /// The code of its last error; 0 = none.
    pub errno: u32,
    /// Since when it is in that state, in nanoseconds since the epoch.
    pub since_ns: u64,
    /// Its name, cut at `SINK_NAME_BYTES`.
    pub name: String,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $type:ident at $offset:ident;)*) => {
        impl<'a> DrainArea<'a> {
            $(
                $(#[$doc])*
                #[inline]
                #[must_use]
                pub fn $name(&self) -> &'a $type {
                    words!(@$type self.segment, self.segment.offsets().drain_area + at::$offset)
                }
            )*
        }
    };
    (@AtomicU32 $segment:expr, $offset:expr) => { $segment.u32_at($offset) };
    (@AtomicU64 $segment:expr, $offset:expr) => { $segment.u64_at($offset) };
}

words! {
    /// The running drain's pid, in its own namespace; told by the drain itself.
    pid: AtomicU32 at PID;
    /// 1 while a drain runs: a hint, [`Segment::drain_is_alive`] is the proof.
    alive: AtomicU32 at ALIVE;
    /// The drain's epoch.
    epoch: AtomicU64 at EPOCH;
    /// The highest number of owned blocks that drains have seen.
    high_water: AtomicU32 at HIGH_WATER;
    /// Records dropped by processes that had no entry to count them in.
    untabled: AtomicU64 at UNTABLED;
    /// How many of those drains have reported.
    untabled_told: AtomicU64 at UNTABLED_TOLD;
    /// How the drain sleeps: a value of `layout::drain_area::sleeping`.
    sleeping: AtomicU32 at SLEEPING;
    /// The doorbell, a futex.
    doorbell: AtomicU32 at DOORBELL;
    /// Grows when blocks become free, a futex.
    free_epoch: AtomicU32 at FREE_EPOCH;
    /// 1 while a producer waits for a free block.
    waiting: AtomicU32 at WAITING;
    /// The lane that collects more than one block.
    collecting: AtomicU64 at COLLECTING;
    /// Number of the newest flush asked for.
    flush_req: AtomicU32 at FLUSH_REQ;
    /// Number of the newest flush done, a futex.
    flush_done: AtomicU32 at FLUSH_DONE;
    /// Number of the newest flush that wants its files synced.
    flush_durable: AtomicU32 at FLUSH_DURABLE;
    /// Number of the newest flush that a sync failed for.
    flush_failed: AtomicU32 at FLUSH_FAILED;
    /// The time below which all records are written to every sink.
    written_below: AtomicU64 at WRITTEN_BELOW;
    /// Dictionary id of the level rules in force; 0 = none.
    level_rules: AtomicU32 at LEVEL_RULES;
}

impl Segment {
    /// The drain area.
    #[inline]
    #[must_use]
    pub fn drain_area(&self) -> DrainArea<'_> {
        DrainArea { segment: self }
    }
}

/// Beyond what drains reach in ages, at an anchor a second.
const SEQUENCE_END: u64 = 1 << 62;

impl DrainArea<'_> {
    /// The drain says that it runs; it holds the drain lock.
    pub fn announce(&self, epoch: u64) {
        let base = self.segment.offsets().drain_area;
        let pid = sys::pid();
        let start = sys::start_time(pid).unwrap_or(0);
        self.segment.u64_at(base + at::START_TIME).store(start, Ordering::Relaxed);
        self.segment.u64_at(base + at::PID_NS).store(sys::pid_namespace(), Ordering::Relaxed);
        self.epoch().store(epoch, Ordering::Relaxed);
        self.pid().store(pid, Ordering::Relaxed);
        self.alive().store(1, Ordering::Relaxed);
    }

    /// The drain says that it ends.
    pub fn retire(&self) {
        self.alive().store(0, Ordering::Relaxed);
        self.sleeping().store(0, Ordering::Relaxed);
    }

    /// Notes an anchor, over the older of the two. The drain alone calls this.
    pub fn set_anchor(&self, anchor: Anchor) {
        let [first, second] = [0, 1].map(|index| {
            let sequence = self.sequence(index).load(Ordering::Relaxed);
            if sequence < SEQUENCE_END {
                return sequence;
            }
            // No drain counts so far: somebody else wrote it, and it must not stay the newest.
            self.sequence(index).store(0, Ordering::Relaxed);
            0
        });
        // A drain that was killed inside left an odd sequence: that anchor is the one to write.
        let older =
            usize::from(first.is_multiple_of(2) && (!second.is_multiple_of(2) || second < first));
        let newest = first.max(second) & !1;
        self.sequence(older).store(newest | 1, Ordering::Relaxed);
        fence(order::anchor_open()); // pair:anchor
        for (word, value) in
            [anchor.clock, anchor.realtime_ns, anchor.ns_per_tick].into_iter().enumerate()
        {
            self.anchor_word(older, word + 1).store(value, Ordering::Relaxed);
        }
        self.sequence(older).store(newest + 2, order::anchor_store()); // pair:anchor
    }

    /// The newest whole anchor, or the one before it while a newer one is being written; `None` when
    /// no drain has written one yet.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        // Only one of the two is ever being written, about once a second: the second try finds one.
        (0..4)
            .find_map(|_| {
                let read = [0, 1].map(|index| self.read_anchor(index));
                read.into_iter().flatten().max_by_key(|(sequence, _)| *sequence)
            })
            .map(|(_, anchor)| anchor)
    }

    fn read_anchor(&self, index: usize) -> Option<(u64, Anchor)> {
        let sequence = self.sequence(index).load(order::anchor_load()); // pair:anchor
        let [clock, realtime_ns, ns_per_tick] =
            [1, 2, 3].map(|word| self.anchor_word(index, word).load(Ordering::Relaxed));
        fence(order::anchor_check()); // pair:anchor
        let is_whole = sequence != 0
            && sequence.is_multiple_of(2)
            && self.sequence(index).load(Ordering::Relaxed) == sequence;
        is_whole.then_some((sequence, Anchor { clock, realtime_ns, ns_per_tick }))
    }

    fn sequence(&self, index: usize) -> &AtomicU64 {
        self.anchor_word(index, 0)
    }

    fn anchor_word(&self, index: usize, word: usize) -> &AtomicU64 {
        let base = self.segment.offsets().drain_area + at::ANCHORS;
        self.segment.u64_at(base + index * at::ANCHOR_BYTES + word * 8)
    }

    /// Notes how sink `index` does; indexes from `SINKS_MAX` on have no room and are not noted.
    pub fn set_sink(&self, index: usize, state: &SinkState) {
        let Some(base) = self.sink(index) else { return };
        let len = state.name.floor_char_boundary(at::SINK_NAME_BYTES);
        let mut name = [0u8; at::SINK_NAME_BYTES];
        name[..len].copy_from_slice(&state.name.as_bytes()[..len]);
        self.segment.view().copy_in(base + at::SINK_NAME, &name);
        self.segment.u32_at(base + 4).store(state.errno, Ordering::Relaxed);
        self.segment.u64_at(base + 8).store(state.since_ns, Ordering::Relaxed);
        self.segment.u32_at(base).store(state.state, Ordering::Relaxed);
    }

    /// How the sinks do, as the drain last noted. For messages: a state that changes while it is read
    /// may come out mixed.
    #[must_use]
    pub fn sinks(&self) -> Vec<SinkState> {
        let read = |index| {
            let base = self.sink(index)?;
            let state = self.segment.u32_at(base).load(Ordering::Relaxed);
            if state == at::sink_state::NONE {
                return None;
            }
            let mut name = Vec::new();
            self.segment.view().copy_out(base + at::SINK_NAME, at::SINK_NAME_BYTES, &mut name);
            name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
            Some(SinkState {
                state,
                errno: self.segment.u32_at(base + 4).load(Ordering::Relaxed),
                since_ns: self.segment.u64_at(base + 8).load(Ordering::Relaxed),
                name: String::from_utf8_lossy(&name).into_owned(),
            })
        };
        (0..at::SINKS_MAX).filter_map(read).collect()
    }

    fn sink(&self, index: usize) -> Option<usize> {
        let base = self.segment.offsets().drain_area + at::SINKS;
        (index < at::SINKS_MAX).then_some(base + index * at::SINK_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Geometry;

    #[test]
    fn anchors_are_read_whole() {
        let segment = Segment::heap(Geometry::with_ring_bytes(1 << 20)).expect("memory");
        let area = segment.drain_area();
        assert_eq!(area.anchor(), None);
        let of = |clock| Anchor { clock, realtime_ns: clock * 3, ns_per_tick: clock * 5 };
        const LAST: u64 = 100_000;
        area.set_anchor(of(1));
        std::thread::scope(|scope| {
            scope.spawn(|| (2..=LAST).for_each(|clock| area.set_anchor(of(clock))));
            let mut before = 1;
            while before < LAST {
                // A writer this fast may be inside at each of the few tries.
                let Some(anchor) = area.anchor() else { continue };
                assert_eq!(anchor, of(anchor.clock));
                before = before.max(anchor.clock);
            }
        });
    }

    #[test]
    fn an_anchor_that_was_left_half_written_is_not_read() {
        let segment = Segment::heap(Geometry::with_ring_bytes(1 << 20)).expect("memory");
        let area = segment.drain_area();
        let anchor = Anchor { clock: 1, realtime_ns: 2, ns_per_tick: 3 };
        area.set_anchor(anchor);
        let newer = Anchor { clock: 4, ..anchor };
        area.set_anchor(newer);
        for index in [0, 1] {
            let sequence = area.sequence(index);
            let was = sequence.fetch_or(1, Ordering::Relaxed);
            let other = area.anchor().expect("the other one");
            assert_ne!(other.clock, area.anchor_word(index, 1).load(Ordering::Relaxed));
            area.set_anchor(anchor);
            assert_eq!(area.anchor(), Some(anchor));
            assert!(sequence.load(Ordering::Relaxed) > was, "the broken one was written");
            area.set_anchor(newer);
        }
    }

    #[test]
    fn sinks_are_told_by_name() {
        let segment = Segment::heap(Geometry::with_ring_bytes(1 << 20)).expect("memory");
        let area = segment.drain_area();
        let stuck = SinkState {
            state: at::sink_state::STUCK,
            errno: 28,
            since_ns: 9,
            name: format!("json:/{}é", "x".repeat(at::SINK_NAME_BYTES - 7)),
        };
        area.set_sink(3, &stuck);
        area.set_sink(at::SINKS_MAX, &stuck);
        let told = area.sinks();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].state, told[0].errno, told[0].since_ns), (2, 28, 9));
        assert_eq!(told[0].name, stuck.name.trim_end_matches('é'), "cut between characters");
        area.announce(5);
        assert_eq!(
            (area.alive().load(Ordering::Relaxed), area.epoch().load(Ordering::Relaxed)),
            (1, 5)
        );
        assert_eq!(area.pid().load(Ordering::Relaxed), std::process::id());
        area.retire();
        assert_eq!(area.alive().load(Ordering::Relaxed), 0);
    }
}
