//! Claim: whatever stands in a segment's file, `recover`, `tail` and `stats` end by themselves, with lines
//! that are whole; they never panic and never hang.

mod looking;

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use common::acks::Random;
use common::drain::{Site, ended_lines};
use common::watch::{wait_until, watchdog};
use logring::{Overflow, info};
use looking::{bytes, call, common, log, logger, parsed};

const SEED: u64 = 20_261_122;
const COPIES: usize = 80;

#[test]
fn flipped_bytes_are_survived() {
    let _watchdog = watchdog();
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let site = Site::new();
    let from = logger(&site, 1 << 19, Overflow::BlockForever);
    // A drain has run, some blocks are freed, some records are long, some are waiting.
    let drain = site.start_drain();
    let long = "y".repeat(40_000);
    log(&from, 0, 0..500);
    std::thread::scope(|scope| {
        scope.spawn(|| info!(logger: from, "long", text = long));
    });
    wait_until("the drain to write", || ended_lines(&site.output()) == 501);
    drain.stop();
    for t in 1..4 {
        log(&from, t, 0..400);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| info!(logger: from, "long", text = long));
    });
    let whole = bytes(&site.name.paths().segment);
    // What lies between the header and the slots is little, and what matters most.
    let front = whole.len() - (1 << 19);
    let other = Site::new();
    let path = other.name.paths().segment;
    let mut flips = 0;
    let mut read = 0;
    for _ in 0..COPIES {
        let mut copy = whole.clone();
        for _ in 0..=random.within(0..96) {
            let end = if random.within(0..2) == 0 { front } else { copy.len() };
            // Of most copies the header stays whole, so that all behind it is looked at.
            let start = if random.within(0..20) == 0 { 0 } else { 4096 };
            let at = start + random.within(0..(end - start) as u64) as usize;
            copy[at] ^= 1 << random.within(0..8);
            flips += 1;
        }
        write(&path, &copy);
        for arguments in [
            &["recover", other.segment(), "--format", "json"][..],
            &["recover", other.segment(), "--format", "json", "--all"],
            &["tail", "--segment", other.segment(), "--no-follow", "-n", "5000"],
            &["stats", "--segment", other.segment(), "--json"],
        ] {
            let output = call(&site, arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 4 | 6)), "{arguments:?}: {code:?}: {said}");
            let text = String::from_utf8(output.stdout).expect("lines are UTF-8");
            assert!(text.is_empty() || text.ends_with('\n'));
            read += parsed(&text).len();
        }
    }
    println!("{flips} flips, {read} lines");
    assert!(flips > 3_000 && read > COPIES * 1_000, "{flips} flips, {read} lines");
}

/// Puts a file of the segment's mode at `path`.
fn write(path: &std::path::Path, content: &[u8]) {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(path).expect("made");
    file.write_all(content).expect("written");
    assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
}
