//! Decoded values by themselves: owned, shown as text, compared with what a program has.

use std::borrow::Cow;
use std::fmt;

use super::event::{AnyValue, ErrorChain, Event, Field};

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Event<'_> {
    /// The same with its texts copied.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let own_all = |fields: Vec<Field<'_>>| fields.into_iter().map(Field::into_owned).collect();
        Event {
            target: own(self.target),
            event: own(self.event),
            file: own(self.file),
            context: own_all(self.context),
            fields: own_all(self.fields),
            timestamp_ns: self.timestamp_ns,
            level: self.level,
            line: self.line,
            callsite: self.callsite,
            pid: self.pid,
            tid: self.tid,
            late: self.late,
            truncated: self.truncated,
            literal: self.literal,
        }
    }
}

impl Field<'_> {
    /// The same with its texts copied.
    #[must_use]
    pub fn into_owned(self) -> Field<'static> {
        Field { key: own(self.key), value: self.value.into_owned() }
    }
}

impl AnyValue<'_> {
    /// The same with its texts copied.
    #[must_use]
    pub fn into_owned(self) -> AnyValue<'static> {
        match self {
            Self::Null => AnyValue::Null,
            Self::Bool(value) => AnyValue::Bool(value),
            Self::I64(value) => AnyValue::I64(value),
            Self::U64(value) => AnyValue::U64(value),
            Self::I128(value) => AnyValue::I128(value),
            Self::U128(value) => AnyValue::U128(value),
            Self::F64(value) => AnyValue::F64(value),
            Self::Str(text) => AnyValue::Str(own(text)),
            Self::Text(text) => AnyValue::Text(own(text)),
            Self::Bytes(bytes) => AnyValue::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Timestamp(at) => AnyValue::Timestamp(at),
            Self::Duration(span) => AnyValue::Duration(span),
            Self::Uuid(bytes) => AnyValue::Uuid(bytes),
            Self::List(items) => AnyValue::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Map(pairs) => {
                let pairs = pairs.into_iter().map(|(key, value)| (own(key), value.into_owned()));
                AnyValue::Map(pairs.collect())
            }
            Self::Error(chain) => AnyValue::Error(ErrorChain {
                messages: chain.messages.into_iter().map(own).collect(),
                frames: chain.frames.into_iter().map(own).collect(),
            }),
        }
    }

    /// The text of a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is this integer.
    fn is_integer(&self, wanted: i128) -> bool {
        match *self {
            Self::I64(value) => i128::from(value) == wanted,
            Self::U64(value) => i128::from(value) == wanted,
            Self::I128(value) => value == wanted,
            Self::U128(value) => i128::try_from(value) == Ok(wanted),
            _ => false,
        }
    }
}

/// A short form for people: texts as they are, lists and maps as `Debug` shows them. Not escaped: for
/// lines there are the drain's renderers.
impl fmt::Display for AnyValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::I64(value) | Self::Timestamp(value) | Self::Duration(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::I128(value) => value.fmt(f),
            Self::U128(value) => value.fmt(f),
            Self::F64(value) => fmt::Debug::fmt(value, f),
            Self::Str(text) | Self::Text(text) => text.fmt(f),
            Self::Bytes(bytes) => fmt::Debug::fmt(bytes, f),
            Self::Uuid(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(pairs) => {
                f.debug_map().entries(pairs.iter().map(|(key, value)| (key, value))).finish()
            }
            Self::Error(chain) => f.write_str(&chain.messages.join(": ")),
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl PartialEq<$type> for AnyValue<'_> {
            fn eq(&self, other: &$type) -> bool {
                self.is_integer(i128::from(*other))
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl PartialEq<usize> for AnyValue<'_> {
    fn eq(&self, other: &usize) -> bool {
        self.is_integer(*other as i128)
    }
}

impl PartialEq<f64> for AnyValue<'_> {
    fn eq(&self, other: &f64) -> bool {
        matches!(self, Self::F64(value) if value == other)
    }
}

impl PartialEq<bool> for AnyValue<'_> {
    fn eq(&self, other: &bool) -> bool {
        matches!(self, Self::Bool(value) if value == other)
    }
}

impl PartialEq<str> for AnyValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for AnyValue<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl PartialEq<String> for AnyValue<'_> {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == Some(other.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_with_what_a_program_has() {
        assert!(AnyValue::U64(7) == 7 && AnyValue::I64(7) == 7u8 && AnyValue::I128(7) == 7usize);
        assert!(AnyValue::I64(-1) != u64::MAX && AnyValue::U128(u128::MAX) != -1);
        assert!(AnyValue::F64(1.5) == 1.5 && AnyValue::F64(1.0) != 1);
        assert!(AnyValue::Bool(true) == true && AnyValue::U64(1) != true);
        assert!(AnyValue::Str("a".into()) == "a" && AnyValue::Text("a".into()) == *"a");
        assert!(AnyValue::Str("1".into()) != 1 && AnyValue::Null != "null");
    }

    #[test]
    fn values_as_text() {
        let map = AnyValue::Map(vec![("k".into(), AnyValue::List(vec![AnyValue::U64(1)]))]);
        let chain = ErrorChain { messages: vec!["a".into(), "b".into()], frames: Vec::new() };
        for (value, text) in [
            (AnyValue::Null, "null"),
            (AnyValue::F64(2.0), "2.0"),
            (AnyValue::Str("a b".into()), "a b"),
            (map, "{\"k\": List([U64(1)])}"),
            (AnyValue::Error(chain), "a: b"),
            (AnyValue::Bytes(Cow::Borrowed(b"\0\x01")), "[0, 1]"),
        ] {
            assert_eq!(value.to_string(), text);
            assert_eq!(value.clone().into_owned(), value);
        }
    }
}
