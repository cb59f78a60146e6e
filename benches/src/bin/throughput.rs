//! How many records a second go from processes into a complete file?
//!
//! One or several producers log, the real drain writes lines; the time runs from the first call
//! until the drain, told to end after the last one, has ended. The file is read back and every line
//! compared. Beside it, in the same round, the ceiling: the same lines formatted and written by a
//! plain loop on one core; and the other loggers. On a busy machine the ratio by processor time is the
//! one to believe.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use logring::sys;
use logring_bench::Failure;
use logring_bench::drain::{Drain, Place, processor_time};
use logring_bench::lines::{Form, Plain, check_many, log};
use logring_bench::producers::{self, Producers};
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
    /// Forms of lines
    #[arg(long = "form", value_enum, default_values = ["json", "logfmt"])]
    forms: Vec<Form>,
    /// Producer processes, which share the records
    #[arg(long, default_value_t = 1)]
    processes: u64,
    /// Threads of each
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// The first record of a producer process
    #[arg(long, hide = true, default_value_t = 0)]
    first: u64,
    /// Measure the other loggers too; needs `--features peers`
    #[cfg(feature = "peers")]
    #[arg(long)]
    peers: bool,
    /// Be this logger, and write into this file
    #[cfg(feature = "peers")]
    #[arg(long, hide = true, num_args = 2)]
    be: Option<Vec<String>>,
    /// Be the producer of a round, on this segment
    #[arg(long, hide = true)]
    produce: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    #[cfg(feature = "peers")]
    if let Some([name, file]) = args.be.as_deref() {
        return logring_bench::exit("throughput", peers::be(name, file.as_ref(), args.records));
    }
    let result = match &args.produce {
        Some(segment) => produce(segment, &args),
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
    drain_bytes: f64,
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let mut all: Vec<Vec<Round>> = args.forms.iter().map(|_| Vec::new()).collect();
    #[cfg(feature = "peers")]
    let mut peers = peers::Peers::new(args.peers)?;
    for _ in 0..args.rounds.max(1) {
        for (form, rounds) in args.forms.iter().zip(&mut all) {
            rounds.push(round(&program, args, *form)?);
        }
        #[cfg(feature = "peers")]
        peers.round(args.records)?;
    }
    args.forms.iter().zip(&all).for_each(|(form, rounds)| show(args, *form, rounds));
    #[cfg(feature = "peers")]
    {
        let text = args.forms.iter().position(|form| *form == Form::Logfmt);
        let ours = text.map_or(&[][..], |at| &all[at]);
        peers.show(args.records, &ours.iter().map(|round| round.wall).collect::<Vec<_>>());
    }
    Ok(())
}

fn show(args: &Args, form: Form, rounds: &[Round]) {
    let records = records_of(args) as f64;
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
        .word("form", form.name())
        .count("records", records_of(args))
        .count("processes", args.processes)
        .count("threads", args.threads)
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
        .figure("drain_peak_mib", median(&each(|round| round.drain_bytes)) / f64::from(1 << 20))
        .count("lost", 0)
        .print();
    println!(
        "throughput: {}, {} x {} producers: {:.2} M records/s ({:.2} to {:.2}) into lines of {line_bytes:.0} bytes; \
         ceiling {:.2} M/s, ratio {ratio:.2}; a record takes the drain {drain_ns:.0} ns of processor \
         time, the ceiling {ceiling_ns:.0}, ratio {:.2}",
        form.name(),
        args.processes,
        args.threads,
        median(&rate),
        quantile(&rate, 0.0),
        quantile(&rate, 1.0),
        median(&ceiling),
        ceiling_ns / drain_ns,
    );
}

/// As many as each thread of each process logs the same number of.
fn records_of(args: &Args) -> u64 {
    let producers = (args.processes * args.threads).max(1);
    (args.records / producers).max(1) * producers
}

fn round(program: &Path, args: &Args, form: Form) -> Result<Round, Failure> {
    let place = Place::new("throughput")?;
    let file = place.file("out");
    let sink = format!("{}:{}", form.name(), file.display());
    let drain = Drain::start_with(program, &place, &[&sink], &[])?;
    let records = records_of(args);
    let own = records / args.processes.max(1);
    let mut producers = Producers::default();
    for index in 0..args.processes.max(1) {
        producers.start(&[
            "--produce",
            place.segment(),
            &format!("--records={own}"),
            &format!("--first={}", own * index),
            &format!("--threads={}", args.threads),
        ])?;
    }
    producers.tell("go")?;
    let mut first_call_ns = u64::MAX;
    for answer in producers.answers()? {
        first_call_ns = first_call_ns.min(answer.parse()?);
    }
    let pid = producers.end()?.pop().ok_or("no producer")?;
    let drain_bytes = drain.peak_bytes()? as f64;
    let drain_cpu = drain.end()?;
    let wall = Duration::from_nanos(sys::monotonic_ns() - first_call_ns);
    let plain = Plain::new(form, pid);
    let text = std::fs::read(&file)?;
    let line_bytes = match args.processes * args.threads {
        0 | 1 => plain.check(&text, records)?,
        _ => check_many(form, &text, records)?,
    };
    std::fs::remove_file(&file)?;

    let before = getrusage(UsageWho::RUSAGE_THREAD)?;
    let begin_ns = sys::monotonic_ns();
    plain.write(records, &file)?;
    let ceiling_wall = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
    let after = getrusage(UsageWho::RUSAGE_THREAD)?;
    let ceiling_cpu = processor_time(&after).saturating_sub(processor_time(&before));
    Ok(Round { wall, ceiling_wall, drain_cpu, ceiling_cpu, line_bytes, drain_bytes })
}

