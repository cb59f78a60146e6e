//! What a log call finds of its thread's context: pointers in a const-initialised thread-local without
//! a destructor, which a thread may read until its last instruction, and signal handlers at any.
//!
//! They point into what [`Local`] owns, which is made at the thread's first bind and freed when the
//! thread ends. A change makes the new bytes, sets the pointers, and only then frees the old ones.
#![expect(unsafe_code, reason = "a log call reaches its context by pointers")]

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;

use super::Shared;
use super::frame::Frame;
use super::pairs::{Encoded, Pair};
use super::process;
use super::spans::{Spanned, Spans};
use crate::call::captured::Sink;
use crate::call::logger::Bound;
use crate::call::{Logger, Producer, thread};
use crate::record::{Padded, Writer};
use crate::sync::{Ordering, compiler_fence};

/// A thread's context.
///
/// # Invariant
/// C1: each pointer of the thread's [`View`] is null, or points into what `published` holds.
#[derive(Default)]
pub(super) struct Local {
    /// What the thread has bound.
    pub(super) thread: Frame,
    /// The frame of the task that is being polled, or of the context that is attached.
    pub(super) task: Option<Frame>,
    /// The spans that the thread is in.
    pub(super) spans: Spans,
    /// Frames that are in force again later: what entered instead of each, and the frame.
    around: Vec<(u64, Option<Frame>)>,
    entered: u64,
    /// What the thread has in the classes of shared contexts.
    shared: Vec<(u64, Vec<Pair>)>,
    shared_encoded: Option<Arc<[(u64, Encoded)]>>,
    published: Published,
}

/// What log calls may be reading.
#[derive(Clone, Default)]
struct Published {
    thread: Option<Arc<Encoded>>,
    task: Option<Arc<Encoded>>,
    span: Option<Arc<Spanned>>,
    shared: Option<Arc<[(u64, Encoded)]>>,
    capture: Option<Arc<Sink>>,
}

/// The way of a log call to them.
struct View {
    thread: Cell<*const Encoded>,
    task: Cell<*const Encoded>,
    span: Cell<*const Encoded>,
    /// Length 0 for none.
    shared: Cell<*const [(u64, Encoded)]>,
    capture: Cell<*const Sink>,
}

thread_local! {
    static VIEW: View = const { View::empty() };
    static LOCAL: Cell<*const RefCell<Local>> = const { Cell::new(ptr::null()) };
    static OWNER: Owner = const { Owner };
}

/// Frees the thread's context when the thread ends.
struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        VIEW.with(|view| view.set(&Published::default()));
        let local = LOCAL.replace(ptr::null());
        if !local.is_null() {
            // SAFETY: it came from a box in `change`, nothing points into it any more, and no
            // borrow of it is open: this runs at the thread's end.
            drop(unsafe { Box::from_raw(local.cast_mut()) });
        }
    }
}

impl View {
    const fn empty() -> Self {
        Self {
            thread: Cell::new(ptr::null()),
            task: Cell::new(ptr::null()),
            span: Cell::new(ptr::null()),
            shared: Cell::new(ptr::slice_from_raw_parts(ptr::null(), 0)),
            capture: Cell::new(ptr::null()),
        }
    }

    fn set(&self, to: &Published) {
        fn address<T>(of: &Option<Arc<T>>) -> *const T {
            of.as_ref().map_or(ptr::null(), Arc::as_ptr)
        }
        self.thread.set(address(&to.thread));
        self.task.set(address(&to.task));
        let span = to.span.as_deref().and_then(Spanned::encoded);
        self.span.set(span.map_or(ptr::null(), ptr::from_ref));
        let none = ptr::slice_from_raw_parts(ptr::null(), 0);
        self.shared.set(to.shared.as_ref().map_or(none, Arc::as_ptr));
        self.capture.set(address(&to.capture));
        // Signal handlers see the new pointers before what the old ones point at goes.
        compiler_fence(Ordering::SeqCst);
        thread::take_way(self.way());
    }

