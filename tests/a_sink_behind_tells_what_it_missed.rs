//! D1, P14: a drain is killed when one of its two files has a batch and the other has not, and what
//! the batch held, or told as lost, is in the ring no more when the next drain comes: in each file what is
//! missing is told, exactly, where it stood.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use common::drain::{Drain, Site, lines, number, with_faults};
use common::role;
use common::watch::{signal, wait_until, watchdog};
use logring::layout::BlockWord;
use logring::layout::stamp::{Kind, Stamp};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};

/// What is logged before each start of a drain, and behind each kill: less than the ring holds, then more.
const BEFORE: u64 = 60;
const BEHIND: u64 = 1_000;

/// Starts drains with two outputs, the n-th of which is killed at its n-th call `call`, until none is. Before
/// each of them `before` logs, behind each kill `behind`. Returns how many were killed.
fn kill_at_each(site: &Site, outputs: &[PathBuf; 2], call: &str, mut log: impl FnMut(When)) -> u32 {
    let segment = Segment::attach(site.segment()).expect("there");
    let written_below = || segment.drain_area().written_below().load(Relaxed);
    let command = || site.command(&[&outputs[0], &outputs[1]]);
    for kills in 0.. {
        log(When::BeforeStart);
        let before = written_below();
        let fault = format!("{call}:signal=SIGKILL:when={}", kills + 1);
        let mut drain = Drain::spawn(with_faults(&command(), &[fault]));
        wait_until("the drain to write all, or to be killed", || {
            drain.has_ended() || written_below() > before
        });
        if !drain.has_ended() {
            signal(drain.pid(), libc::SIGTERM);
        }
        let (status, said) = drain.wait();
        if status.success() {
            site.start(command()).stop();
            println!("{kills} kills at {call}");
            return kills;
        }
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{call} {kills}: {status} {said}");
        log(When::BehindKill);
        // From where all is written and told, each is killed one call later than the one before.
        site.start(command()).stop();
    }
    unreachable!("a drain makes so many calls")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    BeforeStart,
    BehindKill,
}

/// What is missing is what `overflow` gives up.
fn lost_by(overflow: Overflow) {
    let site = Site::new();
    let _segment = Segment::create(&site.name.spec()).expect("created");
    let log = logring::builder(site.segment()).overflow(overflow).open().expect("opened");
    let outputs = ["a.jsonl", "b.jsonl"].map(|name| site.path(name));
    let mut kills = 0;
    let mut logged = 0;
    for call in ["pwrite64", "statx"] {
        kills += kill_at_each(&site, &outputs, call, |when| {
            let count = if when == When::BeforeStart { BEFORE } else { BEHIND };
            for n in logged..logged + count {
                info!(logger: log, "counted", n, pad = "x".repeat((n % 150) as usize));
            }
            logged += count;
        });
    }
    assert!(kills >= 8, "{kills} kills");
    for path in &outputs {
        assert_eq!(account(path).0, logged, "{overflow:?}: {}", path.display());
    }
}

/// For how many records and how many torn ones the file accounts: what is told before a record is what is
/// missing in front of it.
fn account(path: &Path) -> (u64, u64) {
    let (mut next, mut torn) = (0, 0);
    for line in lines(path) {
        match line["kind"].as_str() {
            None => {
                assert_eq!(number(&line, "n"), next, "{}: {line}", path.display());
                next += 1;
            }
            Some("lost") => next += number(&line, "count"),
            Some("torn") => torn += number(&line, "count"),
            // A batch that cannot be had again is taken back.
            Some(kind) => assert_eq!(kind, "rewritten", "{}: {line}", path.display()),
        }
    }
    (next, torn)
}

#[test]
fn what_was_overwritten_in_between() {
    let _watchdog = watchdog();
    lost_by(Overflow::Overwrite);
}

#[test]
fn what_was_dropped_behind_the_last_record() {
    let _watchdog = watchdog();
    lost_by(Overflow::Drop);
}

/// Marks the slot behind the one record of a process that is dead, as one that dies in the middle of a
/// record leaves it.
fn tear(segment: &Segment) {
    let torn = (0..segment.block_count()).find_map(|block| {
        let word = BlockWord::of(segment.word(block).load(Relaxed))?;
        let BlockWord::Owned { generation, .. } = word else { return None };
        let stamp = |slot| segment.stamp(segment.block(block), slot);
        let kind =
            |slot| Stamp::of(stamp(slot).load(Relaxed)).filter(|s| s.generation == generation);
        let is_it = kind(0).is_some_and(|stamp| stamp.kind == Kind::Record) && kind(1).is_none();
        let busy = Stamp { generation, kind: Kind::Busy, slots: 0, level: 0 };
        is_it.then(|| stamp(1).store(busy.raw(), Relaxed))
    });
    torn.expect("it has logged one record");
}

#[test]
fn what_was_torn() {
    const TEST: &str = "what_was_torn";
    let _watchdog = watchdog();
    if let Some((n, segment)) = role() {
        let log = logring::builder(&segment).open().expect("opened");
        info!(logger: log, "counted", n = n.parse::<u64>().expect("a number"));
        signal(std::process::id(), libc::SIGKILL);
        unreachable!("it is dead");
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let outputs = ["a.jsonl", "b.jsonl"].map(|name| site.path(name));
    let mut logged = 0;
    let mut kills = 0;
    for _ in 0..2 {
        kills += kill_at_each(&site, &outputs, "pwrite64", |when| {
            if when == When::BeforeStart {
                site.peer(TEST, &logged.to_string(), site.segment()).has_killed_itself();
                tear(&segment);
                logged += 1;
            }
        });
    }
    assert!(kills >= 8, "{kills} kills");
    for path in &outputs {
        assert_eq!(account(path), (logged, logged), "{}", path.display());
    }
}
