//! Values from text: scalars of the command line, JSON of a line. Called by `field.rs` and
//! `json.rs`.
//!
//! Nothing is rounded that need not be: integers are kept up to 128 bits, and what no value can hold
//! (a longer number, a list of more items or deeper than a record takes) stays as its JSON text.

use logring::layout::value::{DEPTH_MAX, ITEMS_MAX, VALUES_MAX};
use logring::{Value, Writer};
use serde_json::value::RawValue;

use super::json::Pairs;

/// A value as JSON has them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Value for Json {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Null => ().encode(out),
            Self::Bool(value) => value.encode(out),
            Self::I64(value) => value.encode(out),
            Self::U64(value) => value.encode(out),
            Self::I128(value) => value.encode(out),
            Self::U128(value) => value.encode(out),
            Self::F64(value) => value.encode(out),
            Self::Text(value) => value.encode(out),
            Self::List(items) => out.list(|list| {
                for item in items {
                    list.item(item);
                }
            }),
            Self::Map(pairs) => out.map(|map| {
                for (key, value) in pairs {
                    map.pair(key, value);
                }
            }),
        }
    }
}

impl Json {
    /// A value of the command line: a JSON scalar, else the text as it is.
    pub(crate) fn scalar(text: &str) -> Self {
        plain(text).unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// A value of a JSON line.
    pub(crate) fn of(raw: &RawValue) -> Self {
        Self::nested(raw, 0, &mut (VALUES_MAX as usize))
    }

    /// `budget`: how many more values the one around it takes.
    fn nested(raw: &RawValue, depth: u32, budget: &mut usize) -> Self {
        let text = raw.get();
        let as_text = || Self::Text(text.to_owned());
        let Some(left) = budget.checked_sub(1) else { return as_text() };
        *budget = left;
        // One item less than a list takes: it keeps one for the note that there were more.
        let fits = |len: usize| depth < DEPTH_MAX && len < ITEMS_MAX as usize && len <= left;
        match text.as_bytes().first() {
            Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(items) if fits(items.len()) => {
                    let items = items.into_iter().map(|raw| Self::nested(raw, depth + 1, budget));
                    Self::List(items.collect())
                }
                _ => as_text(),
            },
            Some(b'{') => match serde_json::from_str::<Pairs<'_>>(text) {
                Ok(Pairs(pairs)) if fits(pairs.len()) => {
                    let pairs = pairs
                        .into_iter()
                        .map(|(key, raw)| (key, Self::nested(raw, depth + 1, budget)));
                    Self::Map(pairs.collect())
                }
                _ => as_text(),
            },
            _ => plain(text).unwrap_or_else(as_text),
        }
    }
}

/// A JSON scalar; `None` for all else, and for numbers that no value holds.
fn plain(text: &str) -> Option<Json> {
    match text {
        "null" => Some(Json::Null),
        "true" => Some(Json::Bool(true)),
        "false" => Some(Json::Bool(false)),
        // The parser takes blanks around a value, which are text here.
        text if text.ends_with(char::is_whitespace) => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok().map(Json::Text),
        text => number(text),
    }
}

fn number(text: &str) -> Option<Json> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return match digits {
            // Of integers -0 does not exist.
            "0" if text.starts_with('-') => Some(Json::F64(-0.0)),
            "0" => Some(Json::I64(0)),
            _ if digits.starts_with('0') => None,
            _ => integer(text),
        };
    }
    // Rust reads more forms of floats than JSON has.
    let float = serde_json::from_str::<f64>(text).ok()?;
    float.is_finite().then_some(Json::F64(float))
}

fn integer(text: &str) -> Option<Json> {
    let small = text.parse().map(Json::I64).or_else(|_| text.parse().map(Json::U64));
    let wide = || text.parse().map(Json::I128).or_else(|_| text.parse().map(Json::U128));
    small.or_else(|_| wide()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Json {
        Json::of(serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn scalars_are_those_of_json_and_all_else_is_text() {
        for (text, expected) in [
            ("91", Json::I64(91)),
            ("-5", Json::I64(-5)),
            ("0", Json::I64(0)),
            ("-0", Json::F64(-0.0)),
            ("18446744073709551615", Json::U64(u64::MAX)),
            ("-170141183460469231731687303715884105728", Json::I128(i128::MIN)),
            ("340282366920938463463374607431768211455", Json::U128(u128::MAX)),
            ("0.5", Json::F64(0.5)),
            ("-1e3", Json::F64(-1000.0)),
            ("1E+2", Json::F64(100.0)),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("null", Json::Null),
            ("\"91\"", Json::Text("91".into())),
            ("\"a\\n\\u00e9\"", Json::Text("a\né".into())),
        ] {
            assert_eq!(Json::scalar(text), expected, "{text}");
        }
        for text in [
            "",
            "a",
            " 91",
            "91 ",
            "007",
            "+1",
            "1.",
            ".5",
            "0x10",
            "1e400",
            "NaN",
            "inf",
            "-",
            "True",
            "\"a\" ",
            "\"open",
            "\"a\"b",
            "{}",
            "[1]",
            "1_000",
            "1e",
            "--1",
            "340282366920938463463374607431768211456",
        ] {
            assert_eq!(Json::scalar(text), Json::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn lists_and_maps_are_typed() {
        let map = of("{\"a\": [1, \"x\", {}], \"a\": null}");
        let list = Json::List(vec![Json::I64(1), Json::Text("x".into()), Json::Map(vec![])]);
        assert_eq!(map, Json::Map(vec![("a".into(), list), ("a".into(), Json::Null)]));
    }

    #[test]
    fn what_no_value_holds_stays_as_its_text() {
        let deep = "[".repeat(20) + "]".repeat(20).as_str();
        let mut value = of(&deep);
        for _ in 0..DEPTH_MAX {
            let Json::List(mut items) = value else { panic!("{value:?}") };
            value = items.remove(0);
        }
        assert_eq!(value, Json::Text("[[[[]]]]".into()));
        let long = format!("[{}1]", "1,".repeat(4095));
        assert_eq!(of(&long), Json::Text(long.clone()));
        assert!(
            matches!(of(&format!("[{}1]", "1,".repeat(4094))), Json::List(items) if items.len() == 4095)
        );
        let wide = format!("[{0},{0}]", format_args!("[{}1]", "[1,2,3,4,5,6,7,8,9],".repeat(4000)));
        let Json::List(items) = of(&wide) else { panic!("a list") };
        assert!(
            matches!(&items[1], Json::List(items) if items.iter().any(|item| matches!(item, Json::Text(_))))
        );
        assert_eq!(of("1e999"), Json::Text("1e999".into()));
        assert_eq!(of("\"\\ud800\""), Json::Text("\"\\ud800\"".into()));
    }
}
