//! Calls whose values are all numbers, up to four, in the installed segment: the whole call in one
//! function, with everything in registers from the first look at the thread to the commit.
//!
//! `fields.rs` calls it. What is not the common case is one jump to the way of all other calls.
#![expect(unsafe_code, reason = "a record of known length is stored through the slot's address")]

use super::thread::{self, ThreadState};
use super::{begin_any, commit, end_pause, step_over, store_time};
use crate::call::Callsite;
use crate::call::logger::DEFAULT;
use crate::layout::record;
use crate::record::writer::{CHUNK, Writer};
use crate::ring::writer::Place;
use crate::shm::{Block, Segment};

use crate::sync::Ordering::Relaxed;
use crate::sys;

/// Bytes of a value: its tag and 8 bytes.
pub(super) const VALUE: usize = 9;

// Each way is a function of its own, that saves no registers for the next one, which is a jump.
macro_rules! calls {
    ($($name:ident $behind:ident $over:ident $any:ident ($($word:ident)*) $count:literal;)*) => {$(
        /// Emits a record of these values; tags are one byte each, the first value's in the lowest.
        #[inline(never)]
        pub(crate) fn $name(callsite: &'static Callsite, tags: u32, $($word: u64),*) {
            match put::<$count>(callsite, tags, [$($word),*]) {
                Put::Done => {}
                Put::Full => $over(callsite, tags, $($word),*),
                Put::Other => $behind(callsite, tags, $($word),*),
            }
        }

        #[inline(never)]
        fn $behind(callsite: &'static Callsite, tags: u32, $($word: u64),*) {
            match put_behind_context::<$count>(callsite, tags, [$($word),*]) {
                Put::Done => {}
                Put::Full => $over(callsite, tags, $($word),*),
                Put::Other => $any(callsite, tags, $($word),*),
            }
        }

        #[cold]
        #[inline(never)]
        fn $over(callsite: &'static Callsite, tags: u32, $($word: u64),*) {
            if step_over(thread::at_installed()) {
                $name(callsite, tags, $($word),*);
            } else {
                $any(callsite, tags, $($word),*);
            }
        }

        #[inline(never)]
        fn $any(callsite: &'static Callsite, tags: u32, $($word: u64),*) {
            let mut out = begin_any(callsite, &DEFAULT, $count * VALUE);
            if out.is_open() {
                write(&mut out, tags, &[$($word),*]);
                commit(out);
            }
        }
    )*};
}

calls! {
    words0 behind0 over0 any0 () 0;
    words1 behind1 over1 any1 (a) 1;
    words2 behind2 over2 any2 (a b) 2;
    words3 behind3 over3 any3 (a b c) 3;
    words4 behind4 over4 any4 (a b c d) 4;
}

/// What became of a call that tried to be one function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Done,
    /// Nothing has happened, since the open block is full.
    Full,
    /// Nothing has happened, since this is not the common case.
    Other,
}

/// The common case.
#[inline(always)]
fn put<const N: usize>(callsite: &'static Callsite, tags: u32, words: [u64; N]) -> Put {
    let thread = thread::at_installed();
    let gate = thread.cell.gate();
    let id = callsite.cached_short().wrapping_sub(gate);
    // An id is never 0, so this is one comparison: the gate is open, to this callsite's segment.
    if id.wrapping_sub(1) >> 32 != 0 || N * VALUE >= thread.short.load(Relaxed) as usize {
        return Put::Other;
    }
    let Some(segment) = thread.segment.get() else { return Put::Other };
    let Some(place) = thread.cell.mark_one(segment, gate) else { return Put::Full };
    let slot = place.block.at(place.offset);
    // Before the clock, so that nothing of it takes a register behind it.
    store(slot, place.sequence, id as u32, 0, tags, words);
    finish(thread, segment, callsite, &place)
}

