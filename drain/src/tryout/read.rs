//! Events from JSON lines: those that the drain writes, and any other object with an `event`.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use logring::record::{AnyValue, Event, Field};
use logring::{Error, Result};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::process::text::literal;

/// The event that a line of JSON says: `timestamp`, `level`, `event`, `target`, `pid`, `thread`,
/// `file`, `line`, `late` and `truncated` are what they are in the default line, if they have such
/// values; all else are its fields.
///
/// # Errors
/// What is no object of JSON.
pub fn event(line: &str) -> Result<Event<'static>> {
    let parsed: Json =
        serde_json::from_str(line).map_err(|error| Error::invalid(error.to_string()))?;
    let AnyValue::Map(pairs) = parsed.0 else {
        return Err(Error::invalid("found no object, expected one like {\"event\":\"…\"}"));
    };
    let mut event = Event::default();
    for (key, value) in pairs {
        if let Err(value) = part(&mut event, &key, value) {
            event.fields.push(Field { key, value });
        }
    }
    Ok(event)
}

/// Puts `value` where the event has a place of its own for `key`; gives it back if it has none.
fn part(
    event: &mut Event<'static>,
    key: &str,
    value: AnyValue<'static>,
) -> std::result::Result<(), AnyValue<'static>> {
    match (key, value) {
        ("event", AnyValue::Str(text)) => event.event = Cow::Owned(literal(&text)),
        ("target", AnyValue::Str(text)) => event.target = text,
        ("file", AnyValue::Str(text)) => event.file = text,
        ("late", AnyValue::Bool(late)) => event.late = late,
        ("truncated", AnyValue::Bool(truncated)) => event.truncated = truncated,
        ("timestamp", AnyValue::Str(text)) => match text.parse::<Timestamp>() {
            Ok(time) => {
                let nanoseconds = time.as_nanosecond();
                event.timestamp_ns = i64::try_from(nanoseconds).unwrap_or(i64::MAX);
            }
            Err(_) => return Err(AnyValue::Str(text)),
        },
        ("level", AnyValue::Str(word)) => match word.parse() {
            Ok(level) => event.level = level,
            Err(_) => return Err(AnyValue::Str(word)),
        },
        ("pid" | "thread" | "line", AnyValue::U64(number)) => match u32::try_from(number) {
            Ok(number) if key == "pid" => event.pid = number,
            Ok(number) if key == "thread" => event.tid = number,
            Ok(number) => event.line = number,
            Err(_) => return Err(AnyValue::U64(number)),
        },
        (_, value) => return Err(value),
    }
    Ok(())
}

/// A value of JSON, its keys in their order.
struct Json(AnyValue<'static>);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(JsonVisitor).map(Self)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = AnyValue<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::I64(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::U64(value))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::F64(value))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E> {
        Ok(AnyValue::Str(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(AnyValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut pairs: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, Json(value))) = pairs.next_entry::<String, Json>()? {
            map.push((Cow::Owned(key), value));
        }
        Ok(AnyValue::Map(map))
    }
}
