//! The seam through which the ledger's stores and the sinks' syscalls go.
//!
//! A release build sees nothing of it. Under test it can kill the drain before any store or call
//! and in the middle of a write, refuse calls, let only a part of a write through, and switch one
//! step of the protocol to a wrong order, so that the tests can show that each order is needed.

/// A wrong order of the protocol. Each must make the exhaustive kill test fail
/// (`ledger_mutations`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Step (5) before step (4).
    ConsumedBeforeCommitted,
    /// An id that was given up is given out again.
    BatchIdReused,
    /// The pendings of other ids are erased after the first (1) instead of before it.
    ErasedAfterFirstPending,
    /// A pending keeps its old id while its position changes.
    PendingKeepsItsId,
    /// `prepared` is stored before its note is whole.
    PreparedBeforeItsNote,
    /// Step (3) before step (2).
    WrittenBeforePrepared,
    /// Step (4) before step (3).
    CommittedBeforeWritten,
    /// What a kill left between (4) and (5) is not redone.
    ConsumedNotRedone,
    /// A batch that is given up is forgotten before its bytes are cut.
    ForgottenBeforeCut,
}

pub(crate) use hooks::{after_write, before_call, before_store, before_write, mutated};

#[cfg(not(test))]
mod hooks {
    use super::Mutation;
    use std::io;

    /// Before a store to the ledger.
    #[inline(always)]
    pub(crate) fn before_store() {}

    /// Before a call to the operating system that changes or asks for something.
    #[inline(always)]
    pub(crate) fn before_call() -> io::Result<()> {
        Ok(())
    }

    /// Before a write of `len` bytes: how many of them to hand to the operating system.
    #[inline(always)]
    pub(crate) fn before_write(len: usize) -> io::Result<usize> {
        Ok(len)
    }

    /// After a write.
    #[inline(always)]
    pub(crate) fn after_write() {}

    /// Whether this wrong order is switched on.
    #[inline(always)]
    pub(crate) const fn mutated(_: Mutation) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) mod hooks {
    use super::Mutation;
    use std::{
        cell::{Cell, RefCell},
        io,
    };

    /// What unwinds when the drain is "killed".
    pub(crate) struct Killed;

    /// What shall happen to this thread's stores and calls.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Script {
        /// Kill at this point (from 1); 0 = never.
        pub(crate) kill_at: u64,
        /// Refuse this call (from 1) with `errno`; 0 = none.
        pub(crate) fail_at: u64,
        pub(crate) errno: i32,
        /// Let at most this many bytes through per write; 0 = all.
        pub(crate) write_max: usize,
        /// Refuse all writes while fewer than this many bytes are left to let through.
        pub(crate) room: Option<usize>,
        pub(crate) mutation: Option<Mutation>,
    }

    thread_local! {
        static SCRIPT: RefCell<Script> = RefCell::default();
        static POINTS: Cell<u64> = const { Cell::new(0) };
        static CALLS: Cell<u64> = const { Cell::new(0) };
        static DYING: Cell<bool> = const { Cell::new(false) };
        /// The points in the middle of a write.
        static IN_WRITES: RefCell<Vec<u64>> = RefCell::default();
    }

    /// Sets this thread's script and counts from 0 again.
    pub(crate) fn play(script: Script) {
        SCRIPT.with(|s| *s.borrow_mut() = script);
        POINTS.set(0);
        CALLS.set(0);
        DYING.set(false);
        IN_WRITES.take();
    }

    /// How many calls were made since [`play`].
    pub(crate) fn calls() -> u64 {
        CALLS.get()
    }

    /// The points in the middle of a write that were passed.
    pub(crate) fn points_in_writes() -> Vec<u64> {
        IN_WRITES.take()
    }

    /// Changes the running script; the counts go on.
    pub(crate) fn change(change: impl FnOnce(&mut Script)) {
        SCRIPT.with(|s| change(&mut s.borrow_mut()));
    }

    fn kill() -> ! {
        // Without the panic hook: a kill says nothing.
        std::panic::resume_unwind(Box::new(Killed))
    }

    fn point() -> bool {
        POINTS.set(POINTS.get() + 1);
        SCRIPT.with(|s| s.borrow().kill_at == POINTS.get())
    }

    pub(crate) fn before_store() {
        if point() {
            kill();
        }
    }

    pub(crate) fn before_call() -> io::Result<()> {
        if point() {
            kill();
        }
        CALLS.set(CALLS.get() + 1);
        SCRIPT.with(|s| {
            let s = s.borrow();
            if s.fail_at == CALLS.get() {
                Err(io::Error::from_raw_os_error(s.errno))
            } else {
                Ok(())
            }
        })
    }

    pub(crate) fn before_write(len: usize) -> io::Result<usize> {
        before_call()?;
        // A kill in the middle of a write leaves a part of it.
        IN_WRITES.with(|points| points.borrow_mut().push(POINTS.get() + 1));
        if point() {
            DYING.set(true);
            return Ok(len.div_ceil(2));
        }
        SCRIPT.with(|s| {
            let mut s = s.borrow_mut();
            let most = if s.write_max == 0 { len } else { len.min(s.write_max) };
            match &mut s.room {
                None => Ok(most),
                Some(0) => Err(io::Error::from_raw_os_error(libc::ENOSPC)),
                Some(room) => {
                    let most = most.min(*room);
                    *room -= most;
                    Ok(most)
                }
            }
        })
    }

    pub(crate) fn after_write() {
        if DYING.get() {
            kill();
        }
    }

    pub(crate) fn mutated(mutation: Mutation) -> bool {
        SCRIPT.with(|s| s.borrow().mutation == Some(mutation))
    }
}
