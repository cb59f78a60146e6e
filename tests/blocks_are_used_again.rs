//! Claim: a thread takes blocks again that it has had, so that its process needs few pages of the ring, and
//! waits for few page faults, however much it logs.

mod common;

use std::time::Duration;

use common::drain::Site;
use common::watch::watchdog;
use logring::info;

const RECORDS: u64 = 50_000;

/// Page faults of this thread so far.
fn faults() -> u64 {
    // SAFETY: all zero is a valid value, which is written over.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: a place for the answer.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) }, 0);
    (usage.ru_minflt + usage.ru_majflt).unsigned_abs()
}

#[test]
fn a_thread_that_logs_on_needs_few_pages() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logring::builder(site.segment()).open().expect("opened");
    let drain = site.start_drain();
    let before = faults();
    for n in 0..RECORDS {
        info!(logger: logger, "counted", n);
        if n % 500 == 0 {
            logger.flush(Duration::from_secs(60)).expect("a drain runs");
        }
    }
    let faults = faults() - before;
    drain.stop();
    // Slots of 128 bytes in pages of 4 KiB.
    let pages = RECORDS / 32;
    assert!(faults < pages / 4, "{faults} page faults for {pages} pages of records");
}
