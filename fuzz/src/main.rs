//! `logring-fuzz SECONDS [SEED]`: feeds changed real inputs to whatever reads bytes that nobody vouches
//! for, and fails when it panics, hangs, or allocates what a length field says.
//!
//! Built with `ci/fuzz.sh`, the compiler counts which edges of the code an input runs through, and an
//! input that finds a new one is changed further. An input that breaks something is left in
//! `target/fuzz/`; `logring-fuzz --run TARGET FILE` runs it again.

mod coverage;
mod limits;
mod mutate;
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use coverage::Coverage;
use mutate::Mutator;
use targets::Target;

/// Inputs kept of each target: those beyond take the place of others.
const CORPUS_MAX: usize = 4_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["--run", name, file] => run_again(name, Path::new(file)),
        [seconds] => fuzz(seconds, &seed().to_string()),
        [seconds, seed] => fuzz(seconds, seed),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: logring-fuzz SECONDS [SEED] | logring-fuzz --run TARGET FILE");
    ExitCode::from(2)
}

fn seed() -> u64 {
    logring::sys::random_u64() >> 32
}

fn fuzz(seconds: &str, seed: &str) -> ExitCode {
    let (Ok(seconds), Ok(seed)) = (seconds.parse::<u64>(), seed.parse::<u64>()) else {
        return usage();
    };
    let place = PathBuf::from("target/fuzz");
    fs::create_dir_all(&place).expect("target/fuzz");
    println!("fuzz seed {seed}, {seconds} s");
    let targets = targets::all();
    let each = Duration::from_secs(seconds) / u32::try_from(targets.len()).expect("a few");
    let mut broken = 0;
    for target in targets {
        broken += u32::from(!hunt(target, each, seed, &place));
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs changed inputs for so long; false when one broke something, or hardly any ran.
fn hunt(mut target: Box<dyn Target>, time: Duration, seed: u64, place: &Path) -> bool {
    let name = target.name();
    let mut corpus = target.seeds();
    let mut coverage = Coverage::default();
    let mut mutator = Mutator::new(seed, target.words());
    let until = Instant::now() + time;
    let mut executions = 0u64;
    let mut input = Vec::new();
    for at in 0.. {
        if Instant::now() >= until {
            break;
        }
        match corpus.get(at) {
            // What is real comes first, as it is.
            Some(seed) if executions == at as u64 => input.clone_from(seed),
            _ => mutator.change(&corpus, &mut input),
        }
        coverage.reset();
        let file = place.join(format!("broken-{name}"));
        let guard = limits::Guard::begin(&file, &input);
        let outcome = catch_unwind(AssertUnwindSafe(|| target.run(&input)));
        let largest = guard.end();
        executions += 1;
        if outcome.is_err() || largest > limits::ALLOCATION_MAX {
            fs::write(&file, &input).expect("the input is kept");
            println!("fuzz {name}: broken by {}, {largest} bytes at once", file.display());
            return false;
        }
        if coverage.is_new() {
            if corpus.len() < CORPUS_MAX {
                corpus.push(input.clone());
            } else {
                let victim = mutator.below(corpus.len());
                corpus[victim].clone_from(&input);
            }
        }
    }
    let (edges, of) = coverage.seen();
    println!(
        "fuzz {name}: executions {executions}, accepted {}, corpus {}, edges {edges} of {of}",
        target.accepted(),
        corpus.len()
    );
    if executions < 100 || target.accepted() == 0 {
        println!("fuzz {name}: ran nothing to speak of");
        return false;
    }
    true
}

fn run_again(name: &str, file: &Path) -> ExitCode {
    let Some(mut target) = targets::all().into_iter().find(|target| target.name() == name) else {
        return usage();
    };
    let input = fs::read(file).expect("the input can be read");
    target.run(&input);
    println!("fuzz {name}: nothing broke");
    ExitCode::SUCCESS
}