/// The same behind a context of one source, the thread, that is short.
#[inline(always)]
fn put_behind_context<const N: usize>(
    callsite: &'static Callsite,
    tags: u32,
    words: [u64; N],
) -> Put {
    let thread = thread::at_installed();
    let gate = thread.cell.gate();
    let id = callsite.cached_short().wrapping_sub(gate);
    // SAFETY: the thread's; from here to where it has been copied stands no code that binds.
    let context = unsafe { thread.context.load(Relaxed).as_ref() };
    let (Some(context), Some(segment)) = (context, thread.segment.get()) else { return Put::Other };
    let (len, room) = (context.len(), thread.one_slot.get());
    let (one, two) = match context.chunks() {
        [one] => (one, None),
        [one, two] => (one, Some(two)),
        _ => return Put::Other,
    };
    // Whole chunks are copied: they have room, too.
    if id.wrapping_sub(1) >> 32 != 0 || len + N * VALUE >= room || 2 * CHUNK >= room {
        return Put::Other;
    }
    let Some(place) = thread.cell.mark_one(segment, gate) else { return Put::Full };
    let slot = place.block.at(place.offset);
    // SAFETY: I2: the slot is marked and this thread's, and two chunks fit it behind the header.
    unsafe {
        let to = slot.add(record::PAYLOAD);
        to.cast::<[u8; CHUNK]>().write_unaligned(*one);
        if let Some(two) = two {
            to.add(CHUNK).cast::<[u8; CHUNK]>().write_unaligned(*two);
        }
    }
    store(slot, place.sequence, id as u32, len, tags, words);
    finish(thread, segment, callsite, &place)
}

/// Stamps and commits.
#[inline(always)]
pub(super) fn finish(
    thread: &'static ThreadState,
    segment: &'static Segment,
    callsite: &'static Callsite,
    place: &Place<Block>,
) -> Put {
    let now = sys::now_ticks();
    if thread.cell.stamp_next(now) {
        store_time(place.block.at(place.offset), now);
        thread.cell.commit_one(segment, place, callsite.commit());
    } else {
        finish_odd(callsite, thread);
    }
    Put::Done
}

/// The same where the lane was idle, or its last record was stamped later. It finds by itself what it
/// needs, so that nothing is kept for it.
#[cold]
#[inline(never)]
fn finish_odd(callsite: &'static Callsite, thread: &'static ThreadState) {
    let Some(segment) = thread.segment.get() else { return };
    let place = thread.cell.open_place();
    let (timestamp, was_idle) = thread.cell.stamp(sys::now_ticks());
    store_time(place.block.at(place.offset), timestamp);
    thread.cell.commit_one(segment, &place, callsite.commit());
    if was_idle {
        end_pause(thread, segment);
    }
}

/// All but the time and the context, which has so many bytes.
#[inline(always)]
fn store<const N: usize>(
    slot: *mut u8,
    sequence: u64,
    id: u32,
    context: usize,
    tags: u32,
    words: [u64; N],
) {
    // SAFETY: I2: the slot is marked and this thread's; the header lies inside it, 8-aligned, and the
    // values behind it, as the caller has seen.
    unsafe {
        slot.add(record::SEQUENCE).cast::<u64>().write(sequence.to_le());
        slot.add(record::CALLSITE).cast::<u32>().write(id.to_le());
        let payload = (context + N * VALUE) as u32;
        slot.add(record::PAYLOAD_LEN).cast::<u32>().write(payload.to_le());
        slot.add(record::FLAGS).cast::<u64>().write(((context as u64) << 32).to_le());
        for (index, word) in words.into_iter().enumerate() {
            let at = slot.add(record::PAYLOAD + context + index * VALUE);
            at.write((tags >> (index * 8)) as u8);
            at.add(1).cast::<u64>().write_unaligned(word.to_le());
        }
    }
}

#[inline(always)]
fn write(out: &mut Writer, tags: u32, words: &[u64]) {
    for (index, word) in words.iter().enumerate() {
        out.put_fixed((tags >> (index * 8)) as u8, word.to_le_bytes());
    }
}