/// A producer's part: waits for a line, logs, says when it made its first call.
fn produce(segment: &str, args: &Args) -> Result<(), Failure> {
    let _guard = producers::join(segment)?;
    producers::ready()?;
    let first_call_ns = sys::monotonic_ns();
    let own = args.records / args.threads.max(1);
    std::thread::scope(|scope| {
        for thread in 1..args.threads {
            let first = args.first + thread * own;
            scope.spawn(move || (first..first + own).for_each(log));
        }
        (args.first..args.first + own).for_each(log);
    });
    println!("{first_call_ns}");
    Ok(())
}

/// The same by the other loggers: one process, the time until its file is complete.
#[cfg(feature = "peers")]
mod peers {
    use std::process::{Command, Stdio};

    use super::*;
    use logring_bench::contender::{Case, lines_in};
    use logring_bench::drain::peak_bytes;
    use logring_bench::peers::{Peer, available, start};

    /// What the others came to, round by round.
    pub(super) struct Peers(Vec<(Peer, Vec<Figures>)>);

    /// Of one round.
    struct Figures {
        seconds: f64,
        /// The part of it that another program took to make text of a trace.
        decode_seconds: f64,
        mebibytes: f64,
    }

    /// Records after which a caller that must see to it that nothing is lost does so.
    const SETTLED: u64 = 100_000;

    impl Peers {
        pub(super) fn new(wanted: bool) -> Result<Self, Failure> {
            let peers = if wanted { available()? } else { Vec::new() };
            Ok(Self(peers.into_iter().map(|peer| (peer, Vec::new())).collect()))
        }

        /// All of them in turn.
        pub(super) fn round(&mut self, records: u64) -> Result<(), Failure> {
            for (Peer { name, .. }, rounds) in &mut self.0 {
                let place = Place::new(&format!("throughput-{name}"))?;
                let file = place.file("out");
                let output = Command::new(std::env::current_exe()?)
                    .args(["--records", &records.to_string(), "--be", name])
                    .arg(&file)
                    .envs(logring_bench::peers::ENVIRONMENT)
                    .stderr(Stdio::inherit())
                    .output()?;
                let text = String::from_utf8(output.stdout)?;
                let figures: Vec<&str> = text.split_whitespace().collect();
                let [ns, decode_ns, bytes] = figures[..] else {
                    return Err(format!("{name} did not finish").into());
                };
                let lines = lines_in(&file)?;
                if lines != records {
                    return Err(format!("{name} wrote {lines} lines of {records}").into());
                }
                rounds.push(Figures {
                    seconds: ns.parse::<f64>()? / 1e9,
                    decode_seconds: decode_ns.parse::<f64>()? / 1e9,
                    mebibytes: bytes.parse::<f64>()? / f64::from(1 << 20),
                });
            }
            Ok(())
        }

        /// Beside our own text in the same rounds.
        pub(super) fn show(&self, records: u64, ours: &[Duration]) {
            let million = records as f64 / 1e6;
            for (peer, rounds) in &self.0 {
                let each = |of: fn(&Figures) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
                let seconds = each(|round| round.seconds);
                let decode = each(|round| round.decode_seconds);
                let rate: Vec<f64> = seconds.iter().map(|seconds| million / seconds).collect();
                let behind: Vec<f64> = seconds
                    .iter()
                    .zip(ours)
                    .map(|(seconds, ours)| seconds / ours.as_secs_f64())
                    .collect();
                let decode_behind: Vec<f64> = decode
                    .iter()
                    .zip(ours)
                    .map(|(seconds, ours)| seconds / ours.as_secs_f64())
                    .collect();
                Report::new("throughput-peer")
                    .word("contender", peer.name)
                    .count("bound", u64::from(peer.is_bound))
                    .count("rust", u64::from(peer.is_rust()))
                    .count("records", records)
                    .figure("million_records_a_second", median(&rate))
                    .figure("slowest", quantile(&rate, 0.0))
                    .figure("fastest", quantile(&rate, 1.0))
                    .figure("ours_of_it", median(&behind))
                    .figure("seconds", median(&seconds))
                    .figure("decode_seconds", median(&decode))
                    .figure("decode_of_ours", median(&decode_behind))
                    .figure("peak_mib", median(&each(|round| round.mebibytes)))
                    .count("lost", 0)
                    .print();
                println!(
                    "throughput, {}: {:.2} M records/s, ours {:.1} times that; {:.0} MiB",
                    peer.name,
                    median(&rate),
                    median(&behind),
                    median(&each(|round| round.mebibytes)),
                );
            }
        }
    }

    /// Prints nanoseconds from the first call to the complete text, those of them that a program took
    /// which makes text of a trace, and the most memory held.
    pub(super) fn be(name: &str, file: &Path, records: u64) -> Result<(), Failure> {
        let contender = start(name, file)?;
        let begin_ns = sys::monotonic_ns();
        let mut left = records;
        while left > 0 {
            let calls = left.min(SETTLED);
            contender.burst(Case::Numbers, calls);
            contender.settle();
            left -= calls;
        }
        let decoding = contender.finish()?;
        let took_ns = sys::monotonic_ns() - begin_ns;
        println!("{took_ns} {} {}", decoding.as_nanos(), peak_bytes(std::process::id())?);
        Ok(())
    }
}
