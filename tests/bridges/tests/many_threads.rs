//! Claim: what many threads of several processes log by `log` and `tracing` is in the drain's file once,
//! each thread's records in order, when the processes are killed at the end.

#[path = "../../common/mod.rs"]
mod common;

use std::collections::BTreeMap;

use common::drain::{Site, lines, number};
use common::watch::watchdog;
use common::{hear, role, say};
use logring::Overflow;

const THREADS: u64 = 6;
const EVENTS: u64 = 500;

fn produce(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.log_bridge().tracing_bridge().install().expect("installed");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let span = tracing::info_span!("work", thread);
                let _entered = span.enter();
                for turn in 0..EVENTS {
                    match turn % 3 {
                        0 => tracing::info!(turn, "same"),
                        // One piece, which is another one each time.
                        1 => tracing::info!(turn, "{turn}"),
                        _ => log::info!(turn; "of log"),
                    }
                }
            });
        }
    });
}

#[test]
fn each_record_once_and_in_order() {
    if let Some((_, segment)) = role() {
        produce(&segment);
        say("done");
        hear();
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let peers: Vec<_> = (0..2)
        .map(|_| site.peer("each_record_once_and_in_order", "produce", site.segment()))
        .collect();
    for mut peer in peers {
        assert_eq!(peer.hear(), "done");
        peer.kill();
    }
    drain.stop();
    let mut next: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for line in lines(&site.output()) {
        let turn = next.entry((number(&line, "pid"), number(&line, "thread"))).or_default();
        assert_eq!(number(&line, "turn"), *turn, "{line}");
        let event = match *turn % 3 {
            0 => "same".to_owned(),
            1 => turn.to_string(),
            _ => "of log".to_owned(),
        };
        assert!(line["event"] == event && line["span"] == "work", "{line}");
        *turn += 1;
    }
    assert_eq!(next.len() as u64, 2 * THREADS);
    assert!(next.values().all(|count| *count == EVENTS), "{next:?}");
}
