//! Claim: `stats` counts what producers logged and what became of it, whatever became of drains, and says
//! how full the ring is and how far each sink.

mod looking;

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use common::drain::{Drain, Site, ended_lines};
use common::watch::{wait_for, wait_until, watchdog};
use common::{Peer, hear, role, say};
use logring::{Overflow, info};
use looking::{call, common, log, logger, printed, refused};
use serde_json::Value;

const RING: u64 = 1 << 20;

fn stats(site: &Site) -> Value {
    let (text, said) = printed(site, &["stats", "--segment", site.segment(), "--json"]);
    assert_eq!(said, "");
    assert_eq!(text.lines().count(), 1);
    serde_json::from_str(&text).expect("one object")
}

/// Logs the numbers below 500 on two threads, lives on until it hears something.
fn produce(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    log(&logger, 0, 0..500);
    for n in 0..500 {
        info!(logger: logger, "counted", t = 1, n);
    }
    say("done");
    hear();
}

#[test]
fn what_producers_logged_and_what_became_of_it() {
    const TEST: &str = "what_producers_logged_and_what_became_of_it";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return produce(&segment);
    }
    let site = Site::new();
    let ring = logger(&site, RING, Overflow::BlockForever);
    let mut peer = Peer::start(TEST, "produce", site.segment());
    let pid = u64::from(peer.pid());
    assert_eq!(peer.hear(), "done");
    let of = |stats: &Value| {
        let producers = stats["producers"].as_array().expect("a list").clone();
        producers.into_iter().find(|producer| producer["pid"] == pid)
    };

    let before = stats(&site);
    let producer = of(&before).expect("listed");
    for (key, expected) in
        [("records", 1_000), ("waiting", 1_000), ("threads", 1), ("lost", 0), ("torn", 0)]
    {
        assert_eq!(producer[key], expected, "{key} of {producer}");
    }
    assert!(
        producer["alive"] == true && producer["name"].as_str().is_some_and(|it| !it.is_empty())
    );
    assert_eq!(before["ring"]["blocks"], 32);
    assert_eq!(before["ring"]["owned"], 4);
    assert_eq!(before["ring"]["high_water"], 4);
    assert_eq!(
        (&before["drain"]["running"], &before["drain"]["ledger"]),
        (&false.into(), &false.into())
    );
    assert_eq!(before["drain"]["lag_records"], 1_000);
    assert!(before["drain"]["lag_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    assert_eq!(before["dictionary"]["callsites"], 2);

    // Killed and started again: no record counts twice, none is forgotten.
    let mut drain = site.start_drain();
    for _ in 0..3 {
        drain.kill();
        drain = site.start_drain();
        log(&ring, 2, 0..100);
    }
    let after = wait_for("the drain to write all", || {
        let stats = stats(&site);
        (stats["drain"]["lag_records"] == 0 && ended_lines(&site.output()) == 1_300)
            .then_some(stats)
    });
    let producer = of(&after).expect("listed");
    assert_eq!((&producer["records"], &producer["waiting"]), (&1_000.into(), &0.into()));
    assert_eq!(after["total"]["records"], 1_300);
    assert_eq!(after["drain"]["running"], true);
    assert_eq!(after["drain"]["pid"], drain.pid());
    assert_eq!(after["drain"]["epoch"], 4);
    assert_eq!(after["drain"]["lag_ms"], 0.0);
    let cursor = &after["cursors"][0];
    assert_eq!(cursor["sink"], format!("json:{}", site.output().display()));
    assert_eq!((&cursor["state"], &cursor["errno"]), (&"writing".into(), &Value::Null));
    let written = site.output().metadata().expect("there").len();
    assert_eq!(cursor["bytes"], written);

    peer.end();
    wait_until("the entry to be given back", || of(&stats(&site)).is_none());
    assert_eq!(stats(&site)["total"]["records"], 1_300, "of those that are gone too");
    drain.stop();
    let text = printed(&site, &["stats", "--segment", site.segment()]).0;
    for expected in ["drain      none, up to date", "(gone)", "1,300", "stopped", "high water"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
}

#[test]
fn what_is_written_meanwhile_is_not_lost() {
    let _watchdog = watchdog();
    let site = Site::new();
    let ring = logger(&site, RING, Overflow::BlockForever);
    let drain = site.start_drain();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for t in 0..3 {
            let (ring, over) = (&ring, &over);
            scope.spawn(move || {
                let mut n = 0;
                while !over.load(Relaxed) {
                    log(ring, t, n..n + 50);
                    n += 50;
                }
            });
        }
        let looks: Vec<Value> = (0..60).map(|_| stats(&site)["total"].clone()).collect();
        over.store(true, Relaxed);
        for (look, total) in looks.iter().enumerate() {
            assert_eq!(total["lost"], 0, "look {look}: {total}");
        }
        assert!(looks[0]["records"].as_u64() < looks[59]["records"].as_u64(), "{looks:?}");
    });
    drain.stop();
}

