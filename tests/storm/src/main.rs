//! P2, D1: the kill storm: producers and drain are killed at random, and every record that a log call
//! has acknowledged must stand exactly once, whole and in order, in each of two files.
//!
//! `ci/storm.sh` builds it and the drain and calls it as `logring-storm SEED SECONDS [POLICY]`. The same
//! program is also its producers. It prints its seed first and the account last, and fails when a record is
//! missing, when nothing was killed, or when something ended that nobody killed. A package of its own,
//! so that its processes load nothing of a test harness and the drain that is killed is the real binary.

mod account;
mod acks;
mod producer;
mod random;
mod supervisor;
mod verify;

use std::process::ExitCode;

use logring::Overflow;

/// What went wrong: a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["producer", segment, acks, base, seed, policy] => Policy::of(policy).and_then(|policy| {
            producer::run(segment, acks.as_ref(), base, seed, policy.overflow())
        }),
        [seed, seconds] => storm(seed, seconds, "block"),
        [seed, seconds, policy] => storm(seed, seconds, policy),
        _ => Err("usage: logring-storm SEED SECONDS [block|drop|overwrite]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("storm: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn storm(seed: &str, seconds: &str, policy: &str) -> Result<(), Failure> {
    match (seed.parse(), seconds.parse()) {
        (Ok(seed), Ok(seconds)) if seconds > 0 => {
            supervisor::run(seed, seconds, Policy::of(policy)?)
        }
        _ => Err(format!("seed {seed:?} and seconds {seconds:?} must be numbers").into()),
    }
}

/// What producers do while the ring is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// They wait without end: nothing may be lost.
    Block,
    /// They give up the newest record: what is lost is counted.
    Drop,
    /// They give up the oldest ones of the same thread: what is lost is counted.
    Overwrite,
}

impl Policy {
    fn of(name: &str) -> Result<Self, Failure> {
        match name {
            "block" => Ok(Self::Block),
            "drop" => Ok(Self::Drop),
            "overwrite" => Ok(Self::Overwrite),
            _ => Err(format!("no policy {name:?}; there are block, drop and overwrite").into()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Drop => "drop",
            Self::Overwrite => "overwrite",
        }
    }

    fn overflow(self) -> Overflow {
        match self {
            Self::Block => Overflow::BlockForever,
            Self::Drop => Overflow::Drop,
            Self::Overwrite => Overflow::Overwrite,
        }
    }
}
