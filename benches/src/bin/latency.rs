//! What does a log call cost the thread that makes it, beside the machine's floor and beside others?
//!
//! Each contender is a process of its own, and they take turns. In it, one case after another: bursts
//! of 20 calls, timed whole (timing each call would hide what the burst waits for), between them bursts
//! of the floor and of the empty loop, and single calls between fences. The way between the cores is
//! measured around each window; windows in which it changed are dropped. Nobody may lose a line: the
//! file is read back and counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use logring::sync::{AtomicU32, Ordering};
use logring::sys;
use logring_bench::Failure;
use logring_bench::contender::{Case, Contender, Logring, lines_in};
use logring_bench::cores::{self, PingPong, Regime};
use logring_bench::drain::{Drain, Place};
use logring_bench::producers::Producers;
use logring_bench::report::{Report, mean};
use logring_bench::setting::Setting;
use logring_bench::spread::Spread;
use logring_bench::turn::{BURST, KINDS, Partners, Worker, serve};
use nix::unistd::Pid;

/// What a log call costs the thread that makes it
#[derive(Debug, Parser)]
struct Args {
    /// Turns of each contender
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Bursts of a window; a window must take less than 200 ms
    #[arg(long, default_value_t = 400)]
    bursts: u64,
    /// Nanoseconds between two bursts, in which whoever writes gets on
    #[arg(long, default_value_t = 100_000)]
    pause: u64,
    /// Windows of each case in a turn
    #[arg(long, default_value_t = 3)]
    windows: u64,
    /// Only these cases; without it all, and beyond the plain setting only `numbers`
    #[arg(long = "case", value_enum)]
    cases: Vec<Case>,
    /// Only these settings: others that log at the same time, what the drain does
    #[arg(long = "setting", value_enum)]
    settings: Vec<Setting>,
    /// Only these contenders
    #[arg(long = "contender")]
    contenders: Vec<String>,
    /// Be this contender; or, on a segment, a `partner` that is measured too, or the `load`
    #[arg(long, hide = true)]
    be: Option<String>,
    /// The segment of a partner or load
    #[arg(long, hide = true)]
    segment: Option<String>,
}

impl Args {
    fn settings(&self) -> &[Setting] {
        if self.settings.is_empty() { &Setting::ALL } else { &self.settings }
    }

    fn cases(&self, setting: Setting) -> &[Case] {
        match setting {
            _ if !self.cases.is_empty() => &self.cases,
            Setting::Plain => &Case::ALL,
            _ => &[Case::Numbers],
        }
    }
}

/// Calls of a peer before any is timed.
const REHEARSAL: u64 = 20_000;
/// The cores' neighbourhood holds for seconds: a longer window may have seen two of them.
const WINDOW_NS_MAX: u64 = 200_000_000;
/// The ring that nobody reads meanwhile holds all windows of a turn.
const LARGE_RING: &str = "128MiB";

fn main() -> ExitCode {
    let args = Args::parse();
    let segment = args.segment.as_deref().unwrap_or_default();
    let result = match args.be.as_deref() {
        Some("partner") => partner(segment, &args),
        Some("load") => load(segment),
        Some(name) => take_turn(name, &args),
        None => measure(&args),
    };
    logring_bench::exit("latency", result)
}

/// What was measured: by setting, case, regime and contender, and of these by kind.
type Spreads = BTreeMap<(Setting, String, String, String), BTreeMap<String, Spread>>;

#[derive(Default)]
struct Gathered {
    spreads: Spreads,
    /// The share of a core that the drain took, turn by turn.
    drain_shares: BTreeMap<Setting, Vec<f64>>,
}

