//! What a log call can carry: the [`Value`] trait and its implementations for plain types.
//!
//! A plain value (numbers, text, times, and references to them) runs no user code when it is
//! encoded, so it goes straight into the slot. All else (`Debug`, `Display`, errors, collections,
//! a user's own types) is encoded into scratch before the record is opened, see [`stage`].

use std::borrow::Cow;
use std::num::{NonZero, Saturating, Wrapping};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bincode::config;

use super::decode;
use super::writer::{Scratch, Writer};
use crate::layout::value as tag;

/// A value that a log call can carry.
///
/// An implementation encodes exactly one value: it hands on to another value's `encode`, or calls
/// one of [`Writer::list`], [`Writer::map`], [`Writer::display`], [`Writer::debug`],
/// [`Writer::error`] once. What it encodes is checked: anything else than one value is logged as
/// `<malformed value>`, and a panic as `<panicked>`.
///
/// Own structs and enums get it by `derive(Value)`, with the feature `derive`; what has a
/// `serde::Serialize` is logged as `AsSerde(&value)`, with the feature `serde`. Whatever else needs a
/// hand:
///
/// ```
/// use logring::{Value, Writer};
///
/// struct Point {
///     x: i64,
///     y: i64,
/// }
///
/// impl Value for Point {
///     fn encode(&self, out: &mut Writer) {
///         out.map(|map| {
///             map.pair("x", &self.x).pair("y", &self.y);
///         });
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value that a log call can carry",
    note = "`?value` logs it by `Debug`, `%value` by `Display`; `derive(logring::Value)` (feature \
            `derive`) or `impl logring::Value` as what it is"
)]
pub trait Value {
    /// Bytes that [`Value::encode`] puts; exact for plain values, of no meaning for others.
    #[doc(hidden)]
    fn encoded_len(&self) -> usize {
        0
    }

    /// Encodes the value.
    fn encode(&self, out: &mut Writer);

    /// Whether `encode` runs no user code, allocates nothing and puts `encoded_len` bytes.
    #[doc(hidden)]
    const PLAIN: bool = false;

    /// Whether it is plain, and [`Value::word`] says all of it.
    #[doc(hidden)]
    const IS_WORD: bool = false;

    /// What `encode` puts, a tag and 8 bytes.
    #[doc(hidden)]
    fn word(&self) -> (u8, u64) {
        (tag::NULL, 0)
    }

    /// Whether it is plain, and [`Value::sized`] says all of it.
    #[doc(hidden)]
    const IS_SIZED: bool = false;

    /// What `encode` puts, a tag, a length of 4 bytes, and these bytes.
    #[doc(hidden)]
    fn sized(&self) -> (u8, &[u8]) {
        (tag::STR, &[])
    }
}

/// Any value, behind a pointer.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value that a log call can carry",
    note = "`?value` logs it by `Debug`, `%value` by `Display`; `derive(logring::Value)` (feature \
            `derive`) or `impl logring::Value` as what it is"
)]
pub trait AnyEncode {
    /// [`Value::encode`].
    fn encode_any(&self, out: &mut Writer);
}

impl<T: Value + ?Sized> AnyEncode for T {
    fn encode_any(&self, out: &mut Writer) {
        self.encode(out);
    }
}

/// Puts one value into scratch, whatever its encoding does: a panic becomes the text `<panicked>`,
/// and bytes that are not one value become `<malformed value>`. One that does not fit is cut, and
/// nothing comes behind it ([`Scratch::is_full`]).
pub fn stage(scratch: &mut Scratch, value: &dyn AnyEncode) {
    if scratch.is_full() {
        return;
    }
    let start = scratch.bytes().len();
    let outcome = catch_unwind(AssertUnwindSafe(|| scratch.write(|out| value.encode_any(out))));
    let substitute = match outcome {
        Ok(()) if scratch.is_full() || decode::is_one_value(&scratch.bytes()[start..]) => return,
        Ok(()) => "<malformed value>",
        Err(payload) => {
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            "<panicked>"
        }
    };
    scratch.truncate(start);
    scratch.write(|out| out.put_sized(tag::TEXT, substitute.as_bytes()));
}

/// Bytes that stand for a value too long to be kept, for what has to be one whole value.
pub(crate) fn too_long() -> Vec<u8> {
    let mut scratch = Scratch::new();
    scratch.write(|out| out.put_sized(tag::TEXT, b"<value of more than 16 MiB>"));
    scratch.bytes().to_vec()
}

