//! What does a record cost as producers grow in number? Processes that all log, and threads that have
//! logged once and idle: the processor time of a record at the producer and at the drain, and the
//! drain's memory.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place, processor_time};
use logring_bench::lines::{Form, check_many, log};
use logring_bench::producers::{self, Producers};
use logring_bench::report::Report;
use nix::sys::resource::{UsageWho, getrusage};

/// What a record costs as producers grow in number
#[derive(Debug, Parser)]
struct Args {
    /// Producer processes of each run
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 32, 256])]
    processes: Vec<u64>,
    /// Idle threads beside one producer of each run
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100, 1000])]
    idle_threads: Vec<u64>,
    /// Records of a run, shared by the processes
    #[arg(long, default_value_t = 512_000)]
    records: u64,
    /// Size of the ring, as the drain's command line has it
    #[arg(long, default_value = "64MiB")]
    ring: String,
    /// Be a producer on this segment
    #[arg(long, hide = true)]
    produce: Option<String>,
    /// The first record of a producer
    #[arg(long, hide = true, default_value_t = 0)]
    first: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.produce {
        Some(segment) => produce(segment, &args),
        None => measure(&args),
    };
    logring_bench::exit("scale", result)
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let mut base = None;
    for processes in &args.processes {
        run(&program, args, (*processes).max(1), 0, &mut base)?;
    }
    for threads in &args.idle_threads {
        run(&program, args, 1, *threads, &mut base)?;
    }
    Ok(())
}

fn run(
    program: &Path,
    args: &Args,
    processes: u64,
    idle_threads: u64,
    base: &mut Option<f64>,
) -> Result<(), Failure> {
    let place = Place::new("scale")?;
    let file = place.file("out.jsonl");
    let sink = format!("json:{}", file.display());
    let drain = Drain::start_with(program, &place, &[&sink], &["--ring-bytes", &args.ring])?;
    let own = (args.records / processes).max(1);
    let mut producers = Producers::default();
    for index in 0..processes {
        producers.start(&[
            "--produce",
            place.segment(),
            &format!("--records={own}"),
            &format!("--first={}", own * index),
            &format!("--idle-threads={idle_threads}"),
        ])?;
    }
    producers.tell("go")?;
    let mut producer_ns = 0;
    for answer in producers.answers()? {
        producer_ns += answer.parse::<u64>()?;
    }
    producers.end()?;
    let peak = drain.peak_bytes()? as f64;
    let drain_cpu = drain.end()?;
    let records = own * processes;
    let idle_lines = idle_threads * processes;
    let text = std::fs::read(&file)?;
    // What the idle threads have logged stands behind the others' numbers.
    check_many(Form::Json, &text, records + idle_lines)?;
    let each = |time: Duration| time.as_secs_f64() * 1e9 / records as f64;
    let call = producer_ns as f64 / records as f64;
    let ratio = call / *base.get_or_insert(call);
    Report::new("scale")
        .count("processes", processes)
        .count("idle_threads", idle_threads)
        .count("records", records)
        .word("ring", &args.ring)
        .figure("producer_cpu_ns", call)
        .figure("producer_ratio", ratio)
        .figure("drain_cpu_ns", each(drain_cpu))
        .figure("drain_peak_mib", peak / f64::from(1 << 20))
        .print();
    println!(
        "scale: {processes} processes, {idle_threads} idle threads each: {call:.1} ns of processor time a \
         call ({ratio:.2} of the first run's), {:.0} ns a record in the drain, which held {:.0} MiB at \
         most",
        each(drain_cpu),
        peak / f64::from(1 << 20),
    );
    Ok(())
}

/// A producer's part: attaches, starts what idles, waits for a line, logs, says what that took.
fn produce(segment: &str, args: &Args) -> Result<(), Failure> {
    let _guard = producers::join(segment)?;
    let idle = args.idle_threads.first().copied().unwrap_or(0);
    let (begun, end) =
        (std::sync::Barrier::new(idle as usize + 1), std::sync::Barrier::new(idle as usize + 1));
    std::thread::scope(|scope| -> Result<(), Failure> {
        for thread in 0..idle {
            let (begun, end) = (&begun, &end);
            let worker = move || {
                log(args.records + thread);
                begun.wait();
                end.wait();
            };
            std::thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, worker)?;
        }
        begun.wait();
        producers::ready()?;
        let before = processor_time(&getrusage(UsageWho::RUSAGE_THREAD)?);
        (args.first..args.first + args.records).for_each(log);
        let took = processor_time(&getrusage(UsageWho::RUSAGE_THREAD)?).saturating_sub(before);
        println!("{}", took.as_nanos());
        end.wait();
        Ok(())
    })
}
