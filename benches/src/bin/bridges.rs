//! What does an event of `tracing` or a record of `log` cost the thread that makes it: through the
//! bridge, and through the subscriber or logger that it would have otherwise?
//!
//! Bursts of calls with two integers and a double, the whole burst timed, each way in turn with the
//! others in one process: through the layer; through `tracing-subscriber`'s JSON format with
//! `tracing-appender`, which loses nothing and writes on a thread of its own; through the `log` bridge;
//! through `env_logger` into a file, unbuffered as it is; and logring's own macro. Then the files are
//! counted: a way that loses records is no way.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use log::{Log, Metadata, Record};
use logring::bridge;
use logring::sync::{AtomicU32, Ordering};
use logring::{Overflow, sys};
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place};
use logring_bench::report::{Report, mean, quantile};
use tracing::Dispatch;
use tracing_appender::non_blocking::NonBlockingBuilder;

/// What events of tracing and records of log cost, through the bridges and without them
#[derive(Debug, Parser)]
struct Args {
    /// Bursts of each way
    #[arg(long, default_value_t = 2_000)]
    bursts: u64,
}

fn main() -> ExitCode {
    logring_bench::exit("bridges", measure(&Args::parse()))
}

/// Calls of a burst.
const BURST: u64 = 20;
/// Between two bursts whoever writes gets on.
const PAUSE: Duration = Duration::from_micros(50);
/// A burst that takes longer was interrupted, by the host or by another process.
const INTERRUPTED_NS: f64 = 1_000_000.0;
/// Bursts that are not counted: callsites are met, files grow.
const WARM_UP: u64 = 50;

/// The ways, in the order of a round.
const WAYS: [&str; 5] =
    ["tracing, bridge", "tracing, fmt json", "log, bridge", "log, env_logger", "logring"];

/// The `log` logger of the process: one of two.
struct Switch {
    own: env_logger::Logger,
    bridge: bridge::log::Bridge,
    to_bridge: AtomicU32,
}

impl Log for Switch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.own.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.to_bridge.load(Ordering::Relaxed) != 0 {
            self.bridge.log(record);
        } else {
            self.own.log(record);
        }
    }

    fn flush(&self) {}
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let place = Place::new("bridges")?;
    let file = |name: &str| place.file(name);
    let drain = Drain::start(&program, &place, &file("ring.jsonl"))?;
    let _guard = logring::builder(place.segment()).overflow(Overflow::BlockForever).install()?;

    let (writer, written) =
        NonBlockingBuilder::default().lossy(false).finish(File::create(file("fmt.jsonl"))?);
    let fmt = tracing_subscriber::fmt().json().with_writer(writer).finish();
    let traced =
        [Dispatch::new(bridge::tracing::Layer::default().subscriber()), Dispatch::new(fmt)];
    let own = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .target(env_logger::Target::Pipe(Box::new(File::create(file("env.log"))?)))
        .build();
    let bridge = bridge::log::Bridge::default();
    let switch: &Switch = Box::leak(Box::new(Switch { own, bridge, to_bridge: AtomicU32::new(0) }));
    log::set_logger(switch)?;
    log::set_max_level(log::LevelFilter::Info);

    let mut figures = WAYS.map(|_| Vec::new());
    for round in 0..WARM_UP + args.bursts {
        for (way, figures) in figures.iter_mut().enumerate() {
            let ns = match way {
                0 | 1 => tracing::dispatcher::with_default(&traced[way], || burst(event)),
                2 | 3 => {
                    switch.to_bridge.store(u32::from(way == 2), Ordering::Relaxed);
                    burst(record)
                }
                _ => burst(native),
            };
            if round >= WARM_UP {
                figures.push(ns);
            }
        }
    }
    drop(traced);
    drop(written);
    drain.end()?;
    let calls = (WARM_UP + args.bursts) * BURST;
    for (name, wanted) in [("ring.jsonl", 3 * calls), ("fmt.jsonl", calls), ("env.log", calls)] {
        count(&file(name), wanted)?;
    }
    let means: Vec<f64> =
        WAYS.iter().zip(&figures).map(|(way, figures)| show(way, figures)).collect();
    println!(
        "bridges: an event of tracing takes {:.2} of what it takes without the bridge, a record of \
         log {:.2}; nothing lost on any way",
        means[0] / means[1],
        means[2] / means[3],
    );
    Ok(())
}

#[inline(never)]
fn event(order_id: u64, total_cents: i64, ms: f64) {
    tracing::info!(order_id, total_cents, ms, "order placed");
}

#[inline(never)]
fn record(order_id: u64, total_cents: i64, ms: f64) {
    log::info!(order_id, total_cents, ms; "order placed");
}

#[inline(never)]
fn native(order_id: u64, total_cents: i64, ms: f64) {
    logring::info!("order placed", order_id, total_cents, ms);
}

/// Nanoseconds of a call, of some in a row.
fn burst(call: fn(u64, i64, f64)) -> f64 {
    let begin = sys::monotonic_ns();
    for number in 0..BURST {
        call(black_box(number), black_box(-7), black_box(2.5));
    }
    let ns = (sys::monotonic_ns() - begin) as f64 / BURST as f64;
    let pause = Instant::now();
    while pause.elapsed() < PAUSE {
        std::hint::spin_loop();
    }
    ns
}

/// Sees to it that a file has as many lines as were logged.
fn count(path: &Path, wanted: u64) -> Result<(), Failure> {
    let text = std::fs::read(path)?;
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    if lines == wanted {
        Ok(())
    } else {
        Err(format!("{} has {lines} lines of {wanted}", path.display()).into())
    }
}

fn show(way: &str, figures: &[f64]) -> f64 {
    let whole = |ns: &&f64| **ns * BURST as f64 <= INTERRUPTED_NS;
    let whole: Vec<f64> = figures.iter().filter(whole).copied().collect();
    let (mean, p50, p99) = (mean(&whole), quantile(&whole, 0.5), quantile(&whole, 0.99));
    Report::new("bridges")
        .word("way", way)
        .count("bursts", whole.len() as u64)
        .count("interrupted", (figures.len() - whole.len()) as u64)
        .figure("mean_ns", mean)
        .figure("p50_ns", p50)
        .figure("p99_ns", p99)
        .print();
    println!(
        "bridges, {way}: {mean:.0} ns a call in bursts of {BURST}, median {p50:.0}, p99 {p99:.0}"
    );
    p50
}
