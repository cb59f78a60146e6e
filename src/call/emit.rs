//! From a log call to a committed record: the part that is not generic over the call.
//!
//! Stands on the heap: one record at a time in a thread's buffer of slots.
#![expect(unsafe_code, reason = "the writer is given raw slots")]

use std::cell::{Cell, RefCell};

use super::attach::Record;
use super::{Callsite, Logger, installed};
use crate::layout::record::{CONTINUATION, PAYLOAD, slots_for};
use crate::record::{Rest, Writer};

const SLOT: usize = 128;

struct Open {
    slots: Vec<[u64; SLOT / 8]>,
    len: usize,
    context_len: usize,
    callsite: u32,
    level: u8,
    segment: &'static super::attach::Attached,
}

thread_local! {
    static OPEN: RefCell<Option<Open>> = const { RefCell::new(None) };
    static REST: Cell<Rest> = const { Cell::new(Rest::slots(0, 0)) };
}

/// Opens a record whose fields take `len` bytes; the context is in it already. The writer is closed
/// when the record is dropped.
#[inline(never)]
#[must_use]
pub fn begin(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let Some(segment) = logger.segment() else { return Writer::closed() };
    let cached = callsite.cached();
    let id = if (cached >> 32) as u32 == segment.tag() {
        cached as u32
    } else {
        installed::register(callsite, segment)
    };
    let context = logger.context_bytes();
    let len = len + context.len();
    let count = slots_for(len, SLOT);
    OPEN.with_borrow_mut(|open| {
        let open = open.insert(Open {
            slots: vec![[0; SLOT / 8]; count],
            len,
            context_len: context.len(),
            callsite: id,
            level: callsite.facts().level,
            segment,
        });
        let rest = REST.with(Cell::as_ptr);
        let start = open.slots.as_mut_ptr().cast::<u8>();
        // SAFETY: the slots stay in place until `commit`, `rest` as long as the thread; nobody else
        // touches them.
        let mut writer = unsafe {
            rest.write(Rest::slots(count as u32 - 1, SLOT as u32));
            Writer::new(start.add(PAYLOAD), start.add(SLOT), rest)
        };
        writer.put_slice(context);
        writer
    })
}

/// Publishes the record that `begin` opened.
#[inline(never)]
pub fn commit(_: Writer) {
    let Some(open) = OPEN.take() else { return };
    let mut payload = Vec::new();
    for (n, slot) in open.slots.iter().enumerate() {
        let bytes = slot.iter().flat_map(|word| word.to_le_bytes());
        payload.extend(bytes.skip(if n == 0 { PAYLOAD } else { CONTINUATION }));
    }
    payload.truncate(open.len);
    open.segment.keep(Record {
        level: open.level,
        callsite: open.callsite,
        context_len: open.context_len as u32,
        payload,
    });
}
