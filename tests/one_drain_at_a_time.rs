//! D2, D16: a segment has one drain at a time; when it ends, by whatever, the next one goes on where
//! it was.

mod common;

use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use logring::sync::Ordering::Relaxed;
use logring::{Logger, Overflow, info};

/// What a drain that does not start says; it ends with this code.
fn refused(site: &Site, code: i32) -> String {
    let (status, said) = Drain::spawn(site.command(&[&site.output()])).wait();
    assert_eq!(status.code(), Some(code), "{said}");
    assert_eq!(said.matches('\n').count(), 1, "one line: {said}");
    said
}

fn log(log: &Logger, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!(logger: log, "counted", n);
    }
}

/// The file has the numbers from 0 below `end`, in order, and nothing else.
fn expect_all(site: &Site, end: u64) {
    let mut next = 0;
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        assert_eq!(number(&line, "n"), next, "{line}");
        next += 1;
    }
    assert_eq!(next, end, "records in the file");
}

fn site_and_logger() -> (Site, Logger) {
    let site = Site::new();
    // All of the ring is for the one that logs: it waits for nobody while no drain runs.
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let builder = builder.quota_percent(100).reserve_percent(0);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    (site, log)
}

#[test]
fn a_second_drain_is_refused_at_once() {
    let _watchdog = watchdog();
    let (site, logger) = site_and_logger();
    let first = site.start_drain();
    log(&logger, 0..100);
    for _ in 0..3 {
        // It ends by itself, while the first one goes on.
        let said = refused(&site, 3);
        let holder = format!("pid {}", first.pid());
        assert!(said.contains(&holder) && said.contains(site.segment()), "{said}");
    }
    log(&logger, 100..200);
    first.stop();
    expect_all(&site, 200);
}

#[test]
fn after_a_kill_the_next_one_goes_on() {
    let _watchdog = watchdog();
    let (site, logger) = site_and_logger();
    let segment = &logring::shm::Segment::attach(site.segment()).expect("there");
    let mut logged = 0;
    for round in 0..5 {
        let drain = site.start_drain();
        let holder = format!("pid {}", drain.pid());
        // More than the ring holds, so that the drain is in the middle of it.
        log(&logger, logged..logged + 20_000 + round);
        logged += 20_000 + round;
        assert!(refused(&site, 3).contains(&holder));
        // Room for what is logged while nobody reads: the calls wait for it without end, also where
        // only their process's share, half of the ring, is used up.
        let process = segment.process_info(0).expect("an entry");
        assert_eq!(process.pid, std::process::id());
        let few = segment.geometry().block_count / 4;
        wait_until("the drain to free blocks", || segment.held(0).load(Relaxed) < few);
        drain.kill();
        log(&logger, logged..logged + 100);
        logged += 100;
    }
    site.start_drain().stop();
    expect_all(&site, logged);
}

#[test]
fn a_drain_that_is_asked_to_end_writes_what_is_committed() {
    let _watchdog = watchdog();
    let (site, logger) = site_and_logger();
    let mut logged = 0;
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let drain = site.start_drain();
        log(&logger, logged..logged + 30_000);
        logged += 30_000;
        drain.end_by(signal);
        expect_all(&site, logged);
        // What nobody has read yet is for the next one.
        log(&logger, logged..logged + 500);
        logged += 500;
    }
    site.start_drain().stop();
    expect_all(&site, logged);
}

#[test]
fn a_new_drain_takes_over_from_one_at_work() {
    let _watchdog = watchdog();
    let (site, logger) = site_and_logger();
    let takeover = || {
        let mut command = site.command(&[&site.output()]);
        command.arg("--takeover");
        command
    };
    // Without anybody to take over from it is as any other.
    let mut drain = site.start(takeover());
    let mut logged = 0;
    for _ in 0..5 {
        log(&logger, logged..logged + 20_000);
        let next = Drain::spawn(takeover());
        // It goes on logging meanwhile: calls wait while there is no drain.
        log(&logger, logged + 20_000..logged + 40_000);
        logged += 40_000;
        let (status, said) = drain.wait();
        assert!(status.success() && said.is_empty(), "{status}: {said}");
        drain = next;
        drain.wait_until_it_reads(site.segment());
    }
    drain.stop();
    expect_all(&site, logged);
}

#[test]
fn a_drain_inside_a_service_is_not_ended() {
    let _watchdog = watchdog();
    let (site, _logger) = site_and_logger();
    let segment = logring::shm::Segment::attach(site.segment()).expect("there");
    let lock = logring::shm::DrainLock::acquire(&segment).expect("nobody has it");
    let mut command = site.command(&[&site.output()]);
    let (status, said) = Drain::spawn({
        command.arg("--takeover");
        command
    })
    .wait();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.contains("a part of another program"), "{said}");
    drop(lock);
}

#[test]
fn of_drains_that_race_one_reads() {
    let _watchdog = watchdog();
    let (site, logger) = site_and_logger();
    log(&logger, 0..100);
    let mut drains: Vec<_> =
        (0..4).map(|_| Drain::spawn(site.command(&[&site.output()]))).collect();
    let segment = logring::shm::Segment::attach(site.segment()).expect("there");
    wait_until("a drain to live", || segment.drain_is_alive());
    let area = segment.drain_area();
    let winner = |drain: &Drain| area.pid().load(logring::sync::Ordering::Relaxed) == drain.pid();
    wait_until("a drain to tell its pid", || drains.iter().any(winner));
    let at = drains.iter().position(winner).expect("just seen");
    let winner = drains.swap_remove(at);
    for drain in drains {
        let (status, said) = drain.wait();
        assert_eq!(status.code(), Some(3), "{said}");
        assert!(said.contains(&format!("pid {}", winner.pid())), "{said}");
    }
    log(&logger, 100..200);
    winner.stop();
    expect_all(&site, 200);
}
