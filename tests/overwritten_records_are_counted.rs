//! P13, P14: a thread that overwrites its oldest records keeps the newest; what gave way is told where it
//! stood, exactly, also of processes that were killed while they did it.

mod common;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use common::acks::{Acks, Random};
use common::drain::{Site, is_notice, lines, number};
use common::watch::{signal, wait_until, watchdog};
use common::{Peer, free_blocks, role};
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

const SEED: u64 = 20_261_122;
const KILLS: usize = 24;
const PRODUCERS: usize = 3;
const THREADS: usize = 2;

fn own_tid() -> u64 {
    // SAFETY: a call without arguments.
    let tid = unsafe { libc::gettid() };
    u64::try_from(tid).expect("a thread's number")
}

/// A producer: each thread stores a record's number when its call has returned, and who it is.
fn produce(segment: &str, acks: &Path, base: usize) {
    let acks = Acks::open(acks);
    let builder = logring::builder(segment).overflow(Overflow::Overwrite);
    let _guard = builder.install().expect("installed");
    std::thread::scope(|scope| {
        for id in base..base + THREADS {
            let (acked, tid) = (acks.of(2 * id + 1), acks.of(2 * id + 2));
            let stop = acks.of(0);
            scope.spawn(move || {
                tid.store(own_tid(), Release);
                let mut n = 0u64;
                while stop.load(Relaxed) == 0 {
                    n += 1;
                    // Now and then one of several slots, so that blocks end before their last.
                    let pad = "x".repeat(if n.is_multiple_of(16) { (n % 900) as usize } else { 0 });
                    info!("kept", id, n, pad);
                    acked.store(n, Release);
                }
            });
        }
    });
}

#[test]
fn the_newest_are_kept() {
    const ATTEMPTS: u64 = 40_000;
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let log = builder.overflow(Overflow::Overwrite).open().expect("opened");
    for n in 0..ATTEMPTS {
        info!(logger: log, "kept", n);
    }
    site.start_drain().stop();
    let mut lines = lines(&site.output());
    let first = lines.next().expect("a loss");
    assert_eq!((first["kind"].as_str(), number(&first, "thread")), (Some("lost"), own_tid()));
    let lost = number(&first, "count");
    println!("{lost} gave way");
    assert!(lost >= ATTEMPTS - 8_192, "no more is kept than the ring holds");
    assert!(lost < ATTEMPTS - 2_000, "what the lane owns is kept, but the oldest block");
    let kept: Vec<u64> = lines.map(|line| number(&line, "n")).collect();
    assert_eq!(kept, (lost..ATTEMPTS).collect::<Vec<_>>());
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("our child");
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
}

/// A lane overwrites the block that the drain stands in, and those after it, while another does not: in
/// the next pass the rest of the first stands where it belongs, between the other's.
#[test]
fn what_is_left_of_a_lane_is_not_late() {
    // Many rounds of the 8 blocks of 16 slots that the process may have.
    const ATTEMPTS: u64 = 2_000;
    const OTHERS: u64 = 9;
    let _watchdog = watchdog();
    let site = Site::new();
    let _segment = Segment::create(&site.name.spec()).expect("created");
    let builder = logring::builder(site.segment()).overflow(Overflow::Overwrite);
    let log = builder.open().expect("opened");
    let (ask, asked) = std::sync::mpsc::channel();
    let (answer, answered) = std::sync::mpsc::channel();
    let other = std::thread::spawn({
        let log = log.clone();
        move || {
            for n in asked {
                info!(logger: log, "other", n);
                answer.send(()).expect("somebody waits");
            }
        }
    });
    let log_other = |n| {
        ask.send(n).expect("it listens");
        answered.recv().expect("it has logged");
    };
    let drain = site.start_drain();
    // So that the drain stands in a block of each.
    info!(logger: log, "kept", n = 0);
    log_other(0);
    log.flush(Duration::from_secs(100)).expect("it reads");
    signal(drain.pid(), libc::SIGSTOP);
    wait_until("the drain to be stopped", || is_stopped(drain.pid()));
    for n in 1..=ATTEMPTS {
        info!(logger: log, "kept", n);
        // Among those that are kept.
        let left = ATTEMPTS - n;
        if left < 8 * OTHERS && left.is_multiple_of(8) {
            log_other(OTHERS - left / 8);
        }
    }
    signal(drain.pid(), libc::SIGCONT);
    log.flush(Duration::from_secs(100)).expect("it goes on");
    drain.stop();
    drop(ask);
    other.join().expect("it ends");
    let (mut kept, mut others, mut losses) = (0, 0, 0);
    for line in lines(&site.output()) {
        assert!(line.get("late").is_none(), "{line}");
        match line["event"].as_str() {
            Some("kept") => {
                assert_eq!(number(&line, "n"), kept, "{line}");
                kept += 1;
            }
            Some("other") => {
                assert_eq!(number(&line, "n"), others, "{line}");
                let before = if others == 0 { 1 } else { ATTEMPTS + 1 - 8 * (OTHERS - others) };
                assert_eq!(kept, before, "{line}");
                others += 1;
            }
            _ => {
                assert_eq!(line["kind"], "lost", "{line}");
                kept += number(&line, "count");
                losses += 1;
            }
        }
    }
    assert_eq!((kept, others, losses), (ATTEMPTS + 1, OTHERS + 1, 1));
}

