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

/// Where one is a text and all others are numbers, and there is a function for so many.
macro_rules! text {
    (($self:ident, $callsite:ident) $($any:tt)*) => {};
    ($way:ident ($($number:ident)*) ($self:ident, $callsite:ident) $($type:ident $value:ident)*) => {
        if const { is_one_text(&[$(($type::IS_SIZED, $type::IS_WORD)),*]) } {
            let ($($value,)*) = $self;
            let (mut tag, mut text): (_, &[u8]) = (0, &[]);
            $(
                if const { $type::IS_SIZED } {
                    (tag, text) = $value.sized();
                }
            )*
            let words = [$($value.word()),*];
            let at = const { place_of_text(&[$($type::IS_SIZED),*]) };
            let [$($number),*] = numbers(&words, at);
            return emit::$way($callsite, emit::meta(tags([$($number.0),*]), tag, at), text, $($number.1),*);
        }
    };
}

/// Where the text is among the values.
const fn place_of_text(texts: &[bool]) -> usize {
    let mut at = 0;
    while at < texts.len() && !texts[at] {
        at += 1;
    }
    at
}

/// All words but the one at `at`.
#[inline(always)]
fn numbers<const N: usize>(words: &[(u8, u64)], at: usize) -> [(u8, u64); N] {
    std::array::from_fn(|index| {
        let index = if index < at { index } else { index + 1 };
        words.get(index).copied().unwrap_or_default()
    })
}

/// Whether of these, each a text or a number, one is a text.
const fn is_one_text(types: &[(bool, bool)]) -> bool {
    let (mut at, mut texts) = (0, 0);
    while at < types.len() {
        let (is_text, is_number) = types[at];
        if !is_text && !is_number {
            return false;
        }
        texts += is_text as usize;
        at += 1;
    }
    texts == 1
}

macro_rules! tuples {
    ($([$($type:ident $value:ident)*] $($way:ident $text:ident $numbers:tt)?;)*) => {$(
        impl<$($type: Value + ?Sized),*> Fields for ($(&$type,)*) {
            #[inline]
            fn emit(self, callsite: &'static Callsite) {
                words!($($way)? (self, callsite) $($type $value)*);
                text!($($text $numbers)? (self, callsite) $($type $value)*);
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
    [A a] words1 text0 ();
    [A a B b] words2 text1 (k);
    [A a B b C c] words3 text2 (k l);
    [A a B b C c D d] words4 text3 (k l m);
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