    fn way(&self) -> Way<'_> {
        // SAFETY: C1: it is set from what is published, and used before that changes.
        let of = |at: &Cell<*const Encoded>| unsafe { at.get().as_ref() };
        let found = [&self.thread, &self.task, &self.span].map(of);
        let mut found = found.into_iter().flatten();
        match (found.next(), found.next()) {
            _ if !self.capture.get().is_null() => Way::Long,
            (None, _) => Way::Short,
            (Some(only), None) => Way::Only(only),
            (Some(_), Some(_)) => Way::Long,
        }
    }
}

/// Which way the calls of a thread go that have no logger with context.
#[derive(Clone, Copy)]
pub(crate) enum Way<'l> {
    /// There is nothing to copy.
    Short,
    /// This alone is copied.
    Only(&'l Encoded),
    /// One has to look.
    Long,
}

/// Gives `take` the way of the calling thread.
pub(crate) fn with_way(take: impl FnOnce(Way<'_>)) {
    VIEW.with(|view| take(view.way()));
}

/// Whether the process has a context.
pub(crate) fn is_needed_by_process() -> bool {
    process::encoded().is_some()
}

/// Changes the calling thread's context. `None` when it is being changed: `action` runs no user code,
/// so that can be an allocator's hook or a signal handler only.
pub(super) fn change<T>(action: impl FnOnce(&mut Local) -> T) -> Option<T> {
    let mut at = LOCAL.get();
    if at.is_null() {
        at = Box::into_raw(Box::default());
        LOCAL.set(at);
        // Past the owner's end, in a late destructor of the thread, it is not freed any more.
        let _ = OWNER.try_with(|_| ());
    }
    // SAFETY: a box of this thread's, which lives until its owner's end, where no call of this is open.
    let mut local = unsafe { &*at }.try_borrow_mut().ok()?;
    let result = action(&mut local);
    let published = local.to_publish();
    VIEW.with(|view| view.set(&published));
    local.published = published;
    Some(result)
}

/// Looks at the calling thread's context; `None` when it has none, or in a signal handler.
pub(super) fn look<T>(action: impl FnOnce(&Local) -> T) -> Option<T> {
    let at = LOCAL.get();
    // SAFETY: as in `change`.
    let local = unsafe { at.as_ref() }?.try_borrow().ok()?;
    Some(action(&local))
}

impl Local {
    /// The frame in force.
    pub(super) fn frame(&mut self) -> &mut Frame {
        self.task.as_mut().unwrap_or(&mut self.thread)
    }

    /// Who captures what is logged here.
    pub(super) fn capture(&self) -> Option<&Arc<Sink>> {
        self.task.as_ref().unwrap_or(&self.thread).capture.as_ref()
    }

    /// What a task begins with that is created here.
    pub(super) fn of_task(&self) -> Vec<Pair> {
        self.task.as_ref().map_or_else(|| self.thread.scoped(), Frame::merged)
    }

    /// Puts a frame in force.
    pub(super) fn enter(&mut self, frame: Frame) -> u64 {
        self.entered += 1;
        self.around.push((self.entered, self.task.replace(frame)));
        self.frame().settle();
        self.entered
    }

    /// Puts in force what was before that.
    pub(super) fn leave(&mut self, entered: u64) -> Option<Frame> {
        let at = self.around.iter().rposition(|(known, _)| *known == entered)?;
        // Where another one was entered since and not left, it goes with this one.
        let left = match self.around.get_mut(at + 1) {
            Some((_, frame)) => frame.take(),
            None => self.task.take(),
        };
        self.task = self.around.swap_remove(at).1;
        self.around.truncate(at);
        self.frame().settle();
        left
    }

    /// What the thread has in a class.
    pub(super) fn shared(&self, class: u64) -> &[Pair] {
        let found = self.shared.iter().find(|(known, _)| *known == class);
        found.map_or(&[], |(_, pairs)| pairs)
    }

    /// Changes that.
    pub(super) fn change_shared(&mut self, class: u64, action: impl FnOnce(&mut Vec<Pair>)) {
        let mut pairs = match self.shared.iter().position(|(known, _)| *known == class) {
            Some(at) => self.shared.swap_remove(at).1,
            None => Vec::new(),
        };
        action(&mut pairs);
        if !pairs.is_empty() {
            self.shared.push((class, pairs));
        }
        self.encode_shared();
    }

    /// Without anything.
    pub(super) fn forget(&mut self) {
        self.thread.forget();
        if let Some(task) = &mut self.task {
            task.forget();
        }
        self.spans.clear();
        self.shared.clear();
        self.encode_shared();
    }

    fn encode_shared(&mut self) {
        let table = self.shared.iter_mut();
        let table: Arc<_> =
            table.filter_map(|(class, pairs)| Some((*class, Encoded::of(pairs, None)?))).collect();
        self.shared_encoded = (!table.is_empty()).then_some(table);
    }

    fn to_publish(&mut self) -> Published {
        let capture = self.capture().cloned();
        let frame = self.task.as_mut().unwrap_or(&mut self.thread);
        let span = frame.scopes_over(self.spans.spanned());
        // With the spans stand the scopes, which win over them.
        let whole = |frame: &Frame| match &span {
            Some(_) => frame.base_encoded().cloned(),
            None => frame.encoded().cloned(),
        };
        let (thread, task) = match &self.task {
            None => (whole(&self.thread), None),
            Some(task) => (self.thread.base_encoded().cloned(), whole(task)),
        };
        Published { thread, task, span, shared: self.shared_encoded.clone(), capture }
    }
}

/// The context of one record, in the order in which it stands there: a later key wins.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'l> {
    parts: [Option<&'l Padded>; 5],
}

impl Sources<'_> {
    /// How many bytes they are.
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().flatten().map(|part| part.len()).sum()
    }

    /// Copies them.
    pub(crate) fn put(&self, out: &mut Writer) {
        for part in self.parts.iter().flatten() {
            out.put_padded(part);
        }
    }
}

