//! logfmt: structlog's `LogfmtRenderer`.

use logring::record::AnyValue;
use serde::Deserialize;

use super::items::ordered;
use super::key_value::yes;
use super::{Form, Pair, safe};
use crate::render::python;

/// Its options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::render) struct Logfmt {
    #[serde(default)]
    sort_keys: bool,
    #[serde(default)]
    key_order: Vec<String>,
    #[serde(default)]
    drop_missing: bool,
    #[serde(default = "yes")]
    bool_as_flag: bool,
    #[serde(default)]
    exact: bool,
}

impl Form for Logfmt {
    fn write(&self, pairs: Vec<Pair<'_, '_>>, out: &mut String) {
        let pairs = ordered(pairs, self.sort_keys, &self.key_order, self.drop_missing);
        for (index, (key, value)) in pairs.iter().enumerate() {
            out.push_str(if index > 0 { " " } else { "" });
            // For these structlog raises; here no line is lost for a key.
            safe::put_but(key, self.exact, |char| char <= ' ', out);
            match &**value {
                AnyValue::Bool(true) if self.bool_as_flag => {}
                AnyValue::Bool(true) => out.push_str("=true"),
                AnyValue::Bool(false) => out.push_str("=false"),
                AnyValue::Null => out.push('='),
                value => {
                    out.push('=');
                    self.value(&python::str(value), out);
                }
            }
        }
    }
}

impl Logfmt {
    fn value(&self, text: &str, out: &mut String) {
        let quotes = text.contains([' ', '=', '"']);
        let escaped = if quotes { text.replace('\\', "\\\\") } else { text.to_owned() };
        let escaped = escaped.replace('"', "\\\"").replace('\n', "\\n");
        let quote = if quotes { "\"" } else { "" };
        out.push_str(quote);
        safe::put(&escaped, self.exact, out);
        out.push_str(quote);
    }
}
