//! D1: a drain that is killed at any of its system calls, and started again, has written each record
//! once into each of its files, in whole lines.

mod common;

use std::os::unix::process::ExitStatusExt;

use common::drain::{Drain, Site, is_notice, lines, number, with_faults};
use common::watch::{signal, wait_until, watchdog};
use logring::{Overflow, info};

/// The calls by which the drain changes what outlives it, and those between which it does so; first
/// those of its first start alone.
const CALLS: [&str; 8] =
    ["linkat", "fallocate", "ftruncate", "pwrite64", "openat", "mmap", "statx", "fcntl"];
/// What is logged before each start of a drain.
const EACH: u64 = 20;

#[test]
fn each_record_stands_once_wherever_the_drain_is_killed() {
    let _watchdog = watchdog();
    let site = Site::new();
    let ring = logring::builder(site.segment()).ring_bytes(1 << 20);
    let log = ring.overflow(Overflow::BlockForever).open().expect("opened");
    let outputs = ["a.jsonl", "b.jsonl"].map(|name| site.path(name));
    let command = site.command(&[&outputs[0], &outputs[1]]);
    let mut logged = 0;
    let mut log_some = || {
        for n in logged..logged + EACH {
            info!(logger: log, "counted", n, pad = "x".repeat((n % 150) as usize));
        }
        logged += EACH;
        logged
    };
    let mut killed = Vec::new();
    for call in CALLS {
        let mut kills = 0;
        for when in 1.. {
            let end = log_some();
            let fault = format!("{call}:signal=SIGKILL:when={when}");
            let mut drain = Drain::spawn(with_faults(&command, &[fault]));
            let last = format!("\"n\":{}", end - 1);
            wait_until("the drain to write all, or to be killed", || {
                drain.has_ended() || outputs.iter().all(|path| ends_with_line_of(path, &last))
            });
            if !drain.has_ended() {
                signal(drain.pid(), libc::SIGTERM);
            }
            let (status, said) = drain.wait();
            if status.success() {
                break;
            }
            assert_eq!(status.signal(), Some(libc::SIGKILL), "{call} {when}: {status} {said}");
            kills += 1;
        }
        killed.push((call, kills));
    }
    site.start(command).stop();
    println!("killed at: {killed:?}");
    assert!(killed.iter().map(|(_, kills)| kills).sum::<u32>() > 50, "{killed:?}");
    for path in &outputs {
        let mut next = 0;
        for line in lines(path) {
            assert!(!is_notice(&line), "{line}");
            assert_eq!(number(&line, "n"), next, "{}: {line}", path.display());
            next += 1;
        }
        assert_eq!(next, logged, "{}", path.display());
    }
}

fn ends_with_line_of(path: &std::path::Path, what: &str) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(400)..]).into_owned();
    tail.lines().next_back().is_some_and(|line| line.contains(what)) && tail.ends_with('\n')
}