fn measure(args: &Args) -> Result<(), Failure> {
    Drain::build()?;
    let names = contenders(args)?;
    let mut gathered = Gathered::default();
    let mut failures = Vec::new();
    for round in 0..args.rounds.max(1) {
        for setting in args.settings() {
            for (name, several) in &names {
                if *name != "logring" && setting.threads() == 1 && *setting != Setting::Plain
                    || setting.threads() > 1 && !several
                {
                    continue;
                }
                let mut child = Command::new(std::env::current_exe()?);
                child.args(["--be", name, "--bursts", &args.bursts.to_string()]);
                child.args(["--pause", &args.pause.to_string()]);
                child.args(["--windows", &args.windows.to_string()]);
                child.args(["--setting", setting.name()]);
                for case in args.cases(*setting) {
                    child.args(["--case", case.name()]);
                }
                #[cfg(feature = "peers")]
                child.envs(logring_bench::peers::ENVIRONMENT);
                let output = child.stderr(Stdio::inherit()).output()?;
                if !output.status.success() {
                    // What it measured does not count; what the others did is not thrown away.
                    failures.push(format!("{name} failed in round {round}, {}", setting.name()));
                    continue;
                }
                gather(name, *setting, &String::from_utf8(output.stdout)?, &mut gathered)?;
            }
        }
    }
    gathered.spreads.iter().for_each(|(key, kinds)| show(key, kinds, &gathered));
    match failures.first() {
        Some(first) => Err(format!("{} turns failed; {first}", failures.len()).into()),
        None if gathered.spreads.is_empty() => Err("no window was undisturbed".into()),
        None => Ok(()),
    }
}

/// Names, and whether several threads may log.
fn contenders(args: &Args) -> Result<Vec<(&'static str, bool)>, Failure> {
    let mut names = vec![("logring", true)];
    #[cfg(feature = "peers")]
    if args.contenders.iter().any(|name| name != "logring") || args.contenders.is_empty() {
        let peers = logring_bench::peers::available()?;
        names.extend(peers.iter().map(|peer| (peer.name, peer.takes_threads)));
    }
    let wanted =
        |name: &str| args.contenders.is_empty() || args.contenders.iter().any(|one| one == name);
    names.retain(|(name, _)| wanted(name));
    if names.is_empty() { Err("no such contender".into()) } else { Ok(names) }
}

