//! Claim: log calls do not go into the kernel: a million of them, with a drain beside, make fewer
//! system calls than the program's start.

mod common;

use std::process::Command;

use common::drain::Site;
use common::watch::watchdog;
use common::{Peer, free_blocks, role, say};
use logring::{Overflow, info};

/// The million in release, where the drain keeps up with it.
const CALLS: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// Calls after which the logging thread lets the drain catch up: a ring that is full makes it wait
/// in the kernel, which is the policy's price and not the hot path's.
const BURST: u64 = 20_000;
const MOST: u64 = 1_000;

fn log_a_million(name: &str) {
    // Alone: its share is all of the ring.
    let builder = logring::builder(name).quota_percent(100);
    let guard = builder.overflow(Overflow::BlockForever).install().expect("installed");
    for burst in 0..CALLS / BURST {
        for n in burst * BURST..(burst + 1) * BURST {
            info!("order placed", order_id = n, cents = 1_999, weight = 0.25);
        }
        while free_blocks(guard.segment()) < 256 {
            std::hint::spin_loop();
        }
    }
}

#[test]
fn release_only_a_million_calls_make_fewer_than_a_thousand_syscalls() {
    const TEST: &str = "release_only_a_million_calls_make_fewer_than_a_thousand_syscalls";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        log_a_million(&name);
        return say("done");
    }
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok(), "strace is missing: ci/setup.sh tools installs it");
    let site = Site::new();
    let drain = site.start_drain();
    let counts = site.path("counts");
    let wrapper = ["strace", "-f", "-c", "-o", counts.to_str().expect("text")];
    let mut producer = Peer::start_under(&wrapper, TEST, "producer", site.segment());
    assert_eq!(producer.hear(), "done");
    producer.end();
    drain.stop();

    let table = std::fs::read_to_string(&counts).expect("strace's table");
    let total = table.lines().last().filter(|line| line.ends_with(" total"));
    // % time, seconds, usecs/call, calls, errors (or nothing), "total"
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let calls = calls.unwrap_or_else(|| panic!("no total in\n{table}"));
    println!("{calls} system calls in {CALLS} log calls and the program's start");
    assert!((1..MOST).contains(&calls), "{calls} system calls, expected under {MOST}\n{table}");

    // Only the program's own lines: the clock of a virtual machine may step, and the drain says so.
    let written = std::fs::read_to_string(site.output()).expect("the output");
    let (own, told): (Vec<_>, Vec<_>) =
        written.lines().partition(|line| line.contains("order placed"));
    assert_eq!(own.len() as u64, CALLS, "every one of them was a record; the drain told {told:#?}");
}
