//! What does a log call cost the thread that makes it?
//!
//! Bursts of 20 calls with two integers and a double, the whole burst timed, while the real drain
//! reads on another core. In turn with them, in the same process, bursts of the floor: what no log
//! call can do without, which is reading the clock, filling a slot and publishing it. The way
//! between the cores is measured around each window, and windows in which it changed are dropped.

use std::hint::black_box;
use std::process::ExitCode;

use clap::Parser;
use logring::{Overflow, context, info, kv, sys};
use logring_bench::Failure;
use logring_bench::cores::{self, PingPong, Regime};
use logring_bench::drain::{Drain, Place};
use logring_bench::floor::Floor;
use logring_bench::report::{Report, mean, quantile};
use logring_bench::ticks::Ticks;
use nix::unistd::Pid;

/// What a log call costs the thread that makes it
#[derive(Debug, Parser)]
struct Args {
    /// Records of a window, and as many rounds of the floor
    #[arg(long, default_value_t = 20_000)]
    records: u64,
    /// Windows
    #[arg(long, default_value_t = 50)]
    rounds: u64,
    /// Measure the same call in a scope of three fields too, in turn with the others
    #[arg(long)]
    context: bool,
}

fn main() -> ExitCode {
    logring_bench::exit("call", measure(&Args::parse()))
}

/// Calls of a burst.
const BURST: u64 = 20;
/// Between two bursts the drain gets on; at this pace it sleeps most of the time.
const PAUSE_NS: u64 = 20_000;
/// The cores' neighbourhood holds for seconds: a longer window may have seen two of them.
const WINDOW_NS_MAX: u64 = 200_000_000;
/// A burst that takes longer was interrupted, by the host or by another process.
const INTERRUPTED_NS: f64 = 20_000.0;

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let place = Place::new("call")?;
    let [own_core, drain_core] = cores::two()?;
    let drain = Drain::start(&program, &place, &place.file("out.jsonl"))?;
    cores::bind(drain.pid(), drain_core)?;
    cores::bind(Pid::from_raw(0), own_core)?;
    let guard = logring::builder(place.segment()).overflow(Overflow::BlockForever).install()?;
    let mut ping_pong = PingPong::on(drain_core);
    let floor = Floor::new();
    let ticks = Ticks::measure();
    // Once around the ring, whose pages are touched for the first time then.
    let geometry = guard.segment().geometry();
    let slots = u64::from(geometry.block_count) * u64::from(geometry.slots_per_block);
    let _ = window(slots / BURST + 1, &floor, &ticks, args.context);

    let mut windows: Vec<Window> = Vec::new();
    let mut dropped = 0;
    for _ in 0..args.rounds {
        let before = Regime::of(ping_pong.round_trip_ns());
        let begin_ns = sys::monotonic_ns();
        let (calls, floors, bound) = window(args.records / BURST, &floor, &ticks, args.context);
        let took_ns = sys::monotonic_ns() - begin_ns;
        let after = Regime::of(ping_pong.round_trip_ns());
        if before == after && took_ns <= WINDOW_NS_MAX {
            windows.push(Window { regime: before, calls, floors, bound });
        } else {
            dropped += 1;
        }
    }
    drop(ping_pong);
    drain.end()?;
    println!(
        "call: {} windows, {dropped} more dropped (the cores moved, or too long)",
        windows.len()
    );
    for regime in Regime::ALL {
        show(regime, &windows);
    }
    if windows.is_empty() { Err("no window was undisturbed".into()) } else { Ok(()) }
}

/// Nanoseconds a record, burst by burst, of one window.
struct Window {
    regime: Regime,
    calls: Vec<f64>,
    floors: Vec<f64>,
    /// Calls with a context.
    bound: Vec<f64>,
}

fn show(regime: Regime, windows: &[Window]) {
    let of = |pick: fn(&Window) -> &Vec<f64>| -> Vec<f64> {
        windows
            .iter()
            .filter(|window| window.regime == regime)
            .flat_map(|window| pick(window).iter().copied())
            .collect()
    };
    let (calls, floors) = (of(|window| &window.calls), of(|window| &window.floors));
    if calls.is_empty() || floors.is_empty() {
        return;
    }
    let whole = |figures: &[f64]| -> Vec<f64> {
        figures.iter().copied().filter(|ns| ns * BURST as f64 <= INTERRUPTED_NS).collect()
    };
    let interrupted = calls.len() - whole(&calls).len();
    let (calls, floors) = (whole(&calls), whole(&floors));
    let (call, floor) = (mean(&calls), mean(&floors));
    let (call_p99, floor_p99) = (quantile(&calls, 0.99), quantile(&floors, 0.99));
    Report::new("call")
        .word("cores", &regime.to_string())
        .count("bursts", calls.len() as u64)
        .count("interrupted", interrupted as u64)
        .figure("call_mean_ns", call)
        .figure("call_p50_ns", quantile(&calls, 0.5))
        .figure("call_p99_ns", call_p99)
        .figure("floor_mean_ns", floor)
        .figure("floor_p50_ns", quantile(&floors, 0.5))
        .figure("floor_p99_ns", floor_p99)
        .figure("ratio_mean", call / floor)
        .figure("ratio_p99", call_p99 / floor_p99)
        .print();
    println!(
        "call, {regime}: {call:.1} ns a record in bursts of {BURST}, p99 {call_p99:.1}; floor \
         {floor:.1}, p99 {floor_p99:.1}; {:.2} times the floor, p99 {:.2} times ({} bursts, \
         {interrupted} interrupted)",
        call / floor,
        call_p99 / floor_p99,
        calls.len(),
    );
    let bound = whole(&of(|window| &window.bound));
    if !bound.is_empty() {
        let with = mean(&bound);
        Report::new("call-context")
            .word("cores", &regime.to_string())
            .count("bursts", bound.len() as u64)
            .figure("call_mean_ns", call)
            .figure("bound_mean_ns", with)
            .figure("bound_p50_ns", quantile(&bound, 0.5))
            .figure("context_ns", with - call)
            .print();
        println!(
            "call, {regime}: with a context of three fields {with:.1} ns, {:.1} more",
            with - call
        );
    }
}

/// Bursts of calls and of the floor in turn; nanoseconds a record of each.
fn window(
    bursts: u64,
    floor: &Floor,
    ticks: &Ticks,
    with_context: bool,
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let burst = |push: &dyn Fn(u64, i64, f64)| {
        let begin = sys::now_ticks();
        for number in 0..BURST {
            push(black_box(number), black_box(-7), black_box(2.5));
        }
        let ns = ticks.to_ns(sys::now_ticks() - begin) / BURST as f64;
        ticks.spin(PAUSE_NS);
        ns
    };
    let mut calls = Vec::with_capacity(bursts as usize);
    let mut floors = Vec::with_capacity(bursts as usize);
    let mut bound = Vec::new();
    for _ in 0..bursts {
        calls.push(burst(&call));
        floors.push(burst(&|order_id, total_cents, ms| floor.push(order_id, total_cents, ms)));
        if with_context {
            let pairs = kv! { request = black_box(7), user = black_box("ann"), attempt = 1 };
            let _scope = context::bound(pairs);
            ticks.spin(PAUSE_NS);
            bound.push(burst(&call));
        }
    }
    (calls, floors, bound)
}

#[inline(never)]
fn call(order_id: u64, total_cents: i64, ms: f64) {
    info!("order placed", order_id, total_cents, ms);
}
