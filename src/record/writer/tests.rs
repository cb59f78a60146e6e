//! Records laid out as in a ring: stamp words stay as they were, bytes come back in order.

use super::scratch::SCRATCH_MAX;
use super::*;
use crate::layout::record::{PAYLOAD, extension_bytes, slots_for};
use crate::record::Value;

const SLOT: usize = 128;
const STAMP: [u8; 8] = *b"stamped!";

/// Slots whose stamp words hold `STAMP`, all else 0xee.
fn slots(count: usize) -> Vec<u8> {
    [&STAMP[..], &[0xee; SLOT - 8]].concat().repeat(count)
}

/// Payload bytes of slots, and that no stamp word was touched.
fn payload(slots: &[u8], first: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (n, slot) in slots.chunks(SLOT).enumerate() {
        assert_eq!(slot[..8], STAMP, "the stamp word of slot {n}");
        bytes.extend(&slot[if n == 0 { first } else { CONTINUATION }..]);
    }
    bytes
}

/// What `fill` writes into a record of `count` slots, and whether it stayed inside of them.
fn in_slots(count: usize, fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut memory = slots(count + 1);
    let mut rest = Rest::slots(count as u32 - 1, SLOT as u32);
    let start = memory.as_mut_ptr();
    // SAFETY: `memory` and `rest` outlive the writer and are not touched meanwhile.
    let mut out = unsafe { Writer::new(start.add(PAYLOAD), start.add(SLOT), &raw mut rest) };
    fill(&mut out);
    assert_eq!(memory[count * SLOT..], slots(1), "the slot behind the record");
    payload(&memory[..count * SLOT], PAYLOAD)
}

fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

#[test]
fn bytes_cross_slots_at_every_place() {
    for len in 0..600 {
        let bytes = sample(len);
        let count = slots_for(len + 14, SLOT);
        let got = in_slots(count, |out| {
            out.put_slice(&bytes[..len / 2]);
            7i64.encode(out);
            out.put_sized(value::STR, &bytes[len / 2..]);
        });
        let mut expected = bytes[..len / 2].to_vec();
        expected.push(value::I64);
        expected.extend(7i64.to_le_bytes());
        expected.push(value::STR);
        expected.extend(((len - len / 2) as u32).to_le_bytes());
        expected.extend(&bytes[len / 2..]);
        assert_eq!(got[..len + 14], expected, "length {len}");
    }
}

#[test]
fn wide_values_and_single_tags_cross_slots() {
    let wide = u128::MAX / 3;
    for before in 60..100 {
        let got = in_slots(2, |out| {
            out.put_slice(&vec![1; before]);
            wide.encode(out);
            true.encode(out);
        });
        assert_eq!(got[before], value::U128);
        assert_eq!(got[before + 1..before + 17], wide.to_le_bytes());
        assert_eq!(got[before + 17], value::TRUE);
    }
}

#[test]
fn what_does_not_fit_is_dropped() {
    let room = SLOT - PAYLOAD;
    let bytes = sample(1000);
    assert_eq!(in_slots(1, |out| out.put_slice(&bytes)), bytes[..room]);
    let got = in_slots(2, |out| {
        for _ in 0..100 {
            5u64.encode(out);
            "text".encode(out);
        }
    });
    assert_eq!(got.len(), room + SLOT - CONTINUATION);
}

#[test]
fn a_closed_writer_takes_nothing() {
    let mut out = Writer::closed();
    assert!(!out.is_open());
    out.put_slice(&[1; 100]);
    5i64.encode(&mut out);
    "text".encode(&mut out);
    assert!(!out.is_open());
}

#[test]
fn a_record_of_one_slot_goes_nowhere_else() {
    let mut memory = slots(2);
    // What a longer record before it has left.
    let mut rest = Rest::slots(1, SLOT as u32);
    rest.clear();
    let start = memory.as_mut_ptr();
    // SAFETY: `memory` and `rest` outlive the writer and are not touched meanwhile.
    let mut out = unsafe { Writer::new(start.add(PAYLOAD), start.add(SLOT), &raw mut rest) };
    out.put_slice(&[7; 80]);
    3i64.encode(&mut out);
    assert_eq!(memory[SLOT..], slots(1));
}

