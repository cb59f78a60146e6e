//! A context as its program sees it: keys and typed values, decoded from what was bound.

use std::fmt;

use super::pairs::Pair;
use crate::record::{AnyValue, decode};

/// Keys and values of a context, in the order in which a record has them. No key stands twice.
///
/// ```
/// use logring::{context, kv};
///
/// let _scope = context::bound(kv! { request = 7, path = "/" });
/// let fields = context::get();
/// assert_eq!(fields["request"], 7);
/// assert_eq!(fields.get("user"), None);
/// assert_eq!(fields.to_string(), "request=7 path=/");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields {
    pairs: Vec<(String, AnyValue<'static>)>,
}

impl Fields {
    pub(crate) fn of<'p>(pairs: impl IntoIterator<Item = &'p Pair>) -> Self {
        let pairs = pairs.into_iter();
        let decoded = |pair: &Pair| (pair.key.to_string(), decode::one_value(pair.value()));
        Self { pairs: pairs.map(decoded).collect() }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&AnyValue<'static>> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AnyValue<'static>)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// The same keys with the same values, in any order.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl std::ops::Index<&str> for Fields {
    type Output = AnyValue<'static>;

    /// # Panics
    /// The key is not there: see [`Fields::get`].
    fn index(&self, key: &str) -> &AnyValue<'static> {
        self.get(key).unwrap_or_else(|| panic!("no field {key:?} in {{{self}}}"))
    }
}

/// `key=value`, separated by blanks.
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.iter().enumerate() {
            let blank = if at == 0 { "" } else { " " };
            write!(f, "{blank}{key}={value}")?;
        }
        Ok(())
    }
}
