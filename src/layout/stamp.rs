//! The stamp: the first word of each slot. One release store of it publishes a record.
//!
//! ```text
//!  63..34 gen (30) | 33..31 kind (3) | 30..18 slots (13) | 17..10 level (8) | 9..0 zero
//! ```
//!
//! A stamp belongs to its generation: slot n is committed iff its stamp's generation is the
//! block's. Nothing is reset at free. 0 = never written. Payload never covers a stamp word, in
//! continuation slots and extension blocks neither.

use super::word::GEN_BITS;

const GEN_SHIFT: u32 = 64 - GEN_BITS;
const KIND_SHIFT: u32 = 31;
const SLOTS_SHIFT: u32 = 18;
const LEVEL_SHIFT: u32 = 10;

/// What a stamp says of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A record is being written here (the mark).
    Busy = 1,
    /// A record of `slots` slots is committed here.
    Record = 2,
    /// The rest of the block is not used; the block has ended.
    Pad = 3,
    /// The head of a record whose payload stands in extension blocks is committed here.
    Head = 4,
}

/// A stamp, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The block generation in which this was written.
    pub generation: u32,
    /// What it says.
    pub kind: Kind,
    /// Slots that the record covers in this block, from 1; 0 for `Busy` and `Pad`.
    pub slots: u32,
    /// The record's level; 0 for `Busy` and `Pad`.
    pub level: u8,
}

impl Stamp {
    /// Decodes a stamp; `None` for 0, for unknown kinds and for forged zero bits.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Option<Self> {
        let kind = match (word >> KIND_SHIFT) & 7 {
            1 => Kind::Busy,
            2 => Kind::Record,
            3 => Kind::Pad,
            4 => Kind::Head,
            _ => return None,
        };
        if word & ((1 << LEVEL_SHIFT) - 1) != 0 {
            return None;
        }
        Some(Self {
            generation: (word >> GEN_SHIFT) as u32,
            kind,
            slots: ((word >> SLOTS_SHIFT) & 0x1fff) as u32,
            level: (word >> LEVEL_SHIFT) as u8,
        })
    }

    /// Slots and level of a record that this stamp commits in `generation`: what [`Stamp::of`] says of
    /// nearly all stamps, by one comparison.
    #[inline(always)]
    #[must_use]
    pub const fn record_of(word: u64, generation: u32) -> Option<(u32, u8)> {
        const FREE: u64 = (0x1fff << SLOTS_SHIFT) | (0xff << LEVEL_SHIFT);
        let expected = Self::generation_bits(generation) | (Kind::Record as u64) << KIND_SHIFT;
        if word & !FREE != expected {
            return None;
        }
        Some((((word >> SLOTS_SHIFT) & 0x1fff) as u32, (word >> LEVEL_SHIFT) as u8))
    }

    /// The generation alone, whatever the rest says.
    #[inline]
    #[must_use]
    pub const fn generation_of(word: u64) -> u32 {
        (word >> GEN_SHIFT) as u32
    }

    /// The generation part of a stamp, ready to be or-ed with [`Stamp::body`].
    #[inline]
    #[must_use]
    pub const fn generation_bits(generation: u32) -> u64 {
        (generation as u64) << GEN_SHIFT
    }

    /// The part of a stamp that is not its generation.
    #[inline]
    #[must_use]
    pub const fn body(kind: Kind, slots: u32, level: u8) -> u64 {
        (kind as u64) << KIND_SHIFT | (slots as u64) << SLOTS_SHIFT | (level as u64) << LEVEL_SHIFT
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        Self::generation_bits(self.generation) | Self::body(self.kind, self.slots, self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::word::GEN_MAX;

    #[test]
    fn stamps_come_back_as_they_were_packed() {
        for kind in [Kind::Busy, Kind::Record, Kind::Pad, Kind::Head] {
            let stamp = Stamp { generation: GEN_MAX, kind, slots: 8191, level: 255 };
            assert_eq!(Stamp::of(stamp.raw()), Some(stamp));
        }
        assert_eq!(Stamp::of(0), None);
    }
}
