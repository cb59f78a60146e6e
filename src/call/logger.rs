//! Immutable loggers: a segment and a context that was encoded once, when it was bound. A log call
//! copies the context's bytes; binding gives a new logger and leaves the old one as it was.

use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

use super::context::pairs::{Encoded, Pair, merge, remove};
use super::context::{Fields, Pairs, Shared};
use super::producer::Producer;
use super::{emit, installed, thread};
use crate::error::{Error, Result};
use crate::shm::Segment;

/// What a logger needs of a segment to encode its context.
pub trait Interner {
    /// The dictionary id of this content; `None` when the dictionary is full.
    fn intern(&'static self, content: &[u8]) -> Option<u32>;
}

/// Where records go, and what stands in each of them. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Logger {
    /// `None` = the installed one, whenever it is.
    segment: Option<&'static Producer>,
    /// `None` = empty.
    bound: Option<Arc<Bound>>,
}

/// The logger of log calls that name none.
#[doc(hidden)]
pub static DEFAULT: Logger = Logger { segment: None, bound: None };

/// What a logger has bound.
#[derive(Debug)]
pub(crate) enum Bound {
    /// Its own pairs.
    Own { pairs: Vec<Pair>, encoded: Encoded },
    /// Those of its class in the thread that logs.
    Shared(Shared),
}

/// The logger that calls without `logger:` use, without context of its own. It can be had and bound
/// before [`install`](super::Builder::install); records before that are counted and go nowhere.
#[must_use]
pub fn logger() -> Logger {
    Logger { segment: installed::installed(), bound: None }
}

impl Logger {
    /// A logger of this segment without context.
    pub(super) fn of(segment: &'static Producer) -> Self {
        Self { segment: Some(segment), bound: None }
    }

