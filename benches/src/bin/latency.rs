//! What does a log call cost the thread that makes it, beside the machine's floor and beside others?
//!
//! Each contender is a process of its own, and they take turns. In it, one case after another: bursts
//! of 20 calls, timed whole (timing each call would hide what the burst waits for), between them bursts
//! of the floor and of the empty loop, and single calls between fences. The way between the cores is
//! measured around each window; windows in which it changed are dropped. Nobody may lose a line: the
//! file is read back and counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Parser;
use logring::sys;
use logring_bench::Failure;
use logring_bench::contender::{Case, Contender, Empty, Logring, lines_in, repeat};
use logring_bench::cores::{self, PingPong, Regime};
use logring_bench::drain::{Drain, Place};
use logring_bench::floor::Floor;
use logring_bench::report::Report;
use logring_bench::spread::Spread;
use logring_bench::ticks::Ticks;
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
    /// Only these cases
    #[arg(long = "case", value_enum)]
    cases: Vec<Case>,
    /// Only these contenders
    #[arg(long = "contender")]
    contenders: Vec<String>,
    /// Be this contender
    #[arg(long, hide = true)]
    be: Option<String>,
}

impl Args {
    fn cases(&self) -> &[Case] {
        if self.cases.is_empty() { &Case::ALL } else { &self.cases }
    }
}

/// More records than the ring of 16 MiB has slots.
const REHEARSAL: u64 = 140_000;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.be {
        Some(name) => take_turn(name, &args),
        None => measure(&args),
    };
    logring_bench::exit("latency", result)
}

/// Calls of a burst.
const BURST: u64 = 20;
/// The cores' neighbourhood holds for seconds: a longer window may have seen two of them.
const WINDOW_NS_MAX: u64 = 200_000_000;
/// What the figures of a window are of.
const KINDS: [&str; 5] = ["call", "floor", "empty", "single", "single_floor"];

/// What was measured, by contender, case, regime and kind.
type Spreads = BTreeMap<(String, String, String), BTreeMap<String, Spread>>;

fn measure(args: &Args) -> Result<(), Failure> {
    Drain::build()?;
    let all = names();
    let names: Vec<&str> = all
        .into_iter()
        .filter(|name| args.contenders.is_empty() || args.contenders.iter().any(|one| one == name))
        .collect();
    let mut spreads = Spreads::new();
    for round in 0..args.rounds.max(1) {
        for name in &names {
            let mut child = Command::new(std::env::current_exe()?);
            child.args(["--be", name, "--bursts", &args.bursts.to_string()]);
            child.args(["--pause", &args.pause.to_string()]);
            child.args(["--windows", &args.windows.to_string()]);
            for case in args.cases() {
                child.args(["--case", case.name()]);
            }
            let output = child.stderr(std::process::Stdio::inherit()).output()?;
            if !output.status.success() {
                return Err(format!("{name} failed in round {round}").into());
            }
            gather(name, &String::from_utf8(output.stdout)?, &mut spreads)?;
        }
    }
    if spreads.is_empty() {
        return Err("no window was undisturbed".into());
    }
    spreads.iter().for_each(|(key, kinds)| show(key, kinds));
    Ok(())
}

fn names() -> Vec<&'static str> {
    #[cfg_attr(not(feature = "peers"), expect(unused_mut, reason = "others are added"))]
    let mut names = vec!["logring", "logring-without-drain"];
    #[cfg(feature = "peers")]
    names.extend(logring_bench::peers::NAMES);
    names
}

/// Lines of a turn: case, regime, kind, histogram.
fn gather(name: &str, text: &str, spreads: &mut Spreads) -> Result<(), Failure> {
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [case, regime, kind, pairs] = parts[..] else { continue };
        let kinds =
            spreads.entry((case.to_owned(), regime.to_owned(), name.to_owned())).or_default();
        let spread = Spread::from_text(pairs)?;
        match kinds.get_mut(kind) {
            Some(known) => known.append(&spread)?,
            None => drop(kinds.insert(kind.to_owned(), spread)),
        }
    }
    Ok(())
}

fn show((case, regime, name): &(String, String, String), kinds: &BTreeMap<String, Spread>) {
    let report =
        Report::new("latency").word("contender", name).word("case", case).word("cores", regime);
    let [Some(call), Some(floor), Some(empty)] =
        ["call", "floor", "empty"].map(|kind| kinds.get(kind))
    else {
        return;
    };
    let ratio = |share| call.quantile(share) / floor.quantile(share);
    let report = report
        .figure("ratio_mean", call.mean() / floor.mean())
        .figure("ratio_p99", ratio(0.99))
        .figure("net_p50_ns", call.quantile(0.5) - empty.quantile(0.5));
    kinds.iter().fold(report, |report, (kind, spread)| spread.report(kind, report)).print();
    println!(
        "latency, {case}, {regime}, {name}: {:.1} ns a call in bursts of {BURST}, p50 {:.1}, p99 {:.1}, \
         p99.9 {:.1}; floor {:.1}, p99 {:.1}; {:.2} times the floor, p99 {:.2} times",
        call.mean(),
        call.quantile(0.5),
        call.quantile(0.99),
        call.quantile(0.999),
        floor.mean(),
        floor.quantile(0.99),
        call.mean() / floor.mean(),
        ratio(0.99),
    );
}

