//! What a test logs, read back from its ring and decoded.

use crate::Level;
use crate::call::{Filter, Logger, Producer};
use crate::layout::dictionary::KIND_CALLSITE;
use crate::layout::record;
use crate::record::callsite::decode_string;
use crate::record::{CallsiteInfo, Event, Raw, Strings, decode};
use crate::ring::Memory;
use crate::ring::reader::{self, Chain, Look, Sweep};
use crate::shm::Segment;

/// The dictionary that a test's segment has at its end.
struct Dictionary(Vec<(u32, Entry)>);

enum Entry {
    Callsite(CallsiteInfo<'static>),
    Text(String),
}

impl Dictionary {
    fn of(segment: &Segment) -> Self {
        let mut entries = Vec::new();
        for id in segment.dictionary_ids() {
            let mut content = Vec::new();
            assert!(segment.dictionary_get(id, &mut content));
            let entry = match content[0] {
                KIND_CALLSITE => {
                    Entry::Callsite(CallsiteInfo::decode(&content).unwrap().into_owned())
                }
                _ => Entry::Text(decode_string(&content).unwrap().into_owned()),
            };
            entries.push((id, entry));
        }
        Self(entries)
    }

    fn get(&self, id: u32) -> Option<&Entry> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, entry)| entry)
    }

    fn callsites(&self) -> usize {
        self.0.iter().filter(|(_, entry)| matches!(entry, Entry::Callsite(_))).count()
    }
}

impl Strings for Dictionary {
    fn string(&self, id: u32) -> Option<&str> {
        match self.get(id)? {
            Entry::Text(text) => Some(text),
            Entry::Callsite(_) => None,
        }
    }
    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        match self.get(id)? {
            Entry::Callsite(info) => Some(info),
            Entry::Text(_) => None,
        }
    }
}

/// A record as it stands in a ring.
pub(super) struct Found {
    pub(super) level: u8,
    pub(super) callsite: u32,
    pub(super) flags: u16,
    pub(super) context_len: u32,
    pub(super) payload: Vec<u8>,
}

/// The records of one thread that a segment in private memory holds, none of them long.
pub(super) fn records(segment: &Segment) -> Vec<Found> {
    let mut chain = Chain::new(Some(1));
    Sweep::new(segment.block_count()).run(segment, |owned| {
        let ordinal = owned.ordinal.unwrap();
        assert!(chain.insert(owned.block, owned.generation, ordinal, 0));
    });
    let mut found = Vec::new();
    while let Look::Record { at, slots, level, head: false } = chain.look(segment, |_| ()) {
        let mut bytes = Vec::new();
        reader::copy_slot(segment, at.block, at.slot, 0, &mut bytes);
        for slot in at.slot + 1..at.slot + slots {
            reader::copy_slot(segment, at.block, slot, 1, &mut bytes);
        }
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let payload = record::PAYLOAD..record::PAYLOAD + word(record::PAYLOAD_LEN) as usize;
        found.push(Found {
            level,
            callsite: word(record::CALLSITE),
            flags: word(record::FLAGS) as u16,
            context_len: word(record::CONTEXT_LEN),
            payload: bytes[payload].to_vec(),
        });
        chain.advance(slots);
    }
    found
}

/// What `run` logs to a segment of its own, whose filter is `spec`; and how many callsites the
/// dictionary has then.
pub(super) fn captured(spec: &str, run: impl FnOnce(&Logger)) -> (Vec<Event<'static>>, usize) {
    let log = Logger::of(Producer::on_heap(Filter::at(Level::Info).with(spec).unwrap()));
    run(&log);
    let segment = log.segment().unwrap();
    let callsites = Dictionary::of(segment).callsites();
    (decoded(segment, records(segment)), callsites)
}

/// The events that records of a segment stand for.
pub(super) fn decoded(segment: &Segment, records: Vec<Found>) -> Vec<Event<'static>> {
    let dictionary = Box::leak(Box::new(Dictionary::of(segment)));
    let records: &'static [_] = Box::leak(records.into_boxed_slice());
    let events = records.iter().map(|record| {
        let raw = Raw {
            timestamp_ns: 0,
            level: record.level,
            callsite: record.callsite,
            flags: record.flags,
            context_len: record.context_len,
            pid: 0,
            tid: 0,
            payload: &record.payload,
        };
        let mut event = Event::default();
        decode(&raw, &*dictionary, &mut event).unwrap();
        event
    });
    events.collect()
}

/// The one event that `run` logs.
pub(super) fn one(run: impl FnOnce(&Logger)) -> Event<'static> {
    let (mut events, _) = captured("all", run);
    assert_eq!(events.len(), 1);
    events.remove(0)
}
