//! Claim: what Logly, loguru and Python's logging have at the log call is here, each under the name that it
//! has there; and what goes wrong there (text read as markup, a full queue that raises) does not.
//!
//! `docs/parity.md` has the table; the page on concurrency stands in `tests/loglys_concurrency_page.rs`.

mod common;

use common::drain::{Site, lines, number};
use common::watch::watchdog;
use common::{Name, hear, role, say};
use logring::context::{self, WithContext};
use logring::testing::logged;
use logring::{Overflow, info, kv, warn};
use serde_json::Value;

#[test]
fn bind_and_contextualize() {
    context::clear();
    let log = logring::logger().bind(kv! { user = "ann" });
    let events = logged(|| {
        let _scope = context::bound(kv! { request = 7 });
        info!(logger: log, "inside");
        drop(_scope);
        info!(logger: log, "outside");
    });
    assert!(events[0]["user"] == "ann" && events[0]["request"] == 7);
    assert!(events[1]["user"] == "ann" && events[1].get("request").is_none());
}

#[test]
fn contextualize_in_tasks() {
    let task = async { logged(|| info!("x")) };
    let events = futures_lite::future::block_on(task.with_context(kv! { request = 7 }));
    assert_eq!(events[0]["request"], 7);
}

/// `opt(lazy=True)`: what a field costs is paid where the record goes out.
#[test]
fn opt_lazy() {
    let logs = logring::testing::capture_at("warning").expect("a filter");
    let mut paid = 0;
    let mut costly = || {
        paid += 1;
        paid
    };
    info!("no", n = costly());
    warn!("yes", n = costly());
    assert_eq!((logs.events().len(), paid), (1, 1));
}

/// `opt(exception=...)`, `exception()`: the error with what led to it.
#[test]
fn opt_exception() {
    let err = logring::builder("no/such").open().expect_err("a bad name");
    let events = logged(|| logring::error!("cannot open", err));
    let shown = events[0]["err"].to_string();
    assert!(shown.contains("no/such"), "{shown}");
}

/// `enable("lib")`, `disable("lib")`.
#[test]
fn enable_and_disable() {
    let logs = logring::testing::capture_at("info,lib=off,lib::part=debug").expect("a filter");
    info!(target: "lib", "no");
    info!(target: "lib::other", "no");
    logring::debug!(target: "lib::part", "yes");
    info!(target: "library", "yes");
    assert_eq!(logs.events().len(), 2);
}

/// User text is data: no markup, no placeholders, no lines of its own.
#[test]
fn user_text_is_never_read_as_markup() {
    if let Some((_, segment)) = role() {
        let _guard = logring::builder(segment).install().expect("installed");
        let text = "<red>{0} {name} %s\n\u{1b}[31m</red>";
        info!("{text}", text);
        info!("said", text);
        say("done");
        hear();
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let mut peer = site.peer("user_text_is_never_read_as_markup", "says", site.segment());
    assert_eq!(peer.hear(), "done");
    peer.end();
    drain.stop();
    let all: Vec<Value> = lines(&site.output()).collect();
    assert_eq!(all.len(), 2, "a line each");
    for line in &all {
        assert_eq!(line["text"], "<red>{0} {name} %s\n\u{1b}[31m</red>");
    }
    let event = all[0]["event"].as_str().expect("a text");
    assert!(event.starts_with("<red>{0} {name} %s") && event.ends_with("</red>"), "{event:?}");
}

/// A full queue drops, counts and tells; the call returns.
#[test]
fn a_full_queue_never_raises_into_the_caller() {
    let name = Name::new();
    let builder = logring::builder(name.0.as_str()).ring_bytes(256 << 10);
    let log = builder.overflow(Overflow::Drop).open().expect("opened");
    for n in 0..100_000u64 {
        info!(logger: log, "more than there is room for", n);
    }
}

/// A level and a context of its own for each process, in one file: `process=1` as a field, without a filter.
#[test]
fn each_process_has_its_own_level_and_context_in_one_file() {
    if let Some((part, segment)) = role() {
        let (number, filter) = if part == "one" { (1, "info") } else { (2, "warning") };
        let _guard = logring::builder(segment).filter(filter).install().expect("installed");
        context::bind_process(kv! { process = number });
        info!("info of each");
        warn!("warning of each");
        say("done");
        hear();
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    for part in ["one", "two"] {
        let test = "each_process_has_its_own_level_and_context_in_one_file";
        let mut peer = site.peer(test, part, site.segment());
        assert_eq!(peer.hear(), "done");
        peer.end();
    }
    drain.stop();
    let got: Vec<(u64, String)> = lines(&site.output())
        .map(|line| (number(&line, "process"), line["event"].as_str().expect("text").to_owned()))
        .collect();
    let wanted = [(1, "info of each"), (1, "warning of each"), (2, "warning of each")];
    assert_eq!(got, wanted.map(|(process, event)| (process, event.to_owned())));
}
