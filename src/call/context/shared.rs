//! Shared contexts: the context of a logger made global to each thread, where all loggers of one class
//! have the same.

use std::fmt;

use super::fields::Fields;
use super::local;
use super::pairs::{Pair, Pairs, merge, remove};
use crate::call::Logger;
use crate::sync::{AtomicU64, Ordering};

/// A class of loggers that share their context within a thread: what one of them binds, all of them have
/// there from then on, and each other thread has its own. `bind`, `unbind` and `new` of such a logger
/// change it in place.
///
/// That makes what a record will say hard to see from the code. Prefer [`bind`](super::bind) and
/// [`bound`](super::bound), and immutable loggers; this is for programs that were built upon structlog's
/// `wrap_dict`.
///
/// ```
/// use logring::context::SharedContext;
/// use logring::kv;
///
/// let class = SharedContext::new();
/// let first = class.logger().bind(kv! { a = 1 });
/// let second = class.logger().bind(kv! { b = 2 });
/// assert_eq!(first.context().to_string(), "a=1 b=2");
/// assert_eq!(first.context(), second.context());
///
/// let other = SharedContext::new();
/// assert!(other.get().is_empty());
/// assert_ne!(class, other);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SharedContext {
    class: Shared,
}

/// Which class a logger is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shared(pub(crate) u64);

impl SharedContext {
    /// A new class, empty in each thread.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each one is another")]
    pub fn new() -> Self {
        static CLASSES: AtomicU64 = AtomicU64::new(1);
        // Relaxed: a counter.
        Self { class: Shared(CLASSES.fetch_add(1, Ordering::Relaxed)) }
    }

    /// A logger of this class, as [`logring::logger`](crate::logger) gives one without.
    #[must_use]
    pub fn logger(&self) -> Logger {
        crate::logger().of_class(self.class)
    }

    /// What the calling thread has in this class.
    #[must_use]
    pub fn get(&self) -> Fields {
        Fields::of(&self.class.pairs())
    }
}

/// Its class, and what the calling thread has in it.
impl fmt::Debug for SharedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedContext-{}({})", self.class.0, self.get())
    }
}

impl Shared {
    pub(crate) fn pairs(self) -> Vec<Pair> {
        local::look(|local| local.shared(self.0).to_vec()).unwrap_or_default()
    }

    pub(crate) fn bind(self, pairs: Pairs) {
        let pairs = pairs.into_vec();
        local::change(|local| local.change_shared(self.0, |known| merge(known, pairs)));
    }

    pub(crate) fn unbind(self, keys: &[&str]) {
        local::change(|local| local.change_shared(self.0, |known| remove(known, keys)));
    }

    pub(crate) fn replace(self, pairs: Vec<Pair>) {
        local::change(|local| local.change_shared(self.0, |known| *known = pairs));
    }
}