    /// The segment that records of this logger go to; `None` before `install`.
    #[must_use]
    pub fn segment(&self) -> Option<&'static Segment> {
        self.producer().map(Producer::segment)
    }

    /// The tie to that segment.
    #[inline]
    pub(crate) fn producer(&self) -> Option<&'static Producer> {
        self.segment.or_else(installed::installed)
    }

    /// Whether its records go where those of calls without `logger:` go.
    pub(super) fn is_default(&self) -> bool {
        self.segment.is_none_or(|own| installed::installed().is_some_and(|it| ptr::eq(own, it)))
    }

    /// Where a thread finds its state for this logger.
    #[inline(always)]
    pub(crate) fn place(&self) -> usize {
        match self.segment {
            Some(producer) => producer.place(),
            None => thread::INSTALLED,
        }
    }

    #[inline(always)]
    pub(super) fn has_context(&self) -> bool {
        self.bound.is_some()
    }

    /// Registers the calling thread in the segment, as its first record would. False: the segment's
    /// tables are full, or nothing is installed; records of this thread are dropped until a drain has
    /// given back the entries of processes that ended.
    pub fn register(&self) -> bool {
        self.producer().is_some_and(|producer| thread::lane(producer).is_some())
    }

    /// Does all for the calling thread that its first record would wait for: registers it, in a process
    /// that has not logged yet the process as well, takes its first block and has the pages of that there.
    /// For a thread, and for a forked child, that may not wait later: 50 to 300 us here instead of there.
    /// What remains at a callsite's first record is its entry in the dictionary, 1 to 5 us. The block is the
    /// thread's from now on. False: not all of it could be done, as in [`Logger::register`] or since the
    /// ring is full; the first record tries again.
    ///
    /// ```no_run
    /// # fn main() -> logring::Result<()> {
    /// let _guard = logring::builder("billing").install()?;
    /// logring::logger().prepare();
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare(&self) -> bool {
        self.producer().is_some_and(emit::prepare)
    }

    #[inline(always)]
    pub(super) fn bound(&self) -> Option<&Bound> {
        self.bound.as_deref()
    }

    /// A logger with these pairs besides those of this one; a key that is there already is
    /// replaced. Encodes once: costs allocations here and a copy of bytes in each call.
    #[must_use = "a logger is immutable: binding gives a new one"]
    pub fn bind(&self, pairs: Pairs) -> Self {
        if let Some(Bound::Shared(class)) = self.bound() {
            class.bind(pairs);
            return self.clone();
        }
        let mut kept = self.pairs();
        merge(&mut kept, pairs.into_vec());
        self.with_pairs(kept)
    }

    /// A logger without these keys.
    ///
    /// # Errors
    /// A key that is not bound; the sentence names it. [`Logger::try_unbind`] passes it by.
    #[must_use = "a logger is immutable: unbinding gives a new one"]
    pub fn unbind(&self, keys: &[&str]) -> Result<Self> {
        let bound = self.pairs();
        for key in keys {
            if !bound.iter().any(|pair| pair.key == *key) {
                return Err(Error::invalid(format!("cannot unbind {key:?}: it is not bound")));
            }
        }
        Ok(self.try_unbind(keys))
    }

    /// A logger without these keys, bound or not.
    #[must_use = "a logger is immutable: unbinding gives a new one"]
    pub fn try_unbind(&self, keys: &[&str]) -> Self {
        if let Some(Bound::Shared(class)) = self.bound() {
            class.unbind(keys);
            return self.clone();
        }
        let mut kept = self.pairs();
        remove(&mut kept, keys);
        self.with_pairs(kept)
    }

    /// A logger of the same segment with these pairs alone.
    #[must_use = "a logger is immutable: this gives a new one"]
    pub fn new(&self, pairs: Pairs) -> Self {
        if let Some(Bound::Shared(class)) = self.bound() {
            class.replace(pairs.into_vec());
            return self.clone();
        }
        self.with_pairs(pairs.into_vec())
    }

    /// A logger with these pairs besides, for a while. Of an immutable logger that is what
    /// [`bind`](Logger::bind) gives; for one of a [`SharedContext`](crate::context::SharedContext) the class has
    /// what it had again when the guard is dropped, by a panic too.
    ///
    /// ```
    /// use logring::context::SharedContext;
    /// use logring::{info, kv};
    ///
    /// let log = SharedContext::new().logger().bind(kv! { x = 42 });
    /// {
    ///     let log = log.tmp_bind(kv! { x = 23, y = "foo" });
    ///     info!(logger: log, "another event!"); // x=23 y=foo
    ///     # assert_eq!(log.context().to_string(), "x=23 y=foo");
    /// }
    /// assert_eq!(log.context().to_string(), "x=42");
    /// ```
    #[must_use = "the pairs are bound until the guard is dropped: `let log = ...`"]
    pub fn tmp_bind(&self, pairs: Pairs) -> TmpBound {
        let saved = match self.bound() {
            Some(Bound::Shared(class)) => Some((*class, class.pairs())),
            _ => None,
        };
        TmpBound { logger: self.bind(pairs), saved }
    }

    /// This logger, detached from its [`SharedContext`](crate::context::SharedContext): with what that has now,
    /// immutable from here on. Any other logger is that already.
    ///
    /// ```
    /// use logring::context::SharedContext;
    /// use logring::kv;
    ///
    /// let log = SharedContext::new().logger().bind(kv! { a = 1 });
    /// let detached = log.as_immutable();
    /// let log = log.bind(kv! { b = 2 });
    /// assert_eq!(detached.context().to_string(), "a=1");
    /// assert_eq!(log.context().to_string(), "a=1 b=2");
    /// ```
    #[must_use]
    pub fn as_immutable(&self) -> Self {
        match self.bound() {
            Some(Bound::Shared(class)) => self.with_pairs(class.pairs()),
            _ => self.clone(),
        }
    }

    /// What is bound to this logger. [`context::get_merged`](crate::context::get_merged) has what stands around it as well.
    #[must_use]
    pub fn context(&self) -> Fields {
        Fields::of(&self.pairs())
    }

    /// This logger, with the context of a class.
    pub(super) fn of_class(self, class: Shared) -> Self {
        Self { bound: Some(Arc::new(Bound::Shared(class))), ..self }
    }

    pub(super) fn pairs(&self) -> Vec<Pair> {
        match self.bound() {
            None => Vec::new(),
            Some(Bound::Own { pairs, .. }) => pairs.clone(),
            Some(Bound::Shared(class)) => class.pairs(),
        }
    }

    fn with_pairs(&self, mut pairs: Vec<Pair>) -> Self {
        let encoded = Encoded::of(&mut pairs, self.segment);
        let bound = encoded.map(|encoded| Arc::new(Bound::Own { pairs, encoded }));
        Self { segment: self.segment, bound }
    }
}

/// A logger with pairs that are bound for a while, see [`Logger::tmp_bind`].
#[derive(Debug)]
#[must_use = "the pairs are bound until it is dropped: `let log = ...`"]
pub struct TmpBound {
    logger: Logger,
    saved: Option<(Shared, Vec<Pair>)>,
}

impl Deref for TmpBound {
    type Target = Logger;

    fn deref(&self) -> &Logger {
        &self.logger
    }
}

impl Drop for TmpBound {
    fn drop(&mut self) {
        if let Some((class, pairs)) = self.saved.take() {
            class.replace(pairs);
        }
    }
}
