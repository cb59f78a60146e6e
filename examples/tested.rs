//! A function that logs, and what a test of it looks like. `cargo run` runs the tests, so that this
//! page can show them; in a program of yours they are `#[test]`.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use logring::{Level, info, kv, testing, warn};

fn place(order_id: u64, stock: u32) {
    info!("order placed", order_id);
    if stock < 3 {
        warn!("stock of {item} is low", item = "tea", left = stock);
    }
}

fn an_order_is_logged() {
    let event = testing::returned(|| place(42, 10));
    assert_eq!(event.level(), Level::Info);
    assert_eq!(event.field("order_id").unwrap(), &42);
}

fn low_stock_is_told() {
    let logs = testing::capture();
    let _scope = logring::context::bound(kv! { tenant = "acme" });
    place(42, 2);
    let events = logs.take();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].event(), "stock of {item} is low");
    assert_eq!(events[1]["left"], 2);
    assert_eq!(events[1].context("tenant").unwrap(), "acme");
    println!("{events:#?}");
}

fn workers_are_captured_too() {
    let logs = testing::capture();
    let here = logring::context::Context::current();
    std::thread::spawn(move || {
        let _context = here.attach();
        place(1, 9);
    })
    .join()
    .unwrap();
    assert_eq!(logs.events().len(), 1);

    let logs = testing::capture_all_threads();
    std::thread::spawn(|| place(2, 9)).join().unwrap();
    assert!(logs.events().iter().any(|event| event["order_id"] == 2));
}

fn main() {
    an_order_is_logged();
    low_stock_is_told();
    workers_are_captured_too();
}
