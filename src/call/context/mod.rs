//! Context: fields that stay with the process, a thread, a task or a scope and stand in every record
//! that is logged there. Fields that stay with a logger are bound by [`Logger::bind`].
//!
//! | what stays | how it is bound | how long |
//! |---|---|---|
//! | process | [`bind_process`] | until [`unbind_process`] |
//! | thread | [`bind`], outside of tasks | until [`unbind`], [`clear`], or the thread ends |
//! | task | [`WithContext::with_context`], and [`bind`] inside of such a task | until the task ends |
//! | span of `tracing` | by its [bridge](crate::Builder), where that is compiled in | while the thread is in it |
//! | scope | [`bound`] | until the guard is dropped, by a panic too |
//! | logger | [`Logger::bind`] | with the logger |
//! | call | the call's own fields | in that record |
//!
//! A record has all of them, in this order, and of equal keys the last one stands: a call's field wins
//! over the logger's, the logger's over the scope's, and so on. What a task or an attached [`Context`]
//! has stands for the scopes around it: they are not in force while it is.
//!
//! Values are encoded when they are bound. A log call copies the bytes: it allocates nothing for them
//! and takes no lock.
//!
//! ```
//! use logring::{context, info, kv};
//!
//! context::clear();
//! context::bind(kv! { worker = 3 });
//! {
//!     let _scope = context::bound(kv! { request = "a1b2" });
//!     info!("started"); // worker=3 request=a1b2
//! }
//! info!("idle"); // worker=3
//! # assert_eq!(context::get().to_string(), "worker=3");
//! ```
//!
//! A process that forks gives its child the context of the moment of the fork: that of the process and
//! of the thread that forked. [`clear_all`] in the child takes it away.

mod fields;
mod frame;
mod handover;
pub(crate) mod keys;
pub(crate) mod local;
pub(crate) mod pairs;
mod process;
mod shared;
pub(crate) mod spans;
mod task;

use std::marker::PhantomData;
use std::sync::Arc;

pub use fields::Fields;
pub use handover::{Attached, Context};
pub use pairs::Pairs;
pub use process::{bind_process, get_process, unbind_process};
pub(crate) use shared::Shared;
pub use shared::SharedContext;
pub use task::{InContext, WithContext};

use self::pairs::{Pair, merge};
use super::captured::Sink;
use super::{Filter, Logger};

/// Binds pairs to the calling thread, or to the task that it is polling: see the [module](self). A key
/// that is bound there already is replaced.
///
/// On a thread that serves one request after the other, begin each with [`clear`]. Costs an encoding
/// of what is bound there.
///
/// ```
/// use logring::{context, kv};
///
/// context::bind(kv! { user = "ann", attempt = 1 });
/// context::bind(kv! { attempt = 2 });
/// assert_eq!(context::get().to_string(), "user=ann attempt=2");
/// ```
pub fn bind(pairs: Pairs) {
    let pairs = pairs.into_vec();
    local::change(|local| local.frame().bind(pairs));
}

/// Takes these keys out of what [`bind`] has bound; keys that are not bound are passed by.
///
/// ```
/// use logring::{context, kv};
///
/// context::bind(kv! { a = 1, b = 2 });
/// context::unbind(&["a", "never"]);
/// assert_eq!(context::get().to_string(), "b=2");
/// ```
pub fn unbind(keys: &[&str]) {
    local::change(|local| local.frame().unbind(keys));
}

/// Takes all out of what [`bind`] has bound. Scopes stay until they end, and loggers keep theirs.
///
/// ```
/// use logring::{context, kv};
///
/// let _scope = context::bound(kv! { b = 2 });
/// context::bind(kv! { a = 1 });
/// context::clear();
/// assert_eq!(context::get().to_string(), "b=2");
/// ```
pub fn clear() {
    local::change(|local| local.frame().clear());
}

/// Takes all context away from the process and from the calling thread: what is bound, open scopes, the
/// task that is being polled, shared contexts. For a forked child that begins anew.
///
/// ```
/// use logring::{context, kv};
///
/// context::bind_process(kv! { role = "parent" });
/// let _scope = context::bound(kv! { request = 7 });
/// // ... fork(), and in the child:
/// context::clear_all();
/// assert!(context::get_merged(&logring::logger()).is_empty());
/// ```
pub fn clear_all() {
    process::clear();
    local::change(local::Local::forget);
}

