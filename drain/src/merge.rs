//! One time order out of all lanes: the next record below the watermark, by (timestamp, lane).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::lane::Lane;
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
    pub(crate) fn next(&mut self, lanes: &mut Lanes, mut deliver: impl FnMut(&mut Lane)) -> bool {
        self.run(lanes, |lane, _| {
            deliver(lane);
            false
        })
    }

    /// The same again and again, as long as `deliver` wants to go on and no other lane has an earlier
    /// record. What the lane has below the time that `deliver` is handed comes before all of the others'.
    #[inline]
    pub(crate) fn run(
        &mut self,
        lanes: &mut Lanes,
        mut deliver: impl FnMut(&mut Lane, u64) -> bool,
    ) -> bool {
        // Beneath the top of a heap stand two, one of which comes next.
        let until = self.heap.as_slice().iter().skip(1).take(2).max().copied();
        let below = until.map_or(self.watermark, |until| until.0.timestamp.min(self.watermark));
        let Some(mut top) = self.heap.peek_mut() else { return false };
        let at = top.0.at;
        let Some(lane) = lanes.get_mut(at) else {
            PeekMut::pop(top);
            return true;
        };
        loop {
            let goes_on = deliver(lane, below);
            let Some(key) = key(lane, at, self.watermark).map(Reverse) else {
                PeekMut::pop(top);
                return true;
            };
            if !goes_on || until.is_some_and(|until| key < until) {
                *top = key;
                return true;
            }
        }
    }
}

fn key(lane: &mut Lane, at: usize, watermark: u64) -> Option<Key> {
    let head = lane.head?;
    (head.timestamp < watermark).then_some(Key {
        timestamp: head.timestamp,
        lane: lane.lane.index,
        at,
    })
}
