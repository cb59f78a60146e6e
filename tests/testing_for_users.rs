//! Claim: what a user's test needs to see of the code under it: `capture_logs`, `LogCapture`,
//! `CapturingLogger` and `ReturnLogger` of structlog in their form here, and threads that nobody told.

use logring::testing::{capture, capture_all_threads, logged, returned};
use logring::{Level, context, debug, error, info, kv};

fn place(order_id: u64) {
    info!(target: "shop::orders", "order placed", order_id, item = "tea");
}

#[test]
fn capture_logs() {
    let logs = capture();
    let _scope = context::bound(kv! { tenant = "acme", order_id = 1 });
    place(42);
    let events = logs.events();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.level(), event.target()), (Level::Info, "shop::orders"));
    assert_eq!(event.event(), "order placed");
    // Typed, the call's own apart from the context's.
    assert_eq!(event.field("order_id").expect("a field"), &42);
    assert_eq!(event.context("order_id").expect("bound"), &1);
    assert_eq!(event.context("tenant").expect("bound"), "acme");
    assert!(event.field("tenant").is_none() && event.get("tenant").is_some());
}

#[test]
fn log_capture_shows_what_there_is_when_an_assertion_fails() {
    let _scope = context::bound(kv! { tenant = "acme" });
    let events = logged(|| place(42));
    let line = "info shop::orders: \"order placed\" order_id=42 item=\"tea\" | tenant=\"acme\"";
    assert_eq!(format!("{:?}", events[0]), line);
    let failed = logring::catch(move || events[0]["order"] == 42).expect_err("no such field");
    assert!(failed.message().contains("order_id"), "{}", failed.message());
}

#[test]
fn capturing_logger_takes_a_logger_that_is_handed_on() {
    fn serve(log: &logring::Logger) {
        error!(logger: log, "cannot serve", code = 500);
    }
    let log = logring::logger().bind(kv! { request_id = "7f3a" });
    let logs = capture();
    serve(&log);
    assert_eq!(logs.take()[0]["request_id"], "7f3a");
    assert!(logs.events().is_empty());
}

#[test]
fn return_logger_gives_back_what_was_logged() {
    let event = returned(|| place(7));
    assert_eq!(event["order_id"], 7);
    for (action, shown) in [(0, "[]"), (2, "order_id=1")] {
        let failed =
            logring::catch(move || returned(|| (0..action).for_each(place)).event().to_owned());
        let failed = failed.expect_err("not one event");
        assert!(failed.message().contains(shown), "{}", failed.message());
    }
}

#[test]
fn parallel_tests_stand_apart() {
    std::thread::scope(|scope| {
        for id in 0..8u64 {
            scope.spawn(move || {
                let logs = capture();
                (0..100).for_each(|_| place(id));
                let events = logs.events();
                assert_eq!(events.len(), 100);
                assert!(events.iter().all(|event| event["order_id"] == id));
            });
        }
    });
}

#[test]
fn threads_that_nobody_told_are_captured_on_demand() {
    let logs = capture_all_threads();
    let own = capture();
    std::thread::spawn(|| {
        debug!(target: "worker-of-this-test", "from a thread", n = 1);
        std::thread::spawn(|| debug!(target: "worker-of-this-test", "from its thread", n = 2))
            .join()
            .expect("it ends");
    })
    .join()
    .expect("it ends");
    info!("mine");
    let events = logs.events();
    let here = events.iter().filter(|event| event.target() == "worker-of-this-test");
    let texts: Vec<_> = here.map(|event| event.event()).collect();
    assert_eq!(texts, ["from a thread", "from its thread"]);
    assert_eq!(own.events().len(), 1, "a capture of its own comes first");
    drop(logs);
    std::thread::spawn(|| info!("nobody listens")).join().expect("it ends");
    assert!(capture_all_threads().events().iter().all(|event| event.event() != "nobody listens"));
}
