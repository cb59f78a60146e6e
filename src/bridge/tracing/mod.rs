//! The bridge from [`tracing`](https://docs.rs/tracing): [`Builder::tracing_bridge`], or [`Layer`] in a
//! stack of layers.
//!
//! Fields of events are typed fields, fields of spans are context of what is logged inside, the
//! innermost span's before those of the spans around it, and `span` has their names: `serve:query`.
//! That holds for records of logring's own macros and of `log` in the span, too. A field that is
//! recorded later is there from then on; on other threads from the next event of `tracing` on, or when
//! the span is entered there.
//!
//! An event costs a look into a table, and what its record costs; what is in a span is encoded when the
//! span begins. Nothing is allocated for an event.

mod site;
mod span;
mod visit;

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Dispatch, Event, Metadata, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer as TracingLayer, Layered, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use self::site::Site;
use self::span::{Span, Times, spanned};
use self::visit::{EventFields, SpanFields};
use super::foreign::{Text, Values};
use crate::Logger;
use crate::call::context::spans;
use crate::call::logger::DEFAULT;
use crate::call::{Builder, Producer};
use crate::error::{Error, Result};

impl Builder {
    /// Makes the installed segment the place where events of the `tracing` macros go, those of all
    /// crates of the process: what `tracing_subscriber::fmt::init()` does elsewhere. Where the feature
    /// `log` is on, [`Builder::log_bridge`] beside it takes what `log` has, as `tracing_log` does
    /// elsewhere.
    ///
    /// ```no_run
    /// # fn main() -> logring::Result<()> {
    /// let _guard = logring::builder("billing").tracing_bridge().install()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `install` gives an error where the process has a global subscriber already
    /// ([`Error::is_already_installed`]). For close events, or with other layers, install a stack with
    /// a [`Layer`] instead.
    pub fn tracing_bridge(self) -> Self {
        self.starting(|_| init())
    }
}

/// Does what [`Builder::tracing_bridge`] does where a segment is installed elsewhere; before that is
/// done events go nowhere, and are counted by [`early_calls`](crate::early_calls).
///
/// # Errors
/// The process has a global subscriber already ([`Error::is_already_installed`]).
pub fn init() -> Result<()> {
    Layer::default().init()
}

/// A layer that logs into a segment, for a stack of layers. It holds nothing back from the other ones:
/// what is not enabled here goes on to them.
///
/// ```no_run
/// use logring::bridge::tracing::Layer;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let stack = tracing_subscriber::registry().with(Layer::default().close_events());
/// # let _ = stack;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// `None` = the one that calls without `logger:` use.
    logger: Option<Logger>,
    close_events: bool,
    /// Whether what is not enabled here is nobody else's business.
    alone: bool,
}

impl Layer {
    /// One that logs by this logger: into its segment, with its context. [`Layer::default`] logs into
    /// the installed segment.
    #[must_use]
    pub fn new(logger: Logger) -> Self {
        Self { logger: Some(logger), ..Self::default() }
    }

    /// Logs an event `close` at each span's end, with the span's level, its fields, and the fields
    /// `time.busy` and `time.idle`: how long it was entered, and how long it was not. Costs a read of
    /// the clock at each entry and exit.
    #[must_use]
    pub fn close_events(self) -> Self {
        Self { close_events: true, ..self }
    }

    /// A subscriber of this layer alone.
    #[must_use]
    pub fn subscriber(self) -> Layered<Self, Registry> {
        tracing_subscriber::registry().with(Self { alone: true, ..self })
    }

    /// Makes [`Layer::subscriber`] that of the process.
    ///
    /// # Errors
    /// It has one already ([`Error::is_already_installed`]).
    pub fn init(self) -> Result<()> {
        dispatcher::set_global_default(Dispatch::new(self.subscriber())).map_err(|_| {
            Error::already_installed(
                "the process has a global tracing subscriber already: install one of the two, or put a \
                 logring::bridge::tracing::Layer into that one's stack",
            )
        })
    }

