//! What log calls have acknowledged: a counter per thread in a mapped file, which outlives whoever is
//! killed; and the numbers by which tests choose moments.

use std::fs::OpenOptions;
use std::ops::Range;
use std::path::Path;

use logring::sync::AtomicU64;
use memmap2::MmapRaw;

/// Bytes from one counter to the next.
const STRIDE: usize = 128;

/// Words in a file that processes share.
pub struct Acks {
    map: MmapRaw,
}

impl Acks {
    /// The file at `path`, made with room for `count` words.
    pub fn create(path: &Path, count: usize) -> Self {
        let file = std::fs::File::create_new(path).expect("a new file");
        file.set_len((count * STRIDE) as u64).expect("room");
        Self::open(path)
    }

    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(path).expect("the file");
        Self { map: MmapRaw::map_raw(&file).expect("mapped") }
    }

    pub fn len(&self) -> usize {
        self.map.len() / STRIDE
    }

    /// A word.
    pub fn of(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.len(), "{index} is beyond the words");
        // SAFETY: in bounds by the assertion and aligned, since maps begin at a page; alive as long as
        // the map; everybody uses these bytes as atomic words.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(index * STRIDE).cast()) }
    }
}

/// SplitMix64: the same numbers from the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }
}
