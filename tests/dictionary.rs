//! One content has one id in a segment, whoever interns it, and no forged entry is followed.

mod common;

use std::collections::BTreeMap;

use common::watch::watchdog;
use common::{Name, Peer, hear, role, say, small};
use logring::layout::dictionary::{ENTRY_BYTES_MAX, Entry, KIND_STRING, hash};
use logring::layout::lane::LaneKind;
use logring::layout::{Geometry, LaneRef};
use logring::shm::{Segment, SegmentSpec};
use logring::sync::Ordering;

const ENTRIES: u64 = 1000;

fn lane(segment: &Segment) -> LaneRef {
    let process = segment.register_process().expect("room");
    segment.register_lane(process.index, LaneKind::Main).expect("room")
}

fn content(number: u64) -> Vec<u8> {
    let mut content = vec![KIND_STRING];
    content.extend(format!("entry {number} ").repeat(1 + number as usize % 4).bytes());
    content
}

/// Interns until it has an id: another lane may be adding at the moment.
fn intern(segment: &Segment, lane: LaneRef, content: &[u8]) -> u32 {
    loop {
        if let Some(id) = segment.intern(lane, content) {
            return id;
        }
        std::thread::yield_now();
    }
}

#[test]
fn many_processes_give_one_id_to_one_content() {
    let _watchdog = watchdog();
    const TEST: &str = "many_processes_give_one_id_to_one_content";
    if let Some((part, name)) = role() {
        let segment = Segment::attach_static(&name).expect("there");
        let lane = lane(segment);
        say("ready");
        hear();
        let step: u64 = part.parse().expect("a step without a common factor with the count");
        let mut sum = 0u64;
        for index in 0..ENTRIES {
            let number = index * step % ENTRIES;
            let id = intern(segment, lane, &content(number));
            sum = sum.wrapping_add(u64::from(id).wrapping_mul(number + 1));
        }
        return say(sum);
    }
    let name = Name::new();
    let segment = name.create();
    let steps = ["1", "1", "3", "999", "1", "7"];
    let mut peers: Vec<_> = steps.iter().map(|step| Peer::start(TEST, step, &name.0)).collect();
    peers.iter_mut().for_each(|peer| assert_eq!(peer.hear(), "ready"));
    peers.iter_mut().for_each(|peer| peer.say("go"));
    let mut sums: Vec<_> = peers.iter_mut().map(Peer::hear).collect();
    peers.into_iter().for_each(Peer::end);
    sums.dedup();
    assert_eq!(sums.len(), 1, "the same ids in all processes");
    let mut seen = BTreeMap::new();
    for id in segment.dictionary_ids() {
        let mut bytes = Vec::new();
        assert!(segment.dictionary_get(id, &mut bytes));
        assert_eq!(seen.insert(bytes, id), None, "interned twice");
    }
    assert_eq!(seen.len() as u64, ENTRIES);
    assert!((0..ENTRIES).all(|number| seen.contains_key(&content(number))));
}

#[test]
fn a_full_dictionary_gives_no_ids_and_keeps_those_it_has() {
    let _watchdog = watchdog();
    // Once too few slots, once too few bytes.
    for (dictionary_slots, dictionary_bytes) in [(64, 64 << 10), (4096, 4096)] {
        let geometry = Geometry { dictionary_slots, dictionary_bytes, ..small() };
        let segment = Segment::heap(geometry).expect("memory");
        let lane = lane(&segment);
        let ids: Vec<_> = (0..1000).map(|number| segment.intern(lane, &content(number))).collect();
        let had = ids.iter().flatten().count();
        assert!((60..200).contains(&had), "{had}");
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(segment.intern(lane, &content(number as u64)), *id);
        }
        assert_eq!(segment.dictionary_ids().count(), had);
        assert!(segment.dictionary_bytes_used() <= dictionary_bytes);
        assert_eq!(segment.intern(lane, &vec![b'x'; ENTRY_BYTES_MAX + 1]), None);
        assert_eq!(segment.intern(lane, &[]), None);
    }
}

#[test]
fn a_slot_that_a_dead_lane_was_filling_is_used_again() {
    let _watchdog = watchdog();
    let segment = Segment::heap(small()).expect("memory").leak();
    let own = lane(segment);
    let dead = std::thread::spawn(|| lane(segment)).join().expect("thread");
    assert!(segment.lane_has_ended(dead));
    let content = content(1);
    let index = hash(&content) as usize % 4096;
    let slot = segment.u64_at(segment.offsets().dictionary + index * 8);
    slot.store(Entry::Reserved(own).raw(), Ordering::Relaxed);
    assert_eq!(segment.intern(own, &content), None, "somebody who lives is filling it");
    slot.store(Entry::Reserved(dead).raw(), Ordering::Relaxed);
    let id = segment.intern(own, &content).expect("taken over");
    assert_eq!(id as usize, index + 1);
    slot.store(Entry::Tombstone.raw(), Ordering::Relaxed);
    assert_eq!(segment.dictionary_entry(id), None);
    assert_eq!(segment.intern(own, &content), Some(id));
}

#[test]
fn forged_entries_are_not_followed() {
    let _watchdog = watchdog();
    let segment = SegmentSpec { geometry: small(), ..SegmentSpec::new("x") };
    let segment = Segment::heap(segment.geometry).expect("memory");
    let slot = segment.u64_at(segment.offsets().dictionary);
    let mut out = Vec::new();
    for (offset, len) in [
        (0, 0),
        (u32::MAX, 8),
        (131_072, 1),
        (131_064, 9),
        (4, 4),
        (0, ENTRY_BYTES_MAX as u32 + 1),
        (0, 0x3fff_ffff),
    ] {
        slot.store(Entry::Ready { offset, len }.raw(), Ordering::Relaxed);
        assert!(!segment.dictionary_get(1, &mut out), "{offset} {len}");
    }
    slot.store(Entry::Ready { offset: 131_064, len: 8 }.raw(), Ordering::Relaxed);
    assert!(segment.dictionary_get(1, &mut out) && out.len() == 8);
    for id in [0, 4097, u32::MAX] {
        assert!(!segment.dictionary_get(id, &mut out), "{id}");
    }
}
