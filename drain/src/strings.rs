//! The segment's dictionary as the drain remembers it: each entry is read, checked and copied once.

use std::cell::{Cell, OnceCell};

use logring::Level;
use logring::layout::dictionary::{KIND_CALLSITE, KIND_STRING};
use logring::record::{self, CallsiteInfo};
use logring::shm::Segment;

/// An entry in private memory.
#[derive(Debug)]
enum Entry {
    Callsite(CallsiteInfo<'static>),
    String(String),
}

/// Private copies of dictionary entries, by id.
#[derive(Debug)]
pub(crate) struct Strings<'s> {
    segment: &'s Segment,
    entries: Box<[OnceCell<Box<Entry>>]>,
    /// Bytes of the dictionary when it was last searched for names of levels.
    searched: Cell<u64>,
}

impl<'s> Strings<'s> {
    pub(crate) fn new(segment: &'s Segment) -> Self {
        let slots = segment.geometry().dictionary_slots as usize;
        Self {
            segment,
            entries: (0..slots).map(|_| OnceCell::new()).collect(),
            searched: Cell::new(0),
        }
    }

    /// Learns the name of a program's own level, where the segment has one.
    #[cold]
    pub(crate) fn name_level(&self, level: Level) {
        let bytes = self.segment.dictionary_bytes_used();
        if level.name().is_some() || self.searched.replace(bytes) == bytes {
            return;
        }
        crate::level::names(self.segment);
    }

    fn entry(&self, id: u32) -> Option<&Entry> {
        let cell = self.entries.get(id.checked_sub(1)? as usize)?;
        if cell.get().is_none() {
            // An entry never changes once it is there; one that is not is asked for again.
            let entry = self.load(id)?;
            cell.get_or_init(|| Box::new(entry));
        }
        cell.get().map(|entry| &**entry)
    }

    fn load(&self, id: u32) -> Option<Entry> {
        let mut content = Vec::new();
        if !self.segment.dictionary_get(id, &mut content) {
            return None;
        }
        match *content.first()? {
            KIND_CALLSITE => {
                Some(Entry::Callsite(CallsiteInfo::decode(&content).ok()?.into_owned()))
            }
            KIND_STRING => {
                Some(Entry::String(String::from_utf8_lossy(content.get(1..)?).into_owned()))
            }
            _ => None,
        }
    }
}

impl record::Strings for Strings<'_> {
    fn string(&self, id: u32) -> Option<&str> {
        match self.entry(id)? {
            Entry::String(text) => Some(text),
            Entry::Callsite(_) => None,
        }
    }

    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        match self.entry(id)? {
            Entry::Callsite(info) => Some(info),
            Entry::String(_) => None,
        }
    }
}
