//! Two cores and what lies between them. A host may move a guest's cores between one physical core,
//! one cache and two, within seconds and unseen; the same code then runs at a rate that differs by
//! three times and more. So the way between the cores is measured around each window of a
//! measurement that crosses it, and only windows of one regime are compared.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use logring::sync::{AtomicU64, Ordering};
use logring::sys;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::Failure;

/// The first two cores that this process may run on.
///
/// # Errors
/// There is only one.
pub fn two() -> Result<[usize; 2], Failure> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false));
    match (cores.next(), cores.next()) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err("this needs two cores and may use only one".into()),
    }
}

/// Binds a process of one thread, or the calling thread (0), to a core.
///
/// # Errors
/// No such core or process.
pub fn bind(pid: Pid, core: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(pid, &set)?)
}

/// How far two cores are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    /// Two threads of one core: round trips of some 50 ns.
    OneCore,
    /// Two cores that share a cache: 110 to 130 ns.
    OneCache,
    /// Two cores that do not: 440 to 580 ns.
    TwoCaches,
}

impl Regime {
    /// The regime of a round trip.
    #[must_use]
    pub fn of(round_trip_ns: f64) -> Self {
        match round_trip_ns {
            ns if ns < 85.0 => Self::OneCore,
            ns if ns < 280.0 => Self::OneCache,
            _ => Self::TwoCaches,
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::OneCore, Self::OneCache, Self::TwoCaches];
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneCore => "one core",
            Self::OneCache => "one cache",
            Self::TwoCaches => "two caches",
        })
    }
}

/// A word on a line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

#[derive(Debug, Default)]
struct Table {
    ping: Line,
    pong: Line,
    /// Round trips up to here are wanted.
    goal: Line,
}

const STOP: u64 = u64::MAX;
/// Round trips of a trial, and trials; the quickest counts, since whoever was interrupted was not.
const TRIPS: u64 = 200;
const TRIALS: usize = 8;

/// A thread on another core that answers, and sleeps while nothing is asked.
#[derive(Debug)]
pub struct PingPong {
    table: Arc<Table>,
    thread: Option<JoinHandle<()>>,
}

impl PingPong {
    /// Starts the answering thread on `core`.
    #[must_use]
    pub fn on(core: usize) -> Self {
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        let thread = std::thread::spawn(move || {
            // Unbound the two may share a core: then trips are long, and windows are dropped.
            let _ = bind(Pid::from_raw(0), core);
            answer(&theirs);
        });
        Self { table, thread: Some(thread) }
    }

    /// Nanoseconds of a round trip from the calling thread; about a millisecond of work.
    pub fn round_trip_ns(&mut self) -> f64 {
        let Table { ping, pong, goal } = &*self.table;
        let mut at = ping.0.load(Ordering::Relaxed);
        goal.0.store(at + TRIPS * TRIALS as u64, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        let mut best = u64::MAX;
        for _ in 0..TRIALS {
            let begin_ns = sys::monotonic_ns();
            for _ in 0..TRIPS {
                at += 1;
                ping.0.store(at, Ordering::Release);
                while pong.0.load(Ordering::Acquire) != at {
                    std::hint::spin_loop();
                }
            }
            best = best.min(sys::monotonic_ns() - begin_ns);
        }
        best as f64 / TRIPS as f64
    }
}

impl Drop for PingPong {
    fn drop(&mut self) {
        self.table.goal.0.store(STOP, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn answer(table: &Table) {
    let mut at = 0;
    loop {
        match table.goal.0.load(Ordering::Acquire) {
            STOP => return,
            goal if goal > at => {
                while table.ping.0.load(Ordering::Acquire) == at {
                    std::hint::spin_loop();
                }
                at += 1;
                table.pong.0.store(at, Ordering::Release);
            }
            _ => std::thread::park(),
        }
    }
}
