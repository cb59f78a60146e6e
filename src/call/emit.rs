//! The way of one log call: open a record in the ring, let the caller encode into it, commit.
//!
//! `begin` and `commit` are the same code for every callsite, out of line, so that a statement
//! costs little to compile. Between mark and commit stand a clock read and plain stores only;
//! everything else is done before, or is cold.
#![expect(unsafe_code, reason = "the record's header is stored through the slot's address")]

use super::drain_thread::{self, PrivateRecord};
use super::overflow::{Overflow, insist};
use super::thread::{self, EXTENSIONS_MAX, ThreadState};
use super::{Callsite, Logger, Producer, installed};
use crate::layout::record::{self, flags};
use crate::layout::stamp::Kind;
use crate::level::Level;
use crate::record::writer::{Extents, Rest, Writer};
use crate::ring::writer::{Claimed, State};
use crate::ring::{Memory, long};
use crate::shm::Segment;
use crate::sys;

/// What a record's header says beside time and sequence.
#[derive(Clone, Copy)]
struct Header {
    callsite: u32,
    level: u8,
    flags: u16,
    fragments: u16,
    payload_len: u32,
    context_len: u32,
}

/// Where a record's facts come from.
pub(super) trait Origin {
    /// The facts as the dictionary has them.
    fn content(&self) -> Vec<u8>;
    /// Their id in the dictionary of the producer's segment; 0 = they stand inline in the record. The
    /// calling thread is registered.
    fn id(&self, producer: &'static Producer) -> u32;
}

impl Origin for &'static Callsite {
    fn content(&self) -> Vec<u8> {
        self.facts().encode()
    }

    fn id(&self, producer: &'static Producer) -> u32 {
        let cached = self.cached();
        if (cached >> 32) as u32 == producer.tag() {
            cached as u32
        } else {
            installed::register(self, producer)
        }
    }
}

/// Opens a record whose fields take `len` bytes; the logger's context is in it already. The writer
/// is closed when the record is dropped.
///
/// This is the short way: a thread and a callsite that have logged before, one slot, room for it, no
/// context. All else is one jump to [`begin_any`], so that nothing of it costs anything here.
#[inline(never)]
#[must_use]
pub fn begin(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let thread = thread::at(logger.place());
    let id = callsite.cached().wrapping_sub(thread.tag_bits.get());
    // An id is never 0, so this is one comparison: a number of 32 bits, and not 0.
    let known = id.wrapping_sub(1) >> 32 == 0;
    if !known || !thread.cell.has_room(1) || len >= thread.short.get() || logger.has_context() {
        return begin_any(callsite, logger, len);
    }
    let Some(segment) = thread.segment.get() else { return begin_any(callsite, logger, len) };
    let header = Header {
        callsite: id as u32,
        level: callsite.facts().level,
        flags: 0,
        fragments: 0,
        payload_len: len as u32,
        context_len: 0,
    };
    let Some(place) = thread.cell.mark(segment, 1) else {
        return begin_any(callsite, logger, len);
    };
    // Only now: a signal handler's record may have come before the mark.
    thread.level.set(header.level);
    let slot = place.block.at(place.address);
    let end = slot.wrapping_add(segment.slot_size());
    let timestamp = thread.cell.stamp_time(sys::now_ticks());
    store_header(slot, timestamp, place.sequence, header);
    let rest = thread.rest.get();
    // SAFETY: I2: the marked slot is this thread's until it commits, and `rest` is its own.
    unsafe {
        (*rest).clear();
        Writer::new(slot.add(record::PAYLOAD), end, rest)
    }
}

