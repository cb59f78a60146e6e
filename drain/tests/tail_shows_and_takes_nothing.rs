//! Claim: `tail` shows each record once or counts it as unseen, whatever becomes of the drain, and takes
//! nothing from it.

mod looking;

use std::collections::HashSet;
use std::fs::File;
use std::process::Stdio;

use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::{signal, wait_until, watchdog};
use common::{Peer, hear, role, say};
use logring::layout::BlockWord;
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering;
use logring::{Overflow, info};
use looking::{command, common, log, logger};
use serde_json::Value;

const RING: u64 = 1 << 19;

/// A tail of this site's segment into a file.
struct Tail {
    process: Drain,
    path: std::path::PathBuf,
}

impl Tail {
    /// Starts it and waits until it has seen a record.
    fn start(site: &Site, logger: &logring::Logger) -> Self {
        let path = site.path("tail.jsonl");
        let file = File::create(&path).expect("made");
        let mut command = command(site, &["tail", "--segment", site.segment()]);
        let child = command.args(["--format", "json"]).stdout(file).stderr(Stdio::piped());
        let process = Drain::adopt(child.spawn().expect("the tail starts"));
        let tail = Self { process, path };
        wait_until("the tail to look", || {
            info!(logger: logger, "first");
            !tail.shown().is_empty()
        });
        tail
    }

    /// The whole lines that it has written.
    fn shown(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).expect("lines are UTF-8");
        let end = text.rfind('\n').map_or(0, |end| end + 1);
        looking::parsed(&text[..end])
    }
}

/// How many numbers of each thread were shown, each once and those that are not late in order, and how
/// many of all passed unseen.
fn account(shown: &[Value], threads: u64) -> (Vec<u64>, u64) {
    let mut counts = vec![0; threads as usize];
    let mut last = vec![None; threads as usize];
    let mut seen = HashSet::new();
    for line in shown.iter().filter(|line| line["event"] == "counted") {
        let (t, n) = (number(line, "t") as usize, number(line, "n"));
        assert!(seen.insert((t, n)), "thread {t}: {n} twice");
        assert!(last[t] < Some(n) || line["late"] == true, "thread {t}: {n} behind {:?}", last[t]);
        last[t] = last[t].max(Some(n));
        counts[t] += 1;
    }
    // Nothing was lost and nothing is damaged: what was written over is not taken for either.
    let other = shown.iter().find(|line| is_notice(line) && line["kind"] != "unseen");
    assert_eq!(other, None);
    let unseen = shown.iter().filter(|line| line["kind"] == "unseen");
    (counts, unseen.map(|line| number(line, "count")).sum())
}

fn free_blocks(segment: &Segment) -> usize {
    (0..segment.block_count())
        .filter(|block| {
            let word = BlockWord::of(segment.word(*block).load(Ordering::Relaxed));
            matches!(word, Some(BlockWord::Free { .. }))
        })
        .count()
}

/// Logs `count` numbers as each of two threads, a part at each line that is heard.
fn produce(segment: &str, parts: u64, count: u64) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    for part in 0..parts {
        hear();
        std::thread::scope(|scope| {
            for t in 0..2 {
                let logger = &logger;
                scope.spawn(move || {
                    for n in part * count..(part + 1) * count {
                        info!(logger: logger, "counted", t, n);
                    }
                });
            }
        });
        say("done");
    }
}

#[test]
fn under_load_with_drains_that_are_killed() {
    const TEST: &str = "under_load_with_drains_that_are_killed";
    const PARTS: u64 = 6;
    const COUNT: u64 = 8_000;
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return produce(&segment, PARTS, COUNT);
    }
    let site = Site::new();
    let logger = logger(&site, RING, Overflow::BlockForever);
    let mut drain = site.start_drain();
    let tail = Tail::start(&site, &logger);
    let mut peer = Peer::start(TEST, "produce", site.segment());
    for _ in 0..PARTS {
        // Somewhere in the part.
        let before = lines_of(&site);
        peer.say("go");
        wait_until("the drain to write", || lines_of(&site) > before);
        drain.kill();
        drain = site.start_drain();
        assert_eq!(peer.hear(), "done");
    }
    peer.end();
    let all = 2 * PARTS * COUNT;
    let counted = || lines(&site.output()).filter(|line| line["event"] == "counted").count() as u64;
    wait_until("the drain to write all", || counted() == all);
    // What it has not shown it has counted, in the end: nothing is shown twice and nothing is missing.
    wait_until("the tail to have accounted for all", || {
        let (counts, unseen) = account(&tail.shown(), 2);
        counts.iter().sum::<u64>() + unseen >= all
    });
    let (counts, unseen) = account(&tail.shown(), 2);
    assert_eq!(counts.iter().sum::<u64>() + unseen, all, "{counts:?} shown, {unseen} unseen");
    let segment = Segment::attach(site.segment()).expect("attached");
    // This test's own thread holds one, as all that have logged and live.
    let held = segment.block_count() as usize - 1;
    wait_until("all blocks to come back", || free_blocks(&segment) >= held);
    drain.stop();
    tail.process.end_by(libc::SIGINT);
}

