//! Calls with a value whose encoding runs user code. All values of such a call are encoded into
//! scratch first, with no record open: what that code logs itself comes before, and its panic stays
//! in its own value. Then the bytes are copied.

use std::error::Error;
use std::fmt;

use super::emit::{begin, begin_record, commit};
use super::{Callsite, Logger};
use crate::layout::record::flags;
use crate::level::Level;
use crate::record::backtrace;
use crate::record::text::shown;
use crate::record::value::{AnyEncode, Value, stage};
use crate::record::{AsError, Scratch, Writer};

/// Whether a value goes straight into the slot.
#[inline(always)]
#[must_use]
pub const fn plain<V: Value + ?Sized>(_: &V) -> bool {
    V::PLAIN
}

/// Encodes the values, then emits them.
#[inline(never)]
pub fn staged(callsite: &'static Callsite, logger: &Logger, values: &[&dyn AnyEncode]) {
    let mut scratch = Scratch::new();
    for value in values {
        stage(&mut scratch, *value);
    }
    let bytes = scratch.bytes();
    let mut out = if scratch.is_full() {
        let level = Level::new(callsite.facts().level);
        begin_record(&callsite, logger, level, flags::TRUNCATED, bytes.len())
    } else {
        begin(callsite, logger, bytes.len())
    };
    if out.is_open() {
        out.put_slice(bytes);
        commit(out);
    }
}

/// The value of `err`, to be asked by method for how it is logged.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// First choice: it is a value.
pub trait ByValue<'a> {
    /// How it is logged.
    type As: Value;
    /// The value to log.
    fn logring_value(&self) -> Self::As;
}

impl<'a, T: Value + ?Sized> ByValue<'a> for &&Probe<'a, T> {
    type As = &'a T;
    fn logring_value(&self) -> &'a T {
        self.0
    }
}

/// Second choice: it is an error.
pub trait ByError<'a> {
    /// How it is logged.
    type As: Value;
    /// The value to log.
    fn logring_value(&self) -> Self::As;
}

impl<'a, T: Error> ByError<'a> for &Probe<'a, T> {
    type As = AsError<'a, T>;
    fn logring_value(&self) -> AsError<'a, T> {
        AsError(self.0)
    }
}

/// Third choice: it has an error inside, as the error types of application crates do.
pub trait ByReference<'a> {
    /// The value to log.
    fn logring_value(&self) -> Inner<'a>;
}

/// What is none of these: a compile error that says so.
pub trait ByNothing<'a> {
    /// There is none.
    fn logring_value(self) -> ()
    where
        Self: Sized,
        Self::Whole: ValueOrError;
    /// What stands behind `err`.
    type Whole: ?Sized;
}

impl<'a, T: ?Sized> ByNothing<'a> for Probe<'a, T> {
    type Whole = T;
    fn logring_value(self)
    where
        T: ValueOrError,
    {
    }
}

/// Nothing implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a value that a log call can carry nor an error",
    note = "`err = ?value` logs it by `Debug`, `err = %value` by `Display`; `impl std::error::Error` logs \
            it with its sources"
)]
pub trait ValueOrError {}

/// An error behind a reference, and the whole, whose `Debug` may have a backtrace in it.
pub struct Inner<'a> {
    error: &'a (dyn Error + 'static),
    whole: &'a dyn fmt::Debug,
}

impl fmt::Debug for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.fmt(f)
    }
}

impl Value for Inner<'_> {
    fn encode(&self, out: &mut Writer) {
        let whole = shown(&format_args!("{:?}", self.whole));
        out.put_chain(self.error, backtrace::within(&whole));
    }
}

impl<'a, T: AsRef<dyn Error + 'static> + fmt::Debug> ByReference<'a> for Probe<'a, T> {
    fn logring_value(&self) -> Inner<'a> {
        Inner { error: self.0.as_ref(), whole: self.0 }
    }
}

/// A value whose `encode` is a closure: what `derive(Value)` makes of a variant's fields.
pub struct ByCall<F>(pub F);

impl<F> fmt::Debug for ByCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByCall")
    }
}

impl<F: Fn(&mut Writer)> Value for ByCall<F> {
    fn encode(&self, out: &mut Writer) {
        (self.0)(out);
    }
}
