//! What happens about four times a second: entries of threads and processes that ended without
//! leaving a block, drops that no lane could count, blocks that a dead writer left half claimed.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use logring::layout::lane::LaneWord;
use logring::layout::process::{ask, state};
use logring::layout::word::{BlockWord, ExtOf};
use logring::layout::{LaneRef, Stamp, stamp::Kind};
use logring::ring::{Memory, long};
use logring::shm::Segment;
use logring::sync::{Ordering, named_fence, order};

use crate::lane::Spent;
use crate::lanes::Lanes;
use crate::ledger::LaneMark;
use crate::plausible;
use crate::positions::Positions;
use crate::suspend::Suspends;

const EVERY: Duration = Duration::from_millis(250);
/// A lane that collects for so many rounds, with a quarter of the ring free in each, has left.
const COLLECTS_AT_MOST: u32 = 8;

/// What a round found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Per process entry: pid, records dropped since the last round, the mark that notes them.
    pub(crate) drops: Vec<(u32, u64, LaneMark)>,
    /// Records dropped since the last round by processes without an entry.
    pub(crate) untabled: u64,
    /// Extension blocks whose record is gone.
    pub(crate) spent: Vec<Spent>,
    /// For how long the machine was suspended since the last round.
    pub(crate) suspended: Option<Duration>,
}

/// When it was last done.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    next: Instant,
    /// Per process entry: its incarnation and how many of its drops are told.
    told: Vec<(u32, u64)>,
    /// How many drops of processes without an entry are told.
    told_untabled: u64,
    /// Lanes that were over at the last round and had not been seen to own a block.
    over: Vec<LaneRef>,
    /// What `collecting` said in the last rounds, and in how many of them there was room.
    collector: (u64, u32),
    suspends: Suspends,
    /// Which lanes and processes are asked of the operating system in this round.
    ask: Turns,
    ask_processes: Turns,
    has_begun: bool,
}

/// Takes turns where there are more than can be asked of the operating system in one round: an answer
/// takes longer the more there are.
#[derive(Debug, Default)]
struct Turns {
    /// Whose turn it is in this round, and how many have come by.
    turn: Range<usize>,
    seen: usize,
}

/// So many are asked in a round.
const ASKED_EACH: usize = 64;

impl Turns {
    /// A round of about so many; all of them are asked if `all` says so.
    fn begin(&mut self, count: usize, all: bool) {
        let next = if self.turn.end < count { self.turn.end } else { 0 };
        self.turn = if all { 0..usize::MAX } else { next..next + ASKED_EACH };
        self.seen = 0;
    }

    /// Whether the next one is to be asked.
    fn is_next(&mut self) -> bool {
        self.seen += 1;
        self.turn.contains(&(self.seen - 1))
    }
}

impl Housekeeping {
    /// `positions` know which drops were told by earlier drains.
    pub(crate) fn new(segment: &Segment, positions: &Positions) -> Self {
        let geometry = segment.geometry();
        let told = (0..geometry.process_count)
            .map(|index| {
                let mark = positions.mark(geometry.lane_count + index);
                mark.map_or((0, 0), |mark| (mark.inc, mark.sequence))
            })
            .collect();
        let told_untabled = segment.drain_area().untabled_told().load(Ordering::Relaxed);
        Self {
            next: Instant::now(),
            told,
            told_untabled,
            over: Vec::new(),
            collector: (0, 0),
            suspends: Suspends::new(),
            ask: Turns::default(),
            ask_processes: Turns::default(),
            has_begun: false,
        }
    }

    /// Whether a round is due.
    pub(crate) fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Lanes that own nothing, seen so by a sweep that came after they were over. A lane can start,
    /// log and end between a sweep and a round: then this sweep has found its blocks.
    pub(crate) fn confirm(&mut self, lanes: &mut Lanes) -> Vec<LaneRef> {
        let mut over = std::mem::take(&mut self.over);
        over.retain(|lane| lanes.get_by(*lane).is_none());
        over
    }

