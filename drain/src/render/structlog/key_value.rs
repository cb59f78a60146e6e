//! `key='value'` pairs: structlog's `KeyValueRenderer`.

use logring::record::AnyValue;
use serde::Deserialize;

use super::items::ordered;
use super::{Form, Pair, safe};
use crate::render::python::write_repr;

/// Its options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::render) struct KeyValue {
    #[serde(default)]
    sort_keys: bool,
    #[serde(default)]
    key_order: Vec<String>,
    #[serde(default)]
    drop_missing: bool,
    #[serde(default = "yes")]
    repr_native_str: bool,
    #[serde(default)]
    exact: bool,
}

pub(super) fn yes() -> bool {
    true
}

impl Form for KeyValue {
    fn write(&self, pairs: Vec<Pair<'_, '_>>, out: &mut String) {
        let pairs = ordered(pairs, self.sort_keys, &self.key_order, self.drop_missing);
        for (index, (key, value)) in pairs.iter().enumerate() {
            out.push_str(if index > 0 { " " } else { "" });
            safe::put(key, self.exact, out);
            out.push('=');
            match &**value {
                AnyValue::Str(text) | AnyValue::Text(text) if !self.repr_native_str => {
                    safe::put(text, self.exact, out);
                }
                value => write_repr(value, out),
            }
        }
    }
}
