//! A JSON line as a record: what in it is the text, what the level, what fields. Called by `stream.rs`
//! for each line of `log --json`.

use std::fmt;
use std::str::FromStr;

use logring::Level;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::value::Json;

/// An object's pairs as they stand, equal keys too.
pub(super) struct Pairs<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Object)
    }
}

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// The value of the first of `event`, `message` and `msg` that is a string; else nothing.
    pub(super) text: String,
    /// Its `level`, where that is a level's word or number.
    pub(super) level: Option<Level>,
    /// All else.
    pub(super) fields: Vec<(String, Json)>,
}

/// Keys of which the first that is there with a string is the text.
const TEXTS: [&str; 3] = ["event", "message", "msg"];

/// Reads a line.
///
/// # Errors
/// Why it is no JSON object.
pub(super) fn read(line: &str) -> Result<Line, String> {
    let Pairs(pairs) = serde_json::from_str(line).map_err(|error| reason(&error))?;
    let mut fields: Vec<(String, Json)> =
        pairs.into_iter().map(|(key, raw)| (key, Json::of(raw))).collect();
    let text = TEXTS.iter().find_map(|wanted| take(&mut fields, wanted, text_of));
    let level = take(&mut fields, "level", level_of);
    Ok(Line { text: text.unwrap_or_default(), level, fields })
}

/// Takes the last field of this key, which is the one that counts, if `as_wanted` makes something of
/// it.
fn take<T>(
    fields: &mut Vec<(String, Json)>,
    wanted: &str,
    as_wanted: fn(&Json) -> Option<T>,
) -> Option<T> {
    let at = fields.iter().rposition(|(key, _)| key == wanted)?;
    let value = as_wanted(&fields[at].1)?;
    fields.retain(|(key, _)| key != wanted);
    Some(value)
}

fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn level_of(value: &Json) -> Option<Level> {
    let level = match value {
        Json::Text(word) => Level::from_str(word).ok(),
        Json::I64(number) => u8::try_from(*number).ok().map(Level::new),
        _ => None,
    };
    // Level 0 is below every threshold.
    level.filter(|level| *level > Level::new(0))
}

/// The parser's message without the line number, which is always 1.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line 1 column ") {
        Some((said, "0")) => said.to_owned(),
        Some((said, column)) => format!("{said} at column {column}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_level_are_taken_and_the_rest_stays() {
        let line =
            read(r#"{"msg": "m", "level": "WARN", "n": 1, "event": "e {n}"}"#).expect("JSON");
        assert_eq!((&*line.text, line.level), ("e {n}", Some(Level::Warning)));
        let rest = [("msg".into(), Json::Text("m".into())), ("n".into(), Json::I64(1))];
        assert_eq!(line.fields, rest);
        let line =
            read(r#"{"event": 5, "msg": "m", "level": "loud", "message": null}"#).expect("JSON");
        assert_eq!((&*line.text, line.level, line.fields.len()), ("m", None, 3));
        let line = read(r#" {"level": 30} "#).expect("JSON");
        assert_eq!(line, Line { text: String::new(), level: Some(Level::Warning), fields: vec![] });
        for level in ["300", "0", "-1", "1.5", "\"0\"", "[]"] {
            let line = read(&format!("{{\"level\": {level}}}")).expect("JSON");
            assert_eq!((line.level, line.fields.len()), (None, 1), "{level}");
        }
    }

    #[test]
    fn what_is_no_object_says_why() {
        for (line, expected) in [
            ("", "EOF while parsing a value"),
            ("plain", "expected value at column 1"),
            ("[1]", "invalid type: sequence, expected a JSON object"),
            ("\"{}\"", "invalid type: string \"{}\", expected a JSON object at column 4"),
            ("{\"a\": 1", "EOF while parsing an object at column 7"),
            ("{} {}", "trailing characters at column 4"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "{line}");
        }
    }
}
