//! How many records a second go from one process into a complete file?
//!
//! One producer process logs, the real drain writes JSON lines; the time runs from the first call
//! until the drain, told to end after the last one, has ended. The file is read back and every line
//! compared. Beside it, in the same round, the ceiling: the same lines formatted and written by a
//! plain loop on one core. On a busy machine the ratio by processor time is the one to believe.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use logring::{Overflow, sys};
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place, processor_time};
use logring_bench::lines::{Plain, log};
use logring_bench::report::{Report, mean, median, quantile};
use nix::sys::resource::{UsageWho, getrusage};

/// How many records a second go from one process into a complete file
#[derive(Debug, Parser)]
struct Args {
    /// Records a round
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Rounds; figures are their medians
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Be the producer of a round, on this segment
    #[arg(long, hide = true)]
    produce: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.produce {
        Some(segment) => produce(segment, args.records),
        None => measure(&args),
    };
    logring_bench::exit("throughput", result)
}

/// What a round came to.
struct Round {
    wall: Duration,
    ceiling_wall: Duration,
    drain_cpu: Duration,
    ceiling_cpu: Duration,
    line_bytes: f64,
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let mut rounds = Vec::new();
    for _ in 0..args.rounds.max(1) {
        rounds.push(round(&program, args.records.max(1))?);
    }
    let records = args.records.max(1) as f64;
    let each = |of: fn(&Round) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
    let million_a_second = |wall: f64| records / wall / 1e6;
    let rate: Vec<f64> =
        each(|round| round.wall.as_secs_f64()).into_iter().map(million_a_second).collect();
    let ceiling: Vec<f64> =
        each(|round| round.ceiling_wall.as_secs_f64()).into_iter().map(million_a_second).collect();
    let ratio = median(&each(|round| round.ceiling_wall.as_secs_f64() / round.wall.as_secs_f64()));
    let drain_ns = median(&each(|round| round.drain_cpu.as_secs_f64())) / records * 1e9;
    let ceiling_ns = median(&each(|round| round.ceiling_cpu.as_secs_f64())) / records * 1e9;
    let line_bytes = mean(&each(|round| round.line_bytes));
    Report::new("throughput")
        .count("records", args.records)
        .count("rounds", rounds.len() as u64)
        .figure("line_bytes", line_bytes)
        .figure("million_records_a_second", median(&rate))
        .figure("slowest", quantile(&rate, 0.0))
        .figure("fastest", quantile(&rate, 1.0))
        .figure("ceiling", median(&ceiling))
        .figure("ratio", ratio)
        .figure("drain_cpu_ns", drain_ns)
        .figure("ceiling_cpu_ns", ceiling_ns)
        .figure("cpu_ratio", ceiling_ns / drain_ns)
        .print();
    println!(
        "throughput: {:.2} M records/s ({:.2} to {:.2}) into lines of {line_bytes:.0} bytes; \
         ceiling {:.2} M/s, ratio {ratio:.2}; a record takes the drain {drain_ns:.0} ns of processor \
         time, the ceiling {ceiling_ns:.0}, ratio {:.2}",
        median(&rate),
        quantile(&rate, 0.0),
        quantile(&rate, 1.0),
        median(&ceiling),
        ceiling_ns / drain_ns,
    );
    Ok(())
}

fn round(program: &Path, records: u64) -> Result<Round, Failure> {
    let place = Place::new("throughput")?;
    let file = place.file("out.jsonl");
    let drain = Drain::start(program, &place, &file)?;
    let mut producer = Command::new(std::env::current_exe()?)
        .args(["--produce", place.segment(), "--records", &records.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let plain = Plain::new(producer.id());
    let mut lines = BufReader::new(producer.stdout.take().ok_or("no pipe")?).lines();
    lines.next().ok_or("the producer did not begin")??;
    // The producer waits for this, so that its start is not measured.
    producer.stdin.take().ok_or("no pipe")?.write_all(b"\n")?;
    let first_call_ns: u64 = lines.next().ok_or("the producer ended early")??.parse()?;
    if !producer.wait()?.success() {
        return Err("the producer failed".into());
    }
    let drain_cpu = drain.end()?;
    let wall = Duration::from_nanos(sys::monotonic_ns() - first_call_ns);
    let line_bytes = plain.check(&std::fs::read(&file)?, records)?;
    std::fs::remove_file(&file)?;

    let before = getrusage(UsageWho::RUSAGE_THREAD)?;
    let begin_ns = sys::monotonic_ns();
    plain.write(records, &file)?;
    let ceiling_wall = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
    let after = getrusage(UsageWho::RUSAGE_THREAD)?;
    let ceiling_cpu = processor_time(&after).saturating_sub(processor_time(&before));
    Ok(Round { wall, ceiling_wall, drain_cpu, ceiling_cpu, line_bytes })
}

/// The producer's part: waits for a line, logs, says when it made its first call.
fn produce(segment: &str, records: u64) -> Result<(), Failure> {
    // What is measured is the way of every record, so none may be dropped while the ring is full.
    let _guard = logring::builder(segment).overflow(Overflow::BlockForever).install()?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    let first_call_ns = sys::monotonic_ns();
    for number in 0..records {
        log(number);
    }
    println!("{first_call_ns}");
    Ok(())
}
