//! Claim: a panic is in the log with its message, place and backtrace, once: caught, of any thread, in
//! a panic on top of a panic, and when the process aborts; and the hook that was there runs as before.

mod common;

use std::panic::{catch_unwind, panic_any};
use std::sync::atomic::{AtomicU32, Ordering};

use common::drain::{Site, lines};
use common::watch::watchdog;
use common::{Peer, role, say};
use logring::context::WithContext;
use logring::testing::{Captured, logged};
use logring::{Level, catch, catch_async, context, info, kv};

fn texts(events: &[Captured]) -> Vec<String> {
    let text = |event: &Captured| match event.get("message") {
        Some(message) => message.to_string(),
        None => event.event().to_owned(),
    };
    events.iter().map(text).collect()
}

#[test]
fn catch_logs_a_panic_and_gives_it_back() {
    let line = line!() + 3;
    let events = logged(|| {
        let _scope = context::bound(kv! { request_id = 7 });
        let done = catch(|| panic!("no price for {}", 42));
        let caught = done.map(|(): ()| ()).expect_err("a panic");
        assert_eq!(caught.message(), "no price for 42");
        let place = caught.location().expect("its place").to_owned();
        assert!(place.starts_with(&format!("{}:{line}:", file!())), "{place}");
        assert_eq!(caught.to_string(), "panicked: no price for 42");
        assert_eq!(catch(|| 7).expect("no panic"), 7);
    });
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.level(), event.target()), (Level::Critical, "panic"));
    assert_eq!(event.event(), "panicked: {message}");
    assert_eq!(event["request_id"], 7);
    assert_eq!(event["thread"], "catch_logs_a_panic_and_gives_it_back");
    assert_eq!((&*event.as_event().file, event.as_event().line), (file!(), line));
    let backtrace = event["backtrace"].to_string();
    assert!(backtrace.contains("catch_logs_a_panic_and_gives_it_back"), "{backtrace}");
}

/// After an `.await`, in a task that moves between threads; the task beside it goes on.
#[test]
fn catch_async_logs_a_panic_of_a_task() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let events = logged(|| {
        let pay = async {
            tokio::task::yield_now().await;
            info!("pays");
            let prices: Vec<u32> = Vec::new();
            *prices.first().expect("a price")
        };
        let other = catch_async(async { tokio::task::yield_now().await });
        let task = catch_async(pay).with_context(kv! { request_id = 7 });
        let both = runtime.expect("a runtime").block_on(async {
            let task = tokio::spawn(task);
            (other.await, task.await.expect("it is caught"))
        });
        assert!(both.0.is_ok());
        assert_eq!(both.1.expect_err("a panic").message(), "a price");
    });
    assert_eq!(texts(&events), ["pays", "a price"]);
    assert!(events.iter().all(|event| event["request_id"] == 7), "{events:?}");
}

#[test]
fn each_panic_is_logged_once() {
    let events = logged(|| {
        // Resumed inside another catch, and one that no hook sees.
        let outer = catch(|| catch(|| panic!("inner")).unwrap_or_else(|caught| caught.resume()));
        assert_eq!(outer.expect_err("a panic").message(), "inner");
        let outer = catch(|| std::panic::resume_unwind(Box::new(String::from("by itself"))));
        assert!(outer.map(|(): ()| ()).expect_err("a panic").location().is_none());
        let outer = catch(|| panic_any(7));
        assert_eq!(
            outer.map(|(): ()| ()).expect_err("a panic").into_payload().downcast_ref(),
            Some(&7)
        );
    });
    assert_eq!(texts(&events), ["inner", "by itself", "<no message>"]);
}

#[test]
fn a_panic_outside_of_catch_is_not_logged_unless_asked_for() {
    let events = logged(|| {
        let _ = catch(|| ());
        let _ = catch_unwind(|| panic!("not ours"));
    });
    assert!(events.is_empty(), "{events:?}");
}

/// Panics while it unwinds: the process aborts.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("second");
    }
}

static BEFORE: AtomicU32 = AtomicU32::new(0);

#[test]
fn records_of_panics_are_there_after_an_abort() {
    const TEST: &str = "records_of_panics_are_there_after_an_abort";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        std::panic::set_hook(Box::new(|_| {
            BEFORE.fetch_add(1, Ordering::Relaxed);
        }));
        let _guard = logring::builder(segment).install().expect("installed");
        logring::log_panics();
        logring::log_panics();
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(|| panic!("worker"))
            .expect("a thread")
            .join()
            .expect_err("it panics");
        let _ = catch(|| panic!("caught"));
        info!("value", broken = ?Broken);
        say(BEFORE.load(Ordering::Relaxed));
        let _bad = Bad;
        panic!("first");
    }
    let site = Site::new();
    let drain = site.start_drain();
    let mut peer = Peer::start_under(&["env", "-u", "LOGRING"], TEST, "panic", site.segment());
    assert_eq!(peer.hear(), "3", "the former hook runs for each");
    let status = peer.child.wait().expect("our child");
    common::watch::unwatch(peer.pid());
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGABRT));
    drain.stop();
    let lines: Vec<_> = lines(&site.output()).collect();
    let texts: Vec<_> = lines.iter().map(|line| line["event"].as_str().expect("text")).collect();
    let panicked = |what: &str| format!("panicked: {what}");
    let expected =
        ["worker", "caught", "in Debug", "value", "first", "second"].map(|what| match what {
            "value" => what.to_owned(),
            what => panicked(what),
        });
    assert_eq!(texts[..6], expected, "{texts:?}");
    assert_eq!((&lines[0]["thread"], &lines[0]["level"]), (&"worker".into(), &"critical".into()));
    assert_eq!(lines[3]["broken"], "<panicked>");
}

/// Its `Debug` panics.
struct Broken;

impl std::fmt::Debug for Broken {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in Debug")
    }
}
