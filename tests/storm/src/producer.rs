//! A producer of the storm: a few threads that log in bursts until they are told to stop, or killed.
//!
//! Each thread numbers its records from 1 and stores a number in the ledger when its call has returned.
//! Some records are longer than a block, so that kills also hit those.

use std::path::Path;
use std::thread;
use std::time::Duration;

use logring::sync::Ordering;
use logring::{Overflow, info};

use crate::Failure;
use crate::acks::Acks;
use crate::random::Random;

/// Threads of a producer.
pub(crate) const THREADS: usize = 3;
/// One record in so many is padded.
const PADDED_ONE_IN: u64 = 128;
/// Longest padding in bytes: more than a block.
const PAD_BYTES_MAX: u64 = 40_000;

/// Runs the threads `base..base + THREADS`.
pub(crate) fn run(segment: &str, acks: &Path, base: &str, seed: &str) -> Result<(), Failure> {
    let (base, seed): (usize, u64) = (base.parse()?, seed.parse()?);
    let acks = Acks::open(acks, 0)?;
    let _guard = logring::builder(segment).overflow(Overflow::BlockForever).install()?;
    thread::scope(|scope| {
        for id in base..base + THREADS {
            let acks = &acks;
            scope.spawn(move || log(acks, base, id, Random::new(seed ^ id as u64)));
        }
    });
    Ok(())
}

/// Bursts of records with pauses, until the ledger says stop; without pauses before a kill.
fn log(acks: &Acks, base: usize, id: usize, mut random: Random) {
    let (acked, frenzy) = (acks.of(id), acks.frenzy(base));
    let mut n = 0u64;
    while !acks.stopped() {
        for _ in 0..random.within(1..=200) {
            n += 1;
            if random.within(1..=PADDED_ONE_IN) == 1 {
                let pad = pad(n, random.within(1..=PAD_BYTES_MAX));
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
