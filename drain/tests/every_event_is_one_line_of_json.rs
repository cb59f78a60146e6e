//! Whatever stands in an event, it is one line, an object of JSON without a key twice, without
//! control characters and without characters that reorder text; and the user's values are in it.

mod any_event;

use any_event::{any_event, is_harmful};
use logring::Level;
use logring::record::Event;
use logring_drain::render::time::Digits;
use logring_drain::render::{JsonRenderer, LineOptions, Renderer};
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_kept_of_a_callsite_changes_no_line(
        events in vec(any_event(), 1..4),
        calls in vec((any::<prop::sample::Index>(), 0u32..4, 0u32..16), 200),
        all in any::<bool>(),
    ) {
        let options = if all {
            LineOptions { digits: Digits::Nine, thread: true, file: true, line: true, colored: false }
        } else {
            LineOptions::default()
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
            LineOptions { digits: Digits::Nine, thread: true, file: true, line: true, colored: false }
        } else {
            LineOptions::default()
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
        prop_assert!(!line.contains(is_harmful), "{:?}", line);
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
