//! Keys that come at run time are made fit: what a literal key is told by the compiler, such a key is
//! told by being renamed, which is counted, and said once.

use std::borrow::Cow;

use crate::sync::{AtomicU64, Ordering};
use crate::sys;

/// Keys of the line itself.
pub(crate) const RESERVED: [&str; 3] = ["timestamp", "level", "event"];

/// Keys that were renamed.
static RENAMED: AtomicU64 = AtomicU64::new(0);

/// How many keys of this process came at run time and had to be renamed: a control character became
/// `_`, an empty key `_`; `timestamp`, `level` and `event` got a `_` appended, the second of two equal
/// keys its number. The first of them is told on stderr.
///
/// ```
/// use logring::Pairs;
///
/// let before = logring::renamed_keys();
/// let pairs = Pairs::new().with(String::from("two\nlines"), &1).with(String::from("level"), &2);
/// let _bound = logring::context::bound(pairs);
/// assert_eq!(logring::context::get().to_string(), "two_lines=1 level_=2");
/// assert_eq!(logring::renamed_keys() - before, 2);
/// ```
#[must_use]
pub fn renamed_keys() -> u64 {
    // Relaxed: a counter.
    RENAMED.load(Ordering::Relaxed)
}

/// The key, or what it is renamed to.
pub(crate) fn fit<'k>(key: Cow<'k, str>, is_taken: impl Fn(&str) -> bool) -> Cow<'k, str> {
    let reserved = RESERVED.contains(&&*key);
    if !key.is_empty() && !reserved && !has_controls(&key) && !is_taken(&key) {
        return key;
    }
    let mut name: String =
        key.chars().map(|char| if char.is_control() { '_' } else { char }).collect();
    if name.is_empty() || reserved {
        name.push('_');
    }
    if is_taken(&name) {
        let mut numbered = (2u32..).map(|number| format!("{name}_{number}"));
        name = numbered.find(|name| !is_taken(name)).unwrap_or(name);
    }
    // Relaxed: a counter.
    if RENAMED.fetch_add(1, Ordering::Relaxed) == 0 {
        sys::say(format_args!(
            "the key {key:?} was renamed to {name:?}; further ones are counted only"
        ));
    }
    Cow::Owned(name)
}

/// Most keys are printable ASCII, which is seen byte by byte.
fn has_controls(key: &str) -> bool {
    let is_plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    !is_plain && key.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unfit_is_renamed() {
        let taken = |name: &str| ["a", "a_2", "_"].contains(&name);
        for (key, fits) in [
            ("b", "b"),
            ("a", "a_3"),
            ("", "__2"),
            ("event", "event_"),
            ("x\u{1}y\u{9b}\n", "x_y__"),
            ("Level", "Level"),
            ("é \u{202e}", "é \u{202e}"),
        ] {
            assert_eq!(fit(key.into(), taken), fits, "{key:?}");
        }
    }
}
