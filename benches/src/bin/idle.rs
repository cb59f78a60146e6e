//! What does a drain cost that has nothing to do, and how long does a lone record take into the file?
//! With nobody attached, and with many processes attached that do nothing; beside it a loop that only
//! sleeps as a drain does that looks every 3 ms, which is what such looks cost at least on this machine.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use logring::{info, sys};
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place, time_on_processor};
use logring_bench::producers::{self, Producers};
use logring_bench::report::Report;
use logring_bench::spread::Spread;

/// Until the drain has seen that nobody logs.
const FIRST_REST: Duration = Duration::from_secs(3);
/// Until it has seen that again.
const RARE: Duration = Duration::from_millis(2500);

/// What an idle drain costs, and how long a lone record takes into the file
#[derive(Debug, Parser)]
struct Args {
    /// Idle processes attached, of each run
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100, 1000])]
    processes: Vec<u64>,
    /// Seconds over which the drain is watched
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Lone records, one every 10 to 15 ms
    #[arg(long, default_value_t = 100)]
    records: u64,
    /// Records of which each is the first in 2.5 s
    #[arg(long, default_value_t = 4)]
    rare: u64,
    /// Be an idle process
    #[arg(long, hide = true)]
    be: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.be {
        Some(segment) => stay(segment),
        None => measure(&args),
    };
    logring_bench::exit("idle", result)
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let place = Place::new("idle")?;
    let file = place.file("out.jsonl");
    let drain = Drain::start(&program, &place, &file)?;
    let _guard = producers::join(place.segment())?;
    let mut idlers = Producers::default();
    let mut runs = args.processes.clone();
    runs.sort_unstable();
    for processes in runs {
        while idlers.len() < processes {
            idlers.start(&["--be", place.segment()])?;
        }
        let share = watch(&drain, args.seconds, FIRST_REST)?;
        let (rare, rare_calls) = lone_records(args.rare, &file, |_| RARE)?;
        // At any moment of the drain's rhythm.
        let gap = |number| Duration::from_micros(10_000 + number * 137 % 5_000);
        let (delays, calls) = lone_records(args.records, &file, gap)?;
        let awake = watch(&drain, 0.7, Duration::from_millis(50))?;
        let sleeper = sleeper(args.seconds)?;
        let report = Report::new("idle")
            .count("processes", processes)
            .figure("core_percent", share * 100.0)
            .figure("awake_core_percent", awake * 100.0)
            .figure("sleeper_core_percent", sleeper * 100.0);
        let report = delays.report("delay", report);
        let report = calls.report("call", report);
        let report = rare.report("rare_delay", report);
        rare_calls.report("rare_call", report).print();
        println!(
            "idle: with {processes} processes attached the drain takes {:.2} % of a core, {:.2} % in the \
             second behind a record, where a loop that only sleeps as often takes {:.2} %; a lone record \
             is in the file after {:.2} ms, p99 {:.2} ms; the first one in seconds, whose call takes \
             {:.1} us instead of {:.1}, after {:.2} ms",
            share * 100.0,
            awake * 100.0,
            sleeper * 100.0,
            delays.quantile(0.5) / 1e6,
            delays.quantile(0.99) / 1e6,
            rare_calls.quantile(0.5) / 1e3,
            calls.quantile(0.5) / 1e3,
            rare.quantile(0.5) / 1e6,
        );
    }
    idlers.end()?;
    drain.end()?;
    Ok(())
}

/// Attaches, logs once, and stays until its stdin ends.
fn stay(segment: &str) -> Result<(), Failure> {
    let _guard = logring::builder(segment).install()?;
    info!("attached");
    producers::ready()
}

/// The share of a core that the drain takes while nobody logs, after that `rest`.
fn watch(drain: &Drain, seconds: f64, rest: Duration) -> Result<f64, Failure> {
    std::thread::sleep(rest);
    let (before, begin) = (drain.processor_time()?, Instant::now());
    std::thread::sleep(Duration::from_secs_f64(seconds.max(0.1)));
    let took = drain.processor_time()?.saturating_sub(before);
    Ok(took.as_secs_f64() / begin.elapsed().as_secs_f64())
}

/// The share of a core that a loop takes which does nothing but sleep for 3 ms.
fn sleeper(seconds: f64) -> Result<f64, Failure> {
    let (before, begin) = (time_on_processor("thread-self")?, Instant::now());
    while begin.elapsed().as_secs_f64() < seconds {
        std::thread::sleep(Duration::from_millis(3));
    }
    let took = time_on_processor("thread-self")?.saturating_sub(before);
    Ok(took.as_secs_f64() / begin.elapsed().as_secs_f64())
}

/// How long each of some records takes into the file, one after another with a gap before each, and how
/// long its call takes.
fn lone_records(
    records: u64,
    file: &Path,
    gap: impl Fn(u64) -> Duration,
) -> Result<(Spread, Spread), Failure> {
    let (mut delays, mut calls) = (Spread::new()?, Spread::new()?);
    for number in 0..records {
        std::thread::sleep(gap(number));
        let before = std::fs::metadata(file)?.len();
        let begin = sys::monotonic_ns();
        info!("lone", number);
        calls.add((sys::monotonic_ns() - begin) as f64);
        while std::fs::metadata(file)?.len() == before {
            std::thread::sleep(Duration::from_micros(20));
        }
        delays.add((sys::monotonic_ns() - begin) as f64);
    }
    Ok((delays, calls))
}
