//! Claim: whatever a program that logs by `log` or `tracing` does (keys that are reserved or twice there,
//! values that panic, targets and keys made at run time by the thousand, fields in another order), each
//! record arrives, typed, and nothing panics; what an operator says of a target's level is in force at
//! the next call.

#[path = "../../common/mod.rs"]
mod common;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::Name;
use log::Log as _;
use logring::bridge::{log as bridge, tracing::Layer};
use logring::testing::{Captured, capture};
use logring::{Level, Logger};
use tracing::field::Empty;
use tracing_subscriber::layer::SubscriberExt as _;

/// Held by each test: renamed keys are counted for the whole process, and each subscriber that lives
/// meets the statements of all threads, with keys of its own where it has a segment of its own.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Display")
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

fn pairs(event: &Captured) -> String {
    let pairs = event.all().into_iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

/// What `action` logs by tracing.
fn traced(action: impl FnOnce()) -> Vec<Captured> {
    let logs = capture();
    tracing::subscriber::with_default(
        tracing_subscriber::registry().with(Layer::default()),
        action,
    );
    logs.take()
}

fn record<'a>(
    target: &'a str,
    pairs: &'a [(&'a str, log::kv::Value<'a>)],
    text: fmt::Arguments<'a>,
) -> log::Record<'a> {
    let mut builder = log::Record::builder();
    builder.target(target).level(log::Level::Info).args(text).key_values(pairs_of(pairs)).build()
}

fn pairs_of<'a>(pairs: &'a [(&'a str, log::kv::Value<'a>)]) -> &'a dyn log::kv::Source {
    Box::leak(Box::new(pairs))
}

#[test]
fn keys_that_do_not_fit_are_renamed() {
    let _alone = alone();
    let before = logring::renamed_keys();
    let events = traced(|| {
        for _ in 0..2 {
            tracing::info!(level = 1, "two\nlines" = 2, event = 3, "renamed");
        }
        let span = tracing::info_span!("s", timestamp = 4, twice = 5);
        span.in_scope(|| tracing::info!("in a span"));
    });
    assert_eq!(pairs(&events[0]), "level_=1 two_lines=2 event_=3");
    assert_eq!(pairs(&events[1]), pairs(&events[0]));
    assert_eq!(pairs(&events[2]), "span=s timestamp_=4 twice=5");
    assert_eq!(logring::renamed_keys() - before, 4, "once for each callsite");
    let logs = capture();
    let twice = [("a", 1.into()), ("a", 2.into()), ("level", 3.into())];
    bridge::Bridge::default().log(&record("t", &twice, format_args!("twice")));
    assert_eq!(pairs(&logs.events()[0]), "a=1 a_2=2 level_=3");
}

#[test]
fn values_that_panic_are_told() {
    let _alone = alone();
    std::panic::set_hook(Box::new(|_| {}));
    let events = traced(|| {
        tracing::info!(a = %Panics, b = ?Panics, c = 1, "{}", Panics);
        let span = tracing::info_span!("s", a = ?Panics);
        span.in_scope(|| tracing::info!("in a span"));
    });
    let _ = std::panic::take_hook();
    assert_eq!(events[0].event(), "<panicked>");
    assert_eq!(pairs(&events[0]), "a=<panicked> b=<panicked> c=1");
    assert_eq!(pairs(&events[1]), "span=s a=<panicked>");
}

#[test]
fn fields_without_a_value_are_null_and_texts_are_what_they_are() {
    let _alone = alone();
    let events = traced(|| {
        tracing::info!(a = Empty, b = 2, c = None::<u64>, "some");
        for text in ["one", "other", "one", "{braces}", ""] {
            tracing::info!(text, "{text}");
        }
        tracing::info!(x = 1);
        tracing::info!(message = "by field");
        tracing::info!(message = 5, y = 1);
    });
    assert_eq!(pairs(&events[0]), "a=null b=2 c=null");
    let texts: Vec<&str> =
        events[1..6].iter().map(|event| event["text"].as_str().expect("a text")).collect();
    let shown: Vec<&str> = events[1..6].iter().map(Captured::event).collect();
    assert_eq!(shown[0], texts[0]);
    assert_eq!(shown[1..], ["other", "one", "{braces}", ""].map(|text| text)[..]);
    assert_eq!((events[6].event(), pairs(&events[6])), ("", "x=1".to_owned()));
    assert_eq!(events[7].event(), "by field");
    assert_eq!((events[8].event(), pairs(&events[8])), ("5", "y=1".to_owned()));
}

#[test]
fn targets_and_keys_made_at_run_time() {
    let _alone = alone();
    let logs = capture();
    let bridge = bridge::Bridge::default();
    for number in 0..6_000u64 {
        let (target, key) = (format!("t{number}"), format!("k{number}"));
        let pairs = [(key.as_str(), number.into()), ("level", 1.into())];
        bridge.log(&record(&target, &pairs, format_args!("number {number}")));
    }
    let events = logs.take();
    assert_eq!(events.len(), 6_000);
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event.event(), format!("number {number}"));
        assert_eq!(event.target(), format!("t{number}"));
        assert_eq!(pairs(event), format!("k{number}={number} level_=1"));
    }
}

