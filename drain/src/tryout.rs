//! Processors and renderers without a segment: events from JSON lines, through a configuration's
//! pipeline, to text. What `logring-drain render` does; writes nothing but what it is asked for.

mod read;

use std::io::{BufRead, Write};

use logring::record::Event;
use logring::{Error, Result};

use crate::config::{Sink, pipeline};
use crate::process::{Chain, Flow};
use crate::render::Renderer;

pub use read::event;

/// A sink's own processors, and its renderer.
struct Lines {
    sink: Sink,
    chain: Chain,
    renderer: Box<dyn Renderer>,
    out: Vec<u8>,
}

/// All of a configuration's processors and renderers.
#[derive(Debug)]
pub struct Tryout {
    chain: Chain,
    sinks: Vec<Lines>,
}

impl Tryout {
    /// The pipeline of these processors and sinks.
    ///
    /// # Errors
    /// A processor or renderer that cannot be made.
    pub fn new(processors: &[pipeline::Named], sinks: Vec<Sink>) -> Result<Self> {
        let lines = |sink: Sink| {
            let (chain, renderer) = (sink.make_chain()?, sink.make_renderer()?);
            Ok(Lines { sink, chain, renderer, out: Vec::new() })
        };
        let chain = pipeline::chain(processors, false)?;
        Ok(Self { chain, sinks: sinks.into_iter().map(lines).collect::<Result<_>>()? })
    }

    /// Runs one event through.
    pub fn run(&mut self, event: &mut Event<'_>) {
        self.overdue(event.timestamp_ns);
        if self.chain.run(event) == Flow::Keep {
            self.sinks.iter_mut().for_each(|lines| lines.render(event));
        }
    }

    /// What processors have to tell at this time.
    pub fn overdue(&mut self, now_ns: i64) {
        let Self { chain, sinks } = self;
        chain.overdue(now_ns, |event| sinks.iter_mut().for_each(|lines| lines.render(event)));
        sinks.iter_mut().for_each(|lines| lines.overdue(now_ns));
    }

    /// Each sink, and what it would have written since it was last taken.
    pub fn take(&mut self) -> impl Iterator<Item = (&Sink, Vec<u8>)> {
        self.sinks.iter_mut().map(|lines| (&lines.sink, std::mem::take(&mut lines.out)))
    }

    /// Runs every line of `from` through and prints what each sink would write; of several, each
    /// line behind the sink's path.
    ///
    /// # Errors
    /// A line that is no event, with its number; input or output that fails.
    pub fn run_all(&mut self, from: impl BufRead, to: &mut impl Write) -> Result<()> {
        for (index, line) in from.lines().enumerate() {
            let line = line.map_err(|error| Error::os("read events", error))?;
            if line.trim().is_empty() {
                continue;
            }
            let mut event = event(&line)
                .map_err(|error| Error::invalid(format!("event in line {}: {error}", index + 1)))?;
            self.run(&mut event);
            self.print(to)?;
        }
        self.overdue(i64::MAX);
        self.print(to)
    }

    fn print(&mut self, to: &mut impl Write) -> Result<()> {
        let several = self.sinks.len() > 1;
        for (sink, out) in self.take() {
            let written = if several {
                let path = sink.path.display();
                out.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| {
                    write!(to, "{path}: ")?;
                    to.write_all(line)
                })
            } else {
                to.write_all(&out)
            };
            written.map_err(|error| Error::os("write lines", error))?;
        }
        Ok(())
    }
}

impl Lines {
    fn render(&mut self, event: &Event<'_>) {
        if !self.sink.wants(event.level) {
            return;
        }
        self.overdue(event.timestamp_ns);
        let mut event = event.clone();
        if self.chain.run(&mut event) == Flow::Keep {
            self.renderer.render(&event, &mut self.out);
        }
    }

    fn overdue(&mut self, now_ns: i64) {
        let Self { chain, renderer, out, .. } = self;
        chain.overdue(now_ns, |event| renderer.render(event, out));
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// What one processor, written as in a configuration, makes of JSON lines, as structlog's JSON: for
/// examples and tests.
///
/// # Panics
/// A processor that cannot be, lines that are no events.
#[must_use]
pub fn tried(processor: &str, lines: &str) -> String {
    let parse = |text| pipeline::Named::parse(text).expect("the processor is a value of TOML");
    let sink = Sink {
        processors: vec![parse(processor)],
        renderer: Some(parse("\"json\"")),
        ..Sink::json("")
    };
    let mut tryout = Tryout::new(&[], vec![sink]).expect("the processor is one that there is");
    let mut out = Vec::new();
    tryout.run_all(lines.as_bytes(), &mut out).expect("the lines are events");
    let out = String::from_utf8(out).expect("lines of texts are UTF-8");
    out.trim_end_matches('\n').to_owned()
}
