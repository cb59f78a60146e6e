//! P15, P16: a thousand processes log at once, ten thousand one after the other: all arrives, and what
//! they took is given back.
#![expect(unsafe_code, reason = "children are killed with their parent")]

mod common;

use std::collections::HashMap;

use common::drain::{Drain, Site, drain_command, ended_lines, is_notice, lines, number};
use common::fork::{fork, wait};
use common::watch::{wait_until, watchdog};
use common::{Peer, free_blocks, hear, role, say};
use logring::layout::Geometry;
use logring::shm::{Segment, SegmentSpec};
use logring::{Overflow, info};

/// Records of each of the processes that live at once, and how many those are.
const EACH: u64 = 100;
const AT_ONCE: u64 = 1_000;

fn log(id: u64, records: u64) {
    (0..records).for_each(|n| info!("counted", id, n));
}

/// Children that live until this process ends: each has logged all it has.
fn at_once() {
    for id in 0..AT_ONCE {
        fork(|| {
            // Before it logs: who is seen in the segment ends with its parent.
            // SAFETY: calls without memory. The end of its parent ends it, by SIGKILL.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            log(id, EACH);
            // SAFETY: as above.
            unsafe { libc::pause() };
        });
    }
    say("all are there");
    hear();
}

fn one_after_the_other(count: u64) {
    for id in 0..count {
        assert_eq!(wait(fork(|| log(id, 1))), 0);
    }
}

/// How many records of each process stand in the output, each once and in order.
fn counts(site: &Site) -> HashMap<u64, u64> {
    let mut counts = HashMap::new();
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        let count = counts.entry(number(&line, "id")).or_insert(0);
        assert_eq!(number(&line, "n"), *count, "{line}");
        *count += 1;
    }
    counts
}

fn live_processes(segment: &Segment) -> usize {
    let all = 0..segment.geometry().process_count;
    all.filter(|at| segment.process_info(*at).is_some_and(|info| info.is_live())).count()
}

/// A segment with room for this many processes, but for a tiny ring.
fn create(site: &Site, process_count: u32) -> &'static Segment {
    let geometry = Geometry {
        slots_per_block: 16,
        block_count: 4 * process_count,
        process_count,
        lane_count: process_count * 2 + 16,
        level_count: 16,
        dictionary_slots: 256,
        dictionary_bytes: 64 << 10,
        ..Geometry::default()
    };
    let spec = SegmentSpec { geometry, ..SegmentSpec::new(site.segment()) };
    Segment::create(&spec).expect("created").leak()
}

fn start(site: &Site, test: &str, part: &str) -> (Drain, Peer) {
    let drain = site.start_drain();
    (drain, site.peer(test, part, site.segment()))
}

#[test]
fn a_thousand_at_once() {
    const TEST: &str = "a_thousand_at_once";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        return at_once();
    }
    let site = Site::new();
    let segment = create(&site, 1_024);
    let (drain, mut peer) = start(&site, TEST, "parent");
    peer.hear();
    wait_until("all processes to log", || live_processes(segment) as u64 == AT_ONCE);
    wait_until("all to be written", || ended_lines(&site.output()) as u64 == AT_ONCE * EACH);
    peer.end();
    wait_until("all entries to be free", || live_processes(segment) == 0);
    drain.stop();
    assert_eq!(free_blocks(segment), segment.geometry().block_count as usize);
    let counts = counts(&site);
    assert_eq!(counts.len() as u64, AT_ONCE);
    assert!(counts.values().all(|count| *count == EACH));
}

#[test]
fn thousands_one_after_the_other() {
    const TEST: &str = "thousands_one_after_the_other";
    let _watchdog = watchdog();
    let long = std::env::var("LOGRING_LONG").is_ok_and(|long| long == "1");
    let count = if long { 10_000 } else { 1_000 };
    if let Some((_, segment)) = role() {
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        return one_after_the_other(count);
    }
    let site = Site::new();
    // Far fewer entries than processes: they are used again and again.
    let segment = create(&site, 256);
    let drain = site.start_drain();
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", drain.pid())).expect("the drain's").count();
    let shared = || {
        let entries = std::fs::read_dir("/dev/shm").expect("shared memory");
        let names = entries.map(|entry| entry.expect("entry").file_name());
        names.filter(|name| name.to_string_lossy().contains(site.segment())).count()
    };
    let before = (descriptors(), shared());
    let peer = site.peer(TEST, "parent", site.segment());
    // Some come by exec, as commands do.
    for n in 0..20 {
        let mut command = drain_command();
        command.env("LOGRING_RUNTIME_DIR", site.path("run"));
        command.args(["log", "--segment", site.segment(), "counted"]);
        let id = 1_000_000 + n;
        let status = command.args([&format!("id={id}"), "n=0"]).status().expect("it runs");
        assert!(status.success(), "{status}");
    }
    peer.end();
    assert_eq!((descriptors(), shared()), before, "descriptors of the drain, shared objects");
    wait_until("all entries to be free", || live_processes(segment) == 0);
    drain.stop();
    let counts = counts(&site);
    assert_eq!(counts.len() as u64, count + 20);
    assert!(counts.values().all(|count| *count == 1));
}
