//! Claim: a program that has only `log` and `tracing` macros, and one line where it installs, gets its
//! fields typed into the drain's JSON lines, its spans as context, and loses nothing when it is killed.

#[path = "../../common/mod.rs"]
mod common;

use std::fmt;

use common::drain::{Site, lines};
use common::watch::watchdog;
use common::{hear, role, say};
use logring::Overflow;
use serde_json::{Value, json};

/// An error with a source.
#[derive(Debug)]
struct Refused(std::io::Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("charge refused")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Logs while it is shown.
struct Chats;

impl fmt::Display for Chats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!(who = %"chats", "from inside");
        log::info!("and by log");
        f.write_str("shown")
    }
}

fn refused() -> Refused {
    Refused(std::io::Error::other("no route"))
}

/// Installs both bridges, and nothing else of logring's.
fn install(segment: &str) -> logring::Guard {
    let builder =
        logring::builder(segment).overflow(Overflow::BlockForever).filter("info,loud=trace");
    builder.log_bridge().tracing_bridge().install().expect("installed")
}

fn of_log() {
    log::info!("plain");
    log::info!("plain {{braces}}");
    log::info!(n = 7, big = u64::MAX, wide = i128::MIN, x = 0.5, yes = true, name = "ann"; "typed");
    log::warn!(err:err = refused(), shown:% = 1.5, seen:? = Some(1), letter = 'é'; "others");
    log::error!(target: "db", "took {} ms of {}", 3, "{}");
    log::debug!("not this one");
    log::trace!(target: "loud", "this one");
    for turn in 0..2 {
        log::info!(turn; "again");
    }
}