#[test]
fn long_records_go_on_in_their_blocks() {
    const BLOCK: usize = 4;
    let mut memory = slots(BLOCK * 6);
    let list = [[5u32, 1], [0, 1], [3, 1]];
    let slots_base = memory.as_mut_ptr();
    let extents = Extents {
        list: list.as_ptr(),
        count: 3,
        slots_base,
        block_bytes: BLOCK * SLOT,
        slots_per_block: BLOCK as u32,
    };
    let mut rest = Rest::extents(&raw const extents, SLOT as u32);
    // SAFETY: `memory`, `list` and `rest` outlive the writer; nothing is writable before the first
    // extent.
    let mut out = unsafe { Writer::new(slots_base, slots_base, &raw mut rest) };
    assert!(out.is_open());
    let bytes = sample(extension_bytes(SLOT, BLOCK) * 3 + 50);
    for part in bytes.chunks(37) {
        out.put_slice(part);
    }
    let mut got = Vec::new();
    for [block, _] in list {
        got.extend(payload(&memory[block as usize * BLOCK * SLOT..][..BLOCK * SLOT], CONTINUATION));
    }
    assert_eq!(got, bytes[..bytes.len() - 50]);
    for block in [1, 2, 4] {
        assert_eq!(memory[block * BLOCK * SLOT..][..BLOCK * SLOT], slots(BLOCK), "block {block}");
    }
}

#[test]
fn scratch_grows_and_keeps() {
    let mut scratch = Scratch::new();
    let bytes = sample(100_000);
    let mut at = 0;
    for step in (1..).take_while(|step| step * step < 100_000) {
        let end = (at + step).min(bytes.len());
        scratch.write(|out| out.put_slice(&bytes[at..end]));
        at = end;
    }
    assert_eq!(scratch.bytes(), &bytes[..at]);
    scratch.truncate(10);
    scratch.write(|out| 1i64.encode(out));
    assert_eq!(scratch.bytes(), [&bytes[..10], &[value::I64, 1, 0, 0, 0, 0, 0, 0, 0]].concat());
}

#[test]
fn scratch_has_an_end() {
    let mut scratch = Scratch::new();
    scratch.write(|out| {
        for _ in 0..SCRATCH_MAX / 1000 + 10 {
            out.put_slice(&[1; 1000]);
        }
    });
    assert!(scratch.bytes().len() <= SCRATCH_MAX);
    assert!(scratch.bytes().len() > SCRATCH_MAX / 2);
}

/// A formatter learns it as soon as something did not fit; one that does not listen gets no more room.
#[test]
fn formatters_learn_that_there_is_no_room() {
    use std::fmt::Write as _;
    let piece = "x".repeat(1 << 20);
    let mut scratch = Scratch::new();
    scratch.write(|out| {
        for _ in 0..16 {
            out.write_str(&piece).expect("there is room");
        }
        out.write_str("").expect("nothing misses");
        for _ in 0..3 {
            out.write_str("x").expect_err("there is none");
        }
    });
    assert!(scratch.is_full() && scratch.bytes().len() == SCRATCH_MAX);
}

#[test]
fn text_has_its_length_in_scratch_and_in_slots() {
    for len in [0, 5, 500, 512, 513, 5000] {
        let text = "x".repeat(len);
        let mut scratch = Scratch::new();
        scratch.write(|out| out.display(&text));
        let expected = [&[value::TEXT][..], &(len as u32).to_le_bytes(), text.as_bytes()].concat();
        assert_eq!(scratch.bytes(), expected);
        let got = in_slots(slots_for(len + 5, SLOT), |out| out.display(&text));
        assert_eq!(got[..len + 5], expected);
    }
}
