//! Block words and block heads: who owns a block, in which generation, as its lane's how-manieth.
//!
//! ```text
//!  block word   63..62 state | 61..32 gen (30) | 31..12 lane index (20) | 11..0 lane incarnation
//!  begun        63..34 gen (30) | 33..0 ordinal (34)
//!  ext_of       63..34 gen (30) | 33..21 slot (13) | 20..0 block (21); 0 = not an extension
//! ```
//!
//! After a claim only the drain changes a block word, or, where it overwrites, the owner of an ended block.

/// Bits of a generation. A stamp's generation is as wide as the word's.
pub const GEN_BITS: u32 = 30;
/// The last generation: the free that follows zeroes the block's stamps and starts again at 1.
pub const GEN_MAX: u32 = (1 << GEN_BITS) - 1;
/// Bits of a lane index; also the bound on lanes in a segment.
pub const LANE_BITS: u32 = 20;
/// Bits of a lane incarnation inside a block word.
pub const INC_BITS: u32 = 12;
/// Bits of an ordinal; ordinals compare modulo `1 << ORDINAL_BITS`.
pub const ORDINAL_BITS: u32 = 34;
/// Bits of a slot number; also the bound on slots in a block.
pub const SLOT_BITS: u32 = 13;
/// Bits of a block number; also the bound on blocks in a segment.
pub const BLOCK_BITS: u32 = 21;

const GEN_MASK: u64 = (1 << GEN_BITS) - 1;
const INC_MASK: u64 = (1 << INC_BITS) - 1;
const LANE_MASK: u64 = (1 << LANE_BITS) - 1;
const ORDINAL_MASK: u64 = (1 << ORDINAL_BITS) - 1;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
const BLOCK_MASK: u64 = (1 << BLOCK_BITS) - 1;

const STATE_FREE: u64 = 1;
const STATE_OWNED: u64 = 2;

/// A lane and its incarnation: the identity that a block word carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneRef {
    /// Index into the lane table.
    pub index: u32,
    /// How many times this table entry has been taken, modulo `1 << INC_BITS`.
    pub inc: u32,
}

/// What a block word says, decoded. The two reserved states decode as `None` of [`BlockWord::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockWord {
    /// Nobody's; the next claim takes it in generation `generation`.
    Free {
        /// Generation of the next claim, from 1.
        generation: u32,
    },
    /// Owned by a lane in this generation.
    Owned {
        /// Generation of this ownership, from 1.
        generation: u32,
        /// The owner.
        lane: LaneRef,
    },
}

impl BlockWord {
    /// Decodes a word; `None` for the reserved states and for generation 0.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Option<Self> {
        let generation = ((word >> 32) & GEN_MASK) as u32;
        if generation == 0 {
            return None;
        }
        match word >> 62 {
            STATE_FREE => Some(Self::Free { generation }),
            STATE_OWNED => Some(Self::Owned {
                generation,
                lane: LaneRef {
                    index: ((word >> INC_BITS) & LANE_MASK) as u32,
                    inc: (word & INC_MASK) as u32,
                },
            }),
            _ => None,
        }
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        match self {
            Self::Free { generation } => STATE_FREE << 62 | (generation as u64 & GEN_MASK) << 32,
            Self::Owned { generation, lane } => {
                STATE_OWNED << 62
                    | (generation as u64 & GEN_MASK) << 32
                    | (lane.index as u64 & LANE_MASK) << INC_BITS
                    | (lane.inc as u64 & INC_MASK)
            }
        }
    }
}

/// The generation that follows `generation`; after [`GEN_MAX`] comes 1 (and the stamps are zeroed).
#[inline]
#[must_use]
pub const fn next_generation(generation: u32) -> u32 {
    if generation >= GEN_MAX { 1 } else { generation + 1 }
}

/// The `begun` word: the owner stores it (Release) before its first record in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The generation begun; another one than the word's means not begun.
    pub generation: u32,
    /// The block's place in its lane's chain, from 1, modulo `1 << ORDINAL_BITS`.
    pub ordinal: u64,
}

impl Begun {
    /// Decodes a word; 0 = never begun (generation 0).
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Self {
        Self { generation: (word >> ORDINAL_BITS) as u32, ordinal: word & ORDINAL_MASK }
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        (self.generation as u64 & GEN_MASK) << ORDINAL_BITS | (self.ordinal & ORDINAL_MASK)
    }
}

/// The ordinal that follows `ordinal`, modulo `1 << ORDINAL_BITS`.
#[inline]
#[must_use]
pub const fn next_ordinal(ordinal: u64) -> u64 {
    (ordinal + 1) & ORDINAL_MASK
}

/// How far `a` stands behind `b` in a lane's chain; negative when `a` comes after `b`.
#[inline]
#[must_use]
pub const fn ordinal_distance(a: u64, b: u64) -> i64 {
    let shift = 64 - ORDINAL_BITS;
    ((b.wrapping_sub(a) << shift) as i64) >> shift
}

/// Names the record that an extension block belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtOf {
    /// Generation of the block that holds the record's head.
    pub generation: u32,
    /// The head's slot there.
    pub slot: u32,
    /// The block that holds the record's head.
    pub block: u32,
}

impl ExtOf {
    /// Decodes a word; 0 = not an extension.
    #[inline]
    #[must_use]
    pub const fn of(word: u64) -> Option<Self> {
        if word == 0 {
            return None;
        }
        Some(Self {
            generation: (word >> 34) as u32,
            slot: ((word >> BLOCK_BITS) & SLOT_MASK) as u32,
            block: (word & BLOCK_MASK) as u32,
        })
    }

    /// The word that says this.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u64 {
        (self.generation as u64 & GEN_MASK) << 34
            | (self.slot as u64 & SLOT_MASK) << BLOCK_BITS
            | (self.block as u64 & BLOCK_MASK)
    }
}

const _: () = {
    assert!(2 + GEN_BITS + LANE_BITS + INC_BITS == 64);
    assert!(GEN_BITS + ORDINAL_BITS == 64);
    assert!(GEN_BITS + SLOT_BITS + BLOCK_BITS == 64);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were_packed() {
        let lane = LaneRef { index: (1 << LANE_BITS) - 1, inc: (1 << INC_BITS) - 1 };
        for generation in [1, 2, GEN_MAX] {
            for word in [BlockWord::Free { generation }, BlockWord::Owned { generation, lane }] {
                assert_eq!(BlockWord::of(word.raw()), Some(word));
            }
            let begun = Begun { generation, ordinal: ORDINAL_MASK };
            assert_eq!(Begun::of(begun.raw()), begun);
            let ext = ExtOf { generation, slot: 8191, block: (1 << BLOCK_BITS) - 1 };
            assert_eq!(ExtOf::of(ext.raw()), Some(ext));
        }
        assert_eq!(BlockWord::of(0), None);
    }

    #[test]
    fn ordinals_compare_across_their_wrap() {
        assert_eq!(ordinal_distance(1, 3), 2);
        assert_eq!(ordinal_distance(3, 1), -2);
        assert_eq!(ordinal_distance(ORDINAL_MASK, next_ordinal(ORDINAL_MASK)), 1);
    }
}
