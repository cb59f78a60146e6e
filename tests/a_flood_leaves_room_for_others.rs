//! P19: a process that floods the ring leaves what others need: its quota bounds what it holds, and a
//! reserve is kept for errors.

mod common;

use std::collections::HashMap;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, free_blocks, hear, role, say};
use logring::shm::Segment;
use logring::{Level, Logger, Overflow, error, info};

/// Records delivered and told as lost, by process.
fn account(site: &Site) -> HashMap<u64, (u64, u64)> {
    let mut account: HashMap<u64, (u64, u64)> = HashMap::new();
    for line in lines(&site.output()) {
        let (delivered, lost) = account.entry(number(&line, "pid")).or_default();
        if is_notice(&line) {
            assert_eq!(line["kind"], "lost", "{line}");
            *lost += number(&line, "count");
        } else {
            *delivered += 1;
        }
    }
    account
}

fn segment(site: &Site) -> Segment {
    Segment::attach(site.segment()).expect("there")
}

/// Logs from several threads until the ring gives nothing more, then as long as the drain runs.
fn flood(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::Drop);
    let log = builder.open().expect("opened");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20_000).for_each(|n| info!(logger: log, "flood", n)));
        }
    });
    say("full");
    hear();
    for n in 0..200_000 {
        info!(logger: log, "flood", n);
    }
    say("done");
}

#[test]
fn the_quiet_one_loses_nothing() {
    const TEST: &str = "the_quiet_one_loses_nothing";
    const QUIET: u64 = 2_000;
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return flood(&segment);
    }
    let site = Site::new();
    // 32 blocks; a process may have 16 of them.
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let quiet = builder.overflow(Overflow::Drop).open().expect("opened");
    let mut flood = Peer::start(TEST, "flood", site.segment());
    assert_eq!(flood.hear(), "full");
    assert_eq!(free_blocks(&segment(&site)), 16, "the flood has its quota, no more");
    (0..QUIET).for_each(|n| info!(logger: quiet, "quiet", n));
    let drain = site.start_drain();
    flood.say("go on");
    (QUIET..2 * QUIET).for_each(|n| {
        info!(logger: quiet, "quiet", n);
        if n % 100 == 0 {
            quiet.flush(std::time::Duration::from_secs(60)).expect("flushed");
        }
    });
    assert_eq!(flood.hear(), "done");
    let pid = flood.pid();
    flood.end();
    drain.stop();
    site.start_drain().stop();
    let account = account(&site);
    println!("process: (delivered, lost) {account:?}");
    assert_eq!(account[&u64::from(std::process::id())], (2 * QUIET, 0));
    let (delivered, lost) = account[&u64::from(pid)];
    assert!(lost > 10_000 && delivered > 4_000, "{delivered} and {lost}: no flood");
    assert_eq!(delivered + lost, 4 * 20_000 + 200_000);
}

#[test]
fn the_quota_is_given_back() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20).quota_percent(10);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    // Three blocks at a time hold 768 of these.
    (0..20_000).for_each(|n| info!(logger: log, "counted", n));
    drain.stop();
    assert_eq!(account(&site)[&u64::from(std::process::id())], (20_000, 0));
}

fn log_errors(log: &Logger, count: u64) {
    for n in 0..count {
        error!(logger: log, "failed", n);
        // What matters less must not follow into the block that this one may have opened.
        (0..10).for_each(|n| info!(logger: log, "flood", n));
    }
}

#[test]
fn the_reserve_is_kept_for_errors() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20).overflow(Overflow::Drop);
    // 32 blocks, of which 4 are kept.
    let log = builder.quota_percent(100).reserve_percent(15).open().expect("opened");
    (0..20_000).for_each(|n| info!(logger: log, "flood", n));
    assert_eq!(free_blocks(&segment(&site)), 4);
    log_errors(&log, 300);
    assert_eq!(free_blocks(&segment(&site)), 2, "300 errors take two blocks");
    log_errors(&log, 800);
    assert_eq!(free_blocks(&segment(&site)), 0);
    site.start_drain().stop();
    let level = |level: &str| {
        lines(&site.output()).filter(|line| !is_notice(line) && line["level"] == level).count()
    };
    assert_eq!((level("info"), level("error")), (28 * 256, 4 * 256));
    let (delivered, lost) = account(&site)[&u64::from(std::process::id())];
    assert_eq!(delivered + lost, 20_000 + 1_100 * 11);
}

#[test]
fn each_level_has_its_policy() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20).overflow(Overflow::Drop);
    let builder = builder.overflow_from(Level::Error, Overflow::BlockForever);
    let log = builder.open().expect("opened");
    let info = std::thread::scope(|scope| {
        (0..10_000).for_each(|n| info!(logger: log, "dropped", n));
        // Blocked until a drain comes: each of these is kept.
        let errors = scope.spawn(|| (0..1_000).for_each(|n| error!(logger: log, "kept", n)));
        wait_until("errors to wait for room", || {
            segment(&site).drain_area().waiting().load(logring::sync::Ordering::Relaxed) == 1
        });
        assert!(!errors.is_finished());
        let drain = site.start_drain();
        errors.join().expect("all are logged");
        drain.stop();
        lines(&site.output()).filter(|line| line["event"] == "dropped").count()
    });
    let kept = lines(&site.output()).filter(|line| line["event"] == "kept").count();
    println!("{info} of 10000 and {kept} of 1000");
    assert!(info < 10_000 && kept == 1_000, "{info} and {kept}");
}

#[test]
fn shares_that_cannot_be_are_refused() {
    let _watchdog = watchdog();
    let refused = |builder: logring::Builder| builder.open().expect_err("refused").to_string();
    let site = Site::new();
    let of = || logring::builder(site.segment());
    assert_eq!(
        refused(of().quota_percent(0)),
        "a quota of 0 % and a reserve of 5 %: the quota must be 1 to 100, the reserve 0 to 50"
    );
    refused(of().quota_percent(101));
    refused(of().reserve_percent(51));
}
