//! A frame: what a thread or a task has bound, and the scopes opened in it. Of a thread's frames the
//! innermost is in force, over what the thread itself has bound.

use std::sync::Arc;

use super::pairs::{Encoded, Pair, merge, remove};
use super::spans::Spanned;
use crate::call::captured::Sink;
use crate::sync::{AtomicU32, Ordering};

/// What a thread or a task has bound. A frame moves with its task from thread to thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    base: Vec<Pair>,
    scopes: Vec<Arc<Scope>>,
    /// The base alone.
    base_encoded: Option<Arc<Encoded>>,
    /// The base and the scopes.
    encoded: Option<Arc<Encoded>>,
    /// The spans that the scopes were laid over last, and both.
    over: Option<(Arc<Spanned>, Arc<Spanned>)>,
    /// Who captures what is logged here.
    pub(crate) capture: Option<Arc<Sink>>,
}

/// A scope that was opened. Its guard may be dropped while another frame is in force.
#[derive(Debug)]
pub(crate) struct Scope {
    pairs: Vec<Pair>,
    over: AtomicU32,
}

impl Frame {
    /// A frame with these pairs.
    pub(super) fn new(mut base: Vec<Pair>, capture: Option<Arc<Sink>>) -> Self {
        let encoded = Encoded::of(&mut base, None).map(Arc::new);
        let base_encoded = encoded.clone();
        Self { base, scopes: Vec::new(), base_encoded, encoded, over: None, capture }
    }

    pub(super) fn base_encoded(&self) -> Option<&Arc<Encoded>> {
        self.base_encoded.as_ref()
    }

    pub(super) fn encoded(&self) -> Option<&Arc<Encoded>> {
        self.encoded.as_ref()
    }

    pub(super) fn base(&self) -> &[Pair] {
        &self.base
    }

    /// The base and the scopes; a later one wins.
    pub(super) fn merged(&self) -> Vec<Pair> {
        let mut merged = self.base.clone();
        merge(&mut merged, self.scoped());
        merged
    }

    /// The scopes alone.
    pub(super) fn scoped(&self) -> Vec<Pair> {
        let mut merged = Vec::new();
        for scope in &self.scopes {
            merge(&mut merged, scope.pairs.iter().cloned());
        }
        merged
    }

    /// The spans and over them the scopes. Kept, since a task that is polled again has the same ones.
    pub(super) fn scopes_over(&mut self, spans: Option<&Arc<Spanned>>) -> Option<Arc<Spanned>> {
        let spans = spans?;
        if self.scopes.is_empty() {
            return Some(spans.clone());
        }
        match &self.over {
            Some((known, both)) if Arc::ptr_eq(known, spans) => Some(both.clone()),
            _ => {
                let mut pairs = spans.pairs().to_vec();
                merge(&mut pairs, self.scoped());
                let both = Arc::new(Spanned::new(pairs, None));
                self.over = Some((spans.clone(), both.clone()));
                Some(both)
            }
        }
    }

    pub(super) fn bind(&mut self, pairs: Vec<Pair>) {
        merge(&mut self.base, pairs);
        self.encode_base();
    }

    pub(super) fn unbind(&mut self, keys: &[&str]) {
        remove(&mut self.base, keys);
        self.encode_base();
    }

    /// Without all that was bound; the scopes stay until they end.
    pub(super) fn clear(&mut self) {
        self.base.clear();
        self.encode_base();
    }

    /// Without anything, scopes that are open still too.
    pub(super) fn forget(&mut self) {
        self.scopes.clear();
        self.clear();
    }

    pub(super) fn open(&mut self, pairs: Vec<Pair>) -> Arc<Scope> {
        let scope = Arc::new(Scope { pairs, over: AtomicU32::new(0) });
        self.scopes.push(scope.clone());
        self.encode();
        scope
    }

    /// Takes scopes away that are over.
    pub(super) fn settle(&mut self) {
        if self.scopes.iter().any(|scope| scope.is_over()) {
            self.scopes.retain(|scope| !scope.is_over());
            self.encode();
        }
    }

    fn encode_base(&mut self) {
        self.base_encoded = Encoded::of(&mut self.base, None).map(Arc::new);
        self.encode();
    }

    fn encode(&mut self) {
        self.over = None;
        self.encoded = if self.scopes.is_empty() {
            self.base_encoded.clone()
        } else {
            Encoded::of(&mut self.merged(), None).map(Arc::new)
        };
    }
}

impl Scope {
    pub(super) fn end(&self) {
        // Relaxed: frame and guard are on one thread at a time.
        self.over.store(1, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        // Relaxed: as in `end`.
        self.over.load(Ordering::Relaxed) != 0
    }
}