/// A value's bytes in bincode's fixed-int form.
#[inline(always)]
fn fixed<const N: usize>(value: impl bincode::Encode) -> [u8; N] {
    /// Takes what fits, and never fails: the length is known where it is called.
    struct Array<const N: usize> {
        bytes: [u8; N],
        len: usize,
    }
    impl<const N: usize> bincode::enc::write::Writer for &mut Array<N> {
        #[inline(always)]
        fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
            if let Some(to) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
                to.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            Ok(())
        }
    }
    let mut array = Array { bytes: [0; N], len: 0 };
    // The writer never fails, and no value that comes here has an encoding that does.
    let _ = bincode::encode_into_writer(value, &mut array, config::legacy());
    array.bytes
}

/// Numbers, widened to 8 or 16 bytes.
macro_rules! numbers {
    ($($($type:ty),* => $tag:ident, $wide:ty, $len:literal;)*) => {$($(
        impl Value for $type {
            const PLAIN: bool = true;
            #[inline(always)]
            fn encoded_len(&self) -> usize {
                1 + $len
            }
            #[inline(always)]
            fn encode(&self, out: &mut Writer) {
                out.put_fixed(tag::$tag, fixed::<$len>(*self as $wide));
            }
            const IS_WORD: bool = true;
            #[inline(always)]
            fn word(&self) -> (u8, u64) {
                (tag::$tag, u64::from_le_bytes(fixed::<8>(*self as $wide)))
            }
        }
    )*)*};
}

numbers! {
    i8, i16, i32, i64, isize => I64, i64, 8;
    u8, u16, u32, u64, usize => U64, u64, 8;
    f64 => F64, f64, 8;
}

/// Types whose value is another plain value.
macro_rules! like {
    (@word $self:ident $value:expr) => {
        const IS_WORD: bool = true;
        #[inline(always)]
        fn word(&$self) -> (u8, u64) {
            $value.word()
        }
    };
    (@sized $self:ident $value:expr) => {
        const IS_SIZED: bool = true;
        #[inline(always)]
        fn sized(&$self) -> (u8, &[u8]) {
            $value.sized()
        }
    };
    ($($type:ty: $self:ident => $value:expr $(, $by:ident)?;)*) => {$(
        impl Value for $type {
            const PLAIN: bool = true;
            $(like!(@$by $self $value);)?
            #[inline(always)]
            fn encoded_len(&$self) -> usize {
                $value.encoded_len()
            }
            #[inline(always)]
            fn encode(&$self, out: &mut Writer) {
                $value.encode(out);
            }
        }
    )*};
}

like! {
    f32: self => widen(*self), word;
    NonZero<i8>: self => self.get(), word;
    NonZero<i16>: self => self.get(), word;
    NonZero<i32>: self => self.get(), word;
    NonZero<i64>: self => self.get(), word;
    NonZero<isize>: self => self.get(), word;
    NonZero<u8>: self => self.get(), word;
    NonZero<u16>: self => self.get(), word;
    NonZero<u32>: self => self.get(), word;
    NonZero<u64>: self => self.get(), word;
    NonZero<usize>: self => self.get(), word;
    NonZero<i128>: self => self.get();
    NonZero<u128>: self => self.get();
    String: self => self.as_str(), sized;
    Cow<'_, str>: self => (**self), sized;
    char: self => *self.encode_utf8(&mut [0; 4]);
}

/// Types of a tag and a payload that one expression gives.
macro_rules! tagged {
    ($($type:ty: $self:ident => $tag:expr, $payload:expr, $len:literal;)*) => {$(
        impl Value for $type {
            const PLAIN: bool = true;
            #[inline(always)]
            fn encoded_len(&self) -> usize {
                1 + $len
            }
            #[inline(always)]
            fn encode(&$self, out: &mut Writer) {
                out.put_fixed($tag, fixed::<$len>($payload));
            }
        }
    )*};
}

tagged! {
    (): self => tag::NULL, (), 0;
    bool: self => tag::FALSE + u8::from(*self), (), 0;
    Duration: self => tag::DURATION, i64::try_from(self.as_nanos()).unwrap_or(i64::MAX), 8;
    SystemTime: self => tag::TIMESTAMP, since_epoch_ns(*self), 8;
}

