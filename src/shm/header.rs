//! The header as values: written once at creation, checked by everyone who attaches.
//!
//! Reading never trusts: what a file says of itself is recomputed and compared before it is mapped.

use crate::error::{Error, Result};
use crate::layout::{self, Geometry, Offsets, header as at};

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The geometry; its offsets are checked.
    pub geometry: Geometry,
    /// The run of the kernel under which the segment was created.
    pub boot_id: [u8; 16],
    /// The segment's own id.
    pub uuid: [u8; 16],
    /// Device and inode of the lock file; zeros where there is none.
    pub lock: (u64, u64),
    /// What timestamps are counted in, see `layout::header::clock`.
    pub clock_kind: u32,
    /// The creator's uid.
    pub uid: u32,
    /// See `layout::header::state`.
    pub state: u32,
    /// Longest record in bytes of payload.
    pub max_record_bytes: u32,
    /// Creation time: nanoseconds since the epoch.
    pub created_ns: u64,
    /// The segment's clock at that time.
    pub created_clock: u64,
    /// The segment's name.
    pub name: String,
}

impl Header {
    /// The header's page.
    #[must_use]
    pub fn encode(&self, total_bytes: usize) -> Vec<u8> {
        let mut page = vec![0u8; at::SIZE];
        let mut put = |offset: usize, bytes: &[u8]| {
            page[offset..offset + bytes.len()].copy_from_slice(bytes);
        };
        let geometry = &self.geometry;
        put(at::MAGIC, &(!at::MAGIC_INVERTED).to_le_bytes());
        for (offset, value) in [
            (at::LAYOUT_VERSION, layout::VERSION),
            (at::ENDIAN, at::ENDIAN_TAG),
            (at::HEADER_LEN, at::SIZE as u32),
            (at::SLOT_SIZE, geometry.slot_size),
            (at::SLOTS_PER_BLOCK, geometry.slots_per_block),
            (at::BLOCK_COUNT, geometry.block_count),
            (at::PROCESS_COUNT, geometry.process_count),
            (at::LANE_COUNT, geometry.lane_count),
            (at::LEVEL_COUNT, geometry.level_count),
            (at::DICTIONARY_SLOTS, geometry.dictionary_slots),
            (at::CLOCK_KIND, self.clock_kind),
            (at::UID, self.uid),
            (at::STATE, self.state),
            (at::MAX_RECORD_BYTES, self.max_record_bytes),
            (at::NAME_LEN, self.name.len() as u32),
        ] {
            put(offset, &value.to_le_bytes());
        }
        for (offset, value) in [
            (at::DICTIONARY_BYTES, geometry.dictionary_bytes),
            (at::TOTAL_BYTES, total_bytes as u64),
            (at::LOCK_DEV, self.lock.0),
            (at::LOCK_INO, self.lock.1),
            (at::CREATED_NS, self.created_ns),
            (at::CREATED_CLOCK, self.created_clock),
        ] {
            put(offset, &value.to_le_bytes());
        }
        put(at::BOOT_ID, &self.boot_id);
        put(at::UUID, &self.uuid);
        put(at::NAME, self.name.as_bytes());
        page
    }

