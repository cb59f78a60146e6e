//! P18, S4: bits of the segment flip under running producers and a running drain: the drain goes on, in
//! whole lines, cuts nothing that is not its own, and ends when it is asked to.

mod common;

use std::fs;

use common::acks::Random;
use common::drain::Site;
use common::watch::{wait_until, watchdog};
use common::{Peer, role, say};
use logring::layout::Offsets;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};

const SEED: u64 = 79_461;
const PRODUCERS: usize = 3;
const FLIPS: u64 = 4_000;
/// What stood in the file before the drain came.
const NOT_OURS: &str = "{\"event\":\"not ours\"}\n";

/// Every part but the header, which is read once, at attach; small parts as often as large ones.
fn parts(offsets: &Offsets) -> [(usize, usize); 10] {
    let at = offsets;
    [
        (at.drain_area, at.processes),
        (at.processes, at.lanes.min(at.processes + 1024)),
        (at.lanes, at.levels.min(at.lanes + 1024)),
        (at.levels, at.dictionary.min(at.levels + 256)),
        (at.dictionary, at.blob),
        (at.blob, at.hints.min(at.blob + 4096)),
        (at.hints, at.hints + 8),
        (at.words, at.heads.min(at.words + 128)),
        (at.heads, at.slots.min(at.heads + 256)),
        (at.slots, at.end),
    ]
}

#[test]
fn the_drain_outlives_any_flipped_bit() {
    const TEST: &str = "the_drain_outlives_any_flipped_bit";
    let _watchdog = watchdog();
    if let Some((id, name)) = role() {
        let _guard =
            logring::builder(&*name).overflow(Overflow::Drop).install().expect("installed");
        say("logs");
        for n in 0u64.. {
            info!("counted", id = id.as_str(), n, pad = "x".repeat((n % 400) as usize));
            if n % 200 == 0 {
                info!("long", n, pad = "y".repeat(40_000));
            }
        }
        return;
    }
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    let ring = logring::builder(site.segment()).ring_bytes(512 << 10);
    let _ring = ring.open().expect("created");
    fs::write(site.output(), NOT_OURS).expect("written");
    let mut drain = site.start(site.command_holding(&[&site.output()], "20ms"));

    let start = || Peer::start(TEST, "producer", site.segment());
    let mut producers: Vec<Peer> = (0..PRODUCERS).map(|_| start()).collect();
    let segment = Segment::attach(site.segment()).expect("there");
    let parts = parts(segment.offsets());
    let written = || site.output().metadata().map_or(0, |meta| meta.len());
    let (mut ends, mut last) = (0, 0);
    let mut pending = Vec::new();
    for flip in 0..FLIPS {
        let (from, to) = parts[random.within(0..parts.len() as u64) as usize];
        let offset = from + random.within(0..((to - from) / 8) as u64) as usize * 8;
        let bit = 1u64 << random.within(0..64);
        segment.u64_at(offset).fetch_xor(bit, Relaxed);
        // Most are flipped back after a while, else nothing of the ring would be left to run.
        pending.push((offset, bit));
        if pending.len() > 8 {
            let (offset, bit) = pending.swap_remove(random.within(0..8) as usize);
            segment.u64_at(offset).fetch_xor(bit, Relaxed);
        }
        for _ in 0..random.within(0..30_000) {
            std::hint::spin_loop();
        }
        if flip % 200 != 0 {
            continue;
        }
        drain.must_run();
        let now = written();
        assert!(now >= last, "the file shrank from {last} to {now}");
        last = now;
        // Producers share a fate with what they write into; the drain does not.
        for producer in &mut producers {
            if producer.child.try_wait().expect("our child").is_some() {
                ends += 1;
                *producer = start();
            }
        }
    }
    println!("{FLIPS} flips, {last} bytes written, {ends} producers ended");
    for (offset, bit) in pending {
        segment.u64_at(offset).fetch_xor(bit, Relaxed);
    }
    producers.into_iter().for_each(Peer::kill);
    wait_until("the drain to go on", || {
        drain.must_run();
        written() >= last
    });
    drain.stop();
    let text = fs::read(site.output()).expect("the file");
    let ours = text.strip_prefix(NOT_OURS.as_bytes()).expect("what was there before");
    let mut lines = 0;
    for line in ours.split_inclusive(|byte| *byte == b'\n') {
        assert_eq!(line.last(), Some(&b'\n'), "a line without an end");
        let value: serde_json::Value = serde_json::from_slice(line).expect("a line of JSON");
        assert!(value["timestamp"].is_string() && value["level"].is_string(), "{value}");
        lines += 1;
    }
    println!("{lines} lines");
    assert!(lines > 1_000, "only {lines} lines");
}
