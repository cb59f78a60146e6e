//! Which of several equal keys stands: the last. Called once a line, and once for each map in it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use logring::record::AnyValue;

/// A map's pairs as a Python `dict` has them: a key stands where it first stood, with its last value.
pub(crate) fn standing<'p, 'a>(
    pairs: &'p [(Cow<'a, str>, AnyValue<'a>)],
) -> Vec<(&'p str, &'p AnyValue<'a>)> {
    let pairs = pairs.iter().map(|(key, value)| (&**key, value));
    as_dict(pairs)
}

/// The same for any pairs.
pub(crate) fn as_dict<'p, V>(pairs: impl Iterator<Item = (&'p str, V)>) -> Vec<(&'p str, V)> {
    let mut places = HashMap::new();
    let mut standing: Vec<(&'p str, V)> = Vec::new();
    for (key, value) in pairs {
        match places.get(key) {
            Some(at) => {
                let at: usize = *at;
                standing[at].1 = value;
            }
            None => {
                places.insert(key, standing.len());
                standing.push((key, value));
            }
        }
    }
    standing
}

/// The pairs that a later pair of the same key overrides.
#[derive(Debug)]
pub(crate) enum Overridden {
    Few(u32),
    Many(Vec<bool>),
}

/// Up to so many keys are compared each with each, which allocates nothing; beyond, the cost must
/// not grow with the square of what a stranger wrote.
const FEW: usize = 24;

impl Overridden {
    /// Looks at `count` keys.
    #[inline]
    pub(crate) fn of<'k>(count: usize, key: impl Fn(usize) -> &'k str) -> Self {
        if count > FEW {
            return Self::of_many(count, key);
        }
        let mut mask = 0;
        for later in 1..count {
            let winner = key(later);
            for earlier in 0..later {
                if key(earlier) == winner {
                    mask |= 1 << earlier;
                }
            }
        }
        Self::Few(mask)
    }

    #[cold]
    fn of_many<'k>(count: usize, key: impl Fn(usize) -> &'k str) -> Self {
        let mut seen = HashSet::with_capacity(count);
        let mut overridden: Vec<bool> = (0..count).rev().map(|at| !seen.insert(key(at))).collect();
        overridden.reverse();
        Self::Many(overridden)
    }

    /// Whether the pair at this index is overridden.
    #[inline]
    pub(crate) fn contains(&self, index: usize) -> bool {
        match self {
            Self::Few(mask) => (mask >> index) & 1 != 0,
            Self::Many(overridden) => overridden[index],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_keys_stands_whatever_their_number() {
        for count in [0, 1, 2, FEW, FEW + 1, 1000] {
            // Keys repeat with a period of 7: the last seven stand.
            let keys: Vec<String> = (0..count).map(|at| format!("k{}", at % 7)).collect();
            let overridden = Overridden::of(count, |at| keys[at].as_str());
            for at in 0..count {
                assert_eq!(overridden.contains(at), at + 7 < count, "{at} of {count}");
            }
        }
    }
}
