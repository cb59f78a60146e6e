//! What does a drain cost that has nothing to do, and how long does a lone record take into the file?
//! With nobody attached, and with many processes attached that do nothing.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use logring::{info, sys};
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place};
use logring_bench::producers::{self, Producers};
use logring_bench::report::Report;
use logring_bench::spread::Spread;

/// What an idle drain costs, and how long a lone record takes into the file
#[derive(Debug, Parser)]
struct Args {
    /// Idle processes attached, of each run
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100, 1000])]
    processes: Vec<u64>,
    /// Seconds over which the drain is watched
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Lone records
    #[arg(long, default_value_t = 100)]
    records: u64,
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
        let share = watch(&drain, args.seconds)?;
        let delays = lone_records(args.records, &file)?;
        let report =
            Report::new("idle").count("processes", processes).figure("core_percent", share * 100.0);
        delays.report("delay", report).print();
        println!(
            "idle: with {processes} processes attached the drain takes {:.2} % of a core; a lone record \
             is in the file after {:.2} ms, p99 {:.2} ms",
            share * 100.0,
            delays.quantile(0.5) / 1e6,
            delays.quantile(0.99) / 1e6,
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

/// The share of a core that the drain takes while nobody logs.
fn watch(drain: &Drain, seconds: f64) -> Result<f64, Failure> {
    // What has been logged meanwhile is read first.
    std::thread::sleep(Duration::from_millis(300));
    let (before, begin) = (drain.processor_time()?, Instant::now());
    std::thread::sleep(Duration::from_secs_f64(seconds.max(0.1)));
    let took = drain.processor_time()?.saturating_sub(before);
    Ok(took.as_secs_f64() / begin.elapsed().as_secs_f64())
}

/// How long each of some records takes into the file, one after another.
fn lone_records(records: u64, file: &Path) -> Result<Spread, Failure> {
    let mut delays = Spread::new()?;
    for number in 0..records {
        // At any moment of the drain's rhythm.
        std::thread::sleep(Duration::from_micros(10_000 + number * 137 % 5_000));
        let before = std::fs::metadata(file)?.len();
        let begin = sys::monotonic_ns();
        info!("lone", number);
        while std::fs::metadata(file)?.len() == before {
            std::thread::sleep(Duration::from_micros(20));
        }
        delays.add((sys::monotonic_ns() - begin) as f64);
    }
    Ok(delays)
}
