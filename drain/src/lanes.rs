//! All lanes that own blocks, kept up to date by a sweep over the block words.

use std::collections::HashMap;

use logring::layout::LaneRef;
use logring::ring::reader::{self, Owned, Position, Sweep};
use logring::ring::{Memory, Unpinned};
use logring::shm::{Segment, Signature};

use crate::lane::{Lane, Spent};

/// The lanes that the drain reads, each at a stable index.
#[derive(Debug)]
pub(crate) struct Lanes {
    sweep: Sweep,
    index: HashMap<LaneRef, usize>,
    slab: Vec<Option<Lane>>,
    vacant: Vec<usize>,
    /// Blocks owned but not begun, as the last sweep found them.
    unbegun: Vec<Owned>,
}

impl Lanes {
    pub(crate) fn new(block_count: u32) -> Self {
        Self {
            sweep: Sweep::new(block_count),
            index: HashMap::new(),
            slab: Vec::new(),
            vacant: Vec::new(),
            unbegun: Vec::new(),
        }
    }

    /// Looks at every block word and hangs what has been begun into its lane's chain. `open` makes
    /// a lane that was not known; `consumed` says how many slots of a block are consumed already.
    /// Blocks that were read to their end before go to `spent`. Returns the number of free blocks.
    pub(crate) fn sweep<M: Memory>(
        &mut self,
        memory: &M,
        mut open: impl FnMut(LaneRef) -> Option<Lane>,
        consumed: impl Fn(u32, u32) -> u32,
        spent: &mut Vec<Spent>,
    ) -> u32 {
        let Self { sweep, index, slab, vacant, unbegun } = self;
        unbegun.clear();
        let free = sweep.run(memory, |owned| {
            let Some(lane) = hold(index, slab, vacant, owned.lane, &mut open) else { return };
            let already = consumed(owned.block, owned.generation);
            match owned.ordinal {
                Some(ordinal) => {
                    if !lane.chain.insert(owned.block, owned.generation, ordinal, already) {
                        // A drain before this one consumed it and died before it freed it.
                        let Owned { block, generation, lane, .. } = owned;
                        spent.push(Spent { block, generation, lane });
                    }
                }
                None if lane.over && reader::was_written(memory, owned.block, owned.generation) => {
                    lane.chain.insert_last(owned.block, owned.generation, already);
                }
                None => unbegun.push(owned),
            }
        });
        for lane in self.iter_mut() {
            if lane.chain.settle() && lane.is_new {
                // Its first blocks are gone and no ledger knows what they held.
                lane.sequence = None;
            }
        }
        free
    }

    /// Where something new of each lane would stand; `None` while there is something already.
    pub(crate) fn watch<M: Memory>(&self, memory: &M) -> Option<Vec<Position>> {
        let is_read = |lane: &Lane| lane.head.is_none() && !lane.chain.has_more();
        let place = |lane: &Lane| lane.chain.place(memory.slots_per_block());
        self.iter().all(is_read).then(|| self.iter().filter_map(place).collect())
    }

    /// Whether neither one of these places nor a block word has anything new.
    pub(crate) fn are_quiet<M: Memory>(&self, memory: &M, places: &[Position]) -> bool {
        places.iter().all(|at| reader::is_quiet(memory, *at)) && self.sweep.is_settled(memory)
    }

    /// All lanes, to look at.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.slab.iter().filter_map(Option::as_ref)
    }

    /// The same for a reader that holds nothing back: blocks that were freed and not claimed again are
    /// hung into chains too. `open` is handed the block that a lane was found by. What a chain has
    /// passed over unread is noted in its lane.
    pub(crate) fn survey(
        &mut self,
        segment: &Segment,
        mut open: impl FnMut(LaneRef, Signature) -> Option<Lane>,
    ) {
        let Self { sweep, index, slab, vacant, .. } = self;
        let memory = Unpinned(segment);
        sweep.run_unpinned(
            &memory,
            |block| segment.signature(block).lane,
            |owned| {
                // What is not begun holds no record yet, or belongs to one that names it.
                let Some(ordinal) = owned.ordinal else { return };
                let mut open = |lane| open(lane, segment.signature(owned.block));
                let Some(lane) = hold(index, slab, vacant, owned.lane, &mut open) else { return };
                // Else the chain has passed it: all of it was read.
                let _ = lane.chain.insert(owned.block, owned.generation, ordinal, 0);
            },
        );
        for lane in self.iter_mut() {
            lane.outrun |= lane.chain.settle();
        }
    }

    /// Forgets the lanes for which `keep` says so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut Lane) -> bool) {
        for (at, slot) in self.slab.iter_mut().enumerate() {
            if let Some(lane) = slot.take_if(|lane| !keep(lane)) {
                self.index.remove(&lane.lane);
                self.vacant.push(at);
            }
        }
    }

    /// All lanes.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.slab.iter_mut().filter_map(Option::as_mut)
    }

    /// Indexes of all lanes.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.slab.len()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Lane> {
        self.slab.get_mut(at).and_then(Option::as_mut)
    }

    pub(crate) fn get_by(&mut self, lane: LaneRef) -> Option<&mut Lane> {
        let at = *self.index.get(&lane)?;
        self.get_mut(at)
    }

    /// Forgets a lane that is over; its blocks that were never begun are spent.
    pub(crate) fn close(&mut self, at: usize, spent: &mut Vec<Spent>) {
        let Some(lane) = self.slab.get_mut(at).and_then(Option::take) else { return };
        self.index.remove(&lane.lane);
        self.vacant.push(at);
        for owned in self.unbegun.iter().filter(|owned| owned.lane == lane.lane) {
            let Owned { block, generation, lane, .. } = *owned;
            self.sweep.ignore(block, generation, lane);
            spent.push(Spent { block, generation, lane });
        }
    }

    /// Owned blocks that were not begun: extensions, and what a dead owner left.
    pub(crate) fn unbegun(&self) -> &[Owned] {
        &self.unbegun
    }
}

/// The lane of this name, opened if it is not known.
fn hold<'a>(
    index: &mut HashMap<LaneRef, usize>,
    slab: &'a mut Vec<Option<Lane>>,
    vacant: &mut Vec<usize>,
    lane: LaneRef,
    open: &mut impl FnMut(LaneRef) -> Option<Lane>,
) -> Option<&'a mut Lane> {
    let known = index.get(&lane).copied();
    let at = match known {
        Some(at) => at,
        None => {
            let opened = open(lane)?;
            let at = vacant.pop().unwrap_or_else(|| {
                slab.push(None);
                slab.len() - 1
            });
            slab[at] = Some(opened);
            index.insert(lane, at);
            at
        }
    };
    slab.get_mut(at).and_then(Option::as_mut)
}