/// The same for all records. Public so that the compiler leaves its arguments where they are.
#[inline(never)]
#[must_use]
pub fn begin_any(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let Some(producer) = logger.producer() else { return Writer::closed() };
    let thread = thread::current(producer);
    let segment = producer.segment();
    let context = logger.context_bytes();
    let payload = context.len() + len;
    let slots = record::slots_for(payload, segment.slot_size()) as u32;
    let cached = callsite.cached();
    let id = cached as u32;
    if !thread.cell.has_room(slots)
        || (cached >> 32) as u32 != producer.tag()
        || id == 0
        || payload > segment.max_record_bytes() as usize
    {
        return begin_cold(callsite, producer, context, len);
    }
    let header = Header {
        callsite: id,
        level: callsite.facts().level,
        flags: 0,
        fragments: 0,
        payload_len: payload as u32,
        context_len: context.len() as u32,
    };
    let Some(mut writer) = open_in_block(producer, thread, slots, header) else {
        return begin_cold(callsite, producer, context, len);
    };
    if !context.is_empty() {
        writer.put_slice(context);
    }
    writer
}

/// Publishes the record that `begin` opened.
#[inline(always)]
pub fn commit(writer: Writer) {
    publish(writer.owner());
}

#[inline(never)]
fn publish(owner: *const ()) {
    // SAFETY: null, or the thread's state that `begin` put there, which is never unmapped.
    let Some(thread) = (unsafe { owner.cast::<ThreadState>().as_ref() }) else { return };
    let Some(segment) = thread.segment.get() else { return drain_thread::commit() };
    let level = thread.level.get();
    if thread.long.get() {
        return publish_head(thread, segment, level);
    }
    thread.cell.commit(segment, Kind::Record, level);
    if level >= Level::Error.number() {
        alert(segment);
    }
}

#[cold]
#[inline(never)]
fn publish_head(thread: &ThreadState, segment: &Segment, level: u8) {
    thread.long.set(false);
    thread.cell.commit(segment, Kind::Head, level);
    if level >= Level::Error.number() {
        alert(segment);
    }
}

/// What matters this much is not left to the drain's rhythm.
#[inline(never)]
fn alert(segment: &Segment) {
    segment.drain_area().ring_doorbell();
}

/// Marks the next `slots` slots and stores the header. `None` when they do not fit any more: a
/// signal handler's record took the room since the caller looked.
#[inline(always)]
fn open_in_block(
    producer: &'static Producer,
    thread: &'static ThreadState,
    slots: u32,
    header: Header,
) -> Option<Writer> {
    let segment = producer.segment();
    let place = thread.cell.mark(segment, slots)?;
    // Only now: a signal handler's record may have come before the mark.
    thread.level.set(header.level);
    let timestamp = thread.cell.stamp_time(producer.now());
    let slot = place.block.at(place.address);
    store_header(slot, timestamp, place.sequence, header);
    let rest = thread.rest.get();
    // SAFETY: I2: the marked slots are this thread's until it commits, `rest` is its own, and the
    // slots follow each other in memory.
    Some(unsafe {
        *rest = Rest::slots(slots - 1, segment.slot_size() as u32).owned_by(thread.as_owner());
        Writer::new(slot.add(record::PAYLOAD), slot.add(segment.slot_size()), rest)
    })
}

#[inline(always)]
fn store_header(slot: *mut u8, timestamp: u64, sequence: u64, header: Header) {
    let ids = u64::from(header.callsite) | u64::from(header.payload_len) << 32;
    let parts = u64::from(header.flags)
        | u64::from(header.fragments) << 16
        | u64::from(header.context_len) << 32;
    // SAFETY: I2: the slot is marked and this thread's; the header lies inside it, 8-aligned.
    unsafe {
        slot.add(record::TIMESTAMP).cast::<u64>().write(timestamp.to_le());
        slot.add(record::SEQUENCE).cast::<u64>().write(sequence.to_le());
        slot.add(record::CALLSITE).cast::<u64>().write(ids.to_le());
        slot.add(record::FLAGS).cast::<u64>().write(parts.to_le());
    }
}

