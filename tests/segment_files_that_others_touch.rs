//! S2, S3, S4: a segment's file that is cut, removed or punched under way: the drain goes on as far as
//! there is something to read, says what happened, and counts what is missing.

mod common;

use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;

use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::{signal, wait_until, watchdog};
use common::{Peer, hear, role, say};
use logring::layout::{Begun, BlockWord};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use logring::{Logger, Overflow, info};

fn open(name: &str) -> Logger {
    let builder = logring::builder(name).ring_bytes(1 << 20);
    builder.overflow(Overflow::BlockForever).open().expect("opened")
}

fn log(logger: &Logger, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!(logger: logger, "counted", n);
    }
}

fn wait_for_line(path: &Path, what: &str) {
    wait_until(&format!("{what} in {}", path.display()), || {
        fs::read_to_string(path).is_ok_and(|text| text.contains(what))
    });
}

fn sentence(path: &Path, kind: &str) -> String {
    let mut found: Vec<_> = lines(path).filter(|line| line["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found.remove(0)["event"].as_str().expect("a sentence").to_owned()
}

/// Plays a producer that logs as many records as it is told to, until it is told to end.
fn producer(name: &str) {
    let logger = open(name);
    let mut logged = 0;
    loop {
        let Ok(count) = hear().parse::<u64>() else { return };
        log(&logger, logged..logged + count);
        logged += count;
        say(logged);
    }
}

#[test]
fn a_segment_that_is_cut() {
    const TEST: &str = "a_segment_that_is_cut";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        return producer(&name);
    }
    // Cut behind its header, in the middle of the ring's slots, and to nothing.
    for part in 0..3 {
        let site = Site::new();
        drop(open(site.segment()));
        let drain = site.start_drain();
        let mut peer = Peer::start(TEST, "producer", site.segment());
        peer.say("1000");
        assert_eq!(peer.hear(), "1000");
        wait_for_line(&site.output(), "\"n\":999");
        let segment = Segment::attach(site.segment()).expect("there");
        let offsets = *segment.offsets();
        drop(segment);
        let length = [4096, (offsets.slots + offsets.end) / 2, 0][part];
        let file = OpenOptions::new().write(true).open(site.name.paths().segment).expect("ours");
        file.set_len(length as u64).expect("cut");
        // It ends by itself: not by a signal, with what happened as its one sentence.
        let (status, said) = drain.wait();
        assert_eq!(status.code(), Some(6), "cut to {length}: {status} {said}");
        let sizes = [format!("from {} to {length} bytes", offsets.end), site.segment().to_owned()];
        assert!(
            said.lines().count() == 1 && sizes.iter().all(|size| said.contains(size)),
            "{said}"
        );
        assert!(sentence(&site.output(), "segment-cut").contains(&sizes[0]));
        let found = lines(&site.output()).filter(|line| !is_notice(line));
        assert_eq!(
            found.map(|line| number(&line, "n")).collect::<Vec<_>>(),
            (0..1000).collect::<Vec<_>>()
        );
        // A drain that starts now is told the same by the file itself.
        let (status, said) = Drain::spawn(site.command(&[&site.output()])).wait();
        assert_eq!(status.code(), Some(6), "{said}");
        peer.kill();
    }
}

#[test]
fn a_segment_that_is_removed() {
    const TEST: &str = "a_segment_that_is_removed";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        return producer(&name);
    }
    let site = Site::new();
    drop(open(site.segment()));
    let drain = site.start_drain();
    let mut old = Peer::start(TEST, "old", site.segment());
    old.say("500");
    assert_eq!(old.hear(), "500");
    fs::remove_file(site.name.paths().segment).expect("ours");
    wait_for_line(&site.output(), "segment-gone");
    // More than the ring holds: the drain goes on with what has no name any more.
    old.say("20000");
    assert_eq!(old.hear(), "20500");
    wait_for_line(&site.output(), "\"n\":20499");
    // Who comes now makes another segment, whose records wait for a drain.
    let mut new = Peer::start(TEST, "new", site.segment());
    new.say("100");
    assert_eq!(new.hear(), "100");
    old.say("end");
    old.end();
    let (status, said) = drain.wait();
    assert_eq!(status.code(), Some(6), "{said}");
    assert!(said.contains("was removed") && said.lines().count() == 1, "{said}");
    let next = site.start(site.command(&[&site.output()]));
    wait_until("the new segment's records", || {
        let text = fs::read_to_string(site.output()).expect("the file");
        text.matches("\"n\":99}").count() == 2
    });
    new.say("end");
    new.end();
    next.stop();
    let found: Vec<u64> = lines(&site.output())
        .filter(|line| !is_notice(line))
        .map(|line| number(&line, "n"))
        .collect();
    assert_eq!(found, (0..20_500).chain(0..100).collect::<Vec<_>>());
}

#[test]
fn a_segment_with_a_hole() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = open(site.segment());
    let drain = site.start_drain();
    log(&logger, 0..10);
    wait_for_line(&site.output(), "\"n\":9}");
    signal(drain.pid(), libc::SIGSTOP);
    wait_until("the drain to be stopped", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", drain.pid())).expect("it is there");
        stat.contains(") T ")
    });
    log(&logger, 10..2_000);
    // Two pages in the middle of the lane's third block: 64 slots.
    let segment = Segment::attach(site.segment()).expect("there");
    let third = |block: &u32| {
        let owned = BlockWord::of(segment.word(*block).load(Relaxed));
        let begun = Begun::of(segment.begun(*block).load(Relaxed));
        matches!(owned, Some(BlockWord::Owned { .. })) && begun.ordinal == 3
    };
    let block = (0..segment.block_count()).find(third).expect("a third block");
    let start = segment.offsets().slots + block as usize * segment.geometry().block_bytes();
    let file = OpenOptions::new().write(true).open(site.name.paths().segment).expect("ours");
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: a call on a descriptor of ours.
    let code = unsafe { libc::fallocate(file.as_raw_fd(), mode, (start + 8192) as i64, 8192) };
    assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
    signal(drain.pid(), libc::SIGCONT);
    log(&logger, 2_000..3_000);
    drain.stop();
    let (mut next, mut lost) = (0, Vec::new());
    for line in lines(&site.output()) {
        match line["kind"].as_str() {
            Some("lost") => lost.push(number(&line, "count")),
            Some(kind) => assert_eq!(kind, "malformed", "{line}"),
            None => {
                let n = number(&line, "n");
                assert_eq!(n, next + lost.iter().sum::<u64>(), "{line}");
                next += 1;
            }
        }
    }
    assert_eq!(lost, [64], "the hole's slots, in their place");
    assert_eq!(next, 3_000 - 64, "all others are there");
}
