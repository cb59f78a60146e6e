//! Claim: whatever the code of a value does when it is logged, it costs no more than that value, and
//! never the record, the thread, or memory without end.

mod common;

use std::fmt;

use common::drain::{Site, lines};
use common::watch::watchdog;
use logring::record::AnyValue;
use logring::testing::{self, capture};
use logring::{AsSerde, Overflow, Value, Writer, info};
use serde::Serialize;

/// Values of the user's that do what they should not; each stands between two that are sound.
#[test]
fn bad_values_cost_themselves_alone() {
    struct Panics;
    impl Value for Panics {
        fn encode(&self, out: &mut Writer) {
            out.list(|list| {
                list.item(&1);
                panic!("on purpose")
            });
        }
    }
    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("on purpose")
        }
    }
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut seq = serializer.serialize_seq(None)?;
            serde::ser::SerializeSeq::serialize_element(&mut seq, &[1; 1000].as_slice())?;
            Err(serde::ser::Error::custom("not today"))
        }
    }
    /// It never ends.
    struct Endless;
    impl Value for Endless {
        fn encode(&self, out: &mut Writer) {
            out.list(|list| {
                list.item(&1).item(&Self);
            });
        }
    }
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_variant("Endless", 0, "more", &Self)
        }
    }
    /// It logs while it is logged.
    struct Logs;
    impl Value for Logs {
        fn encode(&self, out: &mut Writer) {
            info!("inner", err = ?Panics2);
            "outer".encode(out);
        }
    }
    struct Panics2;
    impl fmt::Debug for Panics2 {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("on purpose")
        }
    }

    let logs = capture();
    for _ in 0..3 {
        info!(
            "x",
            first = 1,
            panics = Panics,
            serialize = AsSerde(&Panics),
            fails = AsSerde(&[Some(Fails), None]),
            endless = Endless,
            recursive = AsSerde(&Endless),
            logs = Logs,
            last = 2,
        );
    }
    let events = logs.take();
    assert_eq!(events.len(), 6);
    for [inner, event] in events.as_chunks().0 {
        assert_eq!(inner["err"], "<panicked>");
        assert!(event["first"] == 1 && event["last"] == 2, "{event:?}");
        assert!(event["panics"] == "<panicked>" && event["serialize"] == "<panicked>", "{event:?}");
        assert_eq!(event["fails"], "<not serializable: not today>");
        assert_eq!(event["logs"], "outer");
        for (key, level) in [("endless", "["), ("recursive", "{")] {
            let shown = format!("{:?}", event[key]);
            assert!(shown.contains("…") && level.len() == 1, "{shown}");
        }
    }
    drop(events);
    // The thread goes on as before.
    let events = testing::logged(|| info!("sound", n = 1));
    assert_eq!(events[0]["n"], 1);
}

/// A value as it is decoded.
fn logged<T: Value>(value: &T) -> AnyValue<'static> {
    let logs = capture();
    info!("x", value);
    logs.take()[0].get("value").expect("the field").clone()
}

/// More values than the drain takes are cut in their lists, each of which says so.
#[test]
fn too_many_values_are_cut() {
    let all = vec![vec![7i64; 1000]; 1000];
    for value in [logged(&all), logged(&AsSerde(&all))] {
        let AnyValue::List(lists) = value else { panic!("no list") };
        let Some(AnyValue::Text(note)) = lists.last() else { panic!("no note") };
        let kept = lists.len() - 1;
        assert_eq!(*note, format!("… and {} more", 1000 - kept));
        assert!((60..70).contains(&kept), "{kept}");
    }
}

/// A text that goes on and on, in characters of three bytes.
struct Long(usize);

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.0).try_for_each(|_| f.write_str("日本語"))
    }
}

