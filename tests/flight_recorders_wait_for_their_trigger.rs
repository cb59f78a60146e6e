//! Claim: what is below the level is kept and written only when a record of the trigger's level comes:
//! before it, in time order, marked, once, with a count of what was overwritten meanwhile.

mod common;

use std::sync::Barrier;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, free_blocks, role};
use logring::shm::Segment;
use logring::{Level, Logger, debug, error, info, trace};
use serde_json::Value;

const LONG: std::time::Duration = std::time::Duration::from_secs(60);

fn recorder(segment: &str) -> Logger {
    let builder = logring::builder(segment).level(Level::Info);
    builder.flight_recorder(Level::Debug, Level::Error, 2).open().expect("opened")
}

fn is_flight(line: &Value) -> bool {
    line["flight"] == true
}

#[test]
fn what_was_kept_comes_before_its_trigger() {
    let _watchdog = watchdog();
    let site = Site::new();
    let log = recorder(site.segment());
    let drain = site.start_drain();
    for n in 0..3 {
        trace!(logger: log, "never", n);
        debug!(logger: log, "kept", n);
        info!(logger: log, "written", n);
    }
    log.flush(LONG).expect("written");
    assert_eq!(lines(&site.output()).filter(is_flight).count(), 0);
    error!(logger: log, "failed", n = 3);
    // What was written is not written again.
    debug!(logger: log, "kept", n = 4);
    error!(logger: log, "failed", n = 5);
    debug!(logger: log, "kept", n = 6);
    drain.stop();
    let events: Vec<String> = lines(&site.output())
        .map(|line| {
            let mark = if is_flight(&line) { "*" } else { "" };
            format!("{} {}{mark}", line["event"].as_str().expect("text"), number(&line, "n"))
        })
        .collect();
    assert_eq!(
        events,
        [
            "written 0",
            "written 1",
            "written 2",
            "kept 0*",
            "kept 1*",
            "kept 2*",
            "failed 3",
            "kept 4*",
            "failed 5"
        ]
    );
}

#[test]
fn what_was_overwritten_is_counted() {
    const KEPT: u64 = 10_000;
    let _watchdog = watchdog();
    let site = Site::new();
    let log = recorder(site.segment());
    (0..KEPT).for_each(|n| debug!(logger: log, "kept", n));
    error!(logger: log, "failed");
    let segment = Segment::attach(site.segment()).expect("there");
    let owned = segment.geometry().block_count as usize - free_blocks(&segment);
    assert_eq!(owned, 3, "two of the recorder, one of the thread");
    site.start_drain().stop();
    let all: Vec<Value> = lines(&site.output()).collect();
    assert_eq!(all[0]["kind"], "overwritten", "{}", all[0]);
    let overwritten = number(&all[0], "count");
    let kept: Vec<u64> =
        all.iter().filter(|line| is_flight(line)).map(|line| number(line, "n")).collect();
    assert_eq!(kept, (overwritten..KEPT).collect::<Vec<_>>());
    assert!(kept.len() > 256 && kept.len() <= 512, "{} kept", kept.len());
    assert_eq!(all.last().expect("lines")["event"], "failed");
}

#[test]
fn the_recorders_of_all_threads_are_written_in_time_order() {
    const THREADS: usize = 4;
    let _watchdog = watchdog();
    let site = Site::new();
    let log = recorder(site.segment());
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for id in 0..THREADS {
            let (log, barrier, site) = (&log, &barrier, &site);
            scope.spawn(move || {
                for n in 0..100 {
                    debug!(logger: log, "kept", id, n);
                }
                barrier.wait();
                if id == 0 {
                    error!(logger: log, "failed");
                }
                barrier.wait();
                // Alive until the drain has read.
                if id == 0 {
                    site.start_drain().stop();
                }
                barrier.wait();
            });
        }
    });
    let flights: Vec<Value> = lines(&site.output()).filter(is_flight).collect();
    assert_eq!(flights.len(), THREADS * 100);
    let times: Vec<&str> =
        flights.iter().map(|line| line["timestamp"].as_str().expect("a time")).collect();
    assert!(times.is_sorted());
    let last = lines(&site.output()).filter(|line| !is_notice(line)).last().expect("lines");
    assert_eq!(last["event"], "failed");
}

#[test]
fn those_of_the_dead_are_recovered_and_then_given_back() {
    const TEST: &str = "those_of_the_dead_are_recovered_and_then_given_back";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        let log = recorder(&segment);
        (0..100).for_each(|n| debug!(logger: log, "kept", n));
        info!(logger: log, "last words");
        common::say("logged");
        common::hear();
        return;
    }
    let site = Site::new();
    let _ring = logring::builder(site.segment()).open().expect("created");
    let mut peer = Peer::start(TEST, "dies", site.segment());
    assert_eq!(peer.hear(), "logged");
    peer.kill();
    let mut recover = common::drain::drain_command();
    recover.env("LOGRING_RUNTIME_DIR", site.path("run"));
    let output = recover.args(["recover", site.segment()]).output().expect("runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let recovered: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(recovered.iter().filter(|line| is_flight(line)).count(), 100, "{text}");
    assert_eq!(recovered.len(), 101);
    let drain = site.start_drain();
    let segment = Segment::attach(site.segment()).expect("there");
    wait_until("all blocks to be free", || {
        free_blocks(&segment) == segment.geometry().block_count as usize
    });
    drain.stop();
    let written: Vec<Value> = lines(&site.output()).collect();
    assert_eq!(written.len(), 1, "{written:?}");
}
