//! An event: a decoded record, what processors see and renderers print.
//!
//! It borrows from the record's private copy and from the interned callsites where it can, so that
//! decoding allocates nothing for plain values; a processor may put owned data in its place.

use std::borrow::Cow;

use crate::level::Level;

/// A decoded record, or a notice of the drain in the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Nanoseconds since the Unix epoch, UTC.
    pub timestamp_ns: i64,
    /// Its level.
    pub level: Level,
    /// The module, or what `target:` said.
    pub target: Cow<'a, str>,
    /// The event's text with its placeholders unfilled.
    pub event: Cow<'a, str>,
    /// The text is one that was made at run time: braces in it are no placeholders.
    pub literal: bool,
    /// Source file of the call, empty when unknown.
    pub file: Cow<'a, str>,
    /// Line in that file, 0 when unknown.
    pub line: u32,
    /// Number of its callsite in the segment, 0 for none: where to look for what was kept of events
    /// of the same callsite. What stands in this one may be other, since processors change it.
    pub callsite: u32,
    /// Process id, in the process's own pid namespace.
    pub pid: u32,
    /// Thread id, in the same namespace.
    pub tid: u32,
    /// Fields that stay with the logger, thread, task or scope; keys may recur, later wins.
    pub context: Vec<Field<'a>>,
    /// The call's own fields, in call order; they win over the context's.
    pub fields: Vec<Field<'a>>,
    /// Its place in time order had been written when it came.
    pub late: bool,
    /// The record was cut at `max_record_bytes`.
    pub truncated: bool,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// The key.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: AnyValue<'a>,
}

/// A decoded value of any of the kinds that a record can carry.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyValue<'a> {
    /// Nothing (`Option::None`).
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A wide signed integer.
    I128(i128),
    /// A wide unsigned integer.
    U128(u128),
    /// A double; floats of 4 bytes widen by their shortest text (`0.1f32` is `0.1`).
    F64(f64),
    /// Text.
    Str(Cow<'a, str>),
    /// Text made by `Debug` or `Display` in the producer.
    Text(Cow<'a, str>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// Nanoseconds since the Unix epoch.
    Timestamp(i64),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// 16 bytes, printed as a UUID.
    Uuid([u8; 16]),
    /// Values in order.
    List(Vec<Self>),
    /// Pairs in order.
    Map(Vec<(Cow<'a, str>, Self)>),
    /// An error and its sources, outermost first.
    Error(ErrorChain<'a>),
}

/// An error as it was when it was logged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ErrorChain<'a> {
    /// The error's text, then its sources' texts, outermost first.
    pub messages: Vec<Cow<'a, str>>,
    /// Backtrace frames, innermost first; empty when none was captured.
    pub frames: Vec<Cow<'a, str>>,
}

impl Default for Event<'_> {
    fn default() -> Self {
        Self {
            timestamp_ns: 0,
            level: Level::Info,
            target: Cow::Borrowed(""),
            event: Cow::Borrowed(""),
            literal: false,
            file: Cow::Borrowed(""),
            line: 0,
            callsite: 0,
            pid: 0,
            tid: 0,
            context: Vec::new(),
            fields: Vec::new(),
            late: false,
            truncated: false,
        }
    }
}

impl<'a> Event<'a> {
    /// An empty event that takes over what [`Event::into_buffers`] kept.
    #[inline]
    #[must_use]
    pub fn with_buffers([context, fields]: [Vec<Field<'a>>; 2]) -> Self {
        Event { context, fields, ..Event::default() }
    }

    /// The value under `key` that stands: the last of the call's fields, else of the context's.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&AnyValue<'a>> {
        let of = |fields: &'_ [Field<'a>]| fields.iter().rposition(|field| field.key == key);
        match of(&self.fields) {
            Some(at) => Some(&self.fields[at].value),
            None => of(&self.context).map(|at| &self.context[at].value),
        }
    }

    /// Puts `value` in the place of the one that stands under `key`, else behind all fields.
    pub fn set(&mut self, key: &str, value: AnyValue<'a>) {
        let of = |fields: &'_ [Field<'a>]| fields.iter().rposition(|field| field.key == key);
        if let Some(at) = of(&self.fields) {
            self.fields[at].value = value;
        } else if let Some(at) = of(&self.context) {
            self.context[at].value = value;
        } else {
            self.fields.push(Field { key: Cow::Owned(key.to_owned()), value });
        }
    }

    /// Takes all values under `key` out; returns the one that stood.
    pub fn remove(&mut self, key: &str) -> Option<AnyValue<'a>> {
        let mut stood = None;
        for fields in [&mut self.context, &mut self.fields] {
            while let Some(at) = fields.iter().position(|field| field.key == key) {
                stood = Some(fields.remove(at).value);
            }
        }
        stood
    }

    /// A copy that borrows nothing, for a processor that keeps events.
    #[must_use]
    pub fn to_static(&self) -> Event<'static> {
        let own = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
        let all = |fields: &[Field<'_>]| {
            fields
                .iter()
                .map(|field| Field { key: own(&field.key), value: field.value.to_static() })
                .collect()
        };
        Event {
            target: own(&self.target),
            event: own(&self.event),
            file: own(&self.file),
            context: all(&self.context),
            fields: all(&self.fields),
            ..*self
        }
    }

    /// The allocations of its vectors, emptied, for the next record: their memory does not depend
    /// on the lifetime of what stood in them.
    #[inline]
    #[must_use]
    pub fn into_buffers<'b>(self) -> [Vec<Field<'b>>; 2] {
        [empty(self.context), empty(self.fields)]
    }
}

