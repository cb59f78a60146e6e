//! P7: a process that becomes a service closes all descriptors: its records arrive all the same, it is
//! told once, and nobody takes its blocks.
#![expect(unsafe_code, reason = "descriptors that others use are closed")]

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use common::{Peer, free_blocks, hear, role, say};
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
    say("closed");
    hear();
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
    let stderr = site.path("stderr");
    let runtime = format!("LOGRING_RUNTIME_DIR={}", site.path("run").display());
    let shell = format!("exec \"$@\" 2>{}", stderr.display());
    let wrapper = ["env", "-u", "LOGRING", &runtime, "sh", "-c", &shell, "sh"];
    let mut peer = Peer::start_under(&wrapper, TEST, "service", site.segment());
    assert_eq!(peer.hear(), "closed");
    // All locks of its files have fallen.
    let processes = 0..segment.geometry().process_count;
    let mut living =
        processes.filter(|at| segment.process_info(*at).is_some_and(|info| info.pid == peer.pid()));
    let process = living.next().expect("it has logged");
    assert!(!segment.process_is_dead(process), "it lives, whatever it has closed");
    peer.say("go on");
    peer.end();
    let said = std::fs::read_to_string(stderr).expect("text");
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