    fn logger(&self) -> &Logger {
        self.logger.as_ref().unwrap_or(&DEFAULT)
    }

    fn producer(&self) -> Option<&'static Producer> {
        self.logger().producer()
    }
}

impl<S> TracingLayer<S> for Layer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    /// Always asked again: an operator may change the level while the process runs.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        Site::of(metadata, self.logger());
        if self.alone { Interest::sometimes() } else { Interest::always() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // One that was never registered is no macro's; its event is asked for later.
        let logger = self.logger();
        let site = Site::known(metadata, logger).filter(|_| self.alone);
        site.is_none_or(|site| site.foreign.enabled(logger))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let site = Site::of(attributes.metadata(), self.logger());
        let mut own = Vec::with_capacity(site.keys.len());
        attributes.record(&mut SpanFields::new(site, &mut own));
        let parent = span.scope().skip(1).find_map(|parent| {
            let spanned = spanned(&parent, self.producer())?;
            Some((spanned, parent))
        });
        let times = self.close_events.then(Times::new);
        let new = match &parent {
            Some((around, parent)) => {
                let extensions = parent.extensions();
                let path = extensions.get::<Span>().map_or("", Span::path);
                Span::new(site, own, Some((around, path)), self.producer(), times)
            }
            None => Span::new(site, own, None, self.producer(), times),
        };
        span.extensions_mut().replace(new);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let site = span.extensions().get::<Span>().map(Span::site);
        let Some(site) = site else { return };
        let mut fields = Vec::new();
        values.record(&mut SpanFields::new(site, &mut fields));
        if let Some(span) = span.extensions_mut().get_mut::<Span>() {
            span.record(fields);
        }
        self.refresh(&context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let logger = self.logger();
        let site = Site::of(event.metadata(), logger);
        if !site.foreign.enabled(logger) {
            return;
        }
        let _instead = (!event.is_contextual()).then(|| {
            let span = context.event_span(event);
            spans::instead(span.and_then(|span| spanned(&span, self.producer())))
        });
        self.refresh(&context);
        let mut fields = EventFields::new(site, logger);
        event.record(&mut fields);
        fields.log();
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(spanned) = spanned(&span, self.producer()) else { return };
        if self.close_events {
            of_times(&span, Times::was_idle);
        }
        spans::enter(id.into_u64(), spanned);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        spans::exit(id.into_u64());
        if let Some(span) = context.span(id).filter(|_| self.close_events) {
            of_times(&span, Times::was_busy);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id).filter(|_| self.close_events) else { return };
        let Some(spanned) = spanned(&span, self.producer()) else { return };
        of_times(&span, Times::was_idle);
        let mut extensions = span.extensions_mut();
        let Some(Span { times: Some(times), .. }) = extensions.get_mut::<Span>() else { return };
        let (busy, idle) = (times.busy, times.idle);
        drop(extensions);
        let logger = self.logger();
        let site = Site::of(span.metadata(), logger);
        if !site.foreign.enabled(logger) {
            return;
        }
        let (mut text, mut values) = (Text::new(), Values::new());
        text.write(format_args!("close"));
        values.plain(&busy);
        values.plain(&idle);
        let _instead = spans::instead(Some(spanned));
        site.foreign.log(logger, &text, &values);
    }
}

impl Layer {
    fn refresh<S>(&self, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if span::changes() != 0 {
            span::refresh(|id| spanned(&context.span(id)?, self.producer()));
        }
    }
}

fn of_times<'a, R>(
    span: &tracing_subscriber::registry::SpanRef<'a, R>,
    action: impl FnOnce(&mut Times),
) where
    R: LookupSpan<'a>,
{
    if let Some(Span { times: Some(times), .. }) = span.extensions_mut().get_mut::<Span>() {
        action(times);
    }
}
