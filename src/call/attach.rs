//! A segment as this process's log calls see it, and how it is come by.
//!
//! Stands on the heap: records are kept where [`Attached::take`] finds them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::builder::Options;
use super::logger::Interner;
use crate::error::Result;
use crate::layout::level_word::LevelWord;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// A segment that this process has attached; never unmapped.
#[derive(Debug)]
pub(crate) struct Attached {
    tag: u32,
    options: Options,
    words: Mutex<HashMap<String, &'static AtomicU64>>,
    dictionary: Mutex<Vec<Vec<u8>>>,
    records: Mutex<Vec<Record>>,
}

/// A committed record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) level: u8,
    pub(crate) callsite: u32,
    pub(crate) context_len: u32,
    pub(crate) payload: Vec<u8>,
}

/// Attaches the segment, creating it where it is absent.
pub(super) fn attach(options: Options) -> Result<&'static Attached> {
    static TAGS: AtomicU32 = AtomicU32::new(1);
    let tag = TAGS.fetch_add(1, Ordering::Relaxed);
    Ok(Box::leak(Box::new(Attached {
        tag,
        options,
        words: Mutex::default(),
        dictionary: Mutex::default(),
        records: Mutex::default(),
    })))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Attached {
    /// The segment's part of a callsite's cached id; never 0.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u32 {
        self.tag
    }

    /// The level word of a target; where the table is full, one of this process's own.
    pub(crate) fn level_word(&self, target: &str) -> &'static AtomicU64 {
        let base = self.options.filter.threshold(target);
        lock(&self.words).entry(target.into()).or_insert_with(|| {
            let word = LevelWord { target: 0, base, threshold: base };
            Box::leak(Box::new(AtomicU64::new(word.raw())))
        })
    }

    /// What the guard of `install` does when it goes.
    pub(super) fn leave(&self) {}

    pub(crate) fn keep(&self, record: Record) {
        lock(&self.records).push(record);
    }

    /// The records so far.
    #[cfg(test)]
    pub(crate) fn take(&self) -> Vec<Record> {
        std::mem::take(&mut lock(&self.records))
    }

    /// A dictionary entry's content.
    #[cfg(test)]
    pub(crate) fn entry(&self, id: u32) -> Option<Vec<u8>> {
        lock(&self.dictionary).get(id.checked_sub(1)? as usize).cloned()
    }
}

impl Interner for Attached {
    fn intern(&self, content: &[u8]) -> Option<u32> {
        let mut dictionary = lock(&self.dictionary);
        let at = dictionary.iter().position(|entry| entry == content).unwrap_or_else(|| {
            dictionary.push(content.to_vec());
            dictionary.len() - 1
        });
        u32::try_from(at + 1).ok()
    }
}
