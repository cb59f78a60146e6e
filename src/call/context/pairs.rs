//! Pairs of key and value as bytes: made once, when they are bound. `bind` of loggers, threads, tasks
//! and scopes merges lists of them; what a log call copies is an [`Encoded`].

use std::borrow::Cow;
use std::sync::Arc;

use super::keys;
use crate::call::producer::Producer;
use crate::call::{Interner, installed};
use crate::record::callsite::encode_string;
use crate::record::value::{AnyEncode, stage, too_long};
use crate::record::{Padded, Scratch};

/// Pairs of key and value, encoded: what [`kv!`](crate::kv) makes.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    pairs: Vec<Pair>,
}

/// A key and its value's bytes; cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) key: Cow<'static, str>,
    value: Arc<[u8]>,
    /// The tag of the segment that was asked last for the key's number, and that; 0 = none.
    id: (u32, u32),
}

impl Pairs {
    /// No pairs.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// The same and one more pair, for keys that are not known at compile time. A key that is empty,
    /// reserved, there already or has control characters in it is renamed, see
    /// [`renamed_keys`](crate::renamed_keys).
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: &dyn AnyEncode) -> Self {
        let key = keys::fit(key.into(), |key| self.pairs.iter().any(|pair| pair.key == key));
        self.push(key, value);
        self
    }

    /// The same for a key that was checked when the program was compiled.
    #[doc(hidden)]
    #[must_use]
    pub fn with_checked(mut self, key: &'static str, value: &dyn AnyEncode) -> Self {
        self.push(Cow::Borrowed(key), value);
        self
    }

    fn push(&mut self, key: Cow<'static, str>, value: &dyn AnyEncode) {
        let mut scratch = Scratch::new();
        stage(&mut scratch, value);
        let value = if scratch.is_full() { too_long().into() } else { scratch.bytes().into() };
        self.pairs.push(Pair { key, value, id: (0, 0) });
    }

    pub(crate) fn into_vec(self) -> Vec<Pair> {
        self.pairs
    }
}

impl Pair {
    /// A pair whose value stands encoded already; `id` is the key's number, as [`Pair::known_id`] gave it
    /// of another pair of this key.
    #[cfg(feature = "tracing")]
    pub(crate) fn encoded(key: &'static str, value: &[u8], id: (u32, u32)) -> Self {
        Self { key: Cow::Borrowed(key), value: value.into(), id }
    }

    /// The tag of the segment that was asked last for the key's number, and that.
    #[cfg(feature = "tracing")]
    pub(crate) fn known_id(&self) -> (u32, u32) {
        self.id
    }

    /// The value's bytes: a tag and what it says.
    pub(super) fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether the other has the same key and the same value.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }

    /// The key's number in the segment's dictionary; 0 = it stands inline.
    fn id(&mut self, producer: &'static Producer) -> u32 {
        if self.id.0 != producer.tag() {
            let id = producer.intern(&encode_string(&self.key)).unwrap_or(0);
            self.id = (producer.tag(), id);
        }
        self.id.1
    }

    fn append(&self, id: u32, to: &mut Vec<u8>) {
        to.extend(id.to_le_bytes());
        if id == 0 {
            let mut len = self.key.len().min(usize::from(u16::MAX));
            while !self.key.is_char_boundary(len) {
                len -= 1;
            }
            to.extend((len as u16).to_le_bytes());
            to.extend(&self.key.as_bytes()[..len]);
        }
        to.extend(&*self.value);
    }
}

/// Adds pairs to a list; those of the same key go.
pub(crate) fn merge(list: &mut Vec<Pair>, more: impl IntoIterator<Item = Pair>) {
    for pair in more {
        list.retain(|known| known.key != pair.key);
        list.push(pair);
    }
}

/// Takes the pairs of these keys away.
pub(crate) fn remove(list: &mut Vec<Pair>, keys: &[&str]) {
    list.retain(|pair| !keys.contains(&&*pair.key));
}

/// A list of pairs, ready to be copied into records.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The segment whose numbers `numbered` has; 0 = none.
    tag: u32,
    /// With keys as numbers where the segment gave them one.
    numbered: Padded,
    /// With all keys inline, for all other segments.
    inline: Padded,
}

impl Encoded {
    /// `None` for no pairs. Keys get their numbers from `producer`, else from the installed segment.
    /// Registers the calling thread there.
    pub(crate) fn of(pairs: &mut [Pair], producer: Option<&'static Producer>) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let producer = producer.or_else(installed::installed);
        let (mut numbered, mut inline) = (Vec::new(), Vec::new());
        for pair in pairs {
            if let Some(producer) = producer {
                let id = pair.id(producer);
                pair.append(id, &mut numbered);
            }
            pair.append(0, &mut inline);
        }
        let tag = producer.map_or(0, Producer::tag);
        Some(Self { tag, numbered: Padded::new(&numbered), inline: Padded::new(&inline) })
    }

    /// The bytes for a segment's records.
    #[inline(always)]
    pub(crate) fn bytes(&self, tag: u32) -> &Padded {
        if self.tag == tag && tag != 0 { &self.numbered } else { &self.inline }
    }
}
