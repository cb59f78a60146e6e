//! The process's context: in the records of all threads, from the next call on.
#![expect(unsafe_code, reason = "a log call reaches it by a pointer")]

use std::ptr;

use super::fields::Fields;
use super::pairs::{Encoded, Pair, Pairs, merge, remove};
use crate::call::thread;
use crate::sync::{AtomicPtr, order};

/// A state of the process's context. None is ever freed: another thread may be copying it.
struct State {
    pairs: Vec<Pair>,
    encoded: Option<Encoded>,
    /// The one before, so that it does not count as lost.
    _before: Option<&'static Self>,
}

/// Null or leaked.
static STATE: AtomicPtr<State> = AtomicPtr::new(ptr::null_mut());

#[inline(always)]
fn state() -> Option<&'static State> {
    // SAFETY: null, or a box that was leaked before it was stored here.
    unsafe { STATE.load(order::context_load()).as_ref() } // pair:context
}

/// Its bytes.
#[inline(always)]
pub(super) fn encoded() -> Option<&'static Encoded> {
    state()?.encoded.as_ref()
}

/// Binds pairs for the whole process: they stand in the records of all its threads from now on, before
/// all other context, and a key that is there already is replaced. A forked child has them as well.
///
/// It is meant for what holds as long as the process lives, such as its version: each change keeps some
/// bytes until the process ends, and makes the calls of all threads go the way that copies context.
///
/// ```
/// use logring::{context, kv};
///
/// context::bind_process(kv! { version = "1.4.2" });
/// assert_eq!(context::get_process().to_string(), "version=1.4.2");
/// context::unbind_process(&["version"]);
/// assert!(context::get_process().is_empty());
/// ```
pub fn bind_process(pairs: Pairs) {
    let pairs = pairs.into_vec();
    change(|known| merge(known, pairs.iter().cloned()));
}

/// Takes the pairs of these keys out of the process's context; keys that are not bound are passed by.
pub fn unbind_process(keys: &[&str]) {
    change(|known| remove(known, keys));
}

/// What the process has bound.
#[must_use]
pub fn get_process() -> Fields {
    Fields::of(pairs())
}

pub(super) fn pairs() -> &'static [Pair] {
    state().map_or(&[][..], |state| &state.pairs)
}

pub(super) fn clear() {
    change(Vec::clear);
}

fn change(action: impl Fn(&mut Vec<Pair>)) {
    loop {
        let before = state();
        let mut pairs = before.map(|state| state.pairs.clone()).unwrap_or_default();
        action(&mut pairs);
        let same = |known: &[Pair]| {
            known.len() == pairs.len() && known.iter().zip(&pairs).all(|(a, b)| a.is_same(b))
        };
        if same(before.map_or(&[], |state| &state.pairs)) {
            return;
        }
        let encoded = Encoded::of(&mut pairs, None);
        let expected = before.map_or(ptr::null_mut(), |state| ptr::from_ref(state).cast_mut());
        let new = Box::into_raw(Box::new(State { pairs, encoded, _before: before }));
        // pair:context
        if STATE
            .compare_exchange(expected, new, order::context_store(), order::context_load())
            .is_ok()
        {
            break;
        }
        // SAFETY: nobody else has seen it.
        drop(unsafe { Box::from_raw(new) });
    }
    if encoded().is_some() {
        thread::all_take_long_way();
    }
}
