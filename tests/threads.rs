//! Claim: threads come and go by the thousand; every record of each is there, and what they leave is
//! used again.

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use logring::layout::lane::LaneWord;
use logring::shm::Segment;
use logring::{Overflow, info};

/// Entries of the lane table that somebody has.
fn lanes_in_use(segment: &Segment) -> usize {
    let live = |index: &u32| {
        let word = segment.lane_info(*index).and_then(|info| info.word);
        matches!(word, Some(LaneWord::Live { .. }))
    };
    (0..segment.geometry().lane_count).filter(live).count()
}

/// The file has records 0 to `each` of each of the threads, in order, and nothing else.
fn expect_all(site: &Site, threads: u64, each: u64) {
    let mut next = vec![0; threads as usize];
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        let thread = number(&line, "thread") as usize;
        assert_eq!(number(&line, "n"), next[thread], "the next of thread {thread}: {line}");
        next[thread] += 1;
    }
    assert_eq!(next, vec![each; threads as usize]);
}

#[test]
fn a_thousand_short_lived_threads_one_after_another() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let log = builder.open().expect("opened");
    let drain = site.start_drain();
    let segment = Segment::attach(site.segment()).expect("there");
    let mut most = 0;
    for thread in 0..1_000u64 {
        let log = log.clone();
        let spawned = std::thread::spawn(move || {
            for n in 0..3 {
                info!(logger: log, "said", thread, n);
            }
        });
        spawned.join().expect("thread");
        if thread % 50 == 0 {
            most = most.max(lanes_in_use(&segment));
        }
    }
    println!("at most {most} lanes in use at a time");
    wait_until("the lanes to be given back", || lanes_in_use(&segment) == 0);
    drain.stop();
    expect_all(&site, 1_000, 3);
}

#[test]
fn more_threads_in_turn_than_there_are_lanes() {
    let _watchdog = watchdog();
    let site = Site::new();
    // 256 lanes, 64 processes, 16 blocks.
    let segment = Segment::create(&site.name.spec()).expect("created");
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let log = builder.open().expect("opened");
    let drain = site.start_drain();
    for round in 0..10u64 {
        for thread in 0..100u64 {
            let log = log.clone();
            let spawned = std::thread::spawn(move || info!(logger: log, "said", thread, n = round));
            spawned.join().expect("thread");
        }
        wait_until("the lanes to be given back", || lanes_in_use(&segment) == 0);
    }
    drain.stop();
    expect_all(&site, 100, 10);
}

#[test]
fn many_threads_at_once() {
    const THREADS: u64 = 64;
    const EACH: u64 = 500;
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(4 << 20);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    let segment = Segment::attach(site.segment()).expect("there");
    let barrier = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, barrier, segment) = (&log, &barrier, &segment);
            scope.spawn(move || {
                info!(logger: log, "said", thread, n = 0);
                if barrier.wait().is_leader() {
                    // One to log in, one for calls inside a call.
                    assert_eq!(lanes_in_use(segment), 2 * THREADS as usize);
                }
                barrier.wait();
                for n in 1..EACH {
                    info!(logger: log, "said", thread, n);
                }
            });
        }
    });
    wait_until("the lanes to be given back", || lanes_in_use(&segment) == 0);
    drain.stop();
    expect_all(&site, THREADS, EACH);
}
