//! Where reading goes on after a restart: what the ledger notes of the cursor that is furthest.

use logring::layout::LaneRef;
use logring::layout::lane::LaneWord;
use logring::ring::reader::Chain;
use logring::shm::Segment;

use crate::lane::{Lane, Owner};
use crate::ledger::Ledger;

/// The ledger as the reading side asks it.
#[derive(Debug)]
pub(crate) struct Positions<'a> {
    ledger: &'a Ledger,
    cursor: usize,
}

impl<'a> Positions<'a> {
    /// What `cursor` has consumed.
    pub(crate) fn of(ledger: &'a Ledger, cursor: usize) -> Self {
        Self { ledger, cursor }
    }

    /// Slots of `block` that are consumed in `generation`.
    pub(crate) fn consumed(&self, block: u32, generation: u32) -> u32 {
        let (noted, slots) = self.ledger.consumed(self.cursor, block);
        if noted == generation { slots } else { 0 }
    }

    /// A lane seen for the first time, at the place where its last drain left it. `None` when there
    /// is no such entry: the word that named it was forged.
    pub(crate) fn open(&self, segment: &Segment, lane: LaneRef) -> Option<Lane> {
        let info = segment.lane_info(lane.index)?;
        // Records of a lane whose entry says something else are read all the same, nameless.
        let owner = match info.word {
            Some(LaneWord::Live { inc, process, .. }) if inc == lane.inc => {
                let pid = segment.process_info(process).map_or(0, |process| process.pid);
                Owner { pid, tid: info.tid }
            }
            _ => Owner::default(),
        };
        let mark = self.ledger.lane(self.cursor, lane.index).filter(|mark| mark.inc == lane.inc);
        Some(match mark {
            Some(mark) => {
                Lane::new(lane, owner, Chain::new(Some(mark.ordinal)), Some(mark.sequence))
            }
            None => Lane::new(lane, owner, Chain::new(Some(1)), Some(0)),
        })
    }
}
