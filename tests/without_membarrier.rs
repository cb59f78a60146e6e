//! Claim: where seccomp forbids membarrier to a process that logs, its records are delivered in order
//! with all others' all the same.
#![expect(unsafe_code, reason = "a filter of system calls is set")]

mod common;

use common::drain::{Site, is_notice, lines, number};
#[cfg(target_arch = "x86_64")]
use common::trace::{self, Stopped};
use common::watch::watchdog;
use common::{Peer, hear, role, say};
use logring::shm::Segment;
use logring::{Overflow, info};

/// Turns, each of one record here and one there.
const TURNS: u64 = 500;

/// From here on membarrier fails in this process and in what it starts.
fn forbid_membarrier() {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let number = libc::SYS_membarrier as u32;
    let mut filter = [
        // The call's number; if it is membarrier's, EPERM, else as ever.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number)
        },
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a filter that is whole and lives through the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
    }
}

/// Logs in turns with whoever started it.
fn in_turns(segment: &str) {
    forbid_membarrier();
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    for turn in 0..TURNS {
        hear();
        info!("turn", n = turn * 2 + 1);
        say("done");
    }
    // One over several blocks.
    info!("turn", n = TURNS * 2, pad = "x".repeat(3_000));
}

fn turns(site: &Site, peer: &mut Peer) {
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    for turn in 0..TURNS {
        info!(logger: logger, "turn", n = turn * 2);
        peer.say("your turn");
        peer.hear();
    }
}

/// What a test of the order cannot see: the mark leaves the processor before the clock is looked at.
#[cfg(target_arch = "x86_64")]
#[test]
fn it_fences_between_mark_and_clock() {
    const TEST: &str = "it_fences_between_mark_and_clock";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        forbid_membarrier();
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        info!("first");
        trace::introduce_this_thread();
        trace::give_over();
        info!("stepped", n = 1);
        return;
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let mut peer = site.peer(TEST, "peer", site.segment());
    let mut found = Vec::new();
    let stopped = Stopped::in_a_record_seen(&segment, &mut peer, |stopped| {
        if trace::is_marked(&segment) {
            match stopped.instruction() {
                [0x0f, 0xae, 0xf0, ..] | [0xf0, ..] => found.push("fence"),
                [0x0f, 0x31, ..] => found.push("clock"),
                _ => {}
            }
        }
    });
    stopped.go_on(0);
    peer.end();
    assert_eq!(found.first(), Some(&"fence"), "{found:?}");
}

#[test]
fn a_process_without_membarrier_logs_in_order() {
    const TEST: &str = "a_process_without_membarrier_logs_in_order";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return in_turns(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    let mut peer = site.peer(TEST, "peer", site.segment());
    turns(&site, &mut peer);
    let pid = peer.pid();
    let entries = 0..segment.geometry().process_count;
    let its = entries.filter_map(|at| segment.process_info(at)).find(|info| info.pid == pid);
    assert!(its.is_some_and(|info| !info.fenced), "the process knows that it has to fence");
    peer.end();
    drain.stop();
    let mut next = 0;
    for line in lines(&site.output()) {
        assert!(!is_notice(&line) && line.get("late").is_none(), "{line}");
        assert_eq!(number(&line, "n"), next, "{line}");
        next += 1;
    }
    assert_eq!(next, TURNS * 2 + 1);
}
