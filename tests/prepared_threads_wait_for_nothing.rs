//! Claim: a thread that was prepared finds lane, block and pages at its first record: that takes no page
//! fault, nor do those that follow it in the block.

mod common;

use common::Name;
use common::watch::watchdog;
use logring::{Logger, Overflow, info};

/// Page faults of this thread so far.
fn faults() -> i64 {
    // SAFETY: all zero is a valid value, which is written over.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: a place for the answer.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) }, 0);
    usage.ru_minflt + usage.ru_majflt
}

fn log(logger: &Logger, n: u64) {
    info!(logger: logger, "counted", n);
}

/// Page faults of a new thread at its first 200 records.
fn faults_of_a_thread(logger: &Logger, prepared: bool) -> i64 {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            assert!(!prepared || logger.prepare());
            // What the thread itself has not touched yet, its stack among it.
            let _ = faults();
            let before = faults();
            for n in 0..200 {
                log(logger, n);
            }
            faults() - before
        });
        thread.join().expect("ended")
    })
}

#[test]
fn a_prepared_thread_has_its_pages() {
    let _watchdog = watchdog();
    let name = Name::new();
    let logger = logring::builder(&*name.0).overflow(Overflow::Drop).open().expect("opened");
    // The callsite's first record.
    assert!(logger.prepare());
    log(&logger, 0);
    let [unprepared, prepared] = [false, true].map(|it| faults_of_a_thread(&logger, it));
    assert!(unprepared > 0, "a block has pages");
    assert_eq!(prepared, 0, "page faults, {unprepared} without");
}
