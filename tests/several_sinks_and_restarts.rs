//! D1: a drain that is killed at any moment and started again writes each record once into each of
//! its files, in whole lines.

mod common;

use common::acks::{Acks, Random};
use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, role};
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};

const SEED: u64 = 1_848;
const PRODUCERS: usize = 3;
const KILLS: u32 = 40;

#[test]
fn each_file_has_each_record_once_in_whole_lines() {
    const TEST: &str = "each_file_has_each_record_once_in_whole_lines";
    let _watchdog = watchdog();
    if let Some((id, argument)) = role() {
        let (segment, words) = argument.split_once(' ').expect("two words");
        let words = Acks::open(words.as_ref());
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        let id: usize = id.parse().expect("a number");
        let mut n = 0;
        while words.of(0).load(Relaxed) == 0 {
            info!("counted", id, n, pad = "x".repeat((n % 300) as usize));
            n += 1;
        }
        return words.of(id + 1).store(n, Relaxed);
    }
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    let path = site.path("words");
    // Whether the producers shall stop, and how far each of them has come then.
    let words = Acks::create(&path, 1 + PRODUCERS);
    // Small, so that it is full most of the time.
    let builder = logring::builder(site.segment()).ring_bytes(512 << 10);
    let _ring = builder.open().expect("created");
    let outputs = ["a.jsonl", "b.jsonl"].map(|name| site.path(name));
    let start = || Drain::spawn(site.command(&[&outputs[0], &outputs[1]]));
    let written = || outputs.each_ref().map(|path| path.metadata().map_or(0, |meta| meta.len()));
    let argument = format!("{} {}", site.segment(), path.display());
    let producers: Vec<_> =
        (0..PRODUCERS).map(|id| Peer::start(TEST, &id.to_string(), &argument)).collect();

    for _ in 0..KILLS {
        let mut drain = start();
        // By one file or the other, and sometimes before it has written anything.
        let file = random.within(0..2) as usize;
        let enough = written()[file] + random.within(0..300_000);
        wait_until("the drain to write", || {
            drain.must_run();
            written()[file] >= enough
        });
        for _ in 0..random.within(0..50_000) {
            std::hint::spin_loop();
        }
        drain.kill();
    }
    let mut last = start();
    last.wait_until_it_reads(site.segment());
    words.of(0).store(1, Relaxed);
    producers.into_iter().for_each(Peer::end);
    last.stop();
    println!("{KILLS} kills, {:?} bytes", written());

    for path in &outputs {
        let mut next = [0; PRODUCERS];
        for line in lines(path) {
            assert!(!is_notice(&line), "{line}");
            let (id, n) = (number(&line, "id") as usize, number(&line, "n"));
            assert_eq!(n, next[id], "{}: the next of producer {id}", path.display());
            let pad = line["pad"].as_str().expect("text");
            assert!(pad.len() as u64 == n % 300 && pad.bytes().all(|byte| byte == b'x'), "{line}");
            next[id] += 1;
        }
        let logged: Vec<_> = (1..=PRODUCERS).map(|word| words.of(word).load(Relaxed)).collect();
        assert_eq!(next, *logged, "{}", path.display());
    }
}
