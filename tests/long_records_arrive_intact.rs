//! Claim: a record of any length up to `max_record_bytes` arrives whole, a longer one cut and marked.

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader};

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use logring::layout::{Geometry, record};
use logring::{Logger, Overflow, Value, info};

const THREADS: u64 = 16;
/// All 200 in release, where the drain writes their 2.9 GB in seconds.
const RECORDS: u64 = if cfg!(debug_assertions) { 10 } else { 200 };
const BODY: usize = 900_000;

/// Text without a period, of which records have pieces.
fn text(len: usize) -> String {
    let mut state = 1u64;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(state >> 33) as usize % 36])
    };
    (0..len).map(letter).collect()
}

/// Where the body of a record begins in the text: at a place of its own.
fn start(thread: u64, n: u64) -> usize {
    (thread * RECORDS + n) as usize * 37
}

#[test]
fn release_only_many_threads_through_a_ring_of_a_few_records() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(8 << 20);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    let text = text(start(THREADS, 0) + BODY);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, text) = (&log, &text);
            scope.spawn(move || {
                for n in 0..RECORDS {
                    let body = &text[start(thread, n)..][..BODY];
                    info!(logger: log, "long", thread, n, body);
                }
            });
        }
    });
    drain.stop();

    let mut file = BufReader::new(File::open(site.output()).expect("the output"));
    let mut next = [0; THREADS as usize];
    let mut line = Vec::with_capacity(BODY + 1000);
    while file.read_until(b'\n', &mut line).expect("the output is read") > 0 {
        let head = String::from_utf8_lossy(&line[..line.len().min(300)]).into_owned();
        let body = line.strip_suffix(b"\"}\n").unwrap_or_else(|| panic!("no end: {head}"));
        let (facts, _) = head.split_once("\"body\":\"").unwrap_or_else(|| panic!("{head}"));
        let value = |key| {
            let rest: &str = facts.split_once(key).unwrap_or_else(|| panic!("{head}")).1;
            rest.split(',').next().and_then(|digits| digits.parse::<u64>().ok()).expect("a number")
        };
        let (thread, n) = (value("\"thread\":"), value("\"n\":"));
        assert_eq!(n, next[thread as usize], "the next of thread {thread}");
        next[thread as usize] += 1;
        let whole = body[facts.len() + "\"body\":\"".len()..]
            == text.as_bytes()[start(thread, n)..][..BODY];
        assert!(whole, "record {n} of thread {thread} is not as it was: {head}");
        line.clear();
    }
    assert_eq!(next, [RECORDS; THREADS as usize], "records of each thread");
}

/// Logs a record of `payload` bytes in all; what of its body is to arrive.
fn log_payload<'a>(log: &Logger, text: &'a str, payload: usize, most: usize, n: u64) -> &'a str {
    let fixed = n.encoded_len() + "".encoded_len();
    let body = &text[n as usize..][..payload - fixed];
    info!(logger: log, "sized", n, body);
    &body[..body.len().min(most - fixed)]
}

#[test]
fn every_boundary_is_kept() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(4 << 20);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();

    let geometry = Geometry::with_ring_bytes(4 << 20);
    let (slot, slots) = (geometry.slot_size as usize, geometry.slots_per_block as usize);
    let most = geometry.max_record_bytes(logring::call::builder::MAX_RECORD_BYTES) as usize;
    let one_slot = slot - record::PAYLOAD;
    let block = one_slot + (slots - 1) * (slot - record::CONTINUATION);
    let extension = record::extension_bytes(slot, slots);
    assert!(most > 3 * extension, "{most} bytes at most");
    let boundaries = [
        one_slot,
        one_slot + slot - record::CONTINUATION,
        block / 2,
        block - (slot - record::CONTINUATION),
        block,
        extension,
        2 * extension,
        3 * extension,
        most,
        most + extension,
        2 * most,
    ];
    let text = text(3 * most);
    let mut expected = Vec::new();
    for boundary in boundaries {
        // At different places of a block, and with a short record behind each.
        for payload in boundary - 2..=boundary + 2 {
            let n = expected.len() as u64;
            expected.push((payload, log_payload(&log, &text, payload, most, n)));
            let n = expected.len() as u64;
            expected.push((40, log_payload(&log, &text, 40, most, n)));
        }
    }
    let umlauts = "äöü".repeat(most / 6);
    info!(logger: log, "cut inside of a character", x = 1, body = format!("{umlauts}{umlauts}"));
    drain.stop();

    let mut records: Vec<_> = lines(&site.output()).collect();
    let cut = records.pop().expect("the last record");
    let body = cut["body"].as_str().expect("text");
    assert!(cut["truncated"] == true && format!("{umlauts}{umlauts}").starts_with(body));
    assert!(body.len() > most - 64, "{} bytes of at most {most}", body.len());

    assert_eq!(records.len(), expected.len());
    for (n, (line, (payload, body))) in records.iter().zip(&expected).enumerate() {
        assert!(!is_notice(line) && number(line, "n") == n as u64, "{line}");
        assert!(line["body"] == **body, "{payload} bytes: the body is not as it was");
        let is_cut = line.get("truncated").is_some_and(|mark| mark == true);
        assert_eq!(is_cut, *payload > most, "{payload} bytes of at most {most}");
    }
}

#[test]
fn a_maximum_of_a_few_slots_is_kept() {
    const MOST: usize = 300;
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).max_record_bytes(MOST as u32);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    let text = text(2 * MOST);
    let payloads = [100, MOST - 1, MOST, MOST + 1, MOST + 200];
    let bodies: Vec<&str> = (0u64..)
        .zip(payloads)
        .map(|(n, payload)| log_payload(&log, &text, payload, MOST, n))
        .collect();
    drain.stop();

    let records: Vec<_> = lines(&site.output()).collect();
    assert_eq!(records.len(), payloads.len());
    for ((line, payload), body) in records.iter().zip(payloads).zip(bodies) {
        assert!(!is_notice(line) && line["body"] == *body, "{payload} bytes: {line}");
        let is_cut = line.get("truncated").is_some_and(|mark| mark == true);
        assert_eq!(is_cut, payload > MOST, "{payload} bytes of at most {MOST}");
    }
}
