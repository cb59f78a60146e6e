//! Claim: by the coarse clock nothing is lost, each thread's records stand in their order and the lines in
//! that of their times, and a flush covers what was logged before it.

mod common;

use std::collections::HashMap;
use std::time::Duration;

use common::drain::{Site, lines, number};
use common::watch::watchdog;
use logring::{Clock, Overflow, info};

const THREADS: u64 = 4;
const RECORDS: u64 = 20_000;
const FLUSHES: u64 = 50;

#[test]
fn a_flush_covers_its_own_tick_and_lines_stand_in_order() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).clock(Clock::Coarse);
    let logger = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    for n in 0..FLUSHES {
        info!(logger: logger, "flushed", t = THREADS, n);
        logger.flush(Duration::from_secs(60)).expect("a drain runs");
        let written = lines(&site.output()).filter(|line| line["event"] == "flushed").count();
        assert_eq!(written as u64, n + 1, "lines after flush {n}");
    }
    std::thread::scope(|scope| {
        for t in 0..THREADS {
            let logger = &logger;
            scope.spawn(move || {
                for n in 0..RECORDS {
                    info!(logger: logger, "counted", t, n);
                }
            });
        }
    });
    drain.stop();
    let mut next: HashMap<u64, u64> = HashMap::new();
    let mut last = String::new();
    for line in lines(&site.output()) {
        let next = next.entry(number(&line, "t")).or_default();
        assert_eq!(number(&line, "n"), *next, "{line}");
        *next += 1;
        let time = line["timestamp"].as_str().expect("a time").to_owned();
        assert!(time >= last, "{line} after {last}");
        last = time;
    }
    assert_eq!(next.remove(&THREADS), Some(FLUSHES));
    assert!(next.len() as u64 == THREADS && next.values().all(|next| *next == RECORDS), "{next:?}");
}
