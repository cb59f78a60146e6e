//! The one door for atomics: the processor's, or the model checker's under `cfg(logring_loom)`.
//!
//! Each ordering of the protocol that is not relaxed has a name here and is used by that name, so
//! that the models can weaken each one and see it fail (`ci/loom.sh`).

#[cfg(not(logring_loom))]
pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, fence};

#[cfg(logring_loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// A compiler fence has no meaning for the model (it is argued in ARCHITECTURE.md), but it stands
/// where a signal handler may see a difference.
#[cfg(logring_loom)]
pub fn compiler_fence(_: Ordering) {
    signal::point();
}

/// A fence of the ring's protocol, by its name in [`order`].
#[inline(always)]
pub fn named_fence(order: Ordering) {
    // The model checker knows no fence that orders nothing: weakened, it is none.
    #[cfg(logring_loom)]
    if order == Ordering::Relaxed {
        return;
    }
    fence(order);
}

/// Two steps on what this thread alone uses, in this order also for a signal handler of the thread.
/// The models turn the order round by its name.
#[inline(always)]
pub fn in_order<A, B>(
    _reversed: &str,
    first: impl FnOnce() -> A,
    second: impl FnOnce() -> B,
) -> (A, B) {
    #[cfg(logring_loom)]
    if weaken::is(_reversed) {
        let second = second();
        compiler_fence(Ordering::SeqCst);
        return (first(), second);
    }
    let first = first();
    compiler_fence(Ordering::SeqCst);
    (first, second())
}

/// The orderings of the protocol, by name. `pair:x` joins a store to the loads that rely on it.
pub mod order {
    use super::Ordering;

