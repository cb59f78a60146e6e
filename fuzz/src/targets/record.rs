//! Records: bytes become an event or an error; an event becomes one line of JSON.

use std::collections::HashMap;

use logring::layout::dictionary::KIND_CALLSITE;
use logring::record::{self, CallsiteInfo, Event, Raw, Strings, callsite};
use logring_drain::render::{JsonRenderer, Renderer};

use super::{Target, attach};

/// The decoder, and the renderer behind it.
#[derive(Default)]
pub(crate) struct Record {
    dictionary: Dictionary,
    accepted: u64,
}

#[derive(Default)]
struct Dictionary {
    strings: HashMap<u32, String>,
    callsites: HashMap<u32, CallsiteInfo<'static>>,
}

impl Strings for Dictionary {
    fn string(&self, id: u32) -> Option<&str> {
        self.strings.get(&id).map(String::as_str)
    }

    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        self.callsites.get(&id)
    }
}

/// Of an input: level u8, zero u8, flags u16, callsite u32, length of the context u32; the payload.
const HEADER: usize = 12;

impl Target for Record {
    fn name(&self) -> &'static str {
        "decode"
    }

    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let segment = attach::real_segment();
        for id in segment.dictionary_ids() {
            let mut content = Vec::new();
            assert!(segment.dictionary_get(id, &mut content), "an id that was just told");
            if content.first() == Some(&KIND_CALLSITE) {
                let info = CallsiteInfo::decode(&content).expect("a real callsite");
                self.dictionary.callsites.insert(id, info.into_owned());
            } else if let Some(text) = callsite::decode_string(&content) {
                self.dictionary.strings.insert(id, text.into_owned());
            }
        }
        let mut seeds = Vec::new();
        attach::each_record(&segment, |level, bytes| {
            use logring::layout::record as at;
            let mut seed = vec![level, 0];
            seed.extend_from_slice(&bytes[at::FLAGS..at::FLAGS + 2]);
            seed.extend_from_slice(&bytes[at::CALLSITE..at::CALLSITE + 4]);
            seed.extend_from_slice(&bytes[at::CONTEXT_LEN..at::CONTEXT_LEN + 4]);
            let mut len = [0; 4];
            len.copy_from_slice(&bytes[at::PAYLOAD_LEN..at::PAYLOAD_LEN + 4]);
            let end = (at::PAYLOAD + u32::from_le_bytes(len) as usize).min(bytes.len());
            seed.extend_from_slice(&bytes[at::PAYLOAD..end]);
            seeds.push(seed);
        });
        assert!(seeds.len() > 5, "real records");
        seeds
    }

    fn run(&mut self, input: &[u8]) {
        // As a callsite of the dictionary, too.
        if let Ok(info) = CallsiteInfo::decode(input) {
            let _ = info.into_owned();
        }
        let Some((header, payload)) = input.split_at_checked(HEADER) else { return };
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let raw = Raw {
            timestamp_ns: i64::from(word(4)) << 31,
            level: header[0],
            callsite: word(4),
            flags: u16::from_le_bytes([header[2], header[3]]),
            context_len: word(8),
            pid: word(0),
            tid: word(8),
            payload,
        };
        let mut event = Event::default();
        if record::decode(&raw, &self.dictionary, &mut event).is_err() {
            return;
        }
        self.accepted += 1;
        let mut line = Vec::new();
        JsonRenderer::default().render(&event, &mut line);
        assert_eq!(line.pop(), Some(b'\n'), "a line ends");
        let text = std::str::from_utf8(&line).expect("UTF-8");
        assert!(!text.contains(|c: char| c.is_control()), "no control characters: {text:?}");
        // Another reader gives up on lists in lists long before ours does.
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => assert!(value.is_object(), "{text}"),
            Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}: {text}"),
        }
    }

    fn accepted(&self) -> u64 {
        self.accepted
    }
}
