//! What each processor and each renderer of the drain costs an event, in nanoseconds of one core: a
//! copy of the event goes through it, and what the copy alone costs is taken off. All take turns in
//! each round; the figure is the middle one of all rounds.

use std::borrow::Cow;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use logring::Level;
use logring::record::{AnyValue, ErrorChain, Event, Field};
use logring_bench::Failure;
use logring_bench::report::{Report, median};
use logring_drain::config::pipeline::{self, Named};
use logring_drain::process::{Processor, registry, text};
use logring_drain::render::{Form, LineOptions, Renderer};

/// What each processor and renderer of the drain costs an event
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  cargo run --release -p logring-bench --bin processors -- --events 20000"
)]
struct Arguments {
    /// Events that go through each in a round
    #[arg(long, default_value_t = 50_000)]
    events: u32,
    /// Rounds
    #[arg(long, default_value_t = 7)]
    rounds: u32,
}

/// Processors with options as in a configuration.
const PROCESSORS: &[&str] = &[
    "\"callsite\"",
    "{ name = \"dedup\", by = [\"order_id\"] }",
    "{ name = \"drop_keys\", keys = [\"ms\"] }",
    "{ name = \"filter\", keep = 'level >= info and not target == \"health\"' }",
    "{ name = \"filter\", keep = 'event matches \"order [pc]\"' }",
    "\"format_exception\"",
    "{ name = \"format_exception\", format = \"dict\" }",
    "\"host\"",
    "{ name = \"keep_keys\", keys = [\"order_id\", \"event\"] }",
    "\"level\"",
    "\"level_number\"",
    "\"logger_name\"",
    "\"positional_args\"",
    "{ name = \"rate_limit\", max = 1000000000 }",
    "{ name = \"redact\", keys = [\"password\"] }",
    "{ name = \"redact\", patterns = ['\\d{4}-\\d{4}'] }",
    "{ name = \"rename\", to = \"msg\" }",
    "{ name = \"sample\", rate = 1.0 }",
    #[cfg(feature = "rhai")]
    "{ name = \"script\", code = 'event[\"total\"] = event[\"total_cents\"] / 100.0' }",
    "{ name = \"set\", fields = { env = \"prod\" } }",
    "\"stack_info\"",
    "\"timestamp\"",
    "{ name = \"timestamp\", fmt = \"%H:%M:%S\", tz = \"Europe/Vienna\" }",
    "\"unicode\"",
];

/// The same of renderers; the default lines stand beside them.
const RENDERERS: &[&str] = &[
    "\"console\"",
    "\"json\"",
    "\"key_value\"",
    "\"logfmt\"",
    "{ name = \"pattern\", style = \"%\" }",
    "{ name = \"pattern\", style = \"{\" }",
    "{ name = \"pattern\", style = \"$\" }",
    "{ name = \"pattern\", style = \"loguru\" }",
];

/// What is measured.
enum Step {
    /// The copy alone.
    Copy,
    Process(Box<dyn Processor>),
    Render(Box<dyn Renderer>),
}

struct Measured {
    kind: &'static str,
    name: String,
    step: Step,
    rounds: Vec<f64>,
}

fn main() -> ExitCode {
    logring_bench::exit("processors", run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut all = all()?;
    let event = event();
    let mut out = Vec::new();
    for _ in 0..arguments.rounds.max(1) {
        for measured in &mut all {
            let nanoseconds = round(&mut measured.step, &event, arguments.events, &mut out);
            measured.rounds.push(nanoseconds);
        }
    }
    let copy = median(&all[0].rounds);
    for measured in &all[1..] {
        let cost = median(&measured.rounds) - copy;
        Report::new("processors")
            .word("kind", measured.kind)
            .word("name", &measured.name.replace('\\', "\\\\").replace('"', "'"))
            .figure("ns", cost)
            .print();
    }
    println!("{:>9}  {:9}  what (the copy of an event costs {copy:.0} ns)", "ns", "");
    for measured in &all[1..] {
        let cost = median(&measured.rounds) - copy;
        println!("{cost:9.1}  {:9}  {}", measured.kind, measured.name);
    }
    Ok(())
}

fn all() -> Result<Vec<Measured>, Failure> {
    let one =
        |kind, name: &str, step| Measured { kind, name: name.to_owned(), step, rounds: Vec::new() };
    let mut all = vec![one("copy", "", Step::Copy)];
    for said in PROCESSORS {
        let made = registry::build_text(said).map_err(|fault| fault.message)?;
        all.push(one("processor", said, Step::Process(made.processor)));
    }
    for form in Form::ALL {
        let renderer = form.renderer(LineOptions::default());
        all.push(one("default", form.name(), Step::Render(renderer)));
    }
    for said in RENDERERS {
        let renderer = pipeline::renderer(&Named::parse(said)?)?;
        all.push(one("renderer", said, Step::Render(renderer)));
    }
    Ok(all)
}

/// Nanoseconds for each event.
fn round(step: &mut Step, event: &Event<'static>, events: u32, out: &mut Vec<u8>) -> f64 {
    let start = Instant::now();
    for number in 0..events {
        let mut event = event.clone();
        event.timestamp_ns += i64::from(number) * 1_000;
        // No two are the same order.
        event.fields[0].value = AnyValue::U64(number.into());
        match step {
            Step::Copy => {}
            Step::Process(processor) => {
                while processor.overdue(event.timestamp_ns).is_some() {}
                black_box(processor.process(&mut event));
            }
            Step::Render(renderer) => {
                out.clear();
                renderer.render(&event, out);
                black_box(&out);
            }
        }
        black_box(&event);
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(events)
}

/// An order with an error and an argument for the text, so that each has something to do.
fn event() -> Event<'static> {
    let field = |key, value| Field { key: Cow::Borrowed(key), value };
    let error = ErrorChain {
        messages: vec!["no answer".into(), "connection reset by peer".into()],
        frames: vec!["shop::charge at src/charge.rs:12".into()],
    };
    Event {
        timestamp_ns: 1_795_299_243_123_456_789,
        level: Level::Info,
        target: "shop::orders".into(),
        event: "order placed by %s".into(),
        file: "src/orders.rs".into(),
        line: 41,
        pid: 4711,
        tid: 4712,
        context: vec![field("tenant", AnyValue::Str("acme".into()))],
        fields: vec![
            field("order_id", AnyValue::U64(1)),
            field("total_cents", AnyValue::I64(1999)),
            field("ms", AnyValue::F64(0.25)),
            field("exc_info", AnyValue::Error(error)),
            field("positional_args", AnyValue::List(vec![AnyValue::Str("carol".into())])),
            field("event", text::mark()),
        ],
        ..Event::default()
    }
}
