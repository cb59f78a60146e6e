//! Claim: a text of any length, at any place among a call's values, arrives as it was, and so do the
//! values beside it.

mod common;

use common::drain::{Site, lines};
use common::watch::watchdog;
use logring::{Bytes, Overflow, info};
use serde_json::Value;

/// Beyond what one slot holds.
const LONGEST: usize = 300;

/// A text of letters that differ from each other nearby.
fn text(len: usize) -> String {
    (0..len).map(|at| char::from(b'a' + (at * 7 % 26) as u8)).collect()
}

fn log(n: u64, text: &str) {
    let (minus, half) = (-(n as i64), n as f64 / 2.0);
    let owned = text.to_owned();
    info!("0 of 1", text);
    info!("0 of 2", text, n);
    info!("1 of 2", n, text = owned);
    info!("0 of 3", text, n, minus);
    info!("1 of 3", n, text = &owned, minus);
    info!("2 of 3", n, minus, text);
    info!("0 of 4", text, n, minus, half);
    info!("1 of 4", n, text, minus, half);
    info!("2 of 4", n, minus, text, half);
    info!("3 of 4", n, minus, half, text);
    info!("bytes", n, text = Bytes(text.as_bytes()));
}

#[test]
fn each_length_at_each_place() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    let drain = site.start_drain();
    for len in 0..=LONGEST {
        log(len as u64, &text(len));
    }
    drain.stop();
    let mut found = 0;
    for (at, line) in lines(&site.output()).enumerate() {
        let len = at / 11;
        let expected = text(len);
        let is = |key: &str, value: Value| line.get(key).is_none_or(|found| *found == value);
        if line["event"] == "bytes" {
            let digits: String = expected.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(line["text"].as_str().is_some_and(|it| it.contains(&digits)), "{line}");
        } else {
            assert_eq!(line["text"], expected.as_str(), "{line}");
        }
        let half = len as f64 / 2.0;
        assert!(is("n", len.into()) && is("minus", (-(len as i64)).into()), "{line}");
        assert!(line.get("half").is_none_or(|found| found.as_f64() == Some(half)), "{line}");
        found += 1;
    }
    assert_eq!(found, 11 * (LONGEST + 1));
}
