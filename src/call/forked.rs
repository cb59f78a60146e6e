//! A fork in the middle of a log call, as a signal handler that interrupts one can do it. In the
//! child the rest of that call writes nowhere: into a private copy of the segment, with the state that
//! it began with, until it has returned. Then the child registers as any other does.
//!
//! The handlers run around each fork of the process; `thread.rs` asks before a thread registers. What
//! a child logs before the call below it has returned is dropped and counted.
#![expect(unsafe_code, reason = "the interrupted call's state is kept across the wipe of a fork")]

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use std::sync::{Mutex, Once, PoisonError};

use super::producer::Producer;
use super::thread::{self, ThreadState};
use crate::sync::AtomicPtr;
use crate::sync::Ordering::Relaxed;
use crate::sys::{self, apart};

/// Calls that can be inside each other: two in each of two segments.
const DEPTH: usize = 4;

/// A call that a fork came into.
#[derive(Clone, Copy)]
struct Inside {
    producer: &'static Producer,
    state: &'static ThreadState,
}

/// What the child has of its parent's open calls, in pages of its own.
struct Kept {
    calls: [Option<Inside>; DEPTH],
    copies: [MaybeUninit<ThreadState>; DEPTH],
    /// Where the shared pages of each call's segment are; `None` also for a segment's second call.
    shared: [Option<NonNull<u8>>; DEPTH],
    /// Whether this process has its own entry in the segment.
    registered: [bool; DEPTH],
}

thread_local! {
    /// Between the handlers before and after a fork.
    static KEPT: Cell<*mut Kept> = const { Cell::new(ptr::null_mut()) };
}

/// In a child whose calls are not over yet.
static ASIDE: AtomicPtr<Kept> = AtomicPtr::new(ptr::null_mut());
/// Who moves mappings, or looks at them.
static MOVING: Mutex<()> = Mutex::new(());

/// Looks after all forks of this process from now on.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();
    // SAFETY: the handlers call what a forked child may call.
    WATCHED.call_once(|| unsafe {
        libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child));
    });
}

/// Whether this process is the child of a fork inside a call that has not returned yet.
pub(super) fn is_inside() -> bool {
    !ASIDE.load(Relaxed).is_null()
}

/// Puts the segments back when the calls that the fork came into have returned. False: they have not,
/// and nothing may be written.
pub(super) fn settle() -> bool {
    if !is_inside() {
        return true;
    }
    sys::with_signals_blocked(|| {
        let _moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = NonNull::new(ASIDE.load(Relaxed)) else { return true };
        // SAFETY: written in this process's only thread, and under the lock from then on.
        let kept_ref = unsafe { kept.as_ref() };
        let mut calls = kept_ref.calls.iter().flatten();
        if calls.any(|call| call.state.cell.is_closed()) {
            return false;
        }
        for (at, call) in kept_ref.calls.iter().enumerate() {
            let (Some(call), Some(shared)) = (call, kept_ref.shared[at]) else { continue };
            let view = call.producer.segment().view();
            // SAFETY: the calls that used the copy have returned, all others wait or are dropped.
            if !unsafe { apart::put_back(shared, view.len(), view.base()) } {
                return false;
            }
            if !kept_ref.registered[at] {
                // What it says, if anything, the interrupted call wrote.
                call.producer.segment().forget_process();
            }
        }
        ASIDE.store(ptr::null_mut(), Relaxed);
        // SAFETY: nobody finds it any more, and who looks does so under the lock.
        unsafe { apart::unmap(kept.cast(), size_of::<Kept>()) };
        true
    })
}

