//! Claim: `recover` prints what a segment holds that no drain has written, whoever died, and changes
//! nothing.

mod looking;

use common::drain::{Site, ended_lines, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, role};
use logring::layout::stamp::{Kind, Stamp};
use logring::layout::{BlockWord, header};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering;
use logring::{Overflow, info};
use looking::{bytes, call, common, log, logger, parsed, printed, refused, tally};

const RING: u64 = 1 << 20;

/// A process that logs the numbers below 300 in two threads and aborts.
fn die(segment: &str) -> ! {
    let builder = logring::builder(segment).ring_bytes(RING);
    let logger = builder.open().expect("opened");
    log(&logger, 0, 0..300);
    log(&logger, 1, 0..300);
    std::process::abort();
}

#[test]
fn what_a_process_logged_before_it_aborted() {
    const TEST: &str = "what_a_process_logged_before_it_aborted";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        die(&segment);
    }
    let site = Site::new();
    let mut peer = Peer::start(TEST, "die", site.segment());
    let pid = u64::from(peer.pid());
    wait_until("the process to abort", || {
        peer.child.try_wait().expect("our child").is_some_and(|status| !status.success())
    });
    let before = bytes(&site.name.paths().segment);
    let (text, said) = printed(&site, &["recover", site.segment()]);
    let found = parsed(&text);
    assert_eq!(found.len(), 600, "{said}");
    let mut expected = [0, 0];
    for line in &found {
        let next = &mut expected[number(line, "t") as usize];
        assert_eq!((number(line, "n"), number(line, "pid")), (*next, pid));
        *next += 1;
    }
    let times: Vec<_> = found.iter().map(|line| line["timestamp"].as_str()).collect();
    assert!(times.is_sorted());
    assert!(said.contains("600 records") && said.contains("no ledger is at hand"), "{said}");

    let (again, _) = printed(&site, &["recover", site.segment()]);
    assert_eq!(text, again, "the same bytes a second time");
    assert!(bytes(&site.name.paths().segment) == before, "nothing is changed");
    assert!(!site.name.paths().drain.exists() && !site.path("run").exists(), "nothing is made");

    let copy = site.path("copy");
    std::fs::copy(&site.name.paths().segment, &copy).expect("copied");
    let (of_copy, _) = printed(&site, &["recover", copy.to_str().expect("UTF-8")]);
    assert_eq!(text, of_copy, "and of a copy");
}

#[test]
fn what_no_drain_has_written() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, RING, Overflow::BlockForever);
    let drain = site.start_drain();
    log(&logger, 0, 0..2_000);
    wait_until("the drain to write", || ended_lines(&site.output()) == 2_000);
    drain.stop();
    let run = |arguments: &[&str]| {
        let (text, said) = printed(&site, &[&["recover", site.segment()], arguments].concat());
        (parsed(&text), said)
    };
    let (left, said) = run(&[]);
    assert!(
        left.is_empty() && said.contains("0 records behind what a drain has written"),
        "{said}"
    );
    // The ring takes more than that, so that all of it still stands there.
    let (all, said) = run(&["--all"]);
    assert_eq!(tally(&all, "lost"), (2_000, 0), "{said}");
    assert!(said.contains("2000 records in all its blocks"), "{said}");
    log(&logger, 1, 0..700);
    let (left, said) = run(&[]);
    assert_eq!(left.len(), 700, "{said}");
    assert!(left.iter().all(|line| line["t"] == 1));
    let output = format!("json:{}", site.output().display());
    assert!(said.contains(&output), "{said} names the sink");

    let (some, _) = run(&["--level", "warning"]);
    assert!(some.is_empty());
    let (text, _) = printed(&site, &["recover", site.segment(), "--format", "logfmt"]);
    assert!(text.lines().all(|line| line.contains(" t=1 ")), "{text}");

    let drain = site.start_drain();
    wait_until("the drain to write", || ended_lines(&site.output()) == 2_700);
    drain.stop();
    let written: Vec<_> = lines(&site.output()).skip(2_000).collect();
    let facts = |line: &serde_json::Value| (number(line, "t"), number(line, "n"));
    assert!(written.iter().map(facts).eq(left.iter().map(facts)), "the drain gets all of it");
}

