//! Claim: threads that log rarely, more of them than the ring has blocks, keep nobody from logging: while
//! free blocks are few they hold none in between.

mod common;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use common::drain::{Site, ended_lines};
use common::free_blocks;
use common::watch::{wait_until, watchdog};
use logring::shm::Segment;
use logring::{Logger, Overflow, info};

const THREADS: usize = 600;
const RING_BYTES: u64 = 4 << 20;

fn log(logger: &Logger, thread: usize, turn: u64) {
    info!(logger: logger, "rare", thread, turn);
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
        // Longer than a lane of either clock is taken to be busy.
        let since = Instant::now();
        wait_until("all to be idle", || since.elapsed() > Duration::from_secs(3));
        end.wait();
        wait_until("all to be written again", || ended_lines(&site.output()) == 2 * THREADS);
        end.wait();
    });
    drain.stop();
}
