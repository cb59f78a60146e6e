//! P13, P14: what a full ring loses is told in the output, exactly: delivered and lost make what was
//! attempted. Without a drain nobody waits for one, unless the policy says so.

mod common;

use std::collections::HashMap;
use std::sync::Barrier;
use std::time::Duration;

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use logring::{Logger, Overflow, info};

fn own_tid() -> u64 {
    // SAFETY: a call without arguments.
    let tid = unsafe { libc::gettid() };
    u64::try_from(tid).expect("a thread's number")
}

fn log(log: &Logger, numbers: std::ops::Range<u64>) {
    let own = own_tid();
    for n in numbers {
        info!(logger: log, "counted", own, n);
    }
}

fn open(site: &Site, overflow: Overflow) -> Logger {
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    builder.overflow(overflow).open().expect("opened")
}

/// Records delivered and records told as lost, by thread; 0 is who has no lane any more. A loss stands
/// where it happened: before the next record of its thread, and as large as the gap.
fn account(site: &Site) -> HashMap<u64, (u64, u64)> {
    let mut account: HashMap<u64, (u64, u64)> = HashMap::new();
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "lost", "{line}");
            account.entry(number(&line, "thread")).or_default().1 += number(&line, "count");
            continue;
        }
        let (delivered, lost) = account.entry(number(&line, "own")).or_default();
        assert_eq!(number(&line, "n"), *delivered + *lost, "the gap before {line}");
        *delivered += 1;
    }
    account
}

#[test]
fn drop_counts_each_thread_exactly() {
    const THREADS: usize = 4;
    const ATTEMPTS: u64 = 30_000;
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = open(&site, Overflow::Drop);
    let barrier = Barrier::new(THREADS + 1);
    let mut drain = None;
    let tids: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    log(&logger, 0..1);
                    barrier.wait();
                    log(&logger, 1..ATTEMPTS);
                    barrier.wait();
                    // A drain runs from here on.
                    barrier.wait();
                    log(&logger, ATTEMPTS..2 * ATTEMPTS);
                    own_tid()
                })
            })
            .collect();
        barrier.wait();
        barrier.wait();
        drain = Some(site.start_drain());
        barrier.wait();
        threads.into_iter().map(|thread| thread.join().expect("thread")).collect()
    });
    drain.expect("started").stop();

    let account = account(&site);
    println!("thread: (delivered, lost) {account:?}");
    for tid in &tids {
        let (delivered, lost) = account[tid];
        assert_eq!(delivered + lost, 2 * ATTEMPTS, "thread {tid}: {delivered} and {lost}");
        assert!(delivered > 0 && lost > 0, "thread {tid}: {delivered} and {lost}");
    }
    assert_eq!(account.len(), THREADS, "{account:?}");
}

#[test]
fn threads_that_never_had_a_block_are_counted_too() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = open(&site, Overflow::Drop);
    // The ring holds 8,192 of these.
    log(&logger, 0..10_000);
    for _ in 0..20 {
        std::thread::scope(|scope| drop(scope.spawn(|| log(&logger, 0..50))));
    }
    site.start_drain().stop();
    // Ended by now, and before the drain that is to tell it.
    site.start_drain().stop();
    let account = account(&site);
    let (delivered, lost) =
        account.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(delivered + lost, 10_000 + 20 * 50, "{account:?}");
    assert_eq!(account[&own_tid()].0 + account[&own_tid()].1, 10_000, "{account:?}");
}

#[test]
fn without_a_drain_a_bounded_wait_is_none() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = open(&site, Overflow::Block { up_to: HOUR });
    // Each of those that find the ring full would wait an hour.
    log(&logger, 0..20_000);
    let drain = site.start_drain();
    // With a drain they do wait, and none is lost.
    log(&logger, 20_000..60_000);
    drain.kill();
    log(&logger, 60_000..80_000);
    site.start_drain().stop();

    let (delivered, lost) = account(&site)[&own_tid()];
    println!("{delivered} delivered, {lost} lost");
    assert_eq!(delivered + lost, 80_000);
    let room = 2 * 8_192;
    assert!(delivered >= 40_000 && delivered <= 40_000 + room, "{delivered} delivered");
}
