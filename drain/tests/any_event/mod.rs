//! Events as bad as they can be, for the tests of the renderers: any text in every place that takes
//! text, any kind of value, keys that recur and keys that are taken.

use logring::Level;
use logring::record::{AnyValue, ErrorChain, Event, Field};
use proptest::collection::vec;
use proptest::prelude::*;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,40}",
        any::<String>(),
        // What is dangerous, densely.
        "[\\x00-\\x20\"'=\\\\\\x7f-\\x9f\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}{}:é日]{0,30}",
        // One of it, in otherwise plain text of any length.
        (
            "[a-z]{0,40}",
            "[\\x00-\\x20\"'=\\\\\\x7f-\\x9f\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}é]",
            "[a-z]{0,40}",
        )
            .prop_map(|(before, one, after)| before + &one + &after),
        proptest::sample::select(vec![
            "\u{1b}[31mred\u{1b}[0m",
            "x\n2026-11-21T22:14:03.123456Z [info     ] forged",
            "a=b \"c=d",
            "one\r\n\ttwo\n",
            "it's \"so\"",
            "C:\\temp\\",
        ])
        .prop_map(str::to_owned),
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
        "exception",
        "stack",
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

pub(crate) fn any_event() -> impl Strategy<Value = Event<'static>> {
    let facts = (any::<i64>(), any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>());
    let texts = (any_text(), any_text(), any_text());
    let marks = (any::<bool>(), any::<bool>(), any::<bool>());
    (facts, texts, any_fields(), any_fields(), marks).prop_map(
        |(
            (timestamp_ns, level, pid, tid, line),
            texts,
            context,
            fields,
            (literal, late, truncated),
        )| {
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

/// Whether a character must not stand in any output.
pub(crate) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}')
}
