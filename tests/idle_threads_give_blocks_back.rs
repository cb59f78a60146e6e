//! Claim: threads that log rarely, more of them than the ring has blocks, keep nobody from logging: while
//! free blocks are few they hold none in between. Where nobody frees blocks they waste none for that.

mod common;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use common::drain::{Site, ended_lines};
use common::free_blocks;
use common::watch::{signal, wait_until, watchdog};
use logring::shm::Segment;
use logring::{Logger, Overflow, info};

const THREADS: usize = 600;
const RING_BYTES: u64 = 4 << 20;

fn log(logger: &Logger, thread: usize, turn: u64) {
    info!(logger: logger, "rare", thread, turn);
}

/// Longer than a lane of either clock is taken to be busy.
fn pause() {
    let since = Instant::now();
    wait_until("all to be idle", || since.elapsed() > Duration::from_secs(3));
}

#[test]
fn six_hundred_idle_threads_leave_the_ring_to_others() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(RING_BYTES);
    let builder = builder.quota_percent(100).reserve_percent(0).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    let drain = site.start_drain();
    let segment = Segment::attach(site.segment()).expect("there");
    let blocks = segment.geometry().block_count as usize;
    assert!(blocks < THREADS / 2, "{blocks} blocks are no fewer than the threads");
    let end = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (logger, end) = (&logger, &end);
            scope.spawn(move || {
                log(logger, thread, 0);
                end.wait();
                log(logger, thread, 1);
                end.wait();
            });
        }
        // All of them have logged and wait; no more than three quarters of the blocks are theirs.
        wait_until("all to be written", || ended_lines(&site.output()) == THREADS);
        wait_until("a quarter to be free", || free_blocks(&segment) >= blocks / 4 - 1);
        pause();
        end.wait();
        wait_until("all to be written again", || ended_lines(&site.output()) == 2 * THREADS);
        end.wait();
    });
    drain.stop();
}

/// Whether a drain is there while a thread logs behind pauses.
enum Beside {
    Nobody,
    AStoppedDrain,
}

/// Fills three quarters of a ring, then logs behind pauses; how many more blocks that took.
fn blocks_behind_pauses(overflow: Overflow, beside: &Beside) -> usize {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(512 << 10);
    let builder = builder.quota_percent(100).reserve_percent(0).overflow(overflow);
    let logger = builder.open().expect("opened");
    let segment = Segment::attach(site.segment()).expect("there");
    let blocks = segment.geometry().block_count as usize;
    let drain = match beside {
        Beside::Nobody => None,
        Beside::AStoppedDrain => {
            let drain = site.start_drain();
            signal(drain.pid(), libc::SIGSTOP);
            Some(drain)
        }
    };
    let mut turn = 0;
    while free_blocks(&segment) >= blocks / 4 {
        log(&logger, 0, turn);
        turn += 1;
    }
    let before = free_blocks(&segment);
    for _ in 0..3 {
        pause();
        log(&logger, 0, turn);
        turn += 1;
    }
    let taken = before - free_blocks(&segment);
    if let Some(drain) = drain {
        signal(drain.pid(), libc::SIGCONT);
        wait_until("all to be written", || ended_lines(&site.output()) as u64 == turn);
        drain.stop();
    }
    taken
}

#[test]
fn without_a_drain_a_thread_goes_on_in_its_block() {
    let _watchdog = watchdog();
    assert_eq!(blocks_behind_pauses(Overflow::Drop, &Beside::Nobody), 0);
}

#[test]
fn a_drain_that_does_not_get_on_costs_a_thread_one_block() {
    let _watchdog = watchdog();
    assert_eq!(blocks_behind_pauses(Overflow::Drop, &Beside::AStoppedDrain), 1);
}

#[test]
fn a_thread_that_overwrites_goes_on_in_its_block() {
    let _watchdog = watchdog();
    assert_eq!(blocks_behind_pauses(Overflow::Overwrite, &Beside::AStoppedDrain), 0);
}