/// Everything that is not the common case: the thread's first record, a callsite's first call, a
/// block's end, a long record, a call inside a call.
#[cold]
#[inline(never)]
fn begin_cold(
    callsite: &'static Callsite,
    producer: &'static Producer,
    context: &[u8],
    len: usize,
) -> Writer {
    let level = Level::new(callsite.facts().level);
    begin_record(&callsite, producer, level, 0, context, len)
}

/// Opens a record whatever it is of, with `len` bytes behind the context; `set` are flags of what the
/// caller puts there.
#[cold]
#[inline(never)]
pub(super) fn begin_record(
    origin: &dyn Origin,
    producer: &'static Producer,
    level: Level,
    set: u16,
    context: &[u8],
    len: usize,
) -> Writer {
    let mut thread = thread::current(producer);
    let mut overflow = producer.overflow();
    if thread.cell.left() == 0 {
        if drain_thread::drains(producer.segment()) {
            return begin_private(origin, producer, level, set, context, len);
        }
        let other = match thread.cell.state() {
            State::Unregistered => thread::register(producer),
            // A call inside a call (a signal handler, an allocator's hook) has a lane of its own. It
            // never waits: the call that it interrupts may be what others wait for.
            State::Live => {
                overflow = Overflow::Drop;
                thread.inner()
            }
            State::Registering | State::Drain => None,
        };
        let Some(other) = other else {
            producer.count_drop();
            return Writer::closed();
        };
        thread = other;
    }
    let id = origin.id(producer);
    let inline = if id == 0 { origin.content() } else { Vec::new() };
    let inline_len = if id == 0 { 4 + inline.len() } else { 0 };
    let segment = producer.segment();
    let wanted = inline_len + context.len() + len;
    let payload = wanted.min(segment.max_record_bytes() as usize);
    let header = Header {
        callsite: id,
        level: level.number(),
        flags: if payload < wanted { set | flags::TRUNCATED } else { set },
        fragments: 0,
        payload_len: payload as u32,
        context_len: context.len() as u32,
    };
    thread.cell.close();
    let open =
        if record::slots_for(payload, segment.slot_size()) <= segment.slots_per_block() as usize {
            open_short(producer, thread, overflow, header)
        } else {
            open_long(producer, thread, overflow, header)
        };
    let Some(mut writer) = open else {
        thread.cell.drop_one(segment);
        thread.cell.reopen();
        return Writer::closed();
    };
    if id == 0 {
        writer.put_slice(&(inline.len() as u32).to_le_bytes());
        writer.put_slice(&inline);
    }
    writer.put_slice(context);
    writer
}

/// A record of a drain's own thread: into private memory.
#[cold]
fn begin_private(
    origin: &dyn Origin,
    producer: &'static Producer,
    level: Level,
    set: u16,
    context: &[u8],
    len: usize,
) -> Writer {
    let facts = origin.content();
    let wanted = 4 + facts.len() + context.len() + len;
    let payload = wanted.min(producer.segment().max_record_bytes() as usize);
    let header = PrivateRecord {
        timestamp: producer.now(),
        level: level.number(),
        flags: if payload < wanted { set | flags::TRUNCATED } else { set },
        context_len: context.len() as u32,
        payload: Vec::new(),
    };
    let Some(start) = drain_thread::open(producer, header, payload) else {
        return Writer::closed();
    };
    // SAFETY: `payload` bytes at `start` are this thread's until it commits, and nothing comes
    // after them; a second record is not opened before.
    let mut writer = unsafe {
        let end = start.as_ptr().add(payload);
        Writer::new(start.as_ptr(), end, thread::private_rest())
    };
    writer.put_slice(&(facts.len() as u32).to_le_bytes());
    writer.put_slice(&facts);
    writer.put_slice(context);
    writer
}

/// A record that fits a block; the cell is closed. `None` when the ring is full.
fn open_short(
    producer: &'static Producer,
    thread: &'static ThreadState,
    overflow: Overflow,
    header: Header,
) -> Option<Writer> {
    let segment = producer.segment();
    let slots = record::slots_for(header.payload_len as usize, segment.slot_size()) as u32;
    make_room(producer, thread, overflow, slots)?;
    open_in_block(producer, thread, slots, header)
}