/// How many lines a drain has written; the last may not be whole.
fn lines_of(site: &Site) -> usize {
    let text = std::fs::read(site.output()).unwrap_or_default();
    text.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn what_passes_while_it_is_stopped_is_counted() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, RING, Overflow::BlockForever);
    let drain = site.start_drain();
    let tail = Tail::start(&site, &logger);
    // This thread goes on, others come and go, so that their entries are others' since.
    let go_on = |numbers: std::ops::Range<u64>| {
        for n in numbers {
            info!(logger: logger, "counted", t = 0, n);
        }
    };
    go_on(0..1_000);
    wait_until("the tail to show", || account(&tail.shown(), 2).0[0] == 1_000);
    signal(tail.process.pid(), libc::SIGSTOP);
    // Several times the ring.
    for part in 0..10 {
        log(&logger, 1, part * 2_000..(part + 1) * 2_000);
        go_on(1_000 + part * 1_000..2_000 + part * 1_000);
    }
    let counted = || lines(&site.output()).filter(|line| line["event"] == "counted").count();
    wait_until("the drain to write all", || counted() == 31_000);
    drain.kill();
    let drain = site.start_drain();
    signal(tail.process.pid(), libc::SIGCONT);
    go_on(11_000..12_000);
    wait_until("the tail to have accounted for all", || {
        let (counts, unseen) = account(&tail.shown(), 2);
        counts.iter().sum::<u64>() + unseen >= 32_000
    });
    let shown = tail.shown();
    let (counts, unseen) = account(&shown, 2);
    assert_eq!(counts.iter().sum::<u64>() + unseen, 32_000, "{counts:?} shown, {unseen} unseen");
    assert!(unseen > 10_000 && counts[0] >= 2_000, "{counts:?} shown, {unseen} unseen");
    let told = shown.iter().find(|line| line["kind"] == "unseen").expect("told");
    assert_eq!(told["event"], format!("{} records passed unseen", told["count"]));
    assert!(is_notice(told) && told["level"] == "warning");
    drain.stop();
    tail.process.end_by(libc::SIGTERM);
}

#[test]
fn it_goes_on_in_a_segment_that_was_made_anew() {
    let _watchdog = watchdog();
    let site = Site::new();
    let mut tail = None;
    for round in 0..3 {
        // A process of its own, so that nobody uses the segment afterwards.
        let mut peer = Peer::start(ROUND, "round", &format!("{round} {}", site.segment()));
        assert_eq!(peer.hear(), "ready");
        if tail.is_none() {
            let path = site.path("tail.jsonl");
            let file = File::create(&path).expect("made");
            let mut command = command(&site, &["tail", "--segment", site.segment(), "-n", "99"]);
            let child = command.stdout(file).stderr(Stdio::piped()).spawn();
            tail = Some(Tail { process: Drain::adopt(child.expect("the tail starts")), path });
        }
        peer.say("log");
        assert_eq!(peer.hear(), "done");
        let tail = tail.as_ref().expect("started");
        wait_until("the tail to show", || {
            let rounds = tail.shown().into_iter().filter(|line| line["event"] == "counted");
            let rounds: HashSet<u64> = rounds.map(|line| number(&line, "t")).collect();
            rounds.len() == round + 1
        });
        peer.end();
        wait_until("the segment to be removed", || Segment::remove(site.segment()).is_ok());
    }
    let tail = tail.expect("started");
    let (counts, unseen) = account(&tail.shown(), 3);
    assert_eq!((counts, unseen), (vec![50; 3], 0));
    signal(tail.process.pid(), libc::SIGTERM);
    let (status, said) = tail.process.wait();
    assert!(status.success() && said.contains("was removed; waiting"), "{said}");
}

const ROUND: &str = "a_round_of_the_segment";

#[test]
fn a_round_of_the_segment() {
    let Some((_, argument)) = role() else { return };
    let (round, segment) = argument.split_once(' ').expect("two words");
    let logger = logring::builder(segment).ring_bytes(RING).open().expect("opened");
    say("ready");
    hear();
    log(&logger, round.parse().expect("a number"), 0..50);
    say("done");
    hear();
}