/// Inline, so that the compiler sees that there is nothing to collect.
#[inline(always)]
fn empty<'b>(mut fields: Vec<Field<'_>>) -> Vec<Field<'b>> {
    if fields.capacity() == 0 {
        return Vec::new();
    }
    if fields.iter().all(Field::owns_nothing) {
        // Letting go of them costs nothing, dropping looks at each part of each.
        std::mem::forget(fields.drain(..));
    }
    fields.clear();
    // Collecting an empty vector into one of the same shape reuses its allocation.
    fields.into_iter().map(|_| unreachable!("the vector is empty")).collect()
}

impl AnyValue<'_> {
    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_static(&self) -> AnyValue<'static> {
        let own = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
        match self {
            Self::Null => AnyValue::Null,
            Self::Bool(value) => AnyValue::Bool(*value),
            Self::I64(value) => AnyValue::I64(*value),
            Self::U64(value) => AnyValue::U64(*value),
            Self::I128(value) => AnyValue::I128(*value),
            Self::U128(value) => AnyValue::U128(*value),
            Self::F64(value) => AnyValue::F64(*value),
            Self::Str(text) => AnyValue::Str(own(text)),
            Self::Text(text) => AnyValue::Text(own(text)),
            Self::Bytes(bytes) => AnyValue::Bytes(Cow::Owned(bytes.clone().into_owned())),
            Self::Timestamp(value) => AnyValue::Timestamp(*value),
            Self::Duration(value) => AnyValue::Duration(*value),
            Self::Uuid(value) => AnyValue::Uuid(*value),
            Self::List(items) => AnyValue::List(items.iter().map(Self::to_static).collect()),
            Self::Map(pairs) => AnyValue::Map(
                pairs.iter().map(|(key, value)| (own(key), value.to_static())).collect(),
            ),
            Self::Error(ErrorChain { messages, frames }) => AnyValue::Error(ErrorChain {
                messages: messages.iter().map(own).collect(),
                frames: frames.iter().map(own).collect(),
            }),
        }
    }
}

impl Field<'_> {
    /// Whether this is a number or the like under a borrowed key.
    #[inline(always)]
    fn owns_nothing(&self) -> bool {
        use AnyValue::{Bool, F64, I64, Null, Str, U64};
        matches!(self.key, Cow::Borrowed(_))
            && matches!(
                self.value,
                Null | Bool(_) | I64(_) | U64(_) | F64(_) | Str(Cow::Borrowed(_))
            )
    }
}
