//! D3: a drain that is stopped for a while holds up no producer: log calls go by their policy, and what
//! was committed meanwhile is written when it goes on, with what was dropped counted in its place.

mod common;

use std::time::Instant;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{signal, wait_until, watchdog};
use logring::{Overflow, info};

fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn producers_go_on_while_the_drain_is_stopped() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(512 << 10);
    let logger = builder.overflow(Overflow::Drop).open().expect("opened");
    let drain = site.start_drain();
    let log = |numbers: std::ops::Range<u64>| {
        for n in numbers {
            info!(logger: logger, "counted", n);
        }
    };
    log(0..100);
    signal(drain.pid(), libc::SIGSTOP);
    wait_until("the drain to be stopped", || state(drain.pid()) == Some('T'));
    // More than the ring holds.
    let begun = Instant::now();
    log(100..20_000);
    println!("{} calls in {:?} beside a stopped drain", 19_900, begun.elapsed());
    signal(drain.pid(), libc::SIGCONT);
    logger.flush(std::time::Duration::from_secs(60)).expect("it goes on");
    log(20_000..20_100);
    drain.stop();
    let (mut next, mut lost) = (0, 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "lost", "{line}");
            lost += number(&line, "count");
            next += number(&line, "count");
        } else {
            assert_eq!(number(&line, "n"), next, "{line}");
            next += 1;
        }
    }
    assert_eq!(next, 20_100, "delivered and lost make what was logged");
    assert!(lost > 0, "the ring was full");
}
