//! Claim: a drain that nobody has logged to for seconds looks at nothing any more until it is woken, by
//! the next record, whoever logs it and by which way of the call, or by who else cannot wait.

mod common;

use std::time::Duration;

use common::drain::{Site, lines};
use common::watch::{wait_until, watchdog};
use logring::layout::drain_area::sleeping;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use logring::{Logger, context, info, kv};

/// Ways of a call: words alone, a text, behind a context, over several slots, and below what is one
/// function.
fn log(logger: &Logger, way: usize) {
    match way {
        0 => info!("woken", way),
        1 => info!("woken", way, text = "a text of some length"),
        2 => {
            let _bound = context::bound(kv! { request = 7 });
            info!("woken", way);
        }
        3 => info!("woken", way, long = "x".repeat(3000)),
        _ => info!(logger: logger, "woken", way),
    }
}

#[test]
fn each_way_of_a_call_wakes_a_drain_that_sleeps() {
    const WAYS: usize = 5;
    let _watchdog = watchdog();
    let site = Site::new();
    let _guard = logring::builder(site.segment()).install().expect("installed");
    let logger = logring::logger();
    let segment = Segment::attach_static(site.segment()).expect("there");
    let area = segment.drain_area();
    let drain = site.start_drain();
    let sleeps = || area.sleeping().load(Relaxed) == sleeping::DEEP;
    let rung = || area.doorbell().load(Relaxed);
    // Each way has logged before, so that no new block and no new lane is what wakes it.
    for way in 0..WAYS {
        log(&logger, way);
    }
    for way in 0..WAYS {
        let mut logged = 1;
        // Ten times a second it looks for what no record tells, and may find this one by that.
        let is_rung = (0..5).any(|_| {
            wait_until("the drain to sleep", sleeps);
            let before = rung();
            log(&logger, way);
            logged += 1;
            rung() != before
        });
        assert!(is_rung, "way {way}");
        let find = |line: &serde_json::Value| line["way"] == way;
        wait_until("the line", || lines(&site.output()).filter(find).count() == logged);
    }
    wait_until("the drain to sleep", sleeps);
    let before = rung();
    logring::flush(Duration::from_secs(60)).expect("a drain runs");
    assert!(rung() > before, "by a flush");
    wait_until("the drain to sleep", sleeps);
    drain.stop();
}
