//! P4: a child that shares its parent's memory until it calls exec, as after `vfork`: what both log
//! is delivered.
#![expect(unsafe_code, reason = "a child shares its parent's memory")]

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::fork::wait;
use common::watch::{wait_until, watchdog};
use common::{free_blocks, role};
use logring::shm::Segment;
use logring::{Overflow, info};

/// Records of the child.
const OF_CHILD: u64 = 50;

/// How many records of this event stand in the output, in order, where no notice stands.
fn count(site: &Site, event: &str) -> u64 {
    let mut events = 0;
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        if line["event"] == event {
            assert_eq!(number(&line, "n"), events, "{line}");
            events += 1;
        }
    }
    events
}

extern "C" fn log_and_exec(_: *mut libc::c_void) -> libc::c_int {
    for n in 0..OF_CHILD {
        info!("child", n);
    }
    let path = c"/bin/true";
    let arguments = [path.as_ptr(), std::ptr::null()];
    // SAFETY: ends in a null pointer, as exec asks.
    unsafe { libc::execv(path.as_ptr(), arguments.as_ptr()) };
    1
}

/// As `vfork`: the child has this thread's memory, and this thread stands still, until it calls exec.
fn share(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    for n in 0..5 {
        info!("parent", n);
    }
    let mut stack = vec![0u8; 1 << 20];
    let top = stack.as_mut_ptr_range().end.cast();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: a stack of its own, downwards and aligned; it is ours again when the call returns.
    let child = unsafe { libc::clone(log_and_exec, top, flags, std::ptr::null_mut()) };
    assert!(child > 0, "clone: {}", std::io::Error::last_os_error());
    for n in 5..10 {
        info!("parent", n);
    }
    assert_eq!(wait(child), 0);
}

#[test]
fn a_child_in_its_parents_memory() {
    const TEST: &str = "a_child_in_its_parents_memory";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return share(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    site.peer(TEST, "share", site.segment()).end();
    wait_until("all blocks to be free", || {
        free_blocks(&segment) == segment.geometry().block_count as usize
    });
    drain.stop();
    assert_eq!(count(&site, "child"), OF_CHILD);
    assert_eq!(count(&site, "parent"), 10);
}
