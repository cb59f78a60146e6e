//! The dictionary: content interned once per segment, so that a thousand processes of one program
//! add each callsite once. Producers intern at the first use of a callsite, the drain reads.
//!
//! A slot is reserved by a lane, filled, then made ready; a slot whose lane ended meanwhile is taken
//! over. Nothing here waits: who meets a slot that another lane is just filling gets no id this time.

use super::segment::Segment;
use crate::layout::LaneRef;
use crate::layout::dictionary::{ENTRY_BYTES_MAX, Entry, PROBES, hash};
use crate::layout::drain_area::BLOB_NEXT;
use crate::sync::{AtomicU64, Ordering, order};

/// How often a slot that is being filled is looked at again before this call goes on without an id:
/// a microsecond or two, which a filler that runs does not need.
const LOOKS: u32 = 200;

impl Segment {
    /// The id of `content` (its kind byte, then the kind's bytes), added when it is new. `None` = write
    /// it inline this time: it is too long, the dictionary is full, or another lane is adding at this
    /// moment; asking again later is right. 100 ns to 1 us; `lane` is the caller's.
    pub fn intern(&self, lane: LaneRef, content: &[u8]) -> Option<u32> {
        if content.is_empty() || content.len() > ENTRY_BYTES_MAX {
            return None;
        }
        let slots = self.geometry().dictionary_slots;
        let start = hash(content);
        let mut reusable = None;
        for probe in 0..PROBES.min(slots) {
            let index = (start.wrapping_add(probe.into()) & u64::from(slots - 1)) as u32;
            loop {
                let seen = self.settled(index);
                match Entry::of(seen) {
                    Entry::Ready { offset, len } => {
                        if self.entry_is(offset, len, content) {
                            return Some(index + 1);
                        }
                    }
                    Entry::Reserved(other) if !self.lane_has_ended(other) => return None,
                    Entry::Reserved(_) | Entry::Tombstone => {
                        reusable.get_or_insert((index, seen));
                    }
                    Entry::Empty => {
                        let (index, seen) = reusable.unwrap_or((index, seen));
                        match self.add(index, seen, lane, content) {
                            Added::Id(id) => return Some(id),
                            Added::Full => return None,
                            Added::Raced if reusable.is_none() => continue,
                            // Another lane took the slot that we had come back for, perhaps for
                            // the same content: a second id for it would do no harm, but waits.
                            Added::Raced => return None,
                        }
                    }
                }
                break;
            }
        }
        let (index, seen) = reusable?;
        match self.add(index, seen, lane, content) {
            Added::Id(id) => Some(id),
            Added::Full | Added::Raced => None,
        }
    }

    /// The same for content that was made at run time (a text, a key, a target): where more than half
    /// of the dictionary is taken, only what stands there already has an id, so that a million
    /// different texts leave room for the callsites of the next program.
    pub fn intern_spare(&self, lane: LaneRef, content: &[u8]) -> Option<u32> {
        let slots = self.geometry().dictionary_slots;
        let start = hash(content);
        let probes = PROBES.min(slots);
        let mut taken = 0;
        for probe in 0..probes {
            let index = (start.wrapping_add(probe.into()) & u64::from(slots - 1)) as u32;
            let seen = self.dictionary_slot(index).load(order::ready_load()); // pair:ready
            match Entry::of(seen) {
                Entry::Ready { offset, len } if self.entry_is(offset, len, content) => {
                    return Some(index + 1);
                }
                Entry::Empty | Entry::Tombstone => {}
                Entry::Ready { .. } | Entry::Reserved(_) => taken += 1,
            }
        }
        // How full the slots are shows in those within reach.
        let is_spare = taken * 2 <= probes
            && self.dictionary_bytes_used() * 2 <= self.geometry().dictionary_bytes;
        if is_spare { self.intern(lane, content) } else { None }
    }

