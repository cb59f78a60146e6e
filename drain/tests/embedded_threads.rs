//! Claim: an embedded drain writes what the threads of its process log, in one order by time and in
//! the order of each thread; two of them in one process each write their own segment's records.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::drain::{Site, is_notice, lines, number};
use common::role;
use common::watch::watchdog;
use logring::{Logger, Overflow, info};
use logring_drain::{Embed, Sink};

const THREADS: u64 = 8;
const EACH: u64 = 3_000;

fn log_from_threads(logs: &[Logger]) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for n in 0..EACH {
                    for (at, log) in logs.iter().enumerate() {
                        info!(logger: log, "said", at, from = thread, n);
                    }
                }
            });
        }
    });
}

/// Looks whether the file has each record once, in order.
fn check(path: &std::path::Path, at: u64) {
    let mut next = [0; THREADS as usize];
    let mut time = String::new();
    for line in lines(path) {
        assert!(!is_notice(&line), "{line}");
        assert_eq!(number(&line, "at"), at, "{line}");
        let next = &mut next[number(&line, "from") as usize];
        assert_eq!(number(&line, "n"), *next, "{line}");
        *next += 1;
        let timestamp = line["timestamp"].as_str().expect("text");
        assert!(time.as_str() <= timestamp, "{time} stands before {line}");
        timestamp.clone_into(&mut time);
    }
    assert_eq!(next, [EACH; THREADS as usize]);
}

#[test]
fn eight_threads_log_and_all_is_written_in_order() {
    const TEST: &str = "eight_threads_log_and_all_is_written_in_order";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        let builder = logring::builder(segment).ring_bytes(1 << 20);
        let builder = builder.overflow(Overflow::BlockForever);
        let guard = builder.embedded(Sink::json(path)).expect("embedded");
        assert_eq!(guard.segment().name(), segment);
        log_from_threads(&[logring::logger()]);
        logring::flush(Duration::from_secs(60)).expect("a drain runs");
        check(path.as_ref(), 0);
        // What comes after that is written when the guard is dropped.
        info!("last");
        return;
    }
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    site.peer(TEST, "process", &argument).end();
    let last = lines(&site.output()).last().expect("lines");
    assert_eq!(last["event"], "last", "{last}");
}

#[test]
fn two_drains_in_one_process_do_not_meet() {
    const TEST: &str = "two_drains_in_one_process_do_not_meet";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let words: Vec<_> = argument.split(' ').collect();
        let [first, second, to_first, to_second] = words[..] else { panic!("four words") };
        let builder =
            |name| logring::builder(name).ring_bytes(1 << 20).overflow(Overflow::BlockForever);
        let one = builder(first).embedded(Sink::json(to_first)).expect("embedded");
        let two = builder(second).open_embedded([Sink::json(to_second)]).expect("embedded");
        log_from_threads(&[logring::logger(), two.logger()]);
        two.logger().flush(Duration::from_secs(60)).expect("a drain runs");
        check(to_second.as_ref(), 1);
        drop(two);
        // The other one goes on.
        one.logger().flush(Duration::from_secs(60)).expect("a drain runs");
        return;
    }
    let (site, other) = (Site::new(), Site::new());
    let argument = format!(
        "{} {} {} {}",
        site.segment(),
        other.segment(),
        site.output().display(),
        other.output().display()
    );
    site.peer(TEST, "process", &argument).end();
    check(&site.output(), 0);
    check(&other.output(), 1);
}