fn of_tracing() {
    use tracing::{Level, event, field, info, info_span, trace, warn};
    info!("plain");
    info!("plain {{braces}}");
    let err: &(dyn std::error::Error + 'static) = &refused();
    info!(n = -7, big = u64::MAX, wide = i128::MIN, x = 0.5, yes = true, name = "ann", "typed");
    warn!(err, shown = %1.5, seen = ?Some(1), raw = &b"\x01\xff"[..], "others");
    event!(name: "named", target: "db", Level::ERROR, nothing = field::Empty, there = 1);
    for turn in 0..2 {
        info!(turn, "turn {turn}");
    }
    // One piece, which is another one each time.
    for word in ["first", "second"] {
        info!("{word}");
    }
    info!(said = %Chats, "chats");
    tracing::debug!("not this one");
    trace!(target: "loud", "this one");
    let outer = info_span!("serve", request = 7, user = "ann", status = field::Empty);
    let outside = outer.enter();
    info!("outer");
    let inner = info_span!("query", user = "bob", rows = field::Empty);
    inner.in_scope(|| {
        info!(user = "eve", "inner");
        inner.record("rows", 3);
        log::info!("of log, in a span");
        logring::info!("own, in a span");
        outer.record("status", 200);
        info!("recorded");
        info!(parent: &outer, "of the outer one");
        info!(parent: None, "of none");
        info!("inner still");
    });
    drop(outside);
    info!("outside");
}

/// The line of this event, without what changes from run to run.
fn line(all: &[Value], event: &str) -> Value {
    let mut found = all.iter().filter(|line| line["event"] == event);
    let mut line = found.next().unwrap_or_else(|| panic!("no line {event:?}")).clone();
    let line = line.as_object_mut().expect("an object");
    for key in ["timestamp", "pid", "tid"] {
        line.remove(key);
    }
    Value::Object(line.clone())
}

#[test]
fn fields_stand_typed_in_the_lines() {
    if let Some((part, segment)) = role() {
        let _guard = install(&segment);
        if part == "log" {
            of_log()
        } else {
            of_tracing()
        }
        say("done");
        hear();
        return;
    }
    let _watchdog = watchdog();
    for part in ["log", "tracing"] {
        let site = Site::new();
        let drain = site.start_drain();
        let mut peer = site.peer("fields_stand_typed_in_the_lines", part, site.segment());
        assert_eq!(peer.hear(), "done");
        // What was logged survives its process.
        peer.kill();
        drain.stop();
        let all: Vec<Value> = lines(&site.output()).collect();
        println!("{}", all.iter().map(|line| format!("{line}\n")).collect::<String>());
        if part == "log" { check_log(&all) } else { check_tracing(&all) }
    }
}

fn check_log(all: &[Value]) {
    let target = module_path!();
    let event = |level: &str, event: &str, fields: Value| {
        let mut wanted = json!({"level": level, "event": event, "target": target});
        wanted.as_object_mut().expect("one").extend(fields.as_object().expect("one").clone());
        assert_eq!(line(all, event), wanted);
    };
    assert_eq!(all.len(), 8, "the debug record is held back");
    event("info", "plain", json!({}));
    event("info", "plain {braces}", json!({}));
    let typed = json!({"n": 7, "big": u64::MAX, "wide": i128::MIN.to_string(), "x": 0.5, "yes": true, "name": "ann"});
    event("info", "typed", typed);
    let err = json!({"message": "charge refused", "sources": ["no route"]});
    let others = json!({"err": err, "shown": "1.5", "seen": "Some(1)", "letter": "é"});
    event("warning", "others", others);
    event("error", "took 3 ms of {}", json!({"target": "db"}));
    event("trace", "this one", json!({"target": "loud"}));
    let turns: Vec<&Value> = all.iter().filter(|line| line["event"] == "again").collect();
    assert!(turns.len() == 2 && turns[0]["turn"] == 0 && turns[1]["turn"] == 1);
}

fn check_tracing(all: &[Value]) {
    let target = module_path!();
    let event = |level: &str, event: &str, fields: Value| {
        let mut wanted = json!({"level": level, "event": event, "target": target});
        wanted.as_object_mut().expect("one").extend(fields.as_object().expect("one").clone());
        assert_eq!(line(all, event), wanted);
    };
    assert_eq!(all.len(), 22, "the debug event is held back");
    event("info", "plain", json!({}));
    event("info", "plain {braces}", json!({}));
    let typed = json!({"n": -7, "big": u64::MAX, "wide": i128::MIN.to_string(), "x": 0.5, "yes": true, "name": "ann"});
    event("info", "typed", typed);
    let err = json!({"message": "charge refused", "sources": ["no route"]});
    event(
        "warning",
        "others",
        json!({"err": err, "shown": "1.5", "seen": "Some(1)", "raw": "01ff"}),
    );
    event("error", "named", json!({"target": "db", "nothing": null, "there": 1}));
    event("info", "turn 0", json!({"turn": 0}));
    event("info", "turn 1", json!({"turn": 1}));
    event("info", "first", json!({}));
    event("info", "second", json!({}));
    // What user code logs while a record is made comes before.
    let place = |event: &str| all.iter().position(|line| line["event"] == event).expect(event);
    assert!(place("from inside") < place("and by log") && place("and by log") < place("chats"));
    event("info", "chats", json!({"said": "shown"}));
    event("trace", "this one", json!({"target": "loud"}));
    event("info", "outer", json!({"span": "serve", "request": 7, "user": "ann"}));
    // An event's own field wins over the span's, the inner span's over the outer one's.
    event("info", "inner", json!({"span": "serve:query", "request": 7, "user": "eve"}));
    let inside = json!({"span": "serve:query", "request": 7, "user": "bob", "rows": 3});
    event("info", "of log, in a span", inside.clone());
    event("info", "own, in a span", inside);
    let inside =
        json!({"span": "serve:query", "request": 7, "user": "bob", "rows": 3, "status": 200});
    event("info", "recorded", inside.clone());
    event(
        "info",
        "of the outer one",
        json!({"span": "serve", "request": 7, "user": "ann", "status": 200}),
    );
    event("info", "of none", json!({}));
    event("info", "inner still", inside);
    event("info", "outside", json!({}));
}
