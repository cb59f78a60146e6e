//! A span as the bridge keeps it with the registry: its fields and those of the spans around it,
//! encoded once when it begins, and again where a field is recorded later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing_core::span::Id;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::site::Site;
use crate::call::Producer;
use crate::call::context::pairs::{Pair, merge};
use crate::call::context::spans::{self, Spanned};
use crate::record::{Scratch, Value};
use crate::sync::{AtomicU64, Ordering};

/// The key of the names of the spans that a record was logged in, outermost first: `serve:query`.
const SPAN: &str = "span";

/// How often a field of any span was recorded after the span had begun. What was made of a span's fields
/// at an earlier count may be out of date.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// What the registry keeps of a span for the bridge.
pub(super) struct Span {
    site: &'static Site,
    own: Vec<Pair>,
    path: String,
    spanned: Arc<Spanned>,
    /// The count at which a field of it was recorded last.
    changed: u64,
    /// The count at which `spanned` was made.
    made: u64,
    pub(super) times: Option<Times>,
}

/// How long a span was entered, and how long it was not.
pub(super) struct Times {
    pub(super) busy: Duration,
    pub(super) idle: Duration,
    last: Instant,
}

impl Times {
    pub(super) fn new() -> Self {
        Self { busy: Duration::ZERO, idle: Duration::ZERO, last: Instant::now() }
    }

    pub(super) fn was_idle(&mut self) {
        let span = self.since();
        self.idle += span;
    }

    pub(super) fn was_busy(&mut self) {
        let span = self.since();
        self.busy += span;
    }

    fn since(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.last, now))
    }
}

/// The count now.
#[inline]
pub(super) fn changes() -> u64 {
    // Relaxed: a change of another thread may come through a little later.
    CHANGES.load(Ordering::Relaxed)
}

impl Span {
    /// A span that begins inside of `around`.
    pub(super) fn new(
        site: &'static Site,
        own: Vec<Pair>,
        around: Option<(&Arc<Spanned>, &str)>,
        producer: Option<&'static Producer>,
        times: Option<Times>,
    ) -> Self {
        let path = match around {
            Some((_, path)) => format!("{path}:{}", site.name),
            None => site.name.to_owned(),
        };
        let made = changes();
        let spanned = encode(&path, &own, around.map(|(spanned, _)| &**spanned), producer);
        for pair in spanned.pairs() {
            if let Some(key) = site.keys.iter().find(|key| pair.key == key.name) {
                key.learn(pair);
            }
        }
        Self { site, own, path, spanned, changed: 0, made, times }
    }

    pub(super) fn site(&self) -> &'static Site {
        self.site
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// These fields were recorded now.
    pub(super) fn record(&mut self, fields: Vec<Pair>) {
        merge(&mut self.own, fields);
        // Relaxed: the fields are behind the registry's lock.
        self.changed = CHANGES.fetch_add(1, Ordering::Relaxed) + 1;
    }
}

/// What records have that are logged in this span; made again where a field of it or of one around it
/// was recorded since. `None` for a span that the bridge was not told of.
pub(super) fn spanned<'a, R>(
    span: &SpanRef<'a, R>,
    producer: Option<&'static Producer>,
) -> Option<Arc<Spanned>>
where
    R: LookupSpan<'a>,
{
    let now = changes();
    {
        let extensions = span.extensions();
        let known = extensions.get::<Span>()?;
        if known.made >= now {
            return Some(known.spanned.clone());
        }
    }
    let (mut around, mut changed): (Option<Arc<Spanned>>, u64) = (None, 0);
    for span in span.scope().from_root() {
        let mut extensions = span.extensions_mut();
        let Some(known) = extensions.get_mut::<Span>() else { continue };
        changed = changed.max(known.changed);
        if changed > known.made {
            known.spanned = encode(&known.path, &known.own, around.as_deref(), producer);
        }
        known.made = now;
        around = Some(known.spanned.clone());
    }
    around
}

/// Sees to it that what the calling thread logs has the fields that were recorded since its innermost
/// span was made.
pub(super) fn refresh(find: impl FnOnce(&Id) -> Option<Arc<Spanned>>) {
    let now = changes();
    let Some(id) = spans::to_refresh(now) else { return };
    if let Some(spanned) = find(&Id::from_non_zero_u64(id)) {
        spans::refresh(id.get(), &spanned, now);
    }
}

fn encode(
    path: &str,
    own: &[Pair],
    around: Option<&Spanned>,
    producer: Option<&'static Producer>,
) -> Arc<Spanned> {
    let mut scratch = Scratch::new();
    scratch.write(|out| path.encode(out));
    let mut pairs = vec![PATH.pair(scratch.bytes())];
    let around = around.map_or(&[][..], Spanned::pairs).iter();
    // One of that name is the path of the span around, or a field that the user calls so.
    merge(&mut pairs, around.filter(|pair| pair.key != SPAN).cloned());
    merge(&mut pairs, own.iter().cloned());
    let spanned = Spanned::new(pairs, producer);
    if let Some(pair) = spanned.pairs().iter().find(|pair| pair.key == SPAN) {
        PATH.learn(pair);
    }
    Arc::new(spanned)
}

static PATH: super::site::Key = super::site::Key::new(SPAN);
