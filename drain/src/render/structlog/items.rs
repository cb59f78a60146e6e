//! The order of pairs in a line: options that three of the renderers share.

use std::borrow::Cow;

use logring::record::AnyValue;

use super::Pair;

/// Puts pairs in order, as structlog's `_items_sorter`: those of `key_order` first, each in any case
/// (`None` where it is absent) unless `drop_missing`; the rest as it was, or sorted.
pub(super) fn ordered<'e, 'a>(
    mut pairs: Vec<Pair<'e, 'a>>,
    sort_keys: bool,
    key_order: &'e [String],
    drop_missing: bool,
) -> Vec<Pair<'e, 'a>> {
    let mut first: Vec<Pair<'e, 'a>> = Vec::with_capacity(key_order.len());
    for key in key_order {
        let at = pairs.iter().position(|(other, _)| other == key);
        let value = at.map_or(Cow::Owned(AnyValue::Null), |at| pairs.remove(at).1);
        if !drop_missing || *value != AnyValue::Null {
            first.push((key, value));
        }
    }
    if sort_keys {
        // By code points, which the bytes of UTF-8 are ordered by too.
        pairs.sort_by_key(|(key, _)| *key);
    }
    first.append(&mut pairs);
    first
}