    /// Reads a header page of a file of `file_bytes` bytes; with it the offsets of the parts.
    ///
    /// # Errors
    /// Not a segment, a damaged one, or one of another layout version; the sentence has both values.
    pub fn decode(page: &[u8], file_bytes: u64) -> Result<(Self, Offsets)> {
        if page.len() < at::SIZE {
            return Err(Error::not_a_segment(format!(
                "it is {file_bytes} bytes long, a header alone takes {}",
                at::SIZE
            )));
        }
        let u32_at = |offset| u32::from_le_bytes(bytes_at(page, offset));
        let u64_at = |offset| u64::from_le_bytes(bytes_at(page, offset));
        if u64_at(at::MAGIC) != !at::MAGIC_INVERTED {
            return Err(Error::not_a_segment("it does not begin as a logring segment does"));
        }
        if u32_at(at::ENDIAN) != at::ENDIAN_TAG {
            return Err(Error::foreign_layout("it was written by a machine of another byte order"));
        }
        let version = u32_at(at::LAYOUT_VERSION);
        if version != layout::VERSION {
            return Err(Error::foreign_layout(format!(
                "it has layout version {version}, this build reads {}",
                layout::VERSION
            )));
        }
        let expect = |what: &str, is: u64, expected: u64| {
            if is == expected {
                return Ok(());
            }
            Err(Error::not_a_segment(format!("damaged: {what} is {is}, expected {expected}")))
        };
        expect("header_len", u32_at(at::HEADER_LEN).into(), at::SIZE as u64)?;
        let geometry = Geometry {
            slot_size: u32_at(at::SLOT_SIZE),
            slots_per_block: u32_at(at::SLOTS_PER_BLOCK),
            block_count: u32_at(at::BLOCK_COUNT),
            process_count: u32_at(at::PROCESS_COUNT),
            lane_count: u32_at(at::LANE_COUNT),
            level_count: u32_at(at::LEVEL_COUNT),
            dictionary_slots: u32_at(at::DICTIONARY_SLOTS),
            dictionary_bytes: u64_at(at::DICTIONARY_BYTES),
        };
        let offsets = geometry
            .offsets()
            .map_err(|error| Error::not_a_segment(format!("damaged: {error}")))?;
        expect("total_bytes", u64_at(at::TOTAL_BYTES), offsets.end as u64)?;
        expect("the file's length", file_bytes, offsets.end as u64)?;
        let name_len = u32_at(at::NAME_LEN) as usize;
        let name = page[at::NAME..at::NAME + at::NAME_BYTES].get(..name_len);
        let name = name
            .and_then(|name| std::str::from_utf8(name).ok())
            .ok_or_else(|| Error::not_a_segment("damaged: its name is too long or not text"))?;
        let header = Self {
            geometry,
            boot_id: bytes_at(page, at::BOOT_ID),
            uuid: bytes_at(page, at::UUID),
            lock: (u64_at(at::LOCK_DEV), u64_at(at::LOCK_INO)),
            clock_kind: u32_at(at::CLOCK_KIND),
            uid: u32_at(at::UID),
            state: u32_at(at::STATE),
            max_record_bytes: u32_at(at::MAX_RECORD_BYTES),
            created_ns: u64_at(at::CREATED_NS),
            created_clock: u64_at(at::CREATED_CLOCK),
            name: name.to_owned(),
        };
        header.check()?;
        Ok((header, offsets))
    }

    fn check(&self) -> Result<()> {
        if !(at::clock::TSC..=at::clock::COARSE).contains(&self.clock_kind) {
            return Err(Error::not_a_segment(format!(
                "damaged: clock kind is {}, expected {} to {}",
                self.clock_kind,
                at::clock::TSC,
                at::clock::COARSE
            )));
        }
        let most = self.geometry.max_record_bytes(u32::MAX);
        if self.max_record_bytes > most {
            return Err(Error::not_a_segment(format!(
                "damaged: max_record_bytes is {}, this ring takes at most {most}",
                self.max_record_bytes
            )));
        }
        Ok(())
    }

    /// That the segment is in use: neither being removed nor of an unknown state.
    ///
    /// # Errors
    /// The sentence says which.
    pub fn check_state(&self) -> Result<()> {
        match self.state {
            at::state::READY => Ok(()),
            at::state::REMOVED => Err(Error::not_found("it is being removed")),
            state => Err(Error::not_a_segment(format!("damaged: its state is {state}"))),
        }
    }
}

/// The `N` bytes at `offset` of a whole page.
fn bytes_at<const N: usize>(page: &[u8], offset: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&page[offset..offset + N]);
    bytes
}