    /// One round. Cost: a look at each lane and process entry; some of those that no mark of the kernel
    /// tells of are asked for by a call each, or `all` of them.
    pub(crate) fn round(
        &mut self,
        segment: &Segment,
        lanes: &mut Lanes,
        all: bool,
        is_consumed: impl Fn(ExtOf) -> bool,
    ) -> Found {
        self.next = Instant::now() + EVERY;
        let mut found = Found { suspended: self.suspends.take(), ..Found::default() };
        let mut in_use = HashSet::new();
        let lanes_now: Vec<(LaneRef, u32)> = live_lanes(segment).collect();
        // What an older run left is told at once, and so is all at the end.
        let all = all || !std::mem::replace(&mut self.has_begun, true);
        self.ask.begin(lanes_now.len(), all);
        for &(lane, process) in &lanes_now {
            in_use.insert(process);
            // The kernel's mark alone says it for nearly all; the rest is asked here, some in each round.
            let ask = self.ask.is_next();
            let over = if ask { segment.lane_is_over(lane) } else { segment.lane_has_ended(lane) };
            match lanes.get_by(lane) {
                Some(known) => known.dead |= over,
                None if over => self.over.push(lane),
                None => {}
            }
        }
        self.look_at_processes(segment, &in_use, all, &mut found);
        let untabled = segment.drain_area().untabled().load(Ordering::Relaxed);
        if let Some(missing @ 1..) = plausible::missing(self.told_untabled, untabled) {
            found.untabled = missing;
            self.told_untabled = untabled;
        }
        let free = count_blocks(segment, &lanes_now);
        self.look_at_collector(segment, free);
        ask_for_blocks(segment, free, &in_use);
        find_orphans(segment, lanes, is_consumed, &mut found.spent);
        found
    }

    /// Lets others collect blocks for long records when who does so has died, or has left its call by a
    /// jump, which nobody sees but by this: it has not come on though there was room. The word is a
    /// hint: that two of them collect harms nobody while there is room for both.
    fn look_at_collector(&mut self, segment: &Segment, free: u32) {
        let word = segment.collecting().load(Ordering::Relaxed);
        let (known, rounds) = self.collector;
        let has_room = word != 0 && word == known && free > segment.block_count() / 4;
        self.collector = (word, if has_room { rounds + 1 } else { 0 });
        let Some(lane) = long::collector_lane(word) else { return };
        if segment.lane_is_over(lane) || self.collector.1 >= COLLECTS_AT_MOST {
            // What a dead one had in its hands comes back as all of a dead lane does.
            long::stop_collecting(segment);
            segment.drain_area().announce_free();
        }
    }

    fn look_at_processes(
        &mut self,
        segment: &Segment,
        in_use: &HashSet<u32>,
        all: bool,
        found: &mut Found,
    ) {
        let first_mark = segment.geometry().lane_count;
        let mut dead = Vec::new();
        let taken = |index: &u32| segment.process_is_taken(*index);
        let unused = |index: &u32| !in_use.contains(index);
        let count = self.told.len() as u32;
        self.ask_processes.begin((0..count).filter(taken).filter(unused).count(), all);
        for (index, told) in (0u32..).zip(&mut self.told) {
            if !taken(&index) {
                continue;
            }
            let Some(info) = segment.process_info(index) else { continue };
            match info.state {
                state::LIVE => {}
                state::FILLING if segment.process_is_dead(index) => {
                    // It died before it could take a lane or drop anything.
                    segment.release_process(index);
                    continue;
                }
                _ => continue,
            }
            // A mark has room for an incarnation of 31 bits.
            let inc = info.inc & (u32::MAX >> 1);
            if told.0 != inc {
                *told = (inc, 0);
            }
            // What cannot be is not told: somebody else wrote the word.
            if let Some(missing @ 1..) = plausible::missing(told.1, info.drops) {
                let mark = LaneMark {
                    lane: first_mark + index,
                    inc,
                    ordinal: 0,
                    sequence: info.drops,
                    flags: 0,
                };
                found.drops.push((info.pid, missing, mark));
                told.1 = info.drops;
            } else if unused(&index)
                && self.ask_processes.is_next()
                && segment.process_is_dead(index)
            {
                dead.push(index);
            }
        }
        if dead.is_empty() {
            return;
        }
        // Once more, now that they are dead and take no lane any more: one that took its first lane
        // behind the first look and died before it was asked had its records told as another's.
        let in_use: HashSet<u32> = live_lanes(segment).map(|(_, process)| process).collect();
        for index in dead.into_iter().filter(|index| !in_use.contains(index)) {
            segment.release_process(index);
        }
    }
}