/// What thread, task, scopes and spans have bound, as records of the calling thread have it now. Decodes it:
/// for tests and for handing it on, not for log calls.
#[must_use]
pub fn get() -> Fields {
    Fields::of(&in_spans(current_pairs()))
}

/// These, and what the spans have that the thread is in: the scopes in force win over them.
fn in_spans(mut pairs: Vec<Pair>) -> Vec<Pair> {
    let found = local::look(|local| {
        let spans = local.spans.spanned()?.pairs().to_vec();
        Some((spans, local.task.as_ref().unwrap_or(&local.thread).scoped()))
    });
    if let Some((spans, scopes)) = found.flatten() {
        merge(&mut pairs, spans);
        merge(&mut pairs, scopes);
    }
    pairs
}

/// All that a record of this logger would have now, beside the call's own fields: process, thread,
/// task, scopes, logger.
///
/// ```
/// use logring::{context, kv};
///
/// context::bind(kv! { a = 1, b = 1 });
/// let log = logring::logger().bind(kv! { b = 2 });
/// assert_eq!(context::get_merged(&log).to_string(), "a=1 b=2");
/// ```
#[must_use]
pub fn get_merged(logger: &Logger) -> Fields {
    let mut merged = process::pairs().to_vec();
    merge(&mut merged, in_spans(current_pairs()));
    merge(&mut merged, logger.pairs());
    Fields::of(&merged)
}

/// What thread, task and scopes have bound; spans are handed on by the means of their own interface.
fn current_pairs() -> Vec<Pair> {
    let current = local::look(|local| match &local.task {
        None => local.thread.merged(),
        Some(task) => {
            let mut merged = local.thread.base().to_vec();
            merge(&mut merged, task.merged());
            merged
        }
    });
    current.unwrap_or_default()
}

/// Binds pairs for a scope: until the guard is dropped, at the end of the block, by `?`, or by a panic.
/// They win over what thread, task and spans have. Costs an encoding of them.
///
/// In a future the scope goes with the task, over `.await` as well, when the future is polled
/// [`with_context`](WithContext::with_context) or [`in_scope`](WithContext::in_scope); else it goes with
/// the thread, and a future that another thread may go on with cannot hold the guard, as the compiler
/// says.
///
/// ```
/// use logring::{context, kv};
///
/// fn serve(request: u32) {
///     let _scope = context::bound(kv! { request });
///     assert_eq!(context::get()["request"], 7);
/// }
///
/// serve(7);
/// assert_eq!(context::get().get("request"), None);
/// ```
#[must_use = "the pairs are bound until the guard is dropped: `let _scope = ...`"]
pub fn bound(pairs: Pairs) -> Scope {
    let pairs = pairs.into_vec();
    let scope = local::change(|local| local.frame().open(pairs));
    Scope { scope, _on_its_thread: PhantomData }
}

/// The guard of a scope, see [`bound`].
#[derive(Debug)]
#[must_use = "the pairs are bound until the guard is dropped: `let _scope = ...`"]
pub struct Scope {
    scope: Option<Arc<frame::Scope>>,
    _on_its_thread: PhantomData<*const ()>,
}

impl Drop for Scope {
    fn drop(&mut self) {
        let Some(scope) = &self.scope else { return };
        scope.end();
        // Where another frame is in force, its own one looks when it comes back.
        local::change(|local| local.frame().settle());
    }
}

/// Captures what is logged in the frame in force from now on.
pub(crate) fn capture(filter: Filter) -> Arc<Sink> {
    let before = local::capture();
    let sink = Sink::new(filter, before);
    local::change(|local| local.frame().capture = Some(sink.clone()));
    sink
}

/// Gives up a capture, which is closed: other frames that have it still go on with what was before it.
pub(crate) fn end_capture(sink: &Arc<Sink>) {
    local::change(|local| {
        let capture = &mut local.frame().capture;
        if capture.as_ref().is_some_and(|known| Arc::ptr_eq(known, sink)) {
            *capture = sink.before().cloned();
        }
    });
}
