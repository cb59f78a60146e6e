//! What happens to one record: decoded, processed, rendered once for each kind of line that the
//! sinks want. Called by `drain.rs` in time order; writes to private memory only.

use logring::call::PrivateRecord;
use logring::record::{self, Event, Field, Raw};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::{Level, Result, sys};

use crate::clock::Clock;
use crate::config::Sink;
use crate::lane::{Lane, Spent, Taken};
use crate::notice;
use crate::page::Page;
use crate::plausible;
use crate::process::{Chain, Flow};
use crate::render::{Form, Guarded, LineOptions, Renderer};
use crate::strings::Strings;

/// Lines of one form, for all sinks that want this form.
pub(crate) struct Lines {
    /// Only events of this level or above.
    level: Option<Level>,
    /// The processors of these sinks alone.
    chain: Chain,
    renderer: Box<dyn Renderer>,
    page: Page,
    /// Another form is being rendered alone.
    silent: bool,
    /// The record that is being delivered is in `bytes` already.
    is_written: bool,
}

/// What came of a record without an event.
enum Straight {
    Written,
    /// The form does not want it.
    Unwanted,
    /// There has to be an event.
    Event,
}

impl Lines {
    /// Those that `sink` wants.
    ///
    /// # Errors
    /// A processor or renderer that cannot be made.
    pub(crate) fn of(sink: &Sink) -> Result<Self> {
        Ok(Self { chain: sink.make_chain()?, ..Self::by(sink.level, sink.make_renderer()?) })
    }

    /// Those of a sink of the user's own, by a renderer of its own if it has one.
    pub(crate) fn own(level: Option<Level>, renderer: Option<Box<dyn Renderer>>) -> Self {
        match renderer {
            Some(renderer) => Self::by(level, Box::new(Guarded::new(renderer))),
            None => Self::by(level, Form::Json.renderer(LineOptions::default())),
        }
    }

    /// Those from this level on, by a renderer.
    pub(crate) fn by(level: Option<Level>, renderer: Box<dyn Renderer>) -> Self {
        let (chain, page) = (Chain::new(), Page::default());
        Self { level, chain, renderer, page, silent: false, is_written: false }
    }

    #[inline]
    fn wants(&self, event: &Event<'_>) -> bool {
        !self.silent && self.level.is_none_or(|least| event.level >= least)
    }

    fn render(&mut self, event: &Event<'_>) {
        if self.wants(event) {
            if self.chain.is_empty() {
                self.page.append(|out| self.renderer.render(event, out));
            } else {
                self.render_processed(event);
            }
        }
    }

    /// Renders a record straight from its bytes, if it is wanted and no processor has to see it.
    #[inline]
    fn render_record(&mut self, raw: &Raw<'_>, strings: &Strings<'_>) -> Straight {
        if self.silent || self.level.is_some_and(|least| Level::new(raw.level) < least) {
            Straight::Unwanted
        } else if self.chain.is_empty()
            && self.page.write_over(|out, at| self.renderer.render_record(raw, strings, out, at))
        {
            Straight::Written
        } else {
            Straight::Event
        }
    }

    /// The event is the other sinks' too: what these processors do is done to a copy.
    fn render_processed(&mut self, event: &Event<'_>) {
        self.overdue(event.timestamp_ns);
        let mut event = event.clone();
        if self.chain.run(&mut event) == Flow::Keep {
            self.page.append(|out| self.renderer.render(&event, out));
        }
    }

    fn notice(&mut self, event: &Event<'_>) {
        if self.wants(event) {
            let mut event = event.clone();
            self.chain.run_notice(&mut event);
            self.page.append(|out| self.renderer.render(&event, out));
        }
    }

    fn overdue(&mut self, now_ns: i64) {
        let Self { chain, renderer, page, .. } = self;
        chain.overdue(now_ns, |event| page.append(|out| renderer.render(event, out)));
    }
}

/// Decoding, processors and renderers.
pub(crate) struct Pipeline<'s> {
    strings: Strings<'s>,
    chain: Chain,
    lines: Vec<Lines>,
    payload_max: usize,
    /// Those of the last event, emptied.
    buffers: [Vec<Field<'static>>; 2],
}

