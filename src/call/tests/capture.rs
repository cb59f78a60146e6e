//! What a test logs, decoded again.

use crate::call::{Logger, attach, builder};
use crate::layout::dictionary::KIND_CALLSITE;
use crate::record::callsite::decode_string;
use crate::record::{CallsiteInfo, Event, Raw, Strings, decode};

/// The dictionary that a test's segment has at its end.
struct Dictionary(Vec<Entry>);

enum Entry {
    Callsite(CallsiteInfo<'static>),
    Text(String),
}

impl Dictionary {
    fn of(segment: &attach::Attached) -> Self {
        let contents = (1..).map_while(|id| segment.entry(id));
        Self(
            contents
                .map(|content| match content[0] {
                    KIND_CALLSITE => {
                        Entry::Callsite(CallsiteInfo::decode(&content).unwrap().into_owned())
                    }
                    _ => Entry::Text(decode_string(&content).unwrap().into_owned()),
                })
                .collect(),
        )
    }

    fn callsites(&self) -> usize {
        self.0.iter().filter(|entry| matches!(entry, Entry::Callsite(_))).count()
    }
}

impl Strings for Dictionary {
    fn string(&self, id: u32) -> Option<&str> {
        match self.0.get(id.checked_sub(1)? as usize)? {
            Entry::Text(text) => Some(text),
            Entry::Callsite(_) => None,
        }
    }
    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        match self.0.get(id.checked_sub(1)? as usize)? {
            Entry::Callsite(info) => Some(info),
            Entry::Text(_) => None,
        }
    }
}

/// What `run` logs to a segment of its own, whose filter is `spec`; and how many callsites the
/// dictionary has then.
pub(super) fn captured(spec: &str, run: impl FnOnce(&Logger)) -> (Vec<Event<'static>>, usize) {
    let log = builder("test").filter(spec).open().unwrap();
    run(&log);
    let segment = log.segment().unwrap();
    let dictionary = Box::leak(Box::new(Dictionary::of(segment)));
    let records: &'static [_] = Box::leak(segment.take().into_boxed_slice());
    let events = records.iter().map(|record| {
        let raw = Raw {
            timestamp_ns: 0,
            level: record.level,
            callsite: record.callsite,
            flags: 0,
            context_len: record.context_len,
            pid: 0,
            tid: 0,
            payload: &record.payload,
        };
        let mut event = Event::default();
        decode(&raw, &*dictionary, &mut event).unwrap();
        event
    });
    (events.collect(), dictionary.callsites())
}

/// The one event that `run` logs.
pub(super) fn one(run: impl FnOnce(&Logger)) -> Event<'static> {
    let (mut events, _) = captured("all", run);
    assert_eq!(events.len(), 1);
    events.remove(0)
}
