//! One time order out of all lanes: the next record below the watermark, by (timestamp, lane).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::lanes::Lanes;

/// Orders records by time, then by lane; inside a lane the ring's order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    timestamp: u64,
    lane: u32,
    at: usize,
}

/// The lanes that have a record below the watermark, the one with the earliest on top.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    heap: BinaryHeap<Reverse<Key>>,
    watermark: u64,
}

impl Merge {
    /// Begins a pass: everything below `watermark` is in the lanes now, as far as it ever will be.
    pub(crate) fn start(&mut self, lanes: &mut Lanes, watermark: u64) {
        self.watermark = watermark;
        let mut keys = std::mem::take(&mut self.heap).into_vec();
        keys.clear();
        for at in lanes.indexes() {
            keys.extend(lanes.get_mut(at).and_then(|lane| key(lane, at, watermark)).map(Reverse));
        }
        self.heap = BinaryHeap::from(keys);
    }

    pub(crate) fn watermark(&self) -> u64 {
        self.watermark
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Hands the lane with the earliest record to `deliver`, which takes the record and fills the
    /// lane's head anew. False when nothing below the watermark is left.
    pub(crate) fn next(
        &mut self,
        lanes: &mut Lanes,
        deliver: impl FnOnce(&mut crate::lane::Lane),
    ) -> bool {
        let Some(mut top) = self.heap.peek_mut() else { return false };
        let at = top.0.at;
        let Some(lane) = lanes.get_mut(at) else {
            PeekMut::pop(top);
            return true;
        };
        deliver(lane);
        match key(lane, at, self.watermark) {
            Some(key) => *top = Reverse(key),
            None => drop(PeekMut::pop(top)),
        }
        true
    }
}

fn key(lane: &mut crate::lane::Lane, at: usize, watermark: u64) -> Option<Key> {
    let head = lane.head?;
    (head.timestamp < watermark).then_some(Key {
        timestamp: head.timestamp,
        lane: lane.lane.index,
        at,
    })
}
