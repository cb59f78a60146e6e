//! P3: a thread that is stopped in the middle of a record holds nobody: all others go on for many rounds
//! of the ring, its block is never another's, and its record comes late.
#![expect(unsafe_code, reason = "a process is stopped between two instructions")]

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::trace::{Stopped, busy, give_over, introduce_this_thread};
use common::watch::{wait_until, watchdog};
use common::{free_blocks, role};
use logring::shm::Segment;
use logring::{Overflow, info};

/// Records of the others: many rounds of a ring of 16 blocks of 16 slots.
const OTHERS: u64 = 5_000;

/// The process that is stopped: it waits for its tracer before the record in whose middle it will be.
fn stopped(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    info!("stopped", n = 0);
    introduce_this_thread();
    give_over();
    info!("stopped", n = 1);
    info!("stopped", n = 2);
}

#[test]
fn a_stopped_thread_holds_nobody() {
    const TEST: &str = "a_stopped_thread_holds_nobody";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return stopped(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    let drain = site.start_drain();
    let mut peer = site.peer(TEST, "stopped", site.segment());
    let thread = Stopped::in_a_record(&segment, &mut peer);
    let at = busy(&segment);
    for n in 0..OTHERS {
        info!(logger: logger, "others", n);
    }
    // One block is the stopped thread's, one this one's.
    wait_until("all else to be free", || {
        free_blocks(&segment) >= segment.geometry().block_count as usize - 2
    });
    assert_eq!(busy(&segment), at, "nobody has touched its slot");
    thread.go_on(0);
    peer.end();
    drain.stop();
    let (mut others, mut own) = (0, 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "late", "{line}");
        } else if line["event"] == "others" {
            assert_eq!(number(&line, "n"), others, "{line}");
            others += 1;
        } else {
            assert_eq!(number(&line, "n"), own, "{line}");
            let is_late = line.get("late").is_some();
            assert_eq!(is_late, own == 1, "{line}");
            own += 1;
        }
    }
    assert_eq!((others, own), (OTHERS, 3));
    assert_eq!(free_blocks(&segment), segment.geometry().block_count as usize - 1, "this one's");
}
