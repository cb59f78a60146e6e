//! How fast do a thousand processes log at once? The drain's own `demo`, which starts them, releases
//! them together and checks every record, told in phases.

use std::process::{Command, ExitCode};

use clap::Parser;
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place};
use logring_bench::report::{Report, median, quantile};

/// How fast a thousand processes log at once
#[derive(Debug, Parser)]
struct Args {
    /// Processes
    #[arg(long, default_value_t = 1000)]
    processes: u64,
    /// Records of each
    #[arg(long, default_value_t = 1000)]
    records: u64,
    /// Rounds; figures are their medians
    #[arg(long, default_value_t = 3)]
    rounds: u64,
}

fn main() -> ExitCode {
    logring_bench::exit("demo", measure(&Args::parse()))
}

/// The phases that it tells, in seconds.
const PHASES: [&str; 5] = ["start", "run", "end", "drain", "check"];

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let mut phases = PHASES.map(|_| Vec::new());
    for _ in 0..args.rounds.max(1) {
        let place = Place::new("demo")?;
        let output = Command::new(&program)
            .args(["demo", &format!("--processes={}", args.processes)])
            .arg(format!("--records={}", args.records))
            .env("LOGRING_RUNTIME_DIR", place.folder())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        if !output.status.success() {
            return Err(format!("the demo found a difference: {}", text.trim()).into());
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        for (phase, seconds) in PHASES.iter().zip(&mut phases) {
            let told = words.windows(2).find(|pair| pair[0] == *phase).map(|pair| pair[1]);
            seconds.push(told.ok_or_else(|| format!("no phase {phase}: {text}"))?.parse::<f64>()?);
        }
    }
    let records = args.processes * args.records;
    let million_a_second = |seconds: f64| records as f64 / seconds / 1e6;
    let run = &phases[1];
    let report = Report::new("demo")
        .count("processes", args.processes)
        .count("records", records)
        .count("rounds", run.len() as u64)
        .figure("run_million_a_second", million_a_second(median(run)))
        .figure("slowest", million_a_second(quantile(run, 1.0)))
        .figure("fastest", million_a_second(quantile(run, 0.0)))
        .count("lost", 0);
    let report = PHASES.iter().zip(&phases).fold(report, |report, (phase, seconds)| {
        report.figure(&format!("{phase}_seconds"), median(seconds))
    });
    report.print();
    println!(
        "demo: {} processes log {:.2} M records/s together, in {:.2} s; their start took {:.2} s, their \
         end {:.2} s, the drain {:.2} s after them; nothing lost",
        args.processes,
        million_a_second(median(run)),
        median(run),
        median(&phases[0]),
        median(&phases[2]),
        median(&phases[3]),
    );
    Ok(())
}