/// Lines of a turn: case, regime, kind, histogram; and one with the drain's share of a core.
fn gather(
    name: &str,
    setting: Setting,
    text: &str,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        match parts[..] {
            ["drain", share] => {
                gathered.drain_shares.entry(setting).or_default().push(share.parse()?);
            }
            [case, regime, kind, pairs] => {
                let key = (setting, case.to_owned(), regime.to_owned(), name.to_owned());
                let kinds = gathered.spreads.entry(key).or_default();
                let spread = Spread::from_text(pairs)?;
                match kinds.get_mut(kind) {
                    Some(known) => known.append(&spread)?,
                    None => drop(kinds.insert(kind.to_owned(), spread)),
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Less the empty loop.
fn net(kinds: &BTreeMap<String, Spread>, share: f64) -> Option<f64> {
    Some(kinds.get("call")?.quantile(share) - kinds.get("empty")?.quantile(0.5))
}

fn show(
    key: &(Setting, String, String, String),
    kinds: &BTreeMap<String, Spread>,
    gathered: &Gathered,
) {
    let (setting, case, regime, name) = key;
    let [Some(call), Some(floor)] = ["call", "floor"].map(|kind| kinds.get(kind)) else { return };
    let [Some(p50), Some(p999)] = [0.5, 0.999].map(|share| net(kinds, share)) else { return };
    let ours = (*setting, case.clone(), regime.clone(), "logring".to_owned());
    let ours = gathered.spreads.get(&ours);
    let of_ours = |share| {
        let figure = ours.and_then(|ours| Some(net(kinds, share)? / net(ours, share)?));
        figure.unwrap_or(f64::NAN)
    };
    let share = gathered.drain_shares.get(setting).map_or(f64::NAN, |shares| mean(shares));
    let ratio = |share| call.quantile(share) / floor.quantile(share);
    let report = Report::new("latency")
        .word("contender", name)
        .word("case", case)
        .word("setting", setting.name())
        .word("cores", regime)
        .count("threads", setting.threads())
        .count("processes", setting.processes())
        .word("drain", setting.drain())
        .word("order", setting.order())
        .figure("drain_core_percent", share * 100.0)
        .figure("ratio_mean", call.mean() / floor.mean())
        .figure("ratio_p99", ratio(0.99))
        .figure("net_p50_ns", p50)
        .figure("net_p999_ns", p999)
        .figure("p50_of_ours", of_ours(0.5))
        .figure("p999_of_ours", of_ours(0.999));
    kinds.iter().fold(report, |report, (kind, spread)| spread.report(kind, report)).print();
    let beside = match ours {
        Some(_) if name != "logring" => {
            format!("; p50 {:.1} times ours, p99.9 {:.1} times", of_ours(0.5), of_ours(0.999))
        }
        _ => String::new(),
    };
    println!(
        "latency, {case}, {}, {regime}, {name}: {:.1} ns a call in bursts of {BURST}, p50 {:.1}, p99 {:.1}, \
         p99.9 {:.1}; {:.2} times the floor, p99 {:.2} times{beside}",
        setting.name(),
        call.mean(),
        call.quantile(0.5),
        call.quantile(0.99),
        call.quantile(0.999),
        call.mean() / floor.mean(),
        ratio(0.99),
    );
}

/// A contender's turn, in a process of its own.
fn take_turn(name: &str, args: &Args) -> Result<(), Failure> {
    let setting = args.settings().first().copied().unwrap_or(Setting::Plain);
    let place = Place::new(&format!("latency-{name}"))?;
    let file = place.file("out");
    let own_and_other = cores::two()?;
    let [own_core, other_core] = own_and_other;
    // Threads that a contender starts inherit this.
    cores::bind(Pid::from_raw(0), other_core)?;
    let program = Drain::program()?;
    let mut drain = None;
    let mut loads = Producers::default();
    let mut partners = Partners::default();
    let mut lines = REHEARSAL;
    let contender: Box<dyn Contender> = if name == "logring" {
        let started = start_drain(&program, &place, setting, &file)?;
        let logring = Logring::join(place.segment())?;
        // What the first touch of a ring's pages costs is the attach bench's question.
        lines = logring.slots() + logring.slots() / 16;
        logring.burst(Case::Numbers, lines);
        match setting.drain() {
            "absent" => drop(started.end()?),
            _ => drain = Some(started),
        }
        for index in 1..setting.processes() {
            let core = own_and_other[index as usize % 2];
            cores::bind(Pid::from_raw(0), core)?;
            partners.processes.start(&[
                "--be=partner",
                &format!("--segment={}", place.segment()),
                &format!("--bursts={}", args.bursts),
                &format!("--pause={}", args.pause),
            ])?;
        }
        if setting.drain() == "busy" {
            cores::bind(Pid::from_raw(0), other_core)?;
            loads.start(&["--be=load", &format!("--segment={}", place.segment())])?;
        }
        Box::new(logring)
    } else {
        let peer = peer(name, &file)?;
        peer.burst(Case::Numbers, REHEARSAL);
        peer.settle();
        peer
    };
    cores::bind(Pid::from_raw(0), own_core)?;
    lines += windows(&*contender, args, setting, partners, own_and_other, drain.as_ref())?;
    loads.tell("end")?;
    for answer in loads.answers()? {
        lines += answer.parse::<u64>()?;
    }
    loads.end()?;
    contender.finish()?;
    match drain {
        Some(drain) => drop(drain.end()?),
        None if name == "logring" => {
            start_drain(&program, &place, setting, &file)?.end()?;
        }
        None => {}
    }
    let found = lines_in(&file)?;
    if found != lines {
        return Err(format!("{name} wrote {found} lines of {lines}").into());
    }
    Ok(())
}

fn start_drain(
    program: &Path,
    place: &Place,
    setting: Setting,
    file: &Path,
) -> Result<Drain, Failure> {
    let config = place.file("drain.toml");
    std::fs::write(&config, format!("order = \"{}\"\n", setting.order()))?;
    let sink = format!("json:{}", file.display());
    let config = config.display().to_string();
    let mut arguments = vec!["--config", &config];
    if setting.drain() == "absent" {
        arguments.extend(["--ring-bytes", LARGE_RING]);
    }
    Drain::start_with(program, place, &[&sink], &arguments)
}

/// All windows of a turn; prints those that count, and returns how many lines they have left.
fn windows(
    contender: &dyn Contender,
    args: &Args,
    setting: Setting,
    partners: Partners,
    own_and_other: [usize; 2],
    drain: Option<&Drain>,
) -> Result<u64, Failure> {
    let mut ping_pong = PingPong::on(own_and_other[1]);
    let worker = Worker::new(args.bursts, args.pause);
    let mut lines = 0;
    let (mut drain_time, mut time) = (Duration::ZERO, Duration::ZERO);
    std::thread::scope(|scope| -> Result<(), Failure> {
        // Dropped at the end, however that comes: threads end with what they are told by, processes
        // with their stdin.
        let mut partners = partners;
        for index in 1..setting.threads() {
            let core = own_and_other[index as usize % 2];
            partners.start_thread(scope, contender, (args.bursts, args.pause), core);
        }
        for case in args.cases(setting) {
            let bound = contender.enter(*case);
            // One more, as a rehearsal: pages, branches, callsites.
            for window in 0..=args.windows.max(1) {
                let before = Regime::of(ping_pong.round_trip_ns());
                let (begin, begin_ns) = (Instant::now(), sys::monotonic_ns());
                let drain_begin = drain.map(Drain::processor_time).transpose()?;
                let figures = partners.window(&worker, contender, *case)?;
                let took_ns = sys::monotonic_ns() - begin_ns;
                if let (Some(drain), Some(begin_time)) = (drain, drain_begin) {
                    drain_time += drain.processor_time()?.saturating_sub(begin_time);
                    time += begin.elapsed();
                }
                contender.settle();
                let after = Regime::of(ping_pong.round_trip_ns());
                lines += worker.lines(*case) * (1 + partners.len());
                if window > 0 && before == after && took_ns <= WINDOW_NS_MAX {
                    for (kind, spread) in KINDS.iter().zip(figures.0) {
                        println!("{}\t{before}\t{kind}\t{}", case.name(), spread.to_text());
                    }
                }
            }
            drop(bound);
        }
        Ok(())
    })?;
    if drain.is_some() {
        println!("drain\t{:.4}", drain_time.as_secs_f64() / time.as_secs_f64());
    }
    Ok(lines)
}

#[cfg(feature = "peers")]
fn peer(name: &str, file: &Path) -> Result<Box<dyn Contender>, Failure> {
    logring_bench::peers::start(name, file)
}

#[cfg(not(feature = "peers"))]
fn peer(name: &str, _: &Path) -> Result<Box<dyn Contender>, Failure> {
    Err(format!("no contender `{name}`; others need `--features peers`").into())
}

/// A process that is measured beside the first one.
fn partner(segment: &str, args: &Args) -> Result<(), Failure> {
    let contender = Logring::join(segment)?;
    serve(&Worker::new(args.bursts, args.pause), &contender)
}

/// Logs at a rate that keeps the drain at work but lets it keep up, until it is told to end; says how
/// many records that were.
fn load(segment: &str) -> Result<(), Failure> {
    const BATCH: u64 = 200;
    const PAUSE: Duration = Duration::from_micros(100);
    let contender = Logring::join(segment)?;
    let has_ended = AtomicU32::new(0);
    std::thread::scope(|scope| -> Result<(), Failure> {
        scope.spawn(|| {
            // Whoever started it may be gone, which ends it too.
            let _ = std::io::stdin().read_line(&mut String::new());
            has_ended.store(1, Ordering::Relaxed);
        });
        println!("ready");
        let mut records = 0;
        while has_ended.load(Ordering::Relaxed) == 0 {
            contender.burst(Case::Numbers, BATCH);
            records += BATCH;
            std::thread::sleep(PAUSE);
        }
        println!("{records}");
        Ok(())
    })
}
