//! The geometry of a segment and the offsets that follow from it.

use super::{drain_area, header, lane, level_word, process, record, word};
use crate::error::{Error, Result};

/// How many of each thing a segment has. All of it stands in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a slot, a power of two, 64 to 4096.
    pub slot_size: u32,
    /// Slots of a block, 2 to 8191.
    pub slots_per_block: u32,
    /// Blocks of the ring, 2 to 2^21.
    pub block_count: u32,
    /// Entries of the process table, from 1.
    pub process_count: u32,
    /// Entries of the lane table, 1 to 2^20.
    pub lane_count: u32,
    /// Level words, from 1.
    pub level_count: u32,
    /// Dictionary slots, a power of two.
    pub dictionary_slots: u32,
    /// Bytes of the dictionary's blob.
    pub dictionary_bytes: u64,
}

/// Default ring size in bytes.
pub const RING_BYTES: u64 = 16 << 20;

impl Default for Geometry {
    fn default() -> Self {
        Self {
            slot_size: 128,
            slots_per_block: 256,
            block_count: 512,
            process_count: 4096,
            lane_count: 16_384,
            level_count: 1024,
            dictionary_slots: 16_384,
            dictionary_bytes: 2 << 20,
        }
    }
}

/// Where each part of a segment begins, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the offset of the part that its name says")]
pub struct Offsets {
    pub drain_area: usize,
    pub processes: usize,
    pub lanes: usize,
    pub levels: usize,
    pub dictionary: usize,
    pub blob: usize,
    pub hints: usize,
    pub words: usize,
    pub heads: usize,
    pub slots: usize,
    pub end: usize,
}

impl Geometry {
    /// The default geometry with a ring of `ring_bytes`, rounded up to whole blocks.
    #[must_use]
    pub fn with_ring_bytes(ring_bytes: u64) -> Self {
        let base = Self::default();
        let blocks = ring_bytes.div_ceil(base.block_bytes() as u64).max(4);
        Self { block_count: u32::try_from(blocks).unwrap_or(u32::MAX), ..base }
    }

    /// Bytes of a block.
    #[inline]
    #[must_use]
    pub const fn block_bytes(&self) -> usize {
        self.slot_size as usize * self.slots_per_block as usize
    }

    /// Bytes of the ring.
    #[must_use]
    pub const fn ring_bytes(&self) -> u64 {
        self.block_bytes() as u64 * self.block_count as u64
    }

    /// The longest record in bytes of payload that this ring takes: `wanted`, but at most a quarter
    /// of a process's quota (half of the ring).
    #[must_use]
    pub const fn max_record_bytes(&self, wanted: u32) -> u32 {
        let blocks = self.block_count as usize / 8;
        let most = blocks.saturating_sub(1)
            * record::extension_bytes(self.slot_size as usize, self.slots_per_block as usize);
        // Even the smallest ring takes a record that fits a block without extensions.
        let one_block = (self.slots_per_block as usize - 1)
            * (self.slot_size as usize - record::CONTINUATION)
            + self.slot_size as usize
            - record::PAYLOAD;
        let most = if most > one_block { most } else { one_block };
        if most < wanted as usize { most as u32 } else { wanted }
    }

    /// The offsets of all parts.
    ///
    /// # Errors
    /// A value out of its range, or a size that does not fit the address space; the sentence names
    /// the value and its range.
    pub fn offsets(&self) -> Result<Offsets> {
        let check = |name: &str, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(format!(
                    "geometry: {name} is {value}, expected {low} to {high}"
                )))
            }
        };
        check("slot_size", self.slot_size.into(), 64, 4096)?;
        check("slots_per_block", self.slots_per_block.into(), 2, (1 << word::SLOT_BITS) - 1)?;
        check("block_count", self.block_count.into(), 2, 1 << word::BLOCK_BITS)?;
        check("process_count", self.process_count.into(), 1, 1 << 20)?;
        check("lane_count", self.lane_count.into(), 1, 1 << word::LANE_BITS)?;
        check("level_count", self.level_count.into(), 1, 1 << 20)?;
        check("dictionary_slots", self.dictionary_slots.into(), 2, 1 << 24)?;
        check("dictionary_bytes", self.dictionary_bytes, 4096, 1 << 30)?;
        for (name, value) in
            [("slot_size", self.slot_size), ("dictionary_slots", self.dictionary_slots)]
        {
            if !value.is_power_of_two() {
                return Err(Error::invalid(format!(
                    "geometry: {name} is {value}, expected a power of two"
                )));
            }
        }
        let mut at = 0usize;
        let mut part = |bytes: u64| {
            let start = at;
            // The bounds above keep each part below 2^50 bytes, so the sum fits 64 bits.
            at = (at + bytes as usize).next_multiple_of(PAGE);
            start
        };
        let blocks = u64::from(self.block_count);
        part(header::SIZE as u64);
        Ok(Offsets {
            drain_area: part(drain_area::SIZE as u64),
            processes: part(u64::from(self.process_count) * process::SIZE as u64),
            lanes: part(u64::from(self.lane_count) * lane::SIZE as u64),
            levels: part(u64::from(self.level_count) * level_word::SIZE as u64),
            dictionary: part(u64::from(self.dictionary_slots) * 8),
            blob: part(self.dictionary_bytes),
            hints: part(blocks.div_ceil(64) * 8),
            words: part(blocks * 8),
            heads: part(blocks * HEAD_BYTES as u64),
            slots: part(self.ring_bytes()),
            end: at,
        })
    }
}

/// Parts begin at multiples of this.
pub const PAGE: usize = 4096;
/// Bytes of a block head, see [`super::head`].
pub const HEAD_BYTES: usize = super::head::SIZE;
