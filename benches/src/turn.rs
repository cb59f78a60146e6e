//! What a process does that measures a contender: windows of bursts, in turn with the floor and the
//! empty loop. Several threads or processes may have theirs at the same time; their figures are added.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use clap::ValueEnum;
use nix::unistd::Pid;

use crate::Failure;
use crate::contender::{Case, Contender, Empty, repeat};
use crate::cores::bind;
use crate::floor::Floor;
use crate::producers::Producers;
use crate::spread::Spread;
use crate::ticks::Ticks;

/// Calls of a burst.
pub const BURST: u64 = 20;
/// What the figures of a window are of.
pub const KINDS: [&str; 5] = ["call", "floor", "empty", "single", "single_floor"];

/// The figures of a window, in the order of [`KINDS`].
#[derive(Clone, Debug)]
pub struct Figures(pub [Spread; 5]);

impl Figures {
    fn new() -> Result<Self, Failure> {
        Ok(Self([Spread::new()?, Spread::new()?, Spread::new()?, Spread::new()?, Spread::new()?]))
    }

    fn append(&mut self, other: &Self) -> Result<(), Failure> {
        self.0.iter_mut().zip(&other.0).try_for_each(|(spread, other)| spread.append(other))
    }

    /// As one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.each_ref().map(Spread::to_text).join("\t")
    }

    /// Out of such a line.
    ///
    /// # Errors
    /// It is another line.
    pub fn from_text(text: &str) -> Result<Self, Failure> {
        let spreads = text.split('\t').map(Spread::from_text).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(spreads.try_into().map_err(|_| "a window has other figures")?))
    }
}

/// Who takes windows: a thread of its own.
#[derive(Debug)]
pub struct Worker {
    floor: Floor,
    ticks: Ticks,
    bursts: u64,
    pause_ns: u64,
}

impl Worker {
    /// Windows of so many bursts, with a pause between each in which whoever writes gets on.
    #[must_use]
    pub fn new(bursts: u64, pause_ns: u64) -> Self {
        Self { floor: Floor::new(), ticks: Ticks::measure(), bursts, pause_ns }
    }

    /// Takes one.
    ///
    /// # Errors
    /// Never, as long as a spread's bounds are what they are.
    pub fn window(&self, contender: &dyn Contender, case: Case) -> Result<Figures, Failure> {
        let mut figures = Figures::new()?;
        let [calls, floors, empties, singles, single_floors] = &mut figures.0;
        let each = BURST as f64;
        let floor = |count| {
            repeat(count, |order_id, total_cents, ms| self.floor.push(order_id, total_cents, ms))
        };
        for _ in 0..self.bursts {
            calls.add(self.ticks.of(|| contender.burst(case, BURST)) / each);
            self.ticks.spin(self.pause_ns);
            floors.add(self.ticks.of(|| floor(BURST)) / each);
            empties.add(self.ticks.of(|| Empty.burst(case, BURST)) / each);
            singles.add(self.ticks.of(|| contender.burst(case, 1)));
            single_floors.add(self.ticks.of(|| floor(1)));
        }
        Ok(figures)
    }

    /// The lines that a window of this case leaves.
    #[must_use]
    pub fn lines(&self, case: Case) -> u64 {
        if case.writes() { self.bursts * (BURST + 1) } else { 0 }
    }
}

/// Takes a window of each case that it is sent.
#[derive(Debug)]
struct PartnerThread {
    begin: SyncSender<Case>,
    figures: Receiver<Result<Figures, Failure>>,
}

/// Whoever takes windows at the same time as this thread does.
#[derive(Debug, Default)]
pub struct Partners {
    threads: Vec<PartnerThread>,
    /// Processes, each of which is in [`serve`].
    pub processes: Producers,
}

impl Partners {
    /// Starts a thread that takes windows, bound to a core.
    pub fn start_thread<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        contender: &'s dyn Contender,
        (bursts, pause_ns): (u64, u64),
        core: usize,
    ) {
        let (begin, begins) = sync_channel(1);
        let (end, figures) = sync_channel(1);
        scope.spawn(move || {
            // Unbound it still logs; its figures say what that came to.
            let _ = bind(Pid::from_raw(0), core);
            let worker = Worker::new(bursts, pause_ns);
            for case in begins {
                let scope = contender.enter(case);
                let window = worker.window(contender, case);
                drop(scope);
                if end.send(window).is_err() {
                    return;
                }
            }
        });
        self.threads.push(PartnerThread { begin, figures });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.threads.len() as u64 + self.processes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A window of this thread and one of each partner at the same time.
    ///
    /// # Errors
    /// A partner has failed.
    pub fn window(
        &mut self,
        worker: &Worker,
        contender: &dyn Contender,
        case: Case,
    ) -> Result<Figures, Failure> {
        for thread in &self.threads {
            thread.begin.send(case)?;
        }
        self.processes.tell(case.name())?;
        let mut figures = worker.window(contender, case)?;
        for thread in &self.threads {
            figures.append(&thread.figures.recv()??)?;
        }
        for text in self.processes.answers()? {
            figures.append(&Figures::from_text(&text)?)?;
        }
        Ok(figures)
    }
}

/// A partner process's part: takes a window of each case that it is told, until its stdin ends.
///
/// # Errors
/// It is told no case.
pub fn serve(worker: &Worker, contender: &dyn Contender) -> Result<(), Failure> {
    println!("ready");
    for line in std::io::stdin().lines() {
        let case = Case::from_str(&line?, false)?;
        println!("{}", worker.window(contender, case)?.to_text());
    }
    Ok(())
}