/// What `logring-drain level` does, for all processes.
fn set_level(log: &Logger, to: Level) {
    let changed = log.change_levels(|rules| rules.take(&format!("op={to}")).map_or(Ok(()), Err));
    changed.expect("changed");
}

#[test]
fn the_level_in_force_decides() {
    let _alone = alone();
    let name = Name::new();
    let log = logring::builder(name.0.as_str()).level(Level::Info).open().expect("opened");
    let bridge = bridge::Bridge::new(log.clone());
    let stack = Layer::new(log.clone()).subscriber();
    let evaluated = std::cell::Cell::new(0);
    let evaluate = || evaluated.set(evaluated.get() + 1);
    let metadata = log::Metadata::builder().level(log::Level::Debug).target("op").build();
    tracing::subscriber::with_default(stack, || {
        for (level, enabled) in [(Level::Info, false), (Level::Debug, true), (Level::Error, false)]
        {
            if level != Level::Info {
                set_level(&log, level);
            }
            let before = evaluated.get();
            tracing::debug!(target: "op", value = { evaluate(); 1 }, "asked");
            assert_eq!(evaluated.get() - before, u32::from(enabled), "at {level}");
            assert_eq!(
                tracing::enabled!(target: "op", tracing::Level::DEBUG),
                enabled,
                "at {level}"
            );
            assert_eq!(bridge.enabled(&metadata), enabled, "at {level}");
        }
    });
    assert!(!bridge.enabled(&metadata));
}

/// Two bridges on two segments: each obeys its own segment's levels for an equal target, from the same
/// statement.
#[test]
fn each_bridge_obeys_its_own_segment() {
    let _alone = alone();
    let names = [Name::new(), Name::new()];
    let logs = [(0, "debug"), (1, "warning")].map(|(at, filter)| {
        let name = names[at].0.as_str();
        logring::builder(name).filter(filter).open().expect("opened")
    });
    let bridges = logs.clone().map(bridge::Bridge::new);
    let layers = logs.clone().map(|log| tracing::Dispatch::new(Layer::new(log).subscriber()));
    let metadata = log::Metadata::builder().level(log::Level::Info).target("shared").build();
    let asked = || {
        let event = || tracing::enabled!(target: "shared", tracing::Level::INFO);
        let layers = [0, 1].map(|at| tracing::dispatcher::with_default(&layers[at], event));
        ([0, 1].map(|at| bridges[at].enabled(&metadata)), layers)
    };
    let set = |at: usize, rules: &str| {
        let changed = logs[at].change_levels(|all| all.take(rules).map_or(Ok(()), Err));
        changed.expect("changed");
    };
    for _ in 0..2 {
        assert_eq!(asked(), ([true, false], [true, false]));
    }
    set(0, "shared=error");
    set(1, "shared=trace");
    assert_eq!(asked(), ([false, true], [false, true]));
}

/// What lets no target through is told before any look-up; that it is out of date costs no record.
#[test]
fn a_level_that_one_target_has_is_enabled_there_alone() {
    let _alone = alone();
    let name = Name::new();
    let log = logring::builder(name.0.as_str()).filter("bank=error").open().expect("opened");
    let bridge = bridge::Bridge::new(log.clone());
    let asked = |level| {
        ["bank", "cart", "web"].map(|target| {
            bridge.enabled(&log::Metadata::builder().level(level).target(target).build())
        })
    };
    let set = |rules: &str| {
        let changed = log.change_levels(|all| {
            *all = logring::Filter::nothing();
            all.take(rules).map_or(Ok(()), Err)
        });
        changed.expect("changed");
    };
    // Twice each, as it is asked anew after a change.
    for (rules, info, debug) in [
        ("", [false, true, true], [false; 3]),
        ("cart=debug", [false, true, true], [false, true, false]),
        ("off,web=trace", [false, false, true], [false, false, true]),
        ("off", [false; 3], [false; 3]),
        ("", [false, true, true], [false; 3]),
    ] {
        set(rules);
        for _ in 0..2 {
            assert_eq!(asked(log::Level::Info), info, "{rules:?}");
            assert_eq!(asked(log::Level::Debug), debug, "{rules:?}");
        }
    }
}

/// Alike at both ends and of one length.
#[test]
fn names_that_are_alike_are_told_apart() {
    let _alone = alone();
    let logs = capture();
    let bridge = bridge::Bridge::default();
    let name = |n: u64| format!("beginning {n} of an ending");
    for n in [1, 2, 1, 2] {
        let key = name(n);
        bridge.log(&record("same", &[(key.as_str(), n.into())], format_args!("keys {n}")));
        bridge.log(&record(&name(n), &[], format_args!("targets {n}")));
    }
    for (event, n) in logs.take().chunks(2).zip([1, 2, 1, 2]) {
        assert_eq!(pairs(&event[0]), format!("{}={n}", name(n)));
        assert_eq!(event[1].target(), name(n));
    }
}