    /// The slot's word, looked at for a while when a living lane is filling it.
    fn settled(&self, index: u32) -> u64 {
        let slot = self.dictionary_slot(index);
        for _ in 0..LOOKS {
            let seen = slot.load(order::ready_load()); // pair:ready
            if !matches!(Entry::of(seen), Entry::Reserved(_)) {
                return seen;
            }
            std::hint::spin_loop();
        }
        slot.load(order::ready_load()) // pair:ready
    }

    fn add(&self, index: u32, seen: u64, lane: LaneRef, content: &[u8]) -> Added {
        let room = content.len().next_multiple_of(8) as u64;
        let next = self.u64_at(self.offsets().drain_area + BLOB_NEXT);
        let bytes = self.geometry().dictionary_bytes;
        let fits = |offset: u64| offset.checked_add(room).is_some_and(|end| end <= bytes);
        // Looked at first: of a full blob neither slots nor counter change with every try.
        if !fits(next.load(Ordering::Relaxed)) {
            return Added::Full;
        }
        let slot = self.dictionary_slot(index);
        let reserved = Entry::Reserved(lane).raw();
        // Relaxed: what the slot's last owner wrote is in another part of the blob.
        if slot.compare_exchange(seen, reserved, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Added::Raced;
        }
        let offset = Some(next.fetch_add(room, Ordering::Relaxed))
            .filter(|&offset| fits(offset) && offset.is_multiple_of(8));
        let Some(offset) = offset else {
            // Somebody else may have seen it reserved and waits: it says so at once.
            slot.store(Entry::Tombstone.raw(), Ordering::Relaxed);
            return Added::Full;
        };
        self.view().copy_in(self.offsets().blob + offset as usize, content);
        let ready = Entry::Ready { offset: offset as u32, len: content.len() as u32 }.raw();
        slot.store(ready, order::ready_store()); // pair:ready
        Added::Id(index + 1)
    }

    /// Appends the content of `id` to `out`; false when there is no such entry or it makes no sense.
    pub fn dictionary_get(&self, id: u32, out: &mut Vec<u8>) -> bool {
        let Some((offset, len)) = self.dictionary_entry(id) else { return false };
        self.view().copy_out(self.offsets().blob + offset, len, out);
        true
    }

    /// Where in the blob the content of `id` stands, and its length; both are checked.
    #[must_use]
    pub fn dictionary_entry(&self, id: u32) -> Option<(usize, usize)> {
        let index = id.checked_sub(1).filter(|&index| index < self.geometry().dictionary_slots)?;
        // pair:ready
        match Entry::of(self.dictionary_slot(index).load(order::ready_load())) {
            Entry::Ready { offset, len } => self.checked_entry(offset, len),
            _ => None,
        }
    }

    /// The ids of all entries.
    pub fn dictionary_ids(&self) -> impl Iterator<Item = u32> + '_ {
        (1..=self.geometry().dictionary_slots).filter(|&id| self.dictionary_entry(id).is_some())
    }

    /// Bytes of the blob that are taken.
    #[must_use]
    pub fn dictionary_bytes_used(&self) -> u64 {
        let next = self.u64_at(self.offsets().drain_area + BLOB_NEXT).load(Ordering::Relaxed);
        next.min(self.geometry().dictionary_bytes)
    }

    fn entry_is(&self, offset: u32, len: u32, content: &[u8]) -> bool {
        self.checked_entry(offset, len).is_some_and(|(offset, len)| {
            len == content.len() && self.view().holds(self.offsets().blob + offset, content)
        })
    }

    fn checked_entry(&self, offset: u32, len: u32) -> Option<(usize, usize)> {
        let (offset, len) = (offset as usize, len as usize);
        let fits = (1..=ENTRY_BYTES_MAX).contains(&len)
            && offset.is_multiple_of(8)
            && (offset + len.next_multiple_of(8)) as u64 <= self.geometry().dictionary_bytes;
        fits.then_some((offset, len))
    }

    fn dictionary_slot(&self, index: u32) -> &AtomicU64 {
        self.u64_at(self.offsets().dictionary + index as usize * 8)
    }
}

/// How adding an entry ended.
enum Added {
    Id(u32),
    /// Another lane changed the slot first.
    Raced,
    /// The blob is full.
    Full,
}