#[test]
fn what_was_lost() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, 1 << 18, Overflow::Drop);
    log(&logger, 0, 0..10_000);
    let (text, said) = printed(&site, &["recover", site.segment()]);
    let (records, lost) = tally(&parsed(&text), "lost");
    assert!(lost > 0 && records as u64 + lost == 10_000, "{said}");
    assert!(said.contains(&format!("{records} records")) && said.contains(&format!("{lost} lost")));
}

#[test]
fn what_was_torn() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, RING, Overflow::Drop);
    log(&logger, 0, 0..100);
    // The slot behind the last record, as a thread leaves it that dies inside of a call.
    let segment = Segment::attach(site.segment()).expect("attached");
    let block = (0..segment.block_count()).find_map(|block| {
        match BlockWord::of(segment.word(block).load(Ordering::Relaxed)) {
            Some(BlockWord::Owned { generation, .. }) => Some((block, generation)),
            _ => None,
        }
    });
    let (block, generation) = block.expect("a block in use");
    let busy = Stamp { generation, kind: Kind::Busy, slots: 0, level: 0 };
    segment.stamp(segment.block(block), 100).store(busy.raw(), Ordering::Relaxed);
    for arguments in [&["recover", site.segment()][..], &["recover", site.segment(), "--all"]] {
        let (text, said) = printed(&site, arguments);
        let found = parsed(&text);
        assert_eq!(tally(&found, "torn"), (100, 1), "{said}");
        assert!(is_notice(&found[100]) && said.contains("1 torn"), "{said}");
    }
}

#[test]
fn a_record_of_many_blocks() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, 4 << 20, Overflow::BlockForever);
    let long = "x".repeat(150_000);
    let drain = site.start_drain();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..3 {
                info!(logger: logger, "long", n, text = long);
            }
        });
    });
    wait_until("the drain to write", || ended_lines(&site.output()) == 3);
    drain.stop();
    let whole = |arguments: &[&str]| {
        let (text, _) = printed(&site, arguments);
        let found = parsed(&text);
        assert!(found.iter().all(|line| line["text"] == long.as_str() && !is_notice(line)));
        found.len()
    };
    assert_eq!(whole(&["recover", site.segment(), "--all"]), 3, "from freed blocks");
    assert_eq!(whole(&["tail", "--segment", site.segment(), "--no-follow"]), 3);
    std::thread::scope(|scope| {
        scope.spawn(|| info!(logger: logger, "long", n = 3, text = long));
    });
    assert_eq!(whole(&["recover", site.segment()]), 1);
}

#[test]
fn what_is_no_segment_is_refused() {
    let site = Site::new();
    let logger = logger(&site, RING, Overflow::Drop);
    log(&logger, 0, 0..10);
    let (sentence, code) = refused(&site, &["recover", "absent"]);
    let expected = "there is neither a segment nor a file \"absent\"; `logring-drain segments ls` lists the \
                    segments that there are";
    assert_eq!((sentence.as_str(), code), (expected, 6));
    let whole = bytes(&site.name.paths().segment);
    let case = |name: &str, content: &[u8]| {
        let path = site.path(name);
        std::fs::write(&path, content).expect("written");
        refused(&site, &["recover", path.to_str().expect("UTF-8")])
    };
    for (name, content, expected) in [
        ("empty", &[][..], "it is 0 bytes long"),
        ("short", &whole[..100], "it is 100 bytes long"),
        ("other", &[7; 8192], "does not begin as a logring segment does"),
        ("cut", &whole[..whole.len() / 2], "damaged: the file's length is"),
    ] {
        let (sentence, code) = case(name, content);
        assert!(sentence.contains(expected) && sentence.contains(name), "{sentence}");
        assert_eq!(code, 6, "{sentence}");
    }
    let mut foreign = whole;
    foreign[header::LAYOUT_VERSION] = 77;
    let (sentence, code) = case("foreign", &foreign);
    assert!(sentence.contains("layout version 77, this build reads 0"), "{sentence}");
    assert_eq!(code, 4);
    let (sentence, code) = refused(&site, &["recover", "/tmp"]);
    assert!(sentence.contains("is not a file") && code == 6, "{sentence}");
    let (sentence, code) = refused(&site, &["recover", "x", "--format", "xml"]);
    assert!(sentence.contains("expected one of: json, logfmt, console"), "{sentence}");
    assert_eq!(code, 2);
    assert_eq!(call(&site, &["recover"]).status.code(), Some(2));
}