/// Asks for the blocks of threads that log rarely while less than a quarter of the ring is free, until
/// half of it is. A block is never taken: its owner's next store would land in another's record.
fn ask_for_blocks(segment: &Segment, free: u32, processes: &HashSet<u32>) {
    let blocks = segment.block_count();
    let wanted = if free < blocks / 4 {
        ask::PAD
    } else if free > blocks / 2 {
        0
    } else {
        return;
    };
    // A lane's word may name any process.
    for process in processes.iter().filter(|index| **index < segment.geometry().process_count) {
        let word = segment.ask(*process);
        if word.load(Ordering::Relaxed) != wanted {
            word.store(wanted, Ordering::Relaxed);
        }
    }
}

/// Tells each process how many blocks it owns: who was killed between a claim or a free and its count
/// has left a wrong one. About 10 us. Returns how many blocks are free.
fn count_blocks(segment: &Segment, lanes: &[(LaneRef, u32)]) -> u32 {
    let geometry = segment.geometry();
    let highest = lanes.iter().map(|(lane, _)| lane.index as usize + 1).max();
    let mut processes = vec![None; highest.unwrap_or(0)];
    for &(lane, process) in lanes {
        if let Some(known) = processes.get_mut(lane.index as usize) {
            *known = Some((lane.inc, process));
        }
    }
    let mut held = vec![0u32; geometry.process_count as usize];
    let mut free = 0;
    for block in 0..segment.block_count() {
        let word = BlockWord::of(segment.word(block).load(Ordering::Relaxed));
        let Some(BlockWord::Owned { lane, .. }) = word else {
            free += u32::from(matches!(word, Some(BlockWord::Free { .. })));
            continue;
        };
        let owner = processes.get(lane.index as usize).copied().flatten();
        let process = owner.filter(|(inc, _)| *inc == lane.inc).map(|(_, process)| process);
        if let Some(held) = process.and_then(|process| held.get_mut(process as usize)) {
            *held += 1;
        }
    }
    for (process, held) in (0u32..).zip(held) {
        let known = segment.held(process);
        if known.load(Ordering::Relaxed) != held {
            known.store(held, Ordering::Relaxed);
        }
    }
    free
}

/// The lanes that somebody has or had, each with its process.
fn live_lanes(segment: &Segment) -> impl Iterator<Item = (LaneRef, u32)> {
    (0..segment.geometry().lane_count).filter_map(|index| match segment.lane_state(index)? {
        LaneWord::Live { inc, process, .. } => Some((LaneRef { index, inc }, process)),
        _ => None,
    })
}

/// Extension blocks whose head was consumed, has moved on, or will never be committed.
fn find_orphans(
    segment: &Segment,
    lanes: &Lanes,
    is_consumed: impl Fn(ExtOf) -> bool,
    spent: &mut Vec<Spent>,
) {
    // A block that its lane has overwritten names no head, once its word is seen. pair:free
    named_fence(order::recheck_fence());
    for owned in lanes.unbegun() {
        let ext_of = segment.ext_of(owned.block).load(Ordering::Relaxed);
        let Some(head) = ExtOf::of(ext_of) else { continue };
        if head.block >= segment.block_count() || head.slot >= segment.slots_per_block() {
            continue;
        }
        let word = BlockWord::of(segment.word(head.block).load(Ordering::Relaxed));
        let here = matches!(word, Some(BlockWord::Owned { generation, .. }) if generation == head.generation);
        let stamp = segment.stamp(segment.block(head.block), head.slot);
        let committed =
            Stamp::of(stamp.load(order::commit_load())) // pair:commit
                .is_some_and(|stamp| {
                    stamp.generation == head.generation && stamp.kind == Kind::Head
                });
        if !here || (committed && is_consumed(head)) {
            spent.push(Spent {
                block: owned.block,
                generation: owned.generation,
                lane: owned.lane,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_in_some_round() {
        for count in [1, ASKED_EACH, ASKED_EACH + 1, 10 * ASKED_EACH + 7] {
            let (mut turns, mut asked) = (Turns::default(), vec![0; count]);
            let rounds = count.div_ceil(ASKED_EACH);
            for _ in 0..rounds {
                turns.begin(count, false);
                asked.iter_mut().for_each(|asked| *asked += usize::from(turns.is_next()));
            }
            assert_eq!(asked, vec![1; count]);
            turns.begin(count, true);
            assert!((0..count).all(|_| turns.is_next()));
        }
    }
}
