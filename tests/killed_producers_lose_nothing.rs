//! P2: a process that is killed has lost no record whose call had returned, and holds up nobody.
//!
//! A small storm; `ci/storm.sh` is the large one.

mod common;

use std::path::Path;

use common::acks::{Acks, Random};
use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, free_blocks, role};
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

const SEED: u64 = 20_261_121;
const KILLS: usize = 40;
/// Producers at a time, and threads of each.
const PRODUCERS: usize = 3;
const THREADS: usize = 2;

/// Longer than a block one time in 64, so that kills hit those records too.
fn padding(n: u64) -> String {
    let len = if n.is_multiple_of(64) { 40_000 + n % 1_000 } else { n % 100 };
    char::from(b'a' + (n % 26) as u8).to_string().repeat(len as usize)
}

/// A producer: each thread stores a record's number when its call has returned.
fn produce(segment: &str, acks: &Path, base: usize) {
    let acks = Acks::open(acks);
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    std::thread::scope(|scope| {
        for id in base..base + THREADS {
            let acked = acks.of(id + 1);
            let stop = acks.of(0);
            scope.spawn(move || {
                let mut n = 0u64;
                while stop.load(Relaxed) == 0 {
                    n += 1;
                    info!("stored", id, n, pad = padding(n));
                    acked.store(n, Release);
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_is_delivered_once() {
    const TEST: &str = "what_was_acknowledged_is_delivered_once";
    let _watchdog = watchdog();
    if let Some((base, argument)) = role() {
        let (segment, acks) = argument.split_once(' ').expect("two words");
        return produce(segment, Path::new(acks), base.parse().expect("a number"));
    }
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    let path = site.path("acks");
    let acks = Acks::create(&path, 1 + (PRODUCERS + KILLS) * THREADS);
    let builder = logring::builder(site.segment()).ring_bytes(4 << 20);
    let _ring = builder.open().expect("created");
    let drain = site.start_drain();

    let argument = format!("{} {}", site.segment(), path.display());
    let mut started = 0;
    let mut start = || {
        let base = started * THREADS;
        started += 1;
        (base, Peer::start(TEST, &base.to_string(), &argument))
    };
    let mut producers: Vec<_> = (0..PRODUCERS).map(|_| start()).collect();
    for _ in 0..KILLS {
        let victim = random.within(0..PRODUCERS as u64) as usize;
        let (base, peer) = &producers[victim];
        // Some are killed before their first record, most in the middle of one.
        let count = random.within(0..800);
        let acked = acks.of(base + 1);
        wait_until("a producer to go on", || acked.load(Relaxed) >= count);
        for _ in 0..random.within(0..10_000) {
            std::hint::spin_loop();
        }
        println!("process {} is killed behind record {count}", peer.pid());
        std::mem::replace(&mut producers[victim], start()).1.kill();
    }
    acks.of(0).store(1, Relaxed);
    producers.into_iter().for_each(|(_, peer)| peer.end());
    drain.stop();

    let mut seen: Vec<Vec<bool>> =
        (1..acks.len()).map(|word| vec![false; acks.of(word).load(Acquire) as usize + 1]).collect();
    let mut torn = 0;
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "torn", "{line}");
            torn += number(&line, "count");
            continue;
        }
        let (id, n) = (number(&line, "id") as usize, number(&line, "n"));
        assert!(line["pad"] == *padding(n), "record {n} of {id} is not as it was");
        let place = seen[id].get_mut(n as usize - 1);
        let place = place.unwrap_or_else(|| panic!("{id} never came to {n}"));
        assert!(!std::mem::replace(place, true), "record {n} of {id} stands twice");
    }
    // The last place is that of the record in flight when the thread was killed.
    let mut in_flight = 0;
    for (id, seen) in seen.iter().enumerate() {
        let (last, acked) = seen.split_last().expect("one more than acknowledged");
        let lost = acked.iter().position(|seen| !seen);
        assert_eq!(lost, None, "acknowledged by {id} and not in the file (from 0)");
        in_flight += u64::from(*last);
    }
    let acked: usize = seen.iter().map(|seen| seen.len() - 1).sum();
    println!("{acked} acknowledged, {in_flight} more delivered, {torn} torn");
    assert!(acked > 5_000, "{acked} records acknowledged: nothing was tried");
    assert!(in_flight + torn <= (KILLS * THREADS) as u64, "{in_flight} in flight, {torn} torn");

    let segment = Segment::attach(site.segment()).expect("there");
    let owned = segment.geometry().block_count as usize - free_blocks(&segment);
    assert_eq!(owned, 0, "blocks that nobody has and nobody can use");
}
