//! P3: a thread that is stopped in the middle of a record holds nobody: all others go on for many rounds
//! of the ring, its block is never another's, and its record comes late.
#![expect(unsafe_code, reason = "a process is stopped between two instructions")]

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{free_blocks, hear, role, say};
use logring::layout::record;
use logring::layout::stamp::{Kind, Stamp};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};

/// Records of the others: many rounds of a ring of 16 blocks of 16 slots.
const OTHERS: u64 = 5_000;

/// The process that is stopped: it waits for its tracer before the record in whose middle it will be.
fn stopped(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    info!("stopped", n = 0);
    // SAFETY: a call without arguments.
    say(unsafe { libc::gettid() }.to_string());
    hear();
    // SAFETY: a signal to this thread, at which its tracer takes over.
    unsafe { libc::raise(libc::SIGUSR1) };
    info!("stopped", n = 1);
    info!("stopped", n = 2);
}

fn trace(request: libc::c_uint, thread: libc::pid_t) {
    let none = std::ptr::null_mut::<u8>();
    // SAFETY: a thread of our own child; these requests take no memory.
    let code = unsafe { libc::ptrace(request, thread, none, none) };
    assert_eq!(code, 0, "ptrace {request}: {}", std::io::Error::last_os_error());
}

/// Waits until the thread is stopped, by this signal.
fn must_stop(thread: libc::pid_t, signal: libc::c_int) {
    let mut status = 0;
    // SAFETY: a thread of our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(thread, &raw mut status, libc::__WALL) }, thread);
    assert!(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == signal, "status {status:#x}");
}

/// Where a record is being written: block, slot and generation.
fn busy(segment: &Segment) -> Option<(u32, u32, u32)> {
    let geometry = segment.geometry();
    (0..geometry.block_count).find_map(|block| {
        (0..geometry.slots_per_block).find_map(|slot| {
            let stamp = Stamp::of(segment.stamp(segment.block(block), slot).load(Relaxed))?;
            (stamp.kind == Kind::Busy).then_some((block, slot, stamp.generation))
        })
    })
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
    let thread = peer.hear().parse().expect("a thread id");
    trace(libc::PTRACE_SEIZE, thread);
    peer.say("go on");
    must_stop(thread, libc::SIGUSR1);
    let at = loop {
        trace(libc::PTRACE_SINGLESTEP, thread);
        must_stop(thread, libc::SIGTRAP);
        // Behind the look at the clock, so that its time is before all others'.
        let stood = busy(&segment).filter(|(block, slot, _)| {
            let word = (record::TIMESTAMP / 8) as u32;
            segment.slot_word(segment.block(*block), *slot, word) != 0
        });
        if let Some(at) = stood {
            break at;
        }
    };
    for n in 0..OTHERS {
        info!(logger: logger, "others", n);
    }
    // One block is the stopped thread's, one this one's.
    wait_until("all else to be free", || {
        free_blocks(&segment) >= segment.geometry().block_count as usize - 2
    });
    assert_eq!(busy(&segment), Some(at), "nobody has touched its slot");
    trace(libc::PTRACE_DETACH, thread);
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
