//! Decoded values as values to encode, and a strategy for them.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use crate::record::{AnyValue, Bytes, ErrorChain, Uuid, Value, Writer};

/// Decoded values encode as what they are.
impl Value for AnyValue<'_> {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Null => ().encode(out),
            Self::Bool(value) => value.encode(out),
            Self::I64(value) => value.encode(out),
            Self::U64(value) => value.encode(out),
            Self::I128(value) => value.encode(out),
            Self::U128(value) => value.encode(out),
            Self::F64(value) => value.encode(out),
            Self::Str(value) => value.encode(out),
            Self::Text(value) => out.display(value),
            Self::Bytes(value) => Bytes(value).encode(out),
            Self::Timestamp(ns) if *ns >= 0 => {
                (UNIX_EPOCH + Duration::from_nanos(*ns as u64)).encode(out);
            }
            Self::Timestamp(ns) => {
                (UNIX_EPOCH - Duration::from_nanos(ns.unsigned_abs())).encode(out);
            }
            Self::Duration(ns) => Duration::from_nanos(*ns as u64).encode(out),
            Self::Uuid(bytes) => Uuid(*bytes).encode(out),
            Self::List(items) => items.encode(out),
            Self::Map(pairs) => out.map(|map| {
                for (key, value) in pairs {
                    map.pair(key, value);
                }
            }),
            Self::Error(chain) => out.error(&Chain(chain.messages.clone())),
        }
    }
}

/// An error of these messages.
struct Chain<'a>(Vec<Cow<'a, str>>);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0[0])
    }
}

impl std::fmt::Debug for Chain<'_> {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("an error is logged by its Display")
    }
}

impl std::error::Error for Chain<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let (_, rest) = self.0.split_first()?;
        let rest: Vec<_> = rest.iter().map(|text| Cow::Owned(text.to_string())).collect();
        (!rest.is_empty()).then(|| &*Box::leak(Box::new(Chain(rest))) as _)
    }
}

/// Any value that can be encoded.
pub(super) fn any_value() -> impl Strategy<Value = AnyValue<'static>> {
    let text = || any::<String>().prop_map(Cow::Owned);
    let leaf = prop_oneof![
        Just(AnyValue::Null),
        any::<bool>().prop_map(AnyValue::Bool),
        any::<i64>().prop_map(AnyValue::I64),
        any::<u64>().prop_map(AnyValue::U64),
        any::<i128>().prop_map(AnyValue::I128),
        any::<u128>().prop_map(AnyValue::U128),
        any::<f64>().prop_map(AnyValue::F64),
        text().prop_map(AnyValue::Str),
        text().prop_map(AnyValue::Text),
        any::<Vec<u8>>().prop_map(|bytes| AnyValue::Bytes(bytes.into())),
        (i64::MIN + 1..=i64::MAX).prop_map(AnyValue::Timestamp),
        (0..=i64::MAX).prop_map(AnyValue::Duration),
        any::<[u8; 16]>().prop_map(AnyValue::Uuid),
        prop::collection::vec(text(), 1..5)
            .prop_map(|messages| AnyValue::Error(ErrorChain { messages, frames: vec![] })),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(AnyValue::List),
            prop::collection::vec((text(), inner), 0..8).prop_map(AnyValue::Map),
        ]
    })
}
