//! P7: a process that becomes a service closes all descriptors: its records arrive all the same, it is
//! told once, and nobody takes its blocks.
#![expect(unsafe_code, reason = "descriptors that others use are closed")]

mod common;

use std::process::{Command, Stdio};

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use common::{ROLE, free_blocks, role};
use logring::shm::Segment;
use logring::{Overflow, info};

fn log(numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!("counted", n);
    }
}

fn becomes_a_service(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    log(0..10);
    // SAFETY: whoever uses one of them is to notice.
    assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) }, 0);
    log(10..510);
    for thread in 0..5 {
        std::thread::spawn(move || log(510 + thread * 100..610 + thread * 100))
            .join()
            .expect("it ends well");
    }
}

#[test]
fn what_comes_after_closing_all_descriptors_is_delivered() {
    const TEST: &str = "what_comes_after_closing_all_descriptors_is_delivered";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return becomes_a_service(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.args(["--exact", TEST, "--nocapture", "--test-threads=1"]).env_remove("LOGRING");
    command.env(ROLE, format!("service {}", site.segment())).stdin(Stdio::null());
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("logring: this process has closed the lock file of segment"),
        "{said}"
    );
    drain.stop();
    let mut next = 0;
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        assert_eq!(number(&line, "n"), next, "{line}");
        next += 1;
    }
    assert_eq!(next, 1_010);
    assert_eq!(free_blocks(&segment), segment.geometry().block_count as usize);
}