#[test]
fn what_was_lost_is_counted_before_and_after_a_drain_has_told() {
    let _watchdog = watchdog();
    let site = Site::new();
    let ring = logger(&site, 1 << 18, Overflow::Drop);
    log(&ring, 0, 0..10_000);
    let before = stats(&site);
    let (kept, lost) = (before["total"]["records"].as_u64(), before["total"]["lost"].as_u64());
    assert_eq!(kept.zip(lost).map(|(kept, lost)| kept + lost), Some(10_000), "{before}");
    assert!(lost.is_some_and(|lost| lost > 0));
    let drain = site.start_drain();
    wait_until("the drain to tell", || stats(&site)["ring"]["owned"] == 0);
    // What it counts is counted by its end at the latest.
    drain.stop();
    let after = stats(&site);
    for key in ["records", "lost"] {
        assert_eq!(after["total"][key], before["total"][key], "{key}");
    }
    assert_eq!(after["total"]["waiting"], 0);
    assert_eq!(after["ring"]["high_water"], 8);
}

#[test]
fn what_idle_threads_hold_and_what_is_asked_back() {
    const THREADS: u64 = 26;
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(RING).quota_percent(100);
    let ring = builder.reserve_percent(0).overflow(Overflow::BlockForever).open().expect("opened");
    let turn = Barrier::new(THREADS as usize + 1);
    std::thread::scope(|scope| {
        for t in 0..THREADS {
            let (ring, turn) = (&ring, &turn);
            scope.spawn(move || {
                // The first one leaves a block that is full behind.
                for n in 0..if t == 0 { 257 } else { 1 } {
                    info!(logger: ring, "rare", t, n);
                }
                turn.wait();
                turn.wait();
                info!(logger: ring, "again", t);
                turn.wait();
                turn.wait();
            });
        }
        turn.wait();
        let found = stats(&site);
        let found = &found["ring"];
        assert_eq!((&found["owned"], &found["asked"]), (&(THREADS + 1).into(), &0.into()));
        wait_until("all to be idle", || stats(&site)["ring"]["idle"] == THREADS);
        assert_eq!(stats(&site)["ring"]["asked"], 0, "without a drain nobody asks");
        let drain = site.start_drain();
        wait_until("all to be asked", || stats(&site)["ring"]["asked"] == THREADS);
        let text = printed(&site, &["stats", "--segment", site.segment()]).0;
        assert!(text.contains(" owned (26 by idle threads, 26 asked back), "), "{text}");
        drain.kill();
        assert_eq!(stats(&site)["ring"]["asked"], 0, "what a dead one has asked for is not given");
        let drain = site.start_drain();
        turn.wait();
        turn.wait();
        wait_until("all to be given back", || stats(&site)["ring"]["free"] == 32);
        assert_eq!(stats(&site)["ring"]["idle"], 0);
        turn.wait();
        drain.stop();
    });
}

#[test]
fn a_sink_that_is_stuck() {
    let _watchdog = watchdog();
    let site = Site::new();
    let ring = logger(&site, RING, Overflow::BlockForever);
    let full = std::path::Path::new("/dev/full");
    let drain = Drain::spawn(site.command(&[&site.output(), full]));
    log(&ring, 0, 0..1_000);
    let found = wait_for("the drain to say so", || {
        let stats = stats(&site);
        (stats["cursors"][1]["state"] == "stuck" && stats["cursors"][0]["lag_records"] == 0)
            .then_some(stats)
    });
    let [good, bad] = [0, 1].map(|index| &found["cursors"][index]);
    assert_eq!((&good["state"], &good["error"]), (&"writing".into(), &Value::Null));
    assert_eq!((&bad["errno"], &bad["error"]), (&28.into(), &"No space left on device".into()));
    assert!(bad["since"].is_string() && bad["lag_records"] == 1_000 && bad["bytes"] == 0, "{bad}");
    assert_eq!(found["drain"]["lag_records"], 0, "one sink has all of it");
    let total = &found["total"];
    assert_eq!((&total["records"], &total["waiting"]), (&1_000.into(), &1_000.into()), "{total}");
    drain.kill();
}

#[test]
fn the_keys_are_those_of_the_document() {
    let site = Site::new();
    let _ring = logger(&site, RING, Overflow::Drop);
    let found = stats(&site);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/stats.md");
    let text = std::fs::read_to_string(path).expect("docs/stats.md");
    for (part, value) in found.as_object().expect("an object") {
        assert!(text.contains(&format!("`{part}`")), "docs/stats.md has no {part}");
        for key in value.as_object().into_iter().flat_map(|part| part.keys()) {
            let named = format!("`{part}.{key}`");
            let counts = part == "total" && text.contains(&format!("`producers[].{key}`"));
            assert!(counts || text.contains(&named), "docs/stats.md has no {named}");
        }
    }
}

#[test]
fn what_is_wrong_is_one_sentence() {
    let site = Site::new();
    let (sentence, code) = refused(&site, &["stats", "--segment", "absent"]);
    assert!(sentence.starts_with("segment \"absent\": there is no /dev/shm/"), "{sentence}");
    assert_eq!(code, 6);
    assert_eq!(call(&site, &["stats"]).status.code(), Some(2));
}
