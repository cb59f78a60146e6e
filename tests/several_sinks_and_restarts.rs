//! Claim: a drain that is killed at any moment and started again writes each record once into each of
//! its files, in whole lines.

mod common;

use common::acks::Random;
use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::{wait_for, watchdog};
use common::{Peer, role};
use logring::{Overflow, info};

const SEED: u64 = 1_848;
const PRODUCERS: u64 = 3;
const RECORDS: u64 = 20_000;
const KILLS: u32 = 40;

#[test]
fn each_file_has_each_record_once_in_whole_lines() {
    const TEST: &str = "each_file_has_each_record_once_in_whole_lines";
    let _watchdog = watchdog();
    if let Some((id, segment)) = role() {
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        let id: u64 = id.parse().expect("a number");
        for n in 0..RECORDS {
            info!("counted", id, n, pad = "x".repeat((n % 300) as usize));
        }
        return;
    }
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    // Small, so that the producers cannot run ahead of the kills.
    let builder = logring::builder(site.segment()).ring_bytes(512 << 10);
    let _ring = builder.open().expect("created");
    let outputs = ["a.jsonl", "b.jsonl"].map(|name| site.path(name));
    let start = || Drain::spawn(site.command(&[&outputs[0], &outputs[1]]));
    let written = || outputs.each_ref().map(|path| path.metadata().map_or(0, |meta| meta.len()));
    let mut producers: Vec<_> =
        (0..PRODUCERS).map(|id| Peer::start(TEST, &id.to_string(), site.segment())).collect();

    let mut kills = 0;
    while kills < KILLS {
        let mut drain = start();
        // By one file or the other, and sometimes before it has written anything.
        let file = random.within(0..2) as usize;
        let enough = written()[file] + random.within(0..300_000);
        let running = wait_for("the drain to write", || {
            drain.must_run();
            let over =
                producers.iter_mut().all(|peer| peer.child.try_wait().expect("ours").is_some());
            (over || written()[file] >= enough).then_some(!over)
        });
        assert!(running, "the producers came to their end after {kills} kills: log more");
        for _ in 0..random.within(0..50_000) {
            std::hint::spin_loop();
        }
        drain.kill();
        kills += 1;
    }
    let mut last = start();
    last.wait_until_it_reads(site.segment());
    producers.into_iter().for_each(Peer::end);
    last.stop();
    println!("{kills} kills, {:?} bytes", written());

    for path in &outputs {
        let mut next = [0; PRODUCERS as usize];
        for line in lines(path) {
            assert!(!is_notice(&line), "{line}");
            let (id, n) = (number(&line, "id") as usize, number(&line, "n"));
            assert_eq!(n, next[id], "{}: the next of producer {id}", path.display());
            let pad = line["pad"].as_str().expect("text");
            assert!(pad.len() as u64 == n % 300 && pad.bytes().all(|byte| byte == b'x'), "{line}");
            next[id] += 1;
        }
        assert_eq!(next, [RECORDS; PRODUCERS as usize], "{}", path.display());
    }
}
