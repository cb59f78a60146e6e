//! JSON as Python's `json.dumps` writes it: structlog's `JSONRenderer`, with its `repr` for what
//! JSON has no kind for.

use std::fmt::Write;

use logring::record::AnyValue;
use serde::Deserialize;

use super::key_value::yes;
use super::{Form, Pair, safe};
use crate::render::python;
use crate::render::unique::standing;

/// The options of `dumps` that leave one record one line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::render) struct Json {
    #[serde(default)]
    sort_keys: bool,
    #[serde(default = "yes")]
    ensure_ascii: bool,
    #[serde(default = "separators", deserialize_with = "one_line")]
    separators: [String; 2],
    #[serde(default)]
    exact: bool,
}

fn separators() -> [String; 2] {
    [", ".to_owned(), ": ".to_owned()]
}

fn one_line<'de, D: serde::Deserializer<'de>>(from: D) -> Result<[String; 2], D::Error> {
    let [items, keys] = <[String; 2]>::deserialize(from)?;
    if items.trim_matches(' ') == "," && keys.trim_matches(' ') == ":" {
        return Ok([items, keys]);
    }
    Err(serde::de::Error::custom("expected a comma and a colon, each with spaces or without"))
}

impl Form for Json {
    fn write(&self, pairs: Vec<Pair<'_, '_>>, out: &mut String) {
        self.object(pairs.iter().map(|(key, value)| (*key, &**value)).collect(), out);
    }
}

impl Json {
    fn object(&self, mut pairs: Vec<(&str, &AnyValue<'_>)>, out: &mut String) {
        if self.sort_keys {
            pairs.sort_by_key(|(key, _)| *key);
        }
        out.push('{');
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            self.separate(index, out);
            self.string(key, out);
            out.push_str(&self.separators[1]);
            self.value(value, out);
        }
        out.push('}');
    }

    fn separate(&self, index: usize, out: &mut String) {
        if index > 0 {
            out.push_str(&self.separators[0]);
        }
    }

    fn value(&self, value: &AnyValue<'_>, out: &mut String) {
        match value {
            AnyValue::Null => out.push_str("null"),
            AnyValue::Bool(true) => out.push_str("true"),
            AnyValue::Bool(false) => out.push_str("false"),
            AnyValue::I64(_) | AnyValue::U64(_) | AnyValue::I128(_) | AnyValue::U128(_) => {
                python::write_repr(value, out);
            }
            AnyValue::F64(value) => self.float(*value, out),
            AnyValue::Str(text) | AnyValue::Text(text) => self.string(text, out),
            AnyValue::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index, out);
                    self.value(item, out);
                }
                out.push(']');
            }
            AnyValue::Map(pairs) => self.object(standing(pairs), out),
            other => self.string(&python::repr(other), out),
        }
    }

    /// What is no number stands as it does in Python if `exact`, else in quotes: it is no JSON.
    fn float(&self, value: f64, out: &mut String) {
        let word = match value {
            value if value.is_nan() => "NaN",
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            value => return python::float(value, out),
        };
        let quote = if self.exact { "" } else { "\"" };
        out.extend([quote, word, quote]);
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        for char in text.chars() {
            // Writing to a string does not fail.
            let _ = match char {
                '"' => out.write_str("\\\""),
                '\\' => out.write_str("\\\\"),
                '\n' => out.write_str("\\n"),
                '\r' => out.write_str("\\r"),
                '\t' => out.write_str("\\t"),
                '\u{8}' => out.write_str("\\b"),
                '\u{c}' => out.write_str("\\f"),
                char if (char < ' ')
                    | (self.ensure_ascii && char > '~')
                    | (!self.exact && safe::is_harmful(char)) =>
                {
                    let mut units = [0; 2];
                    char.encode_utf16(&mut units)
                        .iter()
                        .try_for_each(|unit| write!(out, "\\u{unit:04x}"))
                }
                char => out.write_char(char),
            };
        }
        out.push('"');
    }
}