    macro_rules! orderings {
        ($($(#[$doc:meta])* $name:ident: $order:ident;)*) => {
            $(
                $(#[$doc])*
                #[inline(always)]
                #[must_use]
                pub fn $name() -> Ordering {
                    #[cfg(logring_loom)]
                    if super::weaken::is(stringify!($name)) {
                        return Ordering::Relaxed;
                    }
                    Ordering::$order
                }
            )*

            /// The names of all orderings, for the models.
            pub const ALL: &[&str] = &[$(stringify!($name)),*];
        };
    }

    orderings! {
        /// pair:commit. The stamp that publishes a record, with it the record's bytes.
        commit_store: Release;
        /// pair:commit. The drain's look at a stamp; the bytes are read after it.
        commit_load: Acquire;
        /// pair:begun. The owner's first word in a new block, before its first mark there.
        begun_store: Release;
        /// pair:begun. The drain's look at it; the block's stamps are read after it.
        begun_load: Acquire;
        /// pair:free. The drain gives a block back, its last reads of the block before it.
        free_store: Release;
        /// pair:free. A claim; the new owner's first stores come after the drain's last reads.
        claim_cas: Acquire;
        /// pair:over. The drain's look whether a lane is over; what the lane wrote is read after it.
        over_load: Acquire;
        /// pair:over. The end of a lane, where a test plays the kernel's part.
        over_store: Release;
        /// pair:attempted. The last sequence that was dropped, after all earlier commits.
        attempted_store: Release;
        /// pair:attempted. The drain's look at it, before the lane's stamps.
        attempted_load: Acquire;
        /// pair:page. A page of thread states, zeroed, hangs in the list.
        page_cas: AcqRel;
        /// pair:page. A look along the list of pages.
        page_load: Acquire;
        /// pair:flush. A process asks for a flush, after what it logged.
        flush_cas: Release;
        /// pair:flush. The drain's look at the newest flush, before its watermark.
        flush_load: Acquire;
        /// pair:flush-done. The drain says which flush is done, all its writes before it.
        flush_done_store: Release;
        /// pair:flush-done. A caller of flush looks.
        flush_done_load: Acquire;
        /// pair:entry. A process or lane entry given back, zeroed before.
        entry_free: Release;
        /// pair:entry. An entry taken; the new owner's stores come after the zeroing.
        entry_cas: Acquire;
        /// pair:entry. A look at a lane entry's word by who takes nothing; what was written before the
        /// entry was given back is read after it.
        entry_load: Acquire;
        /// pair:recycle. Behind a claim, before the block's new owner stores anything into it.
        recycle_fence: Release;
        /// pair:recycle. A reader that does not hold the block back looks at its word again, after
        /// it has copied.
        recheck_fence: Acquire;
        /// pair:live. A process entry's pid, then its word: the fields that prove its death before.
        live_store: Release;
        /// pair:live. A look at them; the fields are read after it.
        live_load: Acquire;
        /// pair:own. What a process knows of its own entry, told to its other threads.
        own_store: Release;
        /// pair:own. Their look at it.
        own_load: Acquire;
        /// pair:own. One thread of a process registers it.
        own_cas: Acquire;
        /// pair:ready. A dictionary entry, its bytes before it.
        ready_store: Release;
        /// pair:ready. A look at it; the bytes are read after it.
        ready_load: Acquire;
        /// pair:anchor. An odd sequence before the values of a clock anchor change.
        anchor_open: Release;
        /// pair:anchor. The even sequence after them.
        anchor_store: Release;
        /// pair:anchor. A reader's first look at the sequence; the values are read after it.
        anchor_load: Acquire;
        /// pair:anchor. Its second look comes after the values.
        anchor_check: Acquire;
        /// pair:removed. Of a remover and a process that registers, one sees the other: each writes
        /// its word, then reads the other's, which nothing weaker keeps in that order.
        removed_fence: SeqCst;
        /// pair:context. The process's context, its bytes before it.
        context_store: AcqRel;
        /// pair:context. A log call's look at it.
        context_load: Acquire;
        /// pair:leaked. Something that stays as long as the process is found from now on, its bytes before.
        leaked_store: AcqRel;
        /// pair:leaked. A look for it.
        leaked_load: Acquire;
        /// pair:long-way. Of a thread that takes the short way again and one that binds a context for
        /// the process, one sees the other: each writes its word, then reads the other's.
        way_fence: SeqCst;
        /// pair:membarrier. Between mark and clock, of a process that membarrier does not reach; and
        /// between the drain's clock and its sweep: of mark and watermark, one sees the other.
        mark_fence: SeqCst;
        /// pair:levels. Of a process that makes a level word and one that changes the rules, one sees
        /// the other: each writes its word, then reads the other's.
        levels_fence: SeqCst;
    }
}

/// Under the model checker: what is weakened or put in a wrong order in this run.
#[cfg(logring_loom)]
pub mod weaken {
    use std::sync::OnceLock;

    static NAME: OnceLock<Option<String>> = OnceLock::new();

    /// Whether `name` is the ordering or the step that `LOGRING_WEAKEN` names.
    pub fn is(name: &str) -> bool {
        NAME.get_or_init(|| std::env::var("LOGRING_WEAKEN").ok()).as_deref() == Some(name)
    }
}

/// Under the model checker: the light barrier. With a membarrier it is nothing by itself, the model
/// plays the kernel's part; without one lanes fence.
#[cfg(logring_loom)]
pub mod light {
    use std::cell::Cell;

    thread_local! {
        static FENCED: Cell<bool> = const { Cell::new(false) };
    }

    /// Whether the lanes of the models on this thread fence.
    pub fn set_fenced(fenced: bool) {
        FENCED.set(fenced);
    }

    /// What stands between mark and clock.
    pub fn barrier() {
        if FENCED.get() && !super::weaken::is("light_barrier") {
            super::fence(super::Ordering::SeqCst);
        }
    }
}

/// Under the model checker: the points at which a signal handler may run on a producer's thread.
#[cfg(logring_loom)]
pub mod signal {
    use std::cell::RefCell;

    type Handler = Box<dyn FnOnce()>;

    thread_local! {
        static ARMED: RefCell<Option<(u32, Handler)>> = const { RefCell::new(None) };
    }

    /// Lets `handler` run at the point that comes after `points` others.
    pub fn arm(points: u32, handler: impl FnOnce() + 'static) {
        ARMED.with_borrow_mut(|armed| *armed = Some((points, Box::new(handler))));
    }

    /// Takes back what [`arm`] armed. False when it has run already, or nothing was armed.
    pub fn disarm() -> bool {
        ARMED.with_borrow_mut(Option::take).is_some()
    }

    /// A point at which the handler may run.
    pub fn point() {
        let due = ARMED.with_borrow_mut(|armed| match armed {
            Some((0, _)) => armed.take(),
            Some((points, _)) => {
                *points -= 1;
                None
            }
            None => None,
        });
        if let Some((_, handler)) = due {
            handler();
        }
    }
}