impl<'s> Pipeline<'s> {
    /// A pipeline that renders these forms of lines.
    pub(crate) fn new(segment: &'s Segment, chain: Chain, lines: Vec<Lines>) -> Self {
        Self {
            strings: Strings::new(segment),
            chain,
            lines,
            payload_max: segment.max_record_bytes() as usize,
            buffers: [Vec::new(), Vec::new()],
        }
    }

    /// Takes as many of the lane's next records as can be rendered one behind the other without a look at
    /// anything else: of times below a bound, until so many bytes are rendered. False when there is none.
    pub(crate) fn deliver_run(
        &mut self,
        clock: &Clock,
        lane: &mut Lane,
        written_up_to: &mut u64,
        (below, bytes_max): (u64, usize),
    ) -> bool {
        let Self { strings, chain, lines, payload_max, .. } = self;
        let [Lines { level: None, chain: own, renderer, page, silent: false, .. }] = &mut lines[..]
        else {
            return false;
        };
        if !chain.is_empty() || !own.is_empty() {
            return false;
        }
        let (pid, tid) = (lane.owner.pid, lane.owner.tid);
        lane.take_run(*written_up_to..below, *payload_max, |head, payload| {
            let raw = Raw {
                timestamp_ns: clock.convert(head.timestamp),
                level: head.level,
                callsite: head.callsite,
                flags: head.flags,
                context_len: head.context_len,
                pid,
                tid,
                payload,
            };
            let is_written = page.len() < bytes_max
                && page.write_over(|out, at| renderer.render_record(&raw, strings, out, at));
            if is_written {
                *written_up_to = head.timestamp;
            }
            is_written
        })
    }

    /// Takes the lane's next record and renders it, and before it what is missing in front of it.
    pub(crate) fn deliver(
        &mut self,
        memory: &impl Memory,
        clock: &Clock,
        lane: &mut Lane,
        written_up_to: &mut u64,
        spent: &mut Vec<Spent>,
    ) {
        let Some(head) = lane.head else { return };
        let timestamp_ns = clock.convert(head.timestamp);
        let (who, owner, last) = (lane.who(), lane.owner, lane.sequence);
        let expected = last.map_or(head.sequence, |last| last.saturating_add(1));
        let (missing, sequence) = match plausible::missing(expected, head.sequence) {
            Some(missing) => (missing, head.sequence.max(last.unwrap_or(0))),
            // No thread comes so far: the next number is as good as any.
            None => {
                lane.untold.implausible += 1;
                (0, expected)
            }
        };
        let late = head.timestamp < *written_up_to;
        let taken = lane.take(memory, self.payload_max, spent);
        if matches!(taken, Taken::Outrun) {
            return;
        }
        if last.is_none() {
            self.notice(&notice::unknown_start(timestamp_ns, head.sequence, who));
        } else if missing > 0 {
            let lost = if owner.flight { notice::overwritten } else { notice::lost };
            self.notice(&lost(timestamp_ns, missing, who));
        }
        *written_up_to = head.timestamp.max(*written_up_to);
        let whole = match taken {
            Taken::Record(record) => {
                let raw = Raw {
                    timestamp_ns,
                    level: record.level,
                    callsite: record.callsite,
                    flags: record.flags,
                    context_len: record.context_len,
                    pid: owner.pid,
                    tid: owner.tid,
                    payload: record.payload,
                };
                if Level::new(record.level).is_own() {
                    self.strings.name_level(Level::new(record.level));
                }
                let late = late && !owner.flight;
                let may = !late && !owner.flight;
                self.render_record(&raw, may) || self.render_event(&raw, late, owner.flight)
            }
            Taken::Malformed | Taken::Outrun => false,
        };
        lane.sequence = Some(sequence);
        if !owner.flight {
            lane.tally.lost = lane.tally.lost.wrapping_add(missing);
        }
        if whole {
            lane.delivered += 1;
        } else {
            lane.tally.malformed += 1;
            lane.untold.malformed += 1;
        }
    }

