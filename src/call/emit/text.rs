//! Calls with one text among up to four values, the others numbers, in the installed segment: the whole
//! call in one function, as `words.rs` has it for numbers alone.
//!
//! `fields.rs` calls it. What is not the common case, one slot and no context, is one jump to the way of
//! all other calls.
#![expect(unsafe_code, reason = "a record of known length is stored through the slot's address")]

use core::ptr;

use super::words::{Put, VALUE, finish};
use super::{begin, commit, step_over, thread};
use crate::call::Callsite;
use crate::call::logger::DEFAULT;
use crate::layout::record;
use crate::sync::Ordering::Relaxed;

/// Bytes of a text beside its own: its tag and its length.
const SIZED: usize = 5;
/// Bytes of the longest text that is copied here; in slots of 128 bytes there is room for 83.
const LONGEST: usize = 96;

/// What a call's values are: the tags of the numbers, up to three, the first one's in the lowest byte; in
/// the fourth the tag of the text, and in the fifth its place among them.
#[inline(always)]
pub(in crate::call) fn meta(tags: u32, text: u8, at: usize) -> u64 {
    u64::from(tags) | u64::from(text) << 24 | (at as u64) << 32
}

macro_rules! calls {
    ($($name:ident $over:ident $any:ident ($($word:ident)*) $count:literal;)*) => {$(
        /// Emits a record of these values.
        #[inline(never)]
        pub(crate) fn $name(callsite: &'static Callsite, meta: u64, text: &[u8], $($word: u64),*) {
            match put::<$count>(callsite, meta, text, [$($word),*]) {
                Put::Done => {}
                Put::Full => $over(callsite, meta, text, $($word),*),
                Put::Other => $any(callsite, meta, text, $($word),*),
            }
        }

        #[cold]
        #[inline(never)]
        fn $over(callsite: &'static Callsite, meta: u64, text: &[u8], $($word: u64),*) {
            if step_over(thread::at_installed()) {
                $name(callsite, meta, text, $($word),*);
            } else {
                $any(callsite, meta, text, $($word),*);
            }
        }

        #[inline(never)]
        fn $any(callsite: &'static Callsite, meta: u64, text: &[u8], $($word: u64),*) {
            put_any(callsite, meta, text, &[$($word),*]);
        }
    )*};
}

calls! {
    text0 over0 any0 () 0;
    text1 over1 any1 (a) 1;
    text2 over2 any2 (a b) 2;
    text3 over3 any3 (a b c) 3;
}

/// The common case.
#[inline(always)]
fn put<const N: usize>(
    callsite: &'static Callsite,
    meta: u64,
    text: &[u8],
    words: [u64; N],
) -> Put {
    let thread = thread::at_installed();
    let gate = thread.cell.gate();
    let id = callsite.cached_short().wrapping_sub(gate);
    // As in `words::put`. No slice is so long that this overflows.
    let len = text.len() + (SIZED + N * VALUE);
    if id.wrapping_sub(1) >> 32 != 0 || len >= thread.short.load(Relaxed) as usize {
        return Put::Other;
    }
    let Some(segment) = thread.segment.get() else { return Put::Other };
    if text.len() > LONGEST {
        return Put::Other;
    }
    let Some(place) = thread.cell.mark_one(segment, gate) else { return Put::Full };
    let slot = place.block.at(place.offset);
    // A text that is alone is the first.
    let at = if N == 0 { 0 } else { (meta >> 32) as usize };
    // SAFETY: I2: the slot is marked and this thread's; the header lies inside it, 8-aligned, and the
    // values behind it, as has been seen: the text is among them at a place that is no greater than N.
    unsafe {
        slot.add(record::SEQUENCE).cast::<u64>().write(place.sequence.to_le());
        slot.add(record::CALLSITE).cast::<u32>().write((id as u32).to_le());
        slot.add(record::PAYLOAD_LEN).cast::<u32>().write((len as u32).to_le());
        slot.add(record::FLAGS).cast::<u64>().write(0);
        let payload = slot.add(record::PAYLOAD);
        for (index, word) in words.into_iter().enumerate() {
            let behind = if index >= at { SIZED + text.len() } else { 0 };
            let to = payload.add(index * VALUE + behind);
            to.write((meta >> (index * 8)) as u8);
            to.add(1).cast::<u64>().write_unaligned(word.to_le());
        }
        let to = payload.add(at * VALUE);
        to.write((meta >> 24) as u8);
        to.add(1).cast::<u32>().write_unaligned((text.len() as u32).to_le());
        copy(text, to.add(SIZED));
    }
    finish(thread, segment, callsite, &place)
}

fn put_any(callsite: &'static Callsite, meta: u64, text: &[u8], words: &[u64]) {
    let len = SIZED + text.len() + words.len() * VALUE;
    let mut out = begin(callsite, &DEFAULT, len);
    if !out.is_open() {
        return;
    }
    let [first, second, third, tag, at, ..] = meta.to_le_bytes();
    let mut numbers = words.iter().zip([first, second, third]);
    for (word, tag) in numbers.by_ref().take(at.into()) {
        out.put_fixed(tag, word.to_le_bytes());
    }
    out.put_sized(tag, text);
    for (word, tag) in numbers {
        out.put_fixed(tag, word.to_le_bytes());
    }
    commit(out);
}

/// Copies a text that is short, in few steps and without a call: its first bytes and its last, which
/// may be the same in part.
///
/// # Safety
/// `to` has room for it, and is not in it; it has no more bytes than [`LONGEST`].
#[inline(always)]
unsafe fn copy(from: &[u8], to: *mut u8) {
    // SAFETY: the caller's promise; there are so many bytes.
    unsafe {
        match from.len() {
            65.. => {
                step::<64>(from, to, 0);
                step::<32>(from, to, from.len() - 32);
            }
            32.. => ends::<32>(from, to),
            16.. => ends::<16>(from, to),
            8.. => ends::<8>(from, to),
            4.. => ends::<4>(from, to),
            2.. => ends::<2>(from, to),
            1 => step::<1>(from, to, 0),
            0 => {}
        }
    }
}

/// The first `N` bytes and the last.
///
/// # Safety
/// As of `copy`, and there are so many.
#[inline(always)]
unsafe fn ends<const N: usize>(from: &[u8], to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        step::<N>(from, to, 0);
        step::<N>(from, to, from.len() - N);
    }
}

/// `N` bytes from `at` on.
///
/// # Safety
/// As of `copy`, and there are so many.
#[inline(always)]
unsafe fn step<const N: usize>(from: &[u8], to: *mut u8, at: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let chunk = ptr::read(from.as_ptr().add(at).cast::<[u8; N]>());
        to.add(at).cast::<[u8; N]>().write(chunk);
    }
}
