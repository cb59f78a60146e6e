//! The mapped words of the ledger: load and store by index, in program order.
//!
//! The one place of the drain that maps memory. Called by the rest of `ledger/` only.

use crate::seam;
use logring::sync::{AtomicU64, Ordering, compiler_fence, fence};
use memmap2::{MmapOptions, MmapRaw};
use std::{fs::File, io};

/// Bytes of a word.
pub(super) const WORD: usize = 8;

const _: () = assert!(size_of::<AtomicU64>() == WORD && align_of::<AtomicU64>() <= 4096);

/// A mapped file of 64-bit words. The drain lock makes this process its only writer.
#[derive(Debug)]
pub(super) struct Words {
    map: MmapRaw,
}

impl Words {
    /// Maps all of `file`, whose length is a multiple of the page size and stays as it is.
    pub(super) fn map(file: &File) -> io::Result<Self> {
        Ok(Self { map: MmapOptions::new().map_raw(file)? })
    }

    /// Maps all of `file` for who only looks: what is stored here stays here.
    pub(super) fn map_private(file: &File) -> io::Result<Self> {
        #[expect(unsafe_code, reason = "a private mapping of a file that others write")]
        // SAFETY: no reference into it is made but to atomics, in `cells`, so that it does not
        // matter who changes the file meanwhile; whoever could shorten it is the drain's own user.
        let map = unsafe { MmapOptions::new().map_copy(file) }?;
        Ok(Self { map: MmapRaw::from(map) })
    }

    #[expect(unsafe_code, reason = "the drain's one view of mapped memory")]
    fn cells(&self) -> &[AtomicU64] {
        // SAFETY: the map is page-aligned, `len` bytes long, readable and writable, and lives as
        // long as `self`; any bits are an `AtomicU64`, and nothing in this process reaches these
        // bytes but through this slice. Nobody shortens the file: it is 0600 in a 0700 directory.
        unsafe {
            std::slice::from_raw_parts(
                self.map.as_mut_ptr().cast::<AtomicU64>().cast_const(),
                self.map.len() / WORD,
            )
        }
    }

    #[inline]
    pub(super) fn load(&self, at: usize) -> u64 {
        // Relaxed: own word, single writer.
        self.cells()[at].load(Ordering::Relaxed)
    }

    /// Stores a word after all earlier stores and before all later ones, as a kill sees them: the
    /// processor retires stores in program order, so it is the compiler that has to keep it.
    #[inline]
    pub(super) fn store(&self, at: usize, value: u64) {
        seam::before_store();
        compiler_fence(Ordering::SeqCst);
        // Relaxed: own word, single writer; whoever reads it next has seen this process end.
        self.cells()[at].store(value, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// Stores 0 where there is something else, so that pages never written stay untouched.
    pub(super) fn clear(&self, range: std::ops::Range<usize>) {
        for at in range {
            if self.load(at) != 0 {
                self.store(at, 0);
            }
        }
    }

    /// Between two steps of the batch protocol.
    #[inline]
    pub(super) fn step_ends(&self) {
        fence(Ordering::SeqCst);
    }
}