    /// Renders a record straight from its bytes in each form that can, if it may be: a mark that its
    /// line gets is the event's. [`Pipeline::render_event`] does the others. True when there are none
    /// and its bytes are known to make sense.
    #[inline]
    fn render_record(&mut self, raw: &Raw<'_>, may: bool) -> bool {
        let Self { strings, chain, lines, .. } = self;
        let may = chain.is_empty() && may;
        let (mut is_whole, mut needs_event) = (false, !may);
        for lines in lines {
            let done = if may { lines.render_record(raw, strings) } else { Straight::Event };
            lines.is_written = matches!(done, Straight::Written);
            is_whole |= lines.is_written;
            needs_event |= matches!(done, Straight::Event);
        }
        is_whole && !needs_event
    }

    /// Decodes a record, lets the processors see it, and renders what they make of it. False when its
    /// bytes make no sense.
    fn render_event(&mut self, raw: &Raw<'_>, late: bool, flight: bool) -> bool {
        let Self { strings, chain, lines, buffers, .. } = self;
        let mut event = Event::with_buffers(std::mem::take(buffers));
        let whole = record::decode(raw, strings, &mut event).is_ok();
        if whole {
            event.late = late;
            if flight {
                event.fields.push(notice::FLIGHT);
            }
            if !chain.is_empty() {
                chain.overdue(raw.timestamp_ns, |event| {
                    lines.iter_mut().for_each(|lines| lines.render(event));
                });
            }
            if chain.run(&mut event) == Flow::Keep {
                for lines in lines.iter_mut().filter(|lines| !lines.is_written) {
                    lines.render(&event);
                }
            }
        }
        *buffers = event.into_buffers();
        whole
    }

    /// Renders what the drain's thread has logged; processors do not see it.
    pub(crate) fn private(&mut self, record: &PrivateRecord, clock: &Clock) {
        let raw = Raw {
            timestamp_ns: clock.convert(record.timestamp),
            level: record.level,
            callsite: 0,
            flags: record.flags,
            context_len: record.context_len,
            pid: sys::pid(),
            tid: sys::tid(),
            payload: &record.payload,
        };
        let mut event = Event::default();
        let Self { strings, chain, lines, .. } = self;
        if record::decode(&raw, strings, &mut event).is_ok() {
            tell(chain, lines, &event);
        }
    }

    /// Renders an event of the drain's own; processors do not see it, but those that say what a line
    /// looks like.
    pub(crate) fn notice(&mut self, event: &Event<'_>) {
        tell(&mut self.chain, &mut self.lines, event);
    }

    /// Renders what processors have to tell at `now_ns`.
    pub(crate) fn overdue(&mut self, now_ns: i64) {
        let Self { chain, lines, .. } = self;
        chain.overdue(now_ns, |event| lines.iter_mut().for_each(|lines| lines.render(event)));
        lines.iter_mut().for_each(|lines| lines.overdue(now_ns));
    }

    /// Bytes rendered and not yet taken, of the longest form.
    pub(crate) fn len(&self) -> usize {
        self.lines.iter().map(|lines| lines.page.len()).max().unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.iter().all(|lines| lines.page.len() == 0)
    }

    /// What `work` renders in this form, and in no other. Nothing may be waiting to be taken.
    pub(crate) fn alone(&mut self, form: usize, work: impl FnOnce(&mut Self)) -> Vec<u8> {
        let hush = |lines: &mut [Lines], silent| {
            for (_, lines) in lines.iter_mut().enumerate().filter(|(at, _)| *at != form) {
                lines.silent = silent;
            }
        };
        hush(&mut self.lines, true);
        work(self);
        hush(&mut self.lines, false);
        self.take(form, Vec::new())
    }

    /// How many forms of lines there are.
    pub(crate) fn forms(&self) -> usize {
        self.lines.len()
    }

    /// Takes what has been rendered in form `form`; the next lines are written over `used`, lines that
    /// nobody needs any more.
    pub(crate) fn take(&mut self, form: usize, used: Vec<u8>) -> Vec<u8> {
        self.lines.get_mut(form).map(|lines| lines.page.take(used)).unwrap_or_default()
    }
}

fn tell(chain: &mut Chain, lines: &mut [Lines], event: &Event<'_>) {
    let mut event = event.clone();
    chain.run_notice(&mut event);
    lines.iter_mut().for_each(|lines| lines.notice(&event));
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("forms", &self.lines.len()).finish_non_exhaustive()
    }
}