/// Sees to it that `slots` slots fit the open block; the cell is closed before and after.
fn make_room(
    producer: &'static Producer,
    thread: &'static ThreadState,
    overflow: Overflow,
    slots: u32,
) -> Option<()> {
    let cell = &thread.cell;
    let segment = producer.segment();
    let left = cell.open_block().map_or(0, |(_, next)| segment.slots_per_block() - next);
    if left >= slots {
        return Some(());
    }
    insist(producer, overflow, || cell.cross(segment).then_some(()))?;
    segment.drain_area().ring_doorbell();
    Some(())
}

/// A record longer than a block; the cell is closed. All its blocks are claimed before its mark.
/// `None` when the ring did not have them.
fn open_long(
    producer: &'static Producer,
    thread: &'static ThreadState,
    overflow: Overflow,
    header: Header,
) -> Option<Writer> {
    let segment = producer.segment();
    let cell = &thread.cell;
    let block_payload =
        record::extension_bytes(segment.slot_size(), segment.slots_per_block() as usize);
    let count = (header.payload_len as usize).div_ceil(block_payload);
    if count > EXTENSIONS_MAX {
        return None;
    }
    let list = thread.extension_list()?;
    let list_bytes = count * record::FRAGMENT_BYTES;
    let slots = record::slots_for(list_bytes, segment.slot_size()) as u32;
    make_room(producer, thread, overflow, slots)?;
    let lane = cell.lane();
    insist(producer, overflow, || long::start_collecting(segment, lane).then_some(()))?;
    let mut have = 0;
    while have < count {
        let Some(claimed) = insist(producer, overflow, || long::collect_one(segment, cell)) else {
            break;
        };
        // SAFETY: the list has room for `EXTENSIONS_MAX` entries and is this thread's.
        unsafe { list.add(have).write([claimed.block, claimed.generation]) };
        have += 1;
    }
    let collected = (0..have).map(|at| {
        // SAFETY: the first `have` entries have been written.
        let [block, generation] = unsafe { list.add(at).read() };
        Claimed { block, generation }
    });
    if have < count {
        long::give_up(segment, cell, collected);
        producer.stop_collecting();
        return None;
    }
    let place = long::mark_head(segment, cell, slots, collected.clone());
    producer.stop_collecting();
    let place = place?;
    thread.level.set(header.level);
    let timestamp = cell.stamp_time(producer.now());
    let slot = segment.slot_ptr(place.block, place.slot);
    store_header(slot, timestamp, place.sequence, Header { fragments: count as u16, ..header });
    let extents = thread.extents.get();
    // SAFETY: I2: head slots and extension blocks are this thread's until it commits; `rest`,
    // `extents` and the list are its own and stay in place.
    let writer = unsafe {
        let rest = Rest::slots(slots - 1, segment.slot_size() as u32);
        *thread.rest.get() = rest.owned_by(thread.as_owner());
        let end = slot.add(segment.slot_size());
        let mut head = Writer::new(slot.add(record::PAYLOAD), end, thread.rest.get());
        for Claimed { block, generation } in collected {
            head.put_slice(&(u64::from(block) | u64::from(generation) << 32).to_le_bytes());
        }
        *extents = Extents {
            list: list.as_ptr().cast_const(),
            count: count as u32,
            slots_base: segment.slot_ptr(segment.block(0), 0),
            block_bytes: segment.slot_size() * segment.slots_per_block() as usize,
            slots_per_block: segment.slots_per_block(),
        };
        let rest = Rest::extents(extents, segment.slot_size() as u32);
        *thread.rest.get() = rest.owned_by(thread.as_owner());
        let start = segment.slot_ptr(segment.block(0), 0);
        Writer::new(start, start, thread.rest.get())
    };
    thread.long.set(true);
    Some(writer)
}
