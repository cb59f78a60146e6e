//! What a bridge remembers of foreign callsites: made once, found by any thread without a lock, and
//! never given back, since callsites last as long as their process. A child that was forked while
//! another thread added something finds no lock held.
#![expect(unsafe_code, reason = "what was leaked is reached by a pointer")]

use std::{fmt, ptr};

use crate::sync::{AtomicPtr, AtomicU64, Ordering, order};

/// A place for something that is made once.
pub(super) struct Leaked<T: Send + Sync + 'static> {
    /// Null or a leaked box.
    at: AtomicPtr<T>,
}

impl<T: Send + Sync + 'static> Leaked<T> {
    pub(super) const fn new() -> Self {
        Self { at: AtomicPtr::new(ptr::null_mut()) }
    }

    #[inline]
    pub(super) fn get(&self) -> Option<&'static T> {
        // SAFETY: null, or a box that was leaked before it was stored here.
        unsafe { self.at.load(order::leaked_load()).as_ref() } // pair:leaked
    }

    /// What is there, made where nothing is. Of two threads that make it at once one throws its own away.
    pub(super) fn get_or_make(&self, make: impl FnOnce() -> T) -> &'static T {
        if let Some(known) = self.get() {
            return known;
        }
        let new = Box::into_raw(Box::new(make()));
        let (stored, seen) = (order::leaked_store(), order::leaked_load()); // pair:leaked
        match self.at.compare_exchange(ptr::null_mut(), new, stored, seen) {
            // SAFETY: leaked here.
            Ok(_) => unsafe { &*new },
            Err(known) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: not null, hence leaked before it was stored.
                unsafe { &*known }
            }
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Leaked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaked").finish_non_exhaustive()
    }
}

/// A table of such things by hash: chains that only grow.
#[derive(Debug)]
pub(super) struct Table<T: Send + Sync + 'static> {
    chains: [Leaked<Node<T>>; CHAINS],
    count: AtomicU64,
}

#[derive(Debug)]
struct Node<T: Send + Sync + 'static> {
    hash: u64,
    value: T,
    next: Leaked<Self>,
}

/// 16 KiB, which are touched where callsites are.
const CHAINS: usize = 2048;

impl<T: Send + Sync + 'static> Table<T> {
    pub(super) const fn new() -> Self {
        Self { chains: [const { Leaked::new() }; CHAINS], count: AtomicU64::new(0) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        // Relaxed: a counter.
        self.count.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<&'static T> {
        let mut link = &self.chains[chain_of(hash)];
        while let Some(node) = link.get() {
            if node.hash == hash && is_it(&node.value) {
                return Some(&node.value);
            }
            link = &node.next;
        }
        None
    }

    /// The one that `is_it`, added where there is none.
    #[cold]
    pub(super) fn find_or_add(
        &self,
        hash: u64,
        is_it: impl Fn(&T) -> bool,
        make: impl Fn() -> T,
    ) -> &'static T {
        let mut link = &self.chains[chain_of(hash)];
        loop {
            let mut added = false;
            let node = link.get_or_make(|| {
                added = true;
                Node { hash, value: make(), next: Leaked::new() }
            });
            if added {
                // Relaxed: a counter, which may be one too high where two have added at once.
                self.count.fetch_add(1, Ordering::Relaxed);
            }
            if node.hash == hash && is_it(&node.value) {
                return &node.value;
            }
            link = &node.next;
        }
    }
}

fn chain_of(hash: u64) -> usize {
    (hash >> 48) as usize % CHAINS
}

/// Mixes a word into a hash.
#[inline]
pub(super) const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
