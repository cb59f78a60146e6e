//! A producer of the storm: a few threads, and a forked child of theirs, that log in bursts until they
//! are told to stop, or killed.
//!
//! Each thread numbers its records from 1 and stores a number in the ledger when its call has returned.
//! Some records are longer than a block, so that kills also hit those.
#![expect(unsafe_code, reason = "the child is made by fork alone, while other threads log")]

use std::path::Path;
use std::thread;
use std::time::Duration;

use logring::sync::{AtomicU64, Ordering, compiler_fence};
use logring::{Overflow, info};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::ForkResult;

use crate::Failure;
use crate::acks::{Acks, who};
use crate::random::Random;

/// Threads of a producer.
const OWN_THREADS: usize = 3;
/// The same with that of its forked child.
pub(crate) const THREADS: usize = OWN_THREADS + 1;
/// One record in so many has a padding of so many bytes at most; the longest take several blocks.
const PADDINGS: [(u64, u64); 3] = [(4_096, 100_000), (512, 4_000), (16, 200)];

/// Runs the threads `base..base + THREADS`.
pub(crate) fn run(
    segment: &str,
    acks: &Path,
    base: &str,
    seed: &str,
    overflow: Overflow,
) -> Result<(), Failure> {
    let (base, seed): (usize, u64) = (base.parse()?, seed.parse()?);
    let acks = Acks::open(acks, 0)?;
    let _guard = logring::builder(segment).overflow(overflow).install()?;
    let mut forked = Ok(());
    thread::scope(|scope| {
        for id in base..base + OWN_THREADS {
            let acks = &acks;
            scope.spawn(move || log(acks, base, id, Random::new(seed ^ id as u64)));
        }
        // In the middle of what they log.
        let id = base + OWN_THREADS;
        thread::sleep(Duration::from_micros(Random::new(seed).within(0..=20_000)));
        forked = fork(acks.child(base), || log(&acks, base, id, Random::new(seed ^ id as u64)));
    });
    forked
}

/// Runs `action` in a forked child and waits for its good end. Its pid is told in `told`.
fn fork(told: &AtomicU64, action: impl FnOnce()) -> Result<(), Failure> {
    // SAFETY: the child logs, which takes no lock of its parent's, and ends.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Child => {
            told.store(u64::from(std::process::id()), Ordering::Release);
            action();
            // SAFETY: ends the child without what its parent wants done at its own end.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            ended => Err(format!("the forked child ended badly: {ended:?}").into()),
        },
    }
}

/// Bursts of records with pauses, until the ledger says stop; without pauses before a kill.
fn log(acks: &Acks, base: usize, id: usize, mut random: Random) {
    let (acked, begun, frenzy) = (acks.of(id), acks.begun(id), acks.frenzy(base));
    let tid = u64::try_from(nix::unistd::gettid().as_raw()).expect("a thread's number");
    acks.who(id).store(who(u64::from(std::process::id()), tid), Ordering::Release);
    let mut n = 0u64;
    while !acks.stopped() {
        for _ in 0..random.within(1..=200) {
            n += 1;
            begun.store(n, Ordering::Release);
            // A kill comes between two instructions: all that this call stores comes after that.
            compiler_fence(Ordering::SeqCst);
            let padded = PADDINGS.iter().find(|(one_in, _)| random.within(1..=*one_in) == 1);
            if let Some((_, most)) = padded {
                let pad = pad(n, random.within(1..=*most));
                info!(target: "storm", "storm", id, n, pad);
            } else {
                info!(target: "storm", "storm", id, n);
            }
            // Release: the record is acknowledged before it is counted, for whoever reads this later.
            acked.store(n, Ordering::Release);
        }
        if frenzy.load(Ordering::Relaxed) != 0 {
            continue;
        }
        thread::sleep(Duration::from_micros(random.within(0..=25_000)));
    }
}

/// The padding of record `n`: its length leads it, so that a cut one is seen.
pub(crate) fn pad(n: u64, bytes: u64) -> String {
    let letter = char::from(b'a' + (n % 26) as u8);
    let mut pad = format!("{bytes}:");
    pad.extend(std::iter::repeat_n(letter, usize::try_from(bytes).unwrap_or(0)));
    pad
}
