//! What a record at run time looks up for each key: whether it has the key already, and the key's number
//! in the dictionary. Called by [`super::Record`] and the bridges; allocates for unusual records only.

use std::cell::Cell;
use std::collections::HashSet;

use crate::call::{Producer, thread};
use crate::record::callsite::encode_string;

/// The keys of one record.
#[derive(Default)]
pub(super) struct Taken {
    /// The first keys, one behind the other, each behind its length: they are compared one by one.
    near: Near,
    /// Those that have no room there, so that the cost does not grow with the square of their number.
    far: Option<HashSet<Box<str>>>,
}

/// Bytes of the first keys and their lengths.
const NEAR_BYTES: usize = 192;

struct Near {
    bytes: [u8; NEAR_BYTES],
    used: usize,
}

impl Default for Near {
    fn default() -> Self {
        Self { bytes: [0; NEAR_BYTES], used: 0 }
    }
}

impl Taken {
    /// Whether this key is one of them.
    pub(super) fn contains(&self, key: &str) -> bool {
        let mut rest = &self.near.bytes[..self.near.used];
        while let Some((len, behind)) = rest.split_first() {
            let (known, behind) = behind.split_at(usize::from(*len));
            if known == key.as_bytes() {
                return true;
            }
            rest = behind;
        }
        self.far.as_ref().is_some_and(|far| far.contains(key))
    }

    /// Adds a key.
    pub(super) fn add(&mut self, key: &str) {
        let Near { bytes, used } = &mut self.near;
        let (start, end) = (*used + 1, *used + 1 + key.len());
        match (u8::try_from(key.len()), bytes.get_mut(*used..end)) {
            (Ok(len), Some(room)) => {
                room[0] = len;
                room[1..].copy_from_slice(key.as_bytes());
                *used = start + key.len();
            }
            _ => {
                self.far.get_or_insert_default().insert(key.into());
            }
        }
    }
}

/// A key that this thread's records had, and its number.
#[derive(Clone, Copy)]
struct Known {
    /// The segment's tag; 0 = none.
    tag: u32,
    id: u32,
    len: u8,
    key: [u8; KEY_BYTES],
}

/// Longer keys are looked up each time.
const KEY_BYTES: usize = 23;
/// Keys beyond share their places.
const PLACES: usize = 16;

impl Known {
    const NONE: Self = Self { tag: 0, id: 0, len: 0, key: [0; KEY_BYTES] };
}

thread_local! {
    static KNOWN: [Cell<Known>; PLACES] = const { [const { Cell::new(Known::NONE) }; PLACES] };
}

/// The number of a key in the dictionary, where it has one or may get one: a number stands for its text
/// as long as the segment lives.
pub(super) fn number(producer: &'static Producer, key: &str) -> Option<u32> {
    let look_up = || producer.segment().intern_spare(thread::lane(producer)?, &encode_string(key));
    let bytes = key.as_bytes();
    let ([first, ..], [.., last], 1..=KEY_BYTES) = (bytes, bytes, bytes.len()) else {
        return look_up();
    };
    let place = (usize::from(*first) + 5 * usize::from(*last) + 7 * bytes.len()) % PLACES;
    KNOWN.with(|known| {
        let found = known[place].get();
        let is_it = found.tag == producer.tag()
            && found.key.get(..usize::from(found.len)).is_some_and(|key| key == bytes);
        if is_it && found.tag != 0 {
            return Some(found.id);
        }
        let id = look_up()?;
        let mut new = Known { tag: producer.tag(), id, len: bytes.len() as u8, ..Known::NONE };
        new.key[..bytes.len()].copy_from_slice(bytes);
        known[place].set(new);
        Some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_whatever_their_number_and_length() {
        let long = "x".repeat(300);
        let keys: Vec<String> = (0..500).map(|at| format!("key{at}")).collect();
        let mut taken = Taken::default();
        for key in keys.iter().map(String::as_str).chain(["", &long, &long[..255]]) {
            assert!(!taken.contains(key), "{key:?}");
            taken.add(key);
            assert!(taken.contains(key), "{key:?}");
        }
        assert!(keys.iter().all(|key| taken.contains(key)));
        assert!(!taken.contains("key") && !taken.contains("key1000") && !taken.contains("ey1"));
    }
}