#[test]
fn each_is_delivered_or_counted() {
    const TEST: &str = "each_is_delivered_or_counted";
    let _watchdog = watchdog();
    if let Some((base, argument)) = role() {
        let (segment, acks) = argument.split_once(' ').expect("two words");
        return produce(segment, Path::new(acks), base.parse().expect("a number"));
    }
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    let path = site.path("acks");
    let acks = Acks::create(&path, 1 + 2 * (PRODUCERS + KILLS) * THREADS);
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let _ring = builder.open().expect("created");
    let mut drain = Some(site.start_drain());

    let argument = format!("{} {}", site.segment(), path.display());
    let mut started = 0;
    let mut start = || {
        let base = started * THREADS;
        started += 1;
        (base, Peer::start(TEST, &base.to_string(), &argument))
    };
    let mut producers: Vec<_> = (0..PRODUCERS).map(|_| start()).collect();
    for turn in 0..KILLS {
        let victim = random.within(0..PRODUCERS as u64) as usize;
        let (base, peer) = &producers[victim];
        let count = random.within(0..20_000);
        let acked = acks.of(2 * base + 1);
        wait_until("a producer to go on", || acked.load(Relaxed) >= count);
        for _ in 0..random.within(0..10_000) {
            std::hint::spin_loop();
        }
        println!("process {} is killed behind record {count}", peer.pid());
        std::mem::replace(&mut producers[victim], start()).1.kill();
        // Without a drain, and with one that has just come, most is overwritten.
        match turn % 6 {
            2 => drain.take().expect("one runs").kill(),
            4 => drain = Some(site.start_drain()),
            _ => {}
        }
    }
    acks.of(0).store(1, Relaxed);
    producers.into_iter().for_each(|(_, peer)| peer.end());
    drain.take().unwrap_or_else(|| site.start_drain()).stop();
    // Those that ended last are told of by now.
    site.start_drain().stop();

    let threads = (acks.len() - 1) / 2;
    let ids: HashMap<u64, usize> = (0..threads)
        .map(|id| (acks.of(2 * id + 2).load(Acquire), id))
        .filter(|(tid, _)| *tid != 0)
        .collect();
    let (mut last, mut lost, mut torn) = (vec![0; threads], vec![0; threads], 0);
    let (mut delivered, mut losses) = (0, 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            let count = number(&line, "count");
            match line["kind"].as_str() {
                Some("lost") => {
                    lost[ids[&number(&line, "thread")]] += count;
                    losses += count;
                }
                Some("torn") => torn += count,
                _ => panic!("{line}"),
            }
            continue;
        }
        let (id, n) = (number(&line, "id") as usize, number(&line, "n"));
        // What is told before a record is what is missing in front of it, no more and no less.
        assert_eq!(last[id] + lost[id] + 1, n, "the gap before {line}");
        (last[id], lost[id]) = (n, 0);
        delivered += 1;
    }
    let mut acked = 0;
    let mut more = torn;
    for id in 0..threads {
        let told = acks.of(2 * id + 1).load(Acquire);
        let counted = last[id] + lost[id];
        assert!(counted >= told, "thread {id}: {told} acknowledged, {counted} accounted for");
        acked += told;
        more += counted - told;
    }
    println!(
        "{acked} acknowledged, {delivered} delivered, {losses} lost, {torn} torn, {more} more"
    );
    assert!(losses > 10_000, "{losses} lost: nothing was tried");
    assert!(more <= (KILLS * THREADS) as u64, "{more} accounted for that nobody logged");
    assert_eq!(delivered + losses + torn, acked + more, "lost is what the loss records sum up to");

    let segment = Segment::attach(site.segment()).expect("there");
    let owned = segment.geometry().block_count as usize - free_blocks(&segment);
    assert_eq!(owned, 0, "blocks that nobody has and nobody can use");
}
