//! Handing the context on to another thread or task.

use std::marker::PhantomData;
use std::sync::Arc;

use super::fields::Fields;
use super::frame::Frame;
use super::pairs::{Pairs, merge};
use super::{current_pairs, local};

/// A context that was taken at one place to be put in force at another. It is not changed by what is
/// bound later; cloning is cheap.
///
/// ```
/// use logring::context::{self, Context};
/// use logring::kv;
///
/// let _scope = context::bound(kv! { request = 7 });
/// let here = Context::current();
/// std::thread::spawn(move || {
///     let _there = here.attach();
///     assert_eq!(context::get()["request"], 7);
/// })
/// .join()
/// .unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    frame: Arc<Frame>,
}

impl Context {
    /// A context without pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The calling thread's: what it has bound itself, the task that it is polling, the scopes that are
    /// open. The process's context is in force everywhere and not part of it. A
    /// [capture](crate::testing::capture) goes with it.
    #[must_use]
    pub fn current() -> Self {
        let capture = local::look(|local| local.capture().cloned()).flatten();
        Self { frame: Arc::new(Frame::new(current_pairs(), capture)) }
    }

    /// The same with these pairs besides; a key that is there already is replaced.
    #[must_use = "a context is immutable: this gives a new one"]
    pub fn with(&self, pairs: Pairs) -> Self {
        let mut all = self.frame.merged();
        merge(&mut all, pairs.into_vec());
        Self { frame: Arc::new(Frame::new(all, self.frame.capture.clone())) }
    }

    /// What is in it.
    #[must_use]
    pub fn get(&self) -> Fields {
        Fields::of(&self.frame.merged())
    }

    /// What a task begins with that is created here: the pairs of the task and the scopes around, without
    /// what belongs to the thread alone.
    pub(super) fn of_task() -> Self {
        let found = local::look(|local| (local.of_task(), local.capture().cloned()));
        let (pairs, capture) = found.unwrap_or_default();
        Self { frame: Arc::new(Frame::new(pairs, capture)) }
    }

    /// Puts it in force on the calling thread until the guard is dropped, over what the thread has bound
    /// itself and instead of the task and the scopes that are in force. What is bound meanwhile goes
    /// with it.
    #[must_use = "the context is in force until the guard is dropped: `let _context = ...`"]
    pub fn attach(&self) -> Attached {
        Attached { entered: enter((*self.frame).clone()), _on_its_thread: PhantomData }
    }

    pub(super) fn into_frame(self) -> Frame {
        Arc::unwrap_or_clone(self.frame)
    }
}

/// Puts `frame` in force on the calling thread; what it gives is for [`leave`].
pub(super) fn enter(frame: Frame) -> Option<u64> {
    local::change(|local| local.enter(frame))
}

/// Puts in force again what was before, and gives the frame as it is now. `None` when it was left
/// already, because one around it was.
pub(super) fn leave(entered: u64) -> Option<Frame> {
    local::change(|local| local.leave(entered)).flatten()
}

/// The guard of an attached context, see [`Context::attach`]. When it is dropped, contexts that were
/// attached later are put out of force as well.
#[derive(Debug)]
#[must_use = "the context is in force until the guard is dropped: `let _context = ...`"]
pub struct Attached {
    /// `None` when nothing was attached.
    entered: Option<u64>,
    _on_its_thread: PhantomData<*const ()>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(entered) = self.entered {
            leave(entered);
        }
    }
}