/// What is longer than a record, or than what is kept of values before they are one, is cut where it
/// is, in whatever, never inside of a character; the record says so, and the counter counts it.
#[test]
fn long_values_are_cut_where_they_are() {
    const MOST: usize = 2000;
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).max_record_bytes(MOST as u32);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    let before = logring::truncated_records();
    // Twice what scratch takes.
    let endless = 32 << 20;
    for shift in 0..3 {
        let shift = "x".repeat(shift);
        info!(logger: log, "0", shift, text = "日本語".repeat(MOST), behind = 1);
        info!(logger: log, "1", shift, text = %Long(MOST), behind = 1);
        info!(logger: log, "2", shift, text = %Long(endless / 9), behind = 1);
        info!(logger: log, "3", shift, list = vec!["日本語日本語日本語"; 1000], behind = 1);
        info!(logger: log, "4", shift, list = AsSerde(&[[["日本語".repeat(MOST)]]]), behind = 1);
        info!(logger: log, "5", shift, list = [0; 3].map(|_| "日本語".repeat(endless / 9)));
    }
    assert_eq!(logring::truncated_records() - before, 18);
    info!(logger: log, "not cut", n = 1);
    assert_eq!(logring::truncated_records() - before, 18);
    drain.stop();

    fn innermost(value: &serde_json::Value) -> &str {
        match value {
            serde_json::Value::Array(items) => innermost(items.last().expect("not empty")),
            text => text.as_str().expect("a text"),
        }
    }
    let records: Vec<_> = lines(&site.output()).collect();
    assert_eq!(records.len(), 19);
    let (whole, cut) = records.split_last().expect("records");
    assert!(whole["event"] == "not cut" && whole.get("truncated").is_none(), "{whole}");
    for record in cut {
        assert_eq!(record["truncated"], true, "{record}");
        assert!(
            record.get("behind").is_none() && record.to_string().len() > MOST - 300,
            "{record}"
        );
        let value = record.get("text").or(record.get("list")).expect("a value");
        let text = innermost(value);
        assert!(text.chars().all(|char| "日本語".contains(char)), "{text}");
    }
}

/// It goes on until it is told to stop.
struct Unending;

impl fmt::Display for Unending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            f.write_str("日本語")?;
        }
    }
}

impl fmt::Debug for Unending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Unending {}

impl AsRef<dyn std::error::Error + 'static> for Unending {
    fn as_ref(&self) -> &(dyn std::error::Error + 'static) {
        self
    }
}

/// What is inside of it as application errors have it: no error, and no value.
struct Application;

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Unending, f)
    }
}

impl AsRef<dyn std::error::Error + 'static> for Application {
    fn as_ref(&self) -> &(dyn std::error::Error + 'static) {
        &fmt::Error
    }
}

/// A formatter that ends only with an error ends, wherever it stands, and what it has said is cut.
#[test]
fn formatters_without_an_end_are_told_to_stop() {
    struct Refused;
    impl Serialize for Refused {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(Unending))
        }
    }
    let _watchdog = watchdog();
    let logs = capture();
    let before = logring::truncated_records();
    info!("0", x = %Unending, behind = 1);
    info!("1", x = ?[Unending, Unending], behind = 1);
    info!("2", err = Unending, behind = 1);
    info!("3", x = AsSerde(&[Refused]), behind = 1);
    info!("4", x = std::collections::HashMap::from([(KeyWithoutEnd, 1)]), behind = 1);
    assert_eq!(logring::truncated_records() - before, 5);
    // Of this the error is short: only its backtrace is looked for in what has no end.
    info!("5", err = Application, behind = 1);
    let events = logs.take();
    assert_eq!(events.len(), 6);
    let (last, cut) = events.split_last().expect("events");
    for event in cut {
        assert!(event.get("behind").is_none(), "{} is not cut", event.event());
    }
    assert_eq!(last["behind"], 1);
}

#[derive(PartialEq, Eq, Hash)]
struct KeyWithoutEnd;

impl fmt::Display for KeyWithoutEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Unending, f)
    }
}

/// One that hears of no error takes its time, no more than scratch's room, and the record is logged.
#[test]
fn formatters_that_do_not_listen_get_no_room() {
    struct Deaf;
    impl fmt::Display for Deaf {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for _ in 0..(64 << 20) / 9000 {
                let _ = f.write_str(&"日本語".repeat(1000));
            }
            Ok(())
        }
    }
    let logs = capture();
    let before = logring::truncated_records();
    info!("deaf", x = %Deaf, behind = 1);
    assert_eq!(logring::truncated_records() - before, 1);
    let events = logs.take();
    let shown = events[0]["x"].to_string();
    assert!(shown.len() <= 16 << 20 && shown.chars().all(|char| "日本語".contains(char)));
}
