//! How long does a new process take until its first record is committed? Each round starts a process
//! that has nothing to do with the segment yet; it times its own `install` and its first two calls.

use std::process::{Command, ExitCode};

use clap::Parser;
use logring::{info, sys};
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place};
use logring_bench::report::Report;
use logring_bench::spread::Spread;

/// How long a new process takes until its first record is committed
#[derive(Debug, Parser)]
struct Args {
    /// Processes
    #[arg(long, default_value_t = 200)]
    rounds: u64,
    /// Size of the ring, as the drain's command line has it
    #[arg(long, default_value = "16MiB")]
    ring: String,
    /// Be such a process
    #[arg(long, hide = true)]
    be: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.be {
        Some(segment) => attach(segment),
        None => measure(&args),
    };
    logring_bench::exit("attach", result)
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let place = Place::new("attach")?;
    let sink = format!("json:{}", place.file("out.jsonl").display());
    let drain = Drain::start_with(&program, &place, &[&sink], &["--ring-bytes", &args.ring])?;
    let mut spreads = [Spread::new()?, Spread::new()?, Spread::new()?];
    for _ in 0..args.rounds.max(1) {
        let child =
            Command::new(std::env::current_exe()?).args(["--be", place.segment()]).output()?;
        for (spread, ns) in
            spreads.iter_mut().zip(String::from_utf8(child.stdout)?.split_whitespace())
        {
            spread.add(ns.parse()?);
        }
    }
    drain.end()?;
    let [attach, first, second] = &spreads;
    if attach.is_empty() {
        return Err("no process has attached".into());
    }
    let report = Report::new("attach").word("ring", &args.ring);
    let report = second.report("second", first.report("first", attach.report("attach", report)));
    report.print();
    println!(
        "attach: {:.0} us (p99 {:.0}), the first record {:.1} us (p99 {:.1}), the second {:.2} us",
        attach.quantile(0.5) / 1e3,
        attach.quantile(0.99) / 1e3,
        first.quantile(0.5) / 1e3,
        first.quantile(0.99) / 1e3,
        second.quantile(0.5) / 1e3,
    );
    Ok(())
}

/// Prints nanoseconds of `install`, of the first and of the second call.
fn attach(segment: &str) -> Result<(), Failure> {
    let begin = sys::monotonic_ns();
    let _guard = logring::builder(segment).install()?;
    let attached = sys::monotonic_ns();
    info!("first");
    let first = sys::monotonic_ns();
    info!("second");
    let second = sys::monotonic_ns();
    println!("{} {} {}", attached - begin, first - attached, second - first);
    Ok(())
}
