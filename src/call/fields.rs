//! The values of a log call, as one tuple of references: which way they go is decided by their types
//! alone, once for all calls with the same.
//!
//! The macros hand them to [`Fields::emit`], or for a logger that is named to [`Fields::emit_to`].
//! Tuples end at 16; calls with more values go another way, see `macros.rs`.

use super::emit::{self, begin, commit};
use super::logger::DEFAULT;
use super::staged::staged;
use super::{Callsite, Logger};
use crate::record::value::Value;

/// Values of one log call.
pub trait Fields: Copy {
    /// Emits a record of them through the installed segment.
    fn emit(self, callsite: &'static Callsite);
    /// Emits a record of them through a logger.
    fn emit_to(self, callsite: &'static Callsite, logger: &Logger);
}

impl Fields for () {
    #[inline]
    fn emit(self, callsite: &'static Callsite) {
        emit::words0(callsite, 0);
    }

    #[inline]
    fn emit_to(self, callsite: &'static Callsite, logger: &Logger) {
        let out = begin(callsite, logger, 0);
        if out.is_open() {
            commit(out);
        }
    }
}

/// Where all of them are numbers, and there is a function for so many.
macro_rules! words {
    (($self:ident, $callsite:ident) $($any:tt)*) => {};
    ($way:ident ($self:ident, $callsite:ident) $($type:ident $value:ident)*) => {
        if const { $($type::IS_WORD)&&* } {
            let ($($value,)*) = $self;
            $(let $value = $value.word();)*
            return emit::$way($callsite, tags([$($value.0),*]), $($value.1),*);
        }
    };
}

macro_rules! tuples {
    ($([$($type:ident $value:ident)*] $($way:ident)?;)*) => {$(
        impl<$($type: Value + ?Sized),*> Fields for ($(&$type,)*) {
            #[inline]
            fn emit(self, callsite: &'static Callsite) {
                words!($($way)? (self, callsite) $($type $value)*);
                self.emit_to(callsite, &DEFAULT);
            }

            #[inline]
            fn emit_to(self, callsite: &'static Callsite, logger: &Logger) {
                let ($($value,)*) = self;
                if const { $($type::PLAIN)&&* } {
                    let len = 0 $(+ $value.encoded_len())*;
                    let mut out = begin(callsite, logger, len);
                    if out.is_open() {
                        $($value.encode(&mut out);)*
                        commit(out);
                    }
                } else {
                    staged(callsite, logger, &[$(&$value),*]);
                }
            }
        }
    )*};
}

tuples! {
    [A a] words1;
    [A a B b] words2;
    [A a B b C c] words3;
    [A a B b C c D d] words4;
    [A a B b C c D d E e];
    [A a B b C c D d E e F f];
    [A a B b C c D d E e F f G g];
    [A a B b C c D d E e F f G g H h];
    [A a B b C c D d E e F f G g H h I i];
    [A a B b C c D d E e F f G g H h I i J j];
    [A a B b C c D d E e F f G g H h I i J j K k];
    [A a B b C c D d E e F f G g H h I i J j K k L l];
    [A a B b C c D d E e F f G g H h I i J j K k L l M m];
    [A a B b C c D d E e F f G g H h I i J j K k L l M m N n];
    [A a B b C c D d E e F f G g H h I i J j K k L l M m N n O o];
    [A a B b C c D d E e F f G g H h I i J j K k L l M m N n O o P p];
}

/// Up to four tags, filled up with zeros.
#[inline(always)]
fn tags<const N: usize>(tags: [u8; N]) -> u32 {
    let mut all = [0; 4];
    for (to, from) in all.iter_mut().zip(tags) {
        *to = from;
    }
    u32::from_le_bytes(all)
}
