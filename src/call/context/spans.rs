//! The spans of another logging interface that a thread is in: the innermost one's fields, with those
//! of the spans around it, stand in each record that is logged there.
#![cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "a bridge alone has spans"))]

use std::num::NonZero;
use std::sync::Arc;

use super::local;
use super::pairs::{Encoded, Pair};
use crate::call::Producer;

/// What a span and those around it have, encoded once.
#[derive(Debug)]
pub(crate) struct Spanned {
    pairs: Vec<Pair>,
    encoded: Option<Encoded>,
}

/// The spans of a thread.
#[derive(Debug, Default)]
pub(super) struct Spans {
    entered: Vec<Entered>,
    /// Up to which change of spans the innermost one is known.
    seen: u64,
}

#[derive(Debug)]
struct Entered {
    id: u64,
    /// It was entered already: it is not the innermost one a second time.
    again: bool,
    spanned: Option<Arc<Spanned>>,
}

impl Spanned {
    /// Keys get their numbers from `producer`, else from the installed segment.
    pub(crate) fn new(mut pairs: Vec<Pair>, producer: Option<&'static Producer>) -> Self {
        let encoded = Encoded::of(&mut pairs, producer);
        Self { pairs, encoded }
    }

    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    pub(super) fn encoded(&self) -> Option<&Encoded> {
        self.encoded.as_ref()
    }
}

impl Spans {
    fn innermost(&self) -> Option<&Entered> {
        self.entered.iter().rfind(|entered| !entered.again)
    }

    pub(super) fn spanned(&self) -> Option<&Arc<Spanned>> {
        self.innermost()?.spanned.as_ref()
    }

    pub(super) fn clear(&mut self) {
        self.entered.clear();
    }

    fn exit(&mut self, id: u64) {
        if let Some(at) = self.entered.iter().rposition(|entered| entered.id == id) {
            self.entered.remove(at);
        }
    }
}

/// Enters a span on the calling thread.
pub(crate) fn enter(id: u64, spanned: Arc<Spanned>) {
    local::change(|local| {
        let spans = &mut local.spans;
        let again = spans.entered.iter().any(|entered| entered.id == id);
        spans.entered.push(Entered { id, again, spanned: Some(spanned) });
    });
}

/// Exits it, entered last or not.
pub(crate) fn exit(id: u64) {
    local::change(|local| local.spans.exit(id));
}

/// The innermost span, where changes of spans up to `changes` have not been looked at.
pub(crate) fn to_refresh(changes: u64) -> Option<NonZero<u64>> {
    let found = local::look(|local| {
        let spans = &local.spans;
        NonZero::new(spans.innermost().filter(|_| spans.seen < changes)?.id)
    });
    found.flatten()
}

/// The innermost span has this now.
pub(crate) fn refresh(id: u64, spanned: &Arc<Spanned>, changes: u64) {
    local::change(|local| {
        let spans = &mut local.spans;
        spans.seen = changes;
        for entered in spans.entered.iter_mut().filter(|entered| entered.id == id) {
            entered.spanned = Some(spanned.clone());
        }
    });
}

/// Puts a span in force, or none, instead of those that the thread is in, while the guard lives.
pub(crate) fn instead(spanned: Option<Arc<Spanned>>) -> Instead {
    /// No span has it: those of a registry count from 1.
    const NOBODY: u64 = 0;
    local::change(|local| {
        local.spans.entered.push(Entered { id: NOBODY, again: false, spanned });
    });
    Instead { id: NOBODY }
}

/// The guard of [`instead`].
#[must_use = "the span is in force until the guard is dropped"]
pub(crate) struct Instead {
    id: u64,
}

impl Drop for Instead {
    fn drop(&mut self) {
        exit(self.id);
    }
}