/// A contender's turn, in a process of its own.
fn take_turn(name: &str, args: &Args) -> Result<(), Failure> {
    let place = Place::new(&format!("latency-{name}"))?;
    let file = place.file("out");
    let [own_core, other_core] = cores::two()?;
    // Threads that a contender starts inherit this.
    cores::bind(Pid::from_raw(0), other_core)?;
    let mut drain = None;
    let contender: Box<dyn Contender> = match name {
        "logring" => {
            let program = Drain::program()?;
            let started = Drain::start(&program, &place, &file)?;
            cores::bind(started.pid(), other_core)?;
            drain = Some(started);
            Box::new(Logring::join(place.segment())?)
        }
        "logring-without-drain" => Box::new(Logring::join_large(place.segment())?),
        name => peer(name, &file)?,
    };
    cores::bind(Pid::from_raw(0), own_core)?;
    let mut ping_pong = PingPong::on(other_core);
    let mut turn = Turn { floor: Floor::new(), ticks: Ticks::measure(), args, written: 0 };
    // What the first touch of a ring's pages costs is the attach bench's question.
    contender.burst(Case::Numbers, REHEARSAL);
    turn.written += REHEARSAL;
    for case in args.cases() {
        let scope = contender.enter(*case);
        // Once as a rehearsal: pages, branches, callsites.
        turn.window(&*contender, *case)?;
        for _ in 0..args.windows.max(1) {
            let before = Regime::of(ping_pong.round_trip_ns());
            let begin_ns = sys::monotonic_ns();
            let figures = turn.window(&*contender, *case)?;
            let took_ns = sys::monotonic_ns() - begin_ns;
            let after = Regime::of(ping_pong.round_trip_ns());
            if before == after && took_ns <= WINDOW_NS_MAX {
                for (kind, spread) in KINDS.iter().zip(figures) {
                    println!("{}\t{before}\t{kind}\t{}", case.name(), spread.to_text());
                }
            }
        }
        drop(scope);
    }
    drop(ping_pong);
    contender.finish()?;
    if let Some(drain) = drain {
        drain.end()?;
    } else if name == "logring-without-drain" {
        let program = Drain::program()?;
        Drain::start(&program, &place, &file)?.end()?;
    }
    let lines = lines_in(&file)?;
    if lines != turn.written {
        return Err(format!("{name} wrote {lines} lines of {}", turn.written).into());
    }
    Ok(())
}

#[cfg(feature = "peers")]
fn peer(name: &str, file: &Path) -> Result<Box<dyn Contender>, Failure> {
    logring_bench::peers::start(name, file)
}

#[cfg(not(feature = "peers"))]
fn peer(name: &str, _: &Path) -> Result<Box<dyn Contender>, Failure> {
    Err(format!("no contender `{name}`; others need `--features peers`").into())
}

/// What a turn needs for each window.
struct Turn<'a> {
    floor: Floor,
    ticks: Ticks,
    args: &'a Args,
    /// Lines that must be in the file.
    written: u64,
}

impl Turn<'_> {
    /// The figures of a window, in the order of [`KINDS`].
    fn window(&mut self, contender: &dyn Contender, case: Case) -> Result<[Spread; 5], Failure> {
        let mut spreads =
            [Spread::new()?, Spread::new()?, Spread::new()?, Spread::new()?, Spread::new()?];
        let [calls, floors, empties, singles, single_floors] = &mut spreads;
        let each = BURST as f64;
        let floor = |count| {
            repeat(count, |order_id, total_cents, ms| self.floor.push(order_id, total_cents, ms))
        };
        for _ in 0..self.args.bursts {
            calls.add(self.ticks.of(|| contender.burst(case, BURST)) / each);
            self.ticks.spin(self.args.pause);
            floors.add(self.ticks.of(|| floor(BURST)) / each);
            empties.add(self.ticks.of(|| Empty.burst(case, BURST)) / each);
            singles.add(self.ticks.of(|| contender.burst(case, 1)));
            single_floors.add(self.ticks.of(|| floor(1)));
        }
        if case.writes() {
            self.written += self.args.bursts * (BURST + 1);
        }
        Ok(spreads)
    }
}