/// Counts in the segment itself what is logged before the interrupted call has returned.
pub(super) fn count_in(producer: &'static Producer, count: impl FnOnce()) {
    sys::with_signals_blocked(|| {
        let _moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: under the lock.
        let kept = unsafe { ASIDE.load(Relaxed).as_mut() };
        let calls = kept.as_ref().map(|kept| kept.calls).unwrap_or_default();
        let is_it =
            |call: &Option<Inside>| call.is_some_and(|call| ptr::eq(call.producer, producer));
        let at = calls.iter().position(is_it);
        let found = kept.zip(at).and_then(|(kept, at)| Some((kept.shared[at]?, kept, at)));
        let Some((shared, kept, at)) = found else { return count() };
        let view = producer.segment().view();
        // SAFETY: the interrupted call stands still below this one; others of this process come here.
        unsafe {
            apart::with_shared(view.base(), view.len(), shared, || {
                if !kept.registered[at] {
                    producer.segment().forget_process();
                    kept.registered[at] = true;
                }
                count();
            });
        }
    });
}

/// Keeps the states of the calls that this thread is in, which the fork wipes in the child.
extern "C" fn before() {
    let aside = ASIDE.load(Relaxed);
    if let Some(kept) = NonNull::new(aside) {
        // A child of the child, from inside the same call.
        // SAFETY: as in `settle`; only this thread is in those calls.
        unsafe { keep(kept) };
        return KEPT.set(aside);
    }
    let mut calls = [None; DEPTH];
    let mut places = calls.iter_mut();
    for state in thread::inside() {
        if let (Some(producer), Some(place)) = (state.producer.get(), places.next()) {
            *place = Some(Inside { producer, state });
        }
    }
    if calls[0].is_none() {
        return;
    }
    let Some(page) = apart::map_private(size_of::<Kept>()) else { return };
    let kept: NonNull<Kept> = page.cast();
    // SAFETY: zeroed pages of its size, ours alone.
    unsafe {
        (*kept.as_ptr()).calls = calls;
        keep(kept);
    }
    KEPT.set(kept.as_ptr());
}

/// # Safety
/// `kept` is valid, and the calling thread's calls are in it.
unsafe fn keep(kept: NonNull<Kept>) {
    // SAFETY: the caller's promise; the states are copied as bytes, by their own thread.
    unsafe {
        let kept = &mut *kept.as_ptr();
        for (call, copy) in kept.calls.iter().zip(&mut kept.copies) {
            if let Some(call) = call {
                ptr::copy_nonoverlapping(ptr::from_ref(call.state), copy.as_mut_ptr(), 1);
            }
        }
    }
}

extern "C" fn in_parent() {
    let kept = KEPT.replace(ptr::null_mut());
    if let Some(kept) = NonNull::new(kept).filter(|kept| kept.as_ptr() != ASIDE.load(Relaxed)) {
        // SAFETY: mapped before the fork, known to this thread alone.
        unsafe { apart::unmap(kept.cast(), size_of::<Kept>()) };
    }
}

/// Gives the interrupted calls their states back, and memory that is nobody else's to write to.
extern "C" fn in_child() {
    let Some(at) = NonNull::new(KEPT.replace(ptr::null_mut())) else { return };
    // SAFETY: the child's only thread; the pages are its own.
    let kept = unsafe { &mut *at.as_ptr() };
    let is_first = ASIDE.load(Relaxed).is_null();
    kept.registered = [false; DEPTH];
    for index in 0..DEPTH {
        let Some(call) = kept.calls[index] else { break };
        // SAFETY: the state has just been wiped, and its calls are this thread's.
        unsafe { call.state.give_back(kept.copies[index].as_ptr()) };
        let is_known = |known: &Option<Inside>| {
            known.is_some_and(|known| ptr::eq(known.producer, call.producer))
        };
        if is_first && !kept.calls[..index].iter().any(is_known) {
            let view = call.producer.segment().view();
            // SAFETY: the segment's whole mapping; there is no other thread.
            kept.shared[index] = unsafe { apart::put_aside(view.base(), view.len()) };
        }
    }
    thread::forget_all();
    ASIDE.store(at.as_ptr(), Relaxed);
}