/// Types of a tag and 16 bytes.
macro_rules! wide {
    ($($type:ty: $self:ident => $tag:ident, $payload:expr;)*) => {$(
        impl Value for $type {
            const PLAIN: bool = true;
            #[inline(always)]
            fn encoded_len(&self) -> usize {
                1 + 16
            }
            #[inline(always)]
            fn encode(&$self, out: &mut Writer) {
                out.put_fixed(tag::$tag, []);
                out.put_slice(&fixed::<16>($payload));
            }
        }
    )*};
}

wide! {
    i128: self => I128, *self;
    u128: self => U128, *self;
    Uuid: self => UUID, self.0;
}

/// 16 bytes that print as a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

/// Raw bytes, where a slice would be a list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Value for Bytes<'_> {
    const PLAIN: bool = true;
    #[inline(always)]
    fn encoded_len(&self) -> usize {
        5 + self.0.len()
    }
    #[inline(always)]
    fn encode(&self, out: &mut Writer) {
        out.put_sized(tag::BYTES, self.0);
    }
    const IS_SIZED: bool = true;
    #[inline(always)]
    fn sized(&self) -> (u8, &[u8]) {
        (tag::BYTES, self.0)
    }
}

impl Value for str {
    const PLAIN: bool = true;
    #[inline(always)]
    fn encoded_len(&self) -> usize {
        5 + self.len()
    }
    #[inline(always)]
    fn encode(&self, out: &mut Writer) {
        out.put_sized(tag::STR, self.as_bytes());
    }
    const IS_SIZED: bool = true;
    #[inline(always)]
    fn sized(&self) -> (u8, &[u8]) {
        (tag::STR, self.as_bytes())
    }
}

impl<T: Value> Value for Option<T> {
    const PLAIN: bool = T::PLAIN;
    #[inline(always)]
    fn encoded_len(&self) -> usize {
        self.as_ref().map_or(1, T::encoded_len)
    }
    #[inline(always)]
    fn encode(&self, out: &mut Writer) {
        match self {
            Some(value) => value.encode(out),
            None => ().encode(out),
        }
    }
}

macro_rules! pointers {
    ($($type:ty),*) => {$(
        impl<T: Value + ?Sized> Value for $type {
            const PLAIN: bool = T::PLAIN;
            #[inline(always)]
            fn encoded_len(&self) -> usize {
                (**self).encoded_len()
            }
            #[inline(always)]
            fn encode(&self, out: &mut Writer) {
                (**self).encode(out);
            }
            const IS_WORD: bool = T::IS_WORD;
            #[inline(always)]
            fn word(&self) -> (u8, u64) {
                (**self).word()
            }
            const IS_SIZED: bool = T::IS_SIZED;
            #[inline(always)]
            fn sized(&self) -> (u8, &[u8]) {
                (**self).sized()
            }
        }
    )*};
}

pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

macro_rules! newtypes {
    ($($type:ident),*) => {$(
        impl<T: Value> Value for $type<T> {
            const PLAIN: bool = T::PLAIN;
            #[inline(always)]
            fn encoded_len(&self) -> usize {
                self.0.encoded_len()
            }
            #[inline(always)]
            fn encode(&self, out: &mut Writer) {
                self.0.encode(out);
            }
            const IS_WORD: bool = T::IS_WORD;
            #[inline(always)]
            fn word(&self) -> (u8, u64) {
                self.0.word()
            }
        }
    )*};
}

newtypes!(Wrapping, Saturating);

/// The double whose shortest text is that of `value`: `0.1f32` is logged as `0.1`, not as
/// `0.10000000149011612`.
#[inline]
fn widen(value: f32) -> f64 {
    if value == 0.0 {
        return f64::from(value);
    }
    // Where integers are exact, the nearest decimal fraction of few places is found by rounding.
    for scale in [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6] {
        let decimal = (f64::from(value) * scale).round() / scale;
        if decimal as f32 == value && decimal.abs() < 16_777_216.0 && decimal.abs() >= 1e-3 {
            return decimal;
        }
    }
    widen_by_text(value)
}

#[cold]
fn widen_by_text(value: f32) -> f64 {
    let mut text = crate::record::text::Short::<32>::new();
    let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{value:e}"));
    text.as_str().parse().unwrap_or(f64::from(value))
}

/// Nanoseconds since the Unix epoch; times past the years 1678 to 2262 are as near as it goes.
#[inline]
fn since_epoch_ns(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}
