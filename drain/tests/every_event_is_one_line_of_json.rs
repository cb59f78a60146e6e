//! Whatever stands in an event, it is one line, an object of JSON without a key twice, without
//! control characters and without characters that reorder text; and the user's values are in it.

use logring::Level;
use logring::record::{AnyValue, ErrorChain, Event, Field};
use logring_drain::render::time::Digits;
use logring_drain::render::{JsonOptions, JsonRenderer, Renderer};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// JSON that remembers its keys' order and refuses a key that stands twice.
#[derive(Debug, PartialEq)]
enum Json {
    Scalar,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Scalar)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Scalar)
    }
    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some((key, value)) = pairs.next_entry::<String, Json>()? {
            if object.iter().any(|(other, _)| *other == key) {
                return Err(serde::de::Error::custom(format!("{key:?} stands twice")));
            }
            object.push((key, value));
        }
        Ok(Json::Object(object))
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,40}",
        any::<String>(),
        // What is dangerous, densely.
        "[\\x00-\\x20\"\\\\\\x7f-\\x9f\u{61c}\u{200e}\u{2028}\u{202e}\u{2066}{}:é日]{0,30}",
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    let names = [
        "timestamp",
        "level",
        "event",
        "event_",
        "event__",
        "late",
        "truncated",
        "late_",
        "target",
        "pid",
        "thread",
        "file",
        "line",
        "a",
        "b",
        "",
    ];
    prop_oneof![
        3 => proptest::sample::select(names.to_vec()).prop_map(str::to_owned),
        1 => any_text(),
    ]
}

fn any_value() -> impl Strategy<Value = AnyValue<'static>> {
    let texts = || vec(any_text().prop_map(Into::into), 0..4);
    let leaf = prop_oneof![
        Just(AnyValue::Null),
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::I64),
        any::<u64>().prop_map(AnyValue::U64),
        (0u64..10_000).prop_map(AnyValue::U64),
        any::<i128>().prop_map(AnyValue::I128),
        any::<u128>().prop_map(AnyValue::U128),
        proptest::num::f64::ANY.prop_map(AnyValue::F64),
        any_text().prop_map(|text| AnyValue::Str(text.into())),
        any_text().prop_map(|text| AnyValue::Text(text.into())),
        any::<Vec<u8>>().prop_map(|bytes| AnyValue::Bytes(bytes.into())),
        any::<i64>().prop_map(AnyValue::Timestamp),
        any::<i64>().prop_map(AnyValue::Duration),
        any::<[u8; 16]>().prop_map(AnyValue::Uuid),
        (texts(), texts())
            .prop_map(|(messages, frames)| AnyValue::Error(ErrorChain { messages, frames })),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(AnyValue::List),
            vec((any_key().prop_map(Into::into), inner), 0..8).prop_map(AnyValue::Map),
        ]
    })
}

fn any_fields() -> impl Strategy<Value = Vec<Field<'static>>> {
    let field =
        || (any_key(), any_value()).prop_map(|(key, value)| Field { key: key.into(), value });
    prop_oneof![
        9 => vec(field(), 0..8),
        1 => vec(field(), 20..60),
    ]
}

fn any_event() -> impl Strategy<Value = Event<'static>> {
    let facts = (any::<i64>(), any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>());
    let texts = (any_text(), any_text(), any_text());
    let marks = (any::<bool>(), any::<bool>(), any::<bool>());
    (facts, texts, any_fields(), any_fields(), marks).prop_map(
        |((timestamp_ns, level, pid, tid, line), texts, context, fields, marks)| {
            let (literal, late, truncated) = marks;
            Event {
                timestamp_ns,
                level: Level::new(level),
                target: texts.0.into(),
                event: texts.1.into(),
                literal,
                file: texts.2.into(),
                line,
                callsite: 0,
                pid,
                tid,
                context,
                fields,
                late,
                truncated,
            }
        },
    )
}

/// An event of the same callsite, as a processor could have changed it.
fn changed(event: &Event<'static>, how: u32) -> Event<'static> {
    let mut event = event.clone();
    match how {
        0 => event.event.to_mut().push('}'),
        1 => event.target.to_mut().push('\n'),
        2 => event.level = Level::new(event.level.number() ^ 1),
        3 => drop(event.fields.pop()),
        4 => event.context.extend(event.fields.clone()),
        5 => event.fields.iter_mut().for_each(|field| field.key.to_mut().push('_')),
        6 => event.fields.iter_mut().for_each(|field| field.key = "level".into()),
        7 => event.late = !event.late,
        _ => {}
    }
    event
}

fn harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_kept_of_a_callsite_changes_no_line(
        events in vec(any_event(), 1..4),
        calls in vec((any::<prop::sample::Index>(), 0u32..4, 0u32..16), 200),
        all in any::<bool>(),
    ) {
        let options = if all {
            JsonOptions { digits: Digits::Nine, thread: true, file: true, line: true }
        } else {
            JsonOptions::default()
        };
        let mut kept = JsonRenderer::new(options);
        let mut fresh = JsonRenderer::new(options);
        for (event, callsite, how) in calls {
            let mut event = changed(event.get(&events), how);
            let (mut line, mut expected) = (Vec::new(), Vec::new());
            fresh.render(&event, &mut expected);
            event.callsite = callsite;
            kept.render(&event, &mut line);
            prop_assert_eq!(String::from_utf8(line), String::from_utf8(expected));
        }
    }

    #[test]
    fn one_line_of_json(event in any_event(), all in any::<bool>()) {
        let options = if all {
            JsonOptions { digits: Digits::Nine, thread: true, file: true, line: true }
        } else {
            JsonOptions::default()
        };
        let mut out = b"before\n".to_vec();
        let mut renderer = JsonRenderer::new(options);
        renderer.render(&event, &mut out);
        let first = out.clone();
        renderer.render(&event, &mut out);
        let text = std::str::from_utf8(&out).unwrap();
        let line = text.strip_prefix("before\n").unwrap();
        prop_assert_eq!(line, std::str::from_utf8(&first[7..]).unwrap().repeat(2));

        let line = std::str::from_utf8(&first[7..]).unwrap().strip_suffix('\n').unwrap();
        prop_assert!(!line.contains(harmful), "{:?}", line);
        let Json::Object(pairs) = serde_json::from_str(line).unwrap() else {
            panic!("not an object: {line}")
        };
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        prop_assert_eq!(&keys[..3], &["timestamp", "level", "event"]);
        for field in event.context.iter().chain(&event.fields) {
            let own = |key: &&str| {
                let behind = key.strip_prefix(&*field.key);
                behind.is_some_and(|rest| rest.chars().all(|c| c == '_'))
            };
            prop_assert!(keys[3..].iter().any(own), "{:?} is missing: {}", field.key, line);
        }
        if event.late {
            let late = pairs.iter().find(|(key, _)| key == "late");
            prop_assert!(matches!(late, Some((_, Json::Scalar))));
        }
        if !event.event.contains(['{', '}']) {
            prop_assert_eq!(&pairs[2].1, &Json::Text(event.event.to_string()));
        }
    }
}
