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
    assert_eq!(all.len(), 8);
    assert_eq!(line(all, "plain"), json!({"level": "info", "event": "plain", "target": target}));
    line(all, "plain {braces}");
    assert_eq!(
        line(all, "typed"),
        json!({"level": "info", "event": "typed", "target": target, "n": 7, "big": u64::MAX,
            "wide": i128::MIN.to_string(), "x": 0.5, "yes": true, "name": "ann"})
    );
}

fn check_tracing(all: &[Value]) {
    let target = module_path!();
    let _ = (all, target);
}
