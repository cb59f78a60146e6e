//! The ways of a log call that are not the common one: a thread's first record, a new block, a long
//! record, a call inside a call, a drain's own thread, a test that captures.
//!
//! Called by `emit` and for records whose facts are made at run time. Up to the mark these may wait
//! for room, by the overflow policy, and allocate where a thread or a callsite comes for the first
//! time; behind it they store plainly like all others.
#![expect(unsafe_code, reason = "from checked ranges to a writer")]

use super::{Header, open_in_block, stamp, store_header, store_time, truncated};
use crate::call::context::local::{self as context, Sources};
use crate::call::drain_thread::{self, PrivateRecord};
use crate::call::overflow::{Overflow, insist};
use crate::call::thread::{self, EXTENSIONS_MAX, ThreadState};
use crate::call::{Callsite, Logger, Producer, captured, installed};
use crate::layout::record;
use crate::level::Level;
use crate::record::writer::{Extents, Rest, Writer};
use crate::ring::writer::{Claimed, State};
use crate::ring::{Memory, hints, long, recycle};
use crate::sync::Ordering::Relaxed;

/// Where a record's facts come from.
pub(crate) trait Origin {
    /// The facts as the dictionary has them.
    fn content(&self) -> Vec<u8>;
    /// Their id in the dictionary of the producer's segment; 0 = they stand inline in the record. The
    /// calling thread is registered.
    fn id(&self, producer: &'static Producer) -> u32;
    /// The level from which its records go out; below it they are for a flight recorder.
    fn threshold(&self, _producer: &'static Producer) -> u8 {
        0
    }
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

    fn threshold(&self, producer: &'static Producer) -> u8 {
        producer.threshold_now(self.facts().target)
    }
}

/// Takes the next block for a thread whose open one is full, where that is all there is to do: half
/// the way by which all else goes, and the way of most blocks. The thread's gate was open to a callsite of
/// the installed segment, below the levels that the reserve is for, which says what [`begin_new`] asks.
/// False where a call is inside, or the ring has no room: then nothing has happened.
#[cold]
#[inline(never)]
pub(super) fn step_over(thread: &'static ThreadState) -> bool {
    let Some(producer) = thread.producer.get() else { return false };
    let cell = &thread.cell;
    if !cell.close() {
        return false;
    }
    // After the cell is closed, as in `begin_new`: a signal handler may have forked.
    let is_live = cell.state() == State::Live;
    let level = Level::Info.number();
    let has_room = is_live && make_room(producer, thread, Overflow::Drop, 1, level).is_some();
    cell.reopen();
    has_room
}

/// Does for the calling thread what its first record would: a lane, a block; and has the pages of that
/// block there, and of the one that it tries next. False when a call is inside, or a table or the ring
/// is full: then the first record does what is left.
#[cold]
pub(in crate::call) fn prepare(producer: &'static Producer) -> bool {
    let mut thread = thread::current(producer);
    if thread.cell.state() == State::Unregistered {
        let Some(registered) = thread::register(producer) else { return false };
        thread = registered;
    }
    let has_room = step_over(thread);
    if let Some((open, _)) = thread.cell.open_block() {
        producer.segment().touch(open.block);
        producer.segment().touch(thread.cell.candidate());
    }
    has_room
}

/// Opens a record whatever it is of, with `len` bytes behind the context; `set` are flags of what the
/// caller puts there.
#[cold]
#[inline(never)]
pub(in crate::call) fn begin_record(
    origin: &dyn Origin,
    logger: &Logger,
    level: Level,
    set: u16,
    len: usize,
) -> Writer {
    let sink = captured::sink(logger);
    let _held = context::hold();
    if let Some(sink) = sink {
        // SAFETY: it is held.
        let context = unsafe { context::sources(logger, 0) };
        return captured::begin(sink, origin, level, set, context, len);
    }
    let Some(producer) = logger.producer() else { return Writer::closed() };
    // SAFETY: it is held.
    let context = unsafe { context::sources(logger, producer.tag()) };
    begin_new(origin, producer, level, set, context, len)
}

fn begin_new(
    origin: &dyn Origin,
    producer: &'static Producer,
    level: Level,
    set: u16,
    context: Sources<'_>,
    len: usize,
) -> Writer {
    let mut thread = thread::current(producer);
    let mut overflow = producer.overflow(level);
    // In this order: a fork in between wipes the state, which is then read as such.
    let is_closed = thread.cell.is_closed();
    let state = thread.cell.state();
    if is_closed || state == State::Unregistered {
        if drain_thread::drains(producer.segment()) {
            return begin_private(origin, producer, level, set, context, len);
        }
        let other = match state {
            // A table that is full is a full ring: the drain gives entries back.
            State::Unregistered => insist(producer, overflow, || thread::register(producer)),
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
    let mut set = set;
    let mut flight = None;
    if let Some(recorder) = producer.flight() {
        if level.number() < origin.threshold(producer) {
            // Where it has none, since a table is full, nothing is kept.
            let Some(kept) = thread.recorder() else { return Writer::closed() };
            (thread, flight) = (kept, Some(recorder.blocks));
        } else if level.number() >= recorder.trigger {
            set |= record::flags::TRIGGER;
        }
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
        flags: truncated::mark(set, payload < wanted),
        fragments: 0,
        payload_len: payload as u32,
        context_len: context.len() as u32,
    };
    thread.cell.close();
    if thread.cell.state() == State::Unregistered {
        // A signal handler has forked since we looked, and this is the child. What was closed by then
        // would not have been wiped.
        return begin_new(origin, producer, level, set, context, len);
    }
    let open =
        if record::slots_for(payload, segment.slot_size()) <= segment.slots_per_block() as usize {
            match flight {
                Some(blocks) => open_flight(producer, thread, blocks, header),
                None => open_short(producer, thread, overflow, header),
            }
        } else {
            // In a flight recorder, too, it needs free blocks.
            let overflow = if flight.is_some() { Overflow::Drop } else { overflow };
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
    context.put(&mut writer);
    writer
}

/// A record of a drain's own thread: into private memory.
#[cold]
fn begin_private(
    origin: &dyn Origin,
    producer: &'static Producer,
    level: Level,
    set: u16,
    context: Sources<'_>,
    len: usize,
) -> Writer {
    let facts = origin.content();
    let wanted = 4 + facts.len() + context.len() + len;
    let payload = wanted.min(producer.segment().max_record_bytes() as usize);
    let header = PrivateRecord {
        timestamp: producer.now(),
        level: level.number(),
        flags: truncated::mark(set, payload < wanted),
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
    context.put(&mut writer);
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
    make_room(producer, thread, overflow, slots, header.level)?;
    open_in_block(producer, thread, slots, header)
}

/// A record for the flight recorder: in its newest `blocks` blocks, or its oldest. Never waits.
fn open_flight(
    producer: &'static Producer,
    thread: &'static ThreadState,
    blocks: u32,
    header: Header,
) -> Option<Writer> {
    let (segment, cell) = (producer.segment(), &thread.cell);
    let slots = record::slots_for(header.payload_len as usize, segment.slot_size()) as u32;
    if !cell.fits(slots) {
        let more = recycle::held(segment, cell.lane()) < blocks;
        if more && room(producer, thread, header.level) == Room::Free && cell.cross(segment) {
            segment.held(cell.process()).fetch_add(1, Relaxed);
        } else if !recycle::cross_over(segment, cell) {
            return None;
        }
    }
    open_in_block(producer, thread, slots, header)
}

/// Sees to it that `slots` slots fit the open block; the cell is closed before and after.
fn make_room(
    producer: &'static Producer,
    thread: &'static ThreadState,
    overflow: Overflow,
    slots: u32,
    level: u8,
) -> Option<()> {
    let cell = &thread.cell;
    let segment = producer.segment();
    let left = cell.open_block().map_or(0, |(_, next)| segment.slots_per_block() - next);
    let is_kept = cell.is_reserved() && !is_urgent(level);
    if left >= slots && !is_kept {
        return Some(());
    }
    let is_new = insist(producer, overflow, || {
        let room = room(producer, thread, level);
        if room != Room::None && cell.cross(segment) {
            if room == Room::Reserve {
                cell.set_reserved();
            }
            return Some(true);
        }
        let overwrites = overflow == Overflow::Overwrite && recycle::cross_over(segment, cell);
        overwrites.then_some(false)
    })?;
    segment.held(cell.process()).fetch_add(is_new.into(), Relaxed);
    segment.drain_area().ring_doorbell();
    Some(())
}

/// Whether a thread may take another block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    None,
    Free,
    /// Only for a record that the reserve is for.
    Reserve,
}

/// Whether records of this level are what the reserve is for.
const fn is_urgent(level: u8) -> bool {
    level >= Level::Error.number()
}

/// Whether the thread may take another block for a record of this level.
fn room(producer: &'static Producer, thread: &'static ThreadState, level: u8) -> Room {
    let segment = producer.segment();
    let (quota, reserve) = (producer.quota(), producer.reserve());
    let held = segment.held(thread.cell.process()).load(Relaxed);
    if held < quota && (reserve == 0 || hints::more_than(segment, reserve)) {
        return Room::Free;
    }
    let is_urgent = is_urgent(level) && held < quota.saturating_add(reserve);
    if is_urgent { Room::Reserve } else { Room::None }
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
    // More than it may ever have would be waited for in vain.
    if count >= producer.quota() as usize {
        return None;
    }
    make_room(producer, thread, overflow, slots, header.level)?;
    let lane = cell.lane();
    insist(producer, overflow, || long::start_collecting(segment, lane).then_some(()))?;
    let mut have = 0;
    while have < count {
        let claimed = insist(producer, overflow, || {
            let room = room(producer, thread, header.level);
            if room == Room::None { None } else { long::collect_one(segment, cell) }
        });
        let Some(claimed) = claimed else { break };
        segment.held(cell.process()).fetch_add(1, Relaxed);
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
    thread.fence_mark();
    thread.level.set(header.level);
    let timestamp = stamp(thread, producer.now());
    let slot = place.block.at(place.offset);
    store_header(slot, place.sequence, Header { fragments: count as u16, ..header });
    store_time(slot, timestamp);
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
    thread.special.set(thread.special.get() | thread::HEAD);
    Some(writer)
}
