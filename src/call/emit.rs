//! The way of one log call: open a record in the ring, let the caller encode into it, commit.
//!
//! `begin` and `commit` are the same code for every callsite, out of line, so that a statement
//! costs little to compile. Between mark and commit stand a clock read and plain stores only;
//! everything else is done before, or is cold.
#![expect(unsafe_code, reason = "the record's header is stored through the slot's address")]

mod cold;
mod text;
pub(super) mod truncated;
mod words;

use core::ptr;

pub(crate) use self::cold::Origin;
use self::cold::step_over;
pub(super) use self::cold::{begin_record, prepare};
pub(super) use self::text::{meta, text0, text1, text2, text3};
pub(super) use self::words::{words0, words1, words2, words3, words4};
use super::context::local as context;
use super::logger::Bound;
use super::thread::{self, ThreadState};
use super::{Callsite, Logger, Producer, captured, drain_thread};
use crate::layout::process::ask;
use crate::layout::record;
use crate::layout::stamp::Kind;
use crate::level::Level;
use crate::record::Padded;
use crate::record::writer::{Rest, Writer};
use crate::ring::hints;
use crate::ring::writer::Place;
use crate::shm::{Block, Segment};
use crate::sync::Ordering::Relaxed;
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

/// Opens a record whose fields take `len` bytes; the logger's context is in it already. The writer
/// is closed when the record is dropped.
///
/// This is the short way: a thread and a callsite that have logged before, one slot, room for it, no
/// context. All else is one jump to [`begin_any`], so that nothing of it costs anything here.
#[inline(never)]
#[must_use]
pub fn begin(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let thread = thread::at(logger.place());
    let gate = thread.cell.gate();
    let id = callsite.cached().wrapping_sub(gate);
    // An id is never 0, so this is one comparison: the gate is open, to this callsite's segment.
    let known = id.wrapping_sub(1) >> 32 == 0;
    if !known || len as u64 >= thread.short.load(Relaxed) || logger.has_context() {
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
    let Some(place) = thread.cell.mark_first(segment, gate) else {
        return begin_any(callsite, logger, len);
    };
    open_slot(segment, thread, place, header, None)
}

/// The same with a context of one source, the thread or the logger. All else is one jump to
/// [`begin_long`]. Public so that the compiler leaves its arguments where they are.
#[inline(never)]
#[must_use]
pub fn begin_any(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let thread = thread::at(logger.place());
    let tag = thread.tag_bits.get();
    let id = callsite.cached().wrapping_sub(tag);
    let known = id.wrapping_sub(1) >> 32 == 0;
    let context = match logger.bound() {
        None => thread.context.load(Relaxed).cast_const(),
        Some(Bound::Own { encoded, .. }) if thread.short.load(Relaxed) != 0 => {
            ptr::from_ref(encoded.bytes((tag >> 32) as u32))
        }
        Some(_) => ptr::null(),
    };
    // SAFETY: the thread's or the logger's; from here to the return stands no code that binds.
    let context = unsafe { context.as_ref() };
    let (Some(context), true, true) = (context, known, thread.cell.has_room(1)) else {
        return begin_long(callsite, logger, len);
    };
    let Some(segment) = thread.segment.get() else { return begin_long(callsite, logger, len) };
    let payload = context.len() + len;
    if payload >= thread.one_slot.get() {
        return begin_long(callsite, logger, len);
    }
    let header = Header {
        callsite: id as u32,
        level: callsite.facts().level,
        flags: 0,
        fragments: 0,
        payload_len: payload as u32,
        context_len: context.len() as u32,
    };
    let Some(place) = thread.cell.mark(segment, 1) else {
        return begin_long(callsite, logger, len);
    };
    open_slot(segment, thread, place, header, Some(context))
}

/// The same for all records that fit the open block. Public as `begin_any` is.
#[inline(never)]
#[must_use]
pub fn begin_long(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let thread = thread::at(logger.place());
    let id = callsite.cached().wrapping_sub(thread.tag_bits.get());
    let known = id.wrapping_sub(1) >> 32 == 0;
    let producer = thread.producer.get().filter(|_| known && !context::is_captured());
    let Some(producer) = producer.filter(|producer| producer.flight().is_none()) else {
        return begin_cold(callsite, logger, len);
    };
    let segment = producer.segment();
    // SAFETY: from here to the return stands no code that binds.
    let context = unsafe { context::sources(logger, producer.tag()) };
    let payload = context.len() + len;
    let slots = record::slots_for(payload, segment.slot_size()) as u32;
    if payload > segment.max_record_bytes() as usize || !thread.cell.has_room(slots) {
        return begin_cold(callsite, logger, len);
    }
    let header = Header {
        callsite: id as u32,
        level: callsite.facts().level,
        flags: 0,
        fragments: 0,
        payload_len: payload as u32,
        context_len: context.len() as u32,
    };
    let Some(mut writer) = open_in_block(producer, thread, slots, header) else {
        return begin_cold(callsite, logger, len);
    };
    context.put(&mut writer);
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
    let Some(segment) = thread.segment.get() else { return publish_private() };
    let level = thread.level.get();
    if thread.special.get() != 0 {
        return publish_special(thread, segment, level);
    }
    thread.cell.commit(segment, Kind::Record, level);
    if level >= Level::Error.number() {
        alert(segment);
    }
}

/// Not in a ring: a record that a test captures, or one of a drain's own thread.
#[cold]
#[inline(never)]
fn publish_private() {
    if !captured::commit() {
        drain_thread::commit();
    }
}

#[cold]
#[inline(never)]
fn publish_special(thread: &ThreadState, segment: &Segment, level: u8) {
    let special = thread.special.replace(0);
    let kind = if special & thread::HEAD != 0 { Kind::Head } else { Kind::Record };
    thread.cell.commit(segment, kind, level);
    if special & thread::IDLE != 0 {
        end_pause(thread, segment);
    }
    if level >= Level::Error.number() {
        alert(segment);
    }
}

/// Behind the first record of a thread that was idle.
#[cold]
#[inline(never)]
fn end_pause(thread: &ThreadState, segment: &Segment) {
    segment.drain_area().end_deep_sleep();
    give_back_if_asked(thread, segment);
}

/// A thread that logs rarely does not keep its block in between while others are short of blocks: the
/// drain has asked, or less than a quarter of the ring is free now. Without a drain nobody would free
/// the block, and the rest of it is room for the thread's own records.
fn give_back_if_asked(thread: &ThreadState, segment: &Segment) {
    let few = || !hints::offers_more_than(segment, segment.geometry().block_count / 4);
    let asked = || segment.ask(thread.cell.process()).load(Relaxed) & ask::PAD != 0;
    if thread.gives_back.get() && (asked() || few()) && segment.drain_is_alive() {
        thread.cell.give_back(segment);
    }
}

/// The timestamp for a record; one behind a pause is special.
fn stamp(thread: &ThreadState, now: u64) -> u64 {
    let (timestamp, was_idle) = thread.cell.stamp(now);
    if was_idle {
        thread.special.set(thread.special.get() | thread::IDLE);
    }
    timestamp
}

/// What matters this much is not left to the drain's rhythm.
#[inline(never)]
fn alert(segment: &Segment) {
    segment.drain_area().ring_doorbell();
}

/// Stores header and context into the one slot that was marked; by the processor's clock.
#[inline(always)]
fn open_slot(
    segment: &'static Segment,
    thread: &'static ThreadState,
    place: Place<Block>,
    header: Header,
    context: Option<&Padded>,
) -> Writer {
    // Only now: a signal handler's record may have come before the mark.
    thread.level.set(header.level);
    let slot = place.block.at(place.offset);
    let end = slot.wrapping_add(segment.slot_size());
    store_header(slot, place.sequence, header);
    let rest = thread.rest.get();
    // SAFETY: I2: the marked slot is this thread's until it commits, and `rest` is its own.
    let mut writer = unsafe {
        (*rest).clear();
        Writer::new(slot.add(record::PAYLOAD), end, rest)
    };
    if let Some(context) = context {
        writer.put_padded(context);
    }
    // Behind all this, so that nothing of it takes a register behind the clock.
    let now = sys::now_ticks();
    if !thread.cell.stamp_next(now) {
        return stamp_odd(thread, now, writer);
    }
    store_time(slot, now);
    writer
}

/// The same where the lane was idle, or its last record was stamped later.
#[cold]
#[inline(never)]
fn stamp_odd(thread: &ThreadState, now: u64, writer: Writer) -> Writer {
    let place = thread.cell.open_place();
    store_time(place.block.at(place.offset), stamp(thread, now));
    writer
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
    thread.fence_mark();
    // Only now: a signal handler's record may have come before the mark.
    thread.level.set(header.level);
    let timestamp = stamp(thread, producer.now());
    let slot = place.block.at(place.offset);
    store_header(slot, place.sequence, header);
    store_time(slot, timestamp);
    let rest = thread.rest.get();
    // SAFETY: I2: the marked slots are this thread's until it commits, `rest` is its own, and the
    // slots follow each other in memory.
    Some(unsafe {
        *rest = Rest::slots(slots - 1, segment.slot_size() as u32).owned_by(thread.as_owner());
        Writer::new(slot.add(record::PAYLOAD), slot.add(segment.slot_size()), rest)
    })
}

/// All of the header but the time.
#[inline(always)]
fn store_header(slot: *mut u8, sequence: u64, header: Header) {
    let ids = u64::from(header.callsite) | u64::from(header.payload_len) << 32;
    let parts = u64::from(header.flags)
        | u64::from(header.fragments) << 16
        | u64::from(header.context_len) << 32;
    // SAFETY: I2: the slot is marked and this thread's; the header lies inside it, 8-aligned.
    unsafe {
        slot.add(record::SEQUENCE).cast::<u64>().write(sequence.to_le());
        slot.add(record::CALLSITE).cast::<u64>().write(ids.to_le());
        slot.add(record::FLAGS).cast::<u64>().write(parts.to_le());
    }
}

#[inline(always)]
fn store_time(slot: *mut u8, timestamp: u64) {
    // SAFETY: as in `store_header`.
    unsafe { slot.add(record::TIMESTAMP).cast::<u64>().write(timestamp.to_le()) };
}

/// Everything that is not the common case: the thread's first record, a callsite's first call, a
/// block's end, a long record, a call inside a call.
#[cold]
#[inline(never)]
fn begin_cold(callsite: &'static Callsite, logger: &Logger, len: usize) -> Writer {
    let level = Level::new(callsite.facts().level);
    begin_record(&callsite, logger, level, 0, len)
}
