//! Claim: `every_n`, `every`, `once` and `sample` let out what they say, and what they hold back is
//! counted to the last call, from however many threads; a call below its level counts for nothing.

use std::time::Duration;

use logring::testing::{Captured, capture, capture_at, logged};
use logring::{Level, debug, info, log, warn};

fn numbers(events: &[Captured], key: &str) -> Vec<i64> {
    let number = |event: &Captured| event[key].to_string().parse().expect("a number");
    events.iter().map(number).collect()
}

#[test]
fn every_n_logs_the_first_of_n_and_counts_the_others() {
    let events = logged(|| {
        for n in 0..25 {
            info!(every_n: 10, "served {}", n);
        }
    });
    assert_eq!(numbers(&events, "n"), [0, 10, 20]);
    assert_eq!(numbers(&events, "suppressed"), [0, 9, 9]);
    // It says so behind the call's own fields, which keep their places.
    let keys: Vec<_> = events[0].fields().map(|field| &*field.key).collect();
    assert_eq!(keys, ["n", "suppressed"]);
}

#[test]
fn once_logs_once_and_each_line_on_its_own() {
    let events = logged(|| {
        for n in 0..5 {
            warn!(once, "first", n);
            warn!(once, "second");
        }
    });
    let texts: Vec<_> = events.iter().map(Captured::event).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(events[0].fields().count(), 1);
}

#[test]
fn every_duration_logs_the_first_and_holds_the_rest_back() {
    let events = logged(|| {
        for n in 0..5 {
            info!(every: Duration::from_secs(3600), "hourly", n);
            info!(every: Duration::ZERO, "always", n);
        }
    });
    let count = |text: &str| events.iter().filter(|event| event.event() == text).count();
    assert_eq!([count("hourly"), count("always")], [1, 5]);
}

#[test]
fn a_sample_has_its_share_in_the_record() {
    let events = logged(|| {
        for n in 0..2000 {
            info!(sample: 0.25, "hit", n);
            info!(sample: 0.0, "never", n);
        }
        info!(sample: 1.0, "all");
    });
    let (all, hits) = events.split_last().expect("events");
    assert!((350..650).contains(&hits.len()), "{}", hits.len());
    assert!(hits.iter().all(|event| event.event() == "hit" && event["sample_rate"] == 0.25));
    assert_eq!(all["sample_rate"], 1.0);
}

#[test]
fn options_stand_in_any_order_and_below_the_level_nothing_counts() {
    const AUDIT: Level = Level::new(35);
    let logs = capture_at("info,db=debug").expect("a filter");
    let logger = logring::logger().bind(logring::kv! { tenant = "acme" });
    let evaluated = std::cell::Cell::new(0);
    for n in 0..4 {
        debug!(every_n: 2, "below", n = { evaluated.set(evaluated.get() + 1); n });
        debug!(every_n: 2, target: "db", logger: logger, "a", n);
        debug!(logger: logger, every_n: 2, target: "db", "b", n);
        debug!(target: "db", logger: logger, every_n: 2, "c", n);
        log!(AUDIT, every_n: 2, "d", why = ?n, err = std::fmt::Error);
    }
    let events = logs.take();
    let texts: String = events.iter().map(Captured::event).collect();
    assert_eq!((&*texts, evaluated.get()), ("abcdabcd", 0));
    for event in &events {
        assert!(event.event() == "d" || (event.target() == "db" && event["tenant"] == "acme"));
    }
}

#[test]
fn nothing_is_held_back_uncounted_by_many_threads() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 5_000;
    let logs = capture();
    let here = logring::context::Context::current();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let here = &here;
            scope.spawn(move || {
                let _captured = here.attach();
                for _ in 0..CALLS {
                    info!(every_n: 7, "n");
                }
            });
        }
    });
    info!("end");
    let events = logs.take();
    let out: Vec<_> = events.iter().filter(|event| event.event() == "n").cloned().collect();
    let told: i64 = numbers(&out, "suppressed").iter().sum();
    assert_eq!(out.len() as u64, (THREADS * CALLS).div_ceil(7));
    // What was held back after the last one that went out is told by the next.
    let untold = (THREADS * CALLS) as i64 - out.len() as i64 - told;
    assert!((0..7 + THREADS as i64 * 7).contains(&untold), "{untold}");
}
