//! Calls with a value whose encoding runs user code. All values of such a call are encoded into
//! scratch first, with no record open: what that code logs itself comes before, and its panic stays
//! in its own value. Then the bytes are copied.

use std::error::Error;

use super::emit::{begin, commit};
use super::{Callsite, Logger};
use crate::record::value::{AnyEncode, Value, stage};
use crate::record::{AsError, Scratch, Writer};

/// Whether a value goes straight into the slot.
#[inline(always)]
#[must_use]
pub const fn plain<V: Value + ?Sized>(_: &V) -> bool {
    V::PLAIN
}

/// Emits a record without fields.
#[inline(never)]
pub fn bare(callsite: &'static Callsite, logger: &Logger) {
    let out = begin(callsite, logger, 0);
    if out.is_open() {
        commit(out);
    }
}

/// Encodes the values, then emits them.
#[inline(never)]
pub fn staged(callsite: &'static Callsite, logger: &Logger, values: &[&dyn AnyEncode]) {
    let mut scratch = Scratch::new();
    for value in values {
        stage(&mut scratch, *value);
    }
    let bytes = scratch.bytes();
    let mut out = begin(callsite, logger, bytes.len());
    if out.is_open() {
        out.put_slice(bytes);
        commit(out);
    }
}

/// The value of `err`, to be asked by method for how it is logged.
#[derive(Debug)]
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

/// An error behind a reference.
#[derive(Debug)]
pub struct Inner<'a>(&'a (dyn Error + 'static));

impl Value for Inner<'_> {
    fn encode(&self, out: &mut Writer) {
        out.error(self.0);
    }
}

impl<'a, T: AsRef<dyn Error + 'static>> ByReference<'a> for Probe<'a, T> {
    fn logring_value(&self) -> Inner<'a> {
        Inner(self.0.as_ref())
    }
}