/// The context of a record of this logger, for a segment's records.
///
/// # Safety
/// The thread's context does not change while it is used. Nothing but [`change`] does that, which a
/// log call reaches by user code only: where there may be any, an allocator's or a signal handler's, the
/// caller [`hold`]s the context.
pub(crate) unsafe fn sources(logger: &Logger, tag: u32) -> Sources<'_> {
    let view = VIEW.with(ptr::from_ref);
    // SAFETY: it has no destructor, and is this thread's until the thread is gone.
    let view = unsafe { &*view };
    // SAFETY: C1, and nothing that is published goes while it is used, as the caller promises.
    let of_view = |at: *const Encoded| Some(unsafe { at.as_ref() }?.bytes(tag));
    let logger = match logger.bound() {
        None => None,
        Some(Bound::Own { encoded, .. }) => Some(encoded.bytes(tag)),
        // SAFETY: as above.
        Some(Bound::Shared(class)) => unsafe { of_class(view, *class, tag) },
    };
    let process = process::encoded().map(|encoded| encoded.bytes(tag));
    let [thread, task, span] = [&view.thread, &view.task, &view.span].map(|at| of_view(at.get()));
    Sources { parts: [process, thread, task, span, logger] }
}

/// How many bytes of context a record of this logger has, about: on another thread the process's may be
/// changing.
pub(crate) fn len(logger: &Logger) -> usize {
    let _held = hold();
    let tag = logger.producer().map_or(0, Producer::tag);
    // SAFETY: it is held.
    unsafe { sources(logger, tag) }.len()
}

/// What the thread has in a class.
///
/// # Safety
/// As [`sources`].
unsafe fn of_class(view: &View, class: Shared, tag: u32) -> Option<&Padded> {
    // SAFETY: the caller's promise.
    let table = unsafe { view.shared.get().as_ref() }?;
    let (_, encoded) = table.iter().find(|(known, _)| *known == class.0)?;
    Some(encoded.bytes(tag))
}

/// While it lives the calling thread's context does not change; `None` when it has none.
pub(crate) fn hold() -> Option<impl Sized> {
    // SAFETY: as in `change`.
    unsafe { LOCAL.get().as_ref() }?.try_borrow().ok()
}

/// Whether what the calling thread logs is captured.
#[inline(always)]
pub(crate) fn is_captured() -> bool {
    VIEW.with(|view| !view.capture.get().is_null())
}

/// Who captures it.
pub(crate) fn capture() -> Option<Arc<Sink>> {
    if !is_captured() {
        return None;
    }
    look(|local| local.published.capture.clone()).flatten()
}
