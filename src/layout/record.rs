//! A record as it stands in its slots.
//!
//! ```text
//!  slot 0      0 stamp | 8 timestamp | 16 sequence | 24 callsite u32 | 28 payload_len u32
//!              32 flags u16 | 34 fragments u16 | 36 context_len u32 | 40 payload ...
//!  slot 1..    0 stamp word (reserved, untouched) | 8 payload ...
//!  head        slot 0's header, then `fragments` pairs (block u32, generation u32) instead of
//!              payload, going on in slots 1.. as payload does; the payload stands in those blocks,
//!              in order, behind the reserved stamp word of each of their slots
//! ```
//!
//! The payload is `context_len` bytes of context (pairs of key and value), then, where [`flags::TEXT`]
//! is set, the event's text, then the values of the callsite's fields in order, then, where
//! [`flags::EXTRA`] is set, further pairs of key and value.

/// Offset of the timestamp in slot 0: TSC ticks or realtime nanoseconds, see `header::clock`.
pub const TIMESTAMP: usize = 8;
/// Offset of the lane sequence: every attempt of a lane takes the next one, from 1.
pub const SEQUENCE: usize = 16;
/// Offset of the callsite id; 0 = its metadata stands inline at the start of the payload.
pub const CALLSITE: usize = 24;
/// Offset of the payload's length in bytes, reserved words not counted.
pub const PAYLOAD_LEN: usize = 28;
/// Offset of the flags.
pub const FLAGS: usize = 32;
/// Offset of the number of extension blocks; 0 unless the stamp says `Head`.
pub const FRAGMENTS: usize = 34;
/// Offset of the context's length in bytes; the context is the payload's first part.
pub const CONTEXT_LEN: usize = 36;
/// Offset of the payload in slot 0.
pub const PAYLOAD: usize = 40;
/// Offset of the payload in continuation slots and in each slot of an extension block.
pub const CONTINUATION: usize = 8;
/// Bytes that one (block, generation) pair takes in a head's list.
pub const FRAGMENT_BYTES: usize = 8;

/// Bits of the flags word.
pub mod flags {
    /// The payload was cut at `max_record_bytes`; the last value is shortened.
    pub const TRUNCATED: u16 = 1 << 0;
    /// Behind the fields stand pairs of key and value.
    pub const EXTRA: u16 = 1 << 1;
    /// The level in the stamp is not the callsite's.
    pub const LEVEL_OVERRIDE: u16 = 1 << 2;
    /// Behind the context stands the event's text, its length (u32) and its bytes, instead of the
    /// callsite's; it is literal, braces in it are no placeholders.
    pub const TEXT: u16 = 1 << 3;
    /// What the flight recorders of the record's process hold is to be written before it.
    pub const TRIGGER: u16 = 1 << 4;
}

/// Slots that a record of `payload_len` bytes takes, its list of fragments not counted.
#[inline]
#[must_use]
pub const fn slots_for(payload_len: usize, slot_size: usize) -> usize {
    let first = slot_size - PAYLOAD;
    if payload_len <= first {
        1
    } else {
        1 + (payload_len - first).div_ceil(slot_size - CONTINUATION)
    }
}

/// Payload bytes that an extension block holds.
#[inline]
#[must_use]
pub const fn extension_bytes(slot_size: usize, slots_per_block: usize) -> usize {
    (slot_size - CONTINUATION) * slots_per_block
}

const _: () = assert!(PAYLOAD.is_multiple_of(8));
