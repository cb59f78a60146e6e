//! P4, P5, P17: whoever lives is never taken for dead, and whoever died is found out by proof alone.

mod common;

use std::os::fd::RawFd;

use common::watch::{unwatch, wait_until, watchdog};
use common::{Name, Peer, hear, role, say, small};
use logring::layout::lane::{LaneKind, LaneWord};
use logring::layout::{Geometry, LaneRef, lane, process};
use logring::shm::{ProcessRef, Segment, SegmentSpec};
use logring::sync::Ordering;

fn register(segment: &Segment) -> (ProcessRef, LaneRef) {
    let process = segment.register_process().expect("room");
    (process, segment.register_lane(process.index, LaneKind::Main).expect("room"))
}

fn tell(process: ProcessRef, lane: LaneRef) {
    say(format!("{} {} {}", process.index, lane.index, lane.inc));
}

fn told(line: &str) -> (u32, LaneRef) {
    let numbers: Vec<u32> = line.split(' ').map(|word| word.parse().expect("number")).collect();
    (numbers[0], LaneRef { index: numbers[1], inc: numbers[2] })
}

#[test]
fn a_lane_is_over_when_its_thread_ends_and_not_before() {
    let _watchdog = watchdog();
    let name = Name::new();
    let segment = name.create();
    let (told, ended) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    let (process, lane) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let registered = register(segment);
            told.wait();
            ended.wait();
            registered
        });
        told.wait();
        let process = segment.process().expect("registered by the thread");
        let found = (0..small().lane_count)
            .find_map(|index| match segment.lane_info(index)?.word? {
                LaneWord::Live { inc, process: owner, kind } => {
                    assert_eq!((owner, kind), (process.index, LaneKind::Main));
                    Some(LaneRef { index, inc })
                }
                LaneWord::Free { .. } => None,
            })
            .expect("a live lane");
        assert!(!segment.lane_is_over(found) && !segment.lane_has_ended(found));
        ended.wait();
        thread.join().expect("thread")
    });
    assert!(segment.lane_has_ended(lane) && segment.lane_is_over(lane));
    assert!(!segment.process_is_dead(process.index), "the process lives");
    assert!(!segment.release_process(process.index));

    segment
        .u64_at(segment.offsets().lanes + lane.index as usize * lane::SIZE + lane::ATTEMPTED)
        .store(9, Ordering::Relaxed);
    assert!(segment.release_lane(lane, 9) && !segment.release_lane(lane, 9), "once");
    let free = segment.lane_info(lane.index).expect("in range");
    assert_eq!(free.word, Some(LaneWord::Free { inc: lane.inc + 1 }));
    let entry = segment.offsets().lanes + lane.index as usize * lane::SIZE;
    let rest = [&[0; 4][..], &[9, 0, 0, 0], &[0; 48]].concat();
    assert!(segment.view().holds(entry + 8, &rest), "zeroed for the next, but for what passed");
    assert!(segment.lane_is_over(lane), "its incarnation is over for good");
}

#[test]
fn a_killed_process_and_its_lanes_are_found_out() {
    let _watchdog = watchdog();
    const TEST: &str = "a_killed_process_and_its_lanes_are_found_out";
    if let Some((_, name)) = role() {
        let (process, lane) = register(Segment::attach_static(&name).expect("there"));
        tell(process, lane);
        hear();
        return;
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "victim", &name.0);
    let (process, lane) = told(&peer.hear());
    let info = segment.process_info(process).expect("in range");
    assert_eq!((info.pid, info.is_live()), (peer.pid(), true));
    assert!(info.start_time != 0 && info.pid_ns != 0 && !info.name.is_empty(), "{info:?}");
    assert!(!segment.lane_is_over(lane) && !segment.process_is_dead(process));
    // The lock that it holds outweighs what its pid seems to say.
    let start = segment.u64_at(
        segment.offsets().processes + process as usize * process::SIZE + process::START_TIME,
    );
    start.store(info.start_time + 1, Ordering::Relaxed);
    assert!(!segment.process_is_dead(process));
    start.store(info.start_time, Ordering::Relaxed);
    // Stopped is not dead, however long it takes.
    let signal = |signal| {
        let pid = libc::pid_t::try_from(peer.pid()).expect("pid");
        // SAFETY: our own child.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    };
    signal(libc::SIGSTOP);
    assert!(!segment.lane_is_over(lane) && !segment.process_is_dead(process));
    signal(libc::SIGCONT);
    assert!(!segment.release_process(process), "a living process keeps its entry");
    peer.kill();
    assert!(segment.lane_has_ended(lane) && segment.lane_is_over(lane));
    assert!(segment.process_is_dead(process));
    assert!(segment.release_lane(lane, 0) && segment.release_process(process));
    let free = segment.process_info(process).expect("in range");
    assert_eq!((free.is_live(), free.inc, free.pid), (false, info.inc + 1, 0));
}

#[test]
fn a_killed_process_is_found_out_while_its_forked_child_lives() {
    let _watchdog = watchdog();
    const TEST: &str = "a_killed_process_is_found_out_while_its_forked_child_lives";
    if let Some((_, name)) = role() {
        let (process, lane) = register(Segment::attach_static(&name).expect("there"));
        common::fork::fork(|| {
            hear();
            say("the child lives");
            hear();
        });
        tell(process, lane);
        loop {
            std::thread::park();
        }
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "parent", &name.0);
    let (process, lane) = told(&peer.hear());
    peer.child.kill().expect("our child");
    // Not by `wait`, which closes the pipe to the child.
    wait_until("its end", || peer.child.try_wait().expect("our child").is_some());
    unwatch(peer.pid());
    assert!(segment.lane_is_over(lane) && segment.process_is_dead(process));
    assert!(segment.release_lane(lane, 0) && segment.release_process(process));
    peer.say("and you?");
    assert_eq!(peer.hear(), "the child lives");
}

#[test]
fn a_zombie_is_dead() {
    let _watchdog = watchdog();
    const TEST: &str = "a_zombie_is_dead";
    if let Some((_, name)) = role() {
        let (process, lane) = register(Segment::attach_static(&name).expect("there"));
        tell(process, lane);
        hear();
        return;
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "victim", &name.0);
    let (process, _) = told(&peer.hear());
    peer.child.kill().expect("our child");
    // Waits until it has ended and leaves it unreaped.
    // SAFETY: zeroed bytes are a siginfo; our own child.
    let waited = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, peer.pid(), &raw mut info, libc::WEXITED | libc::WNOWAIT)
    };
    assert_eq!(waited, 0);
    assert!(segment.process_is_dead(process));
    peer.kill();
}

/// Forks; the child runs `body`, which must not allocate, and exits without unwinding.
fn fork(body: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child calls nothing that needs another thread's locks, then ends at once.
    unsafe {
        match libc::fork() {
            0 => {
                // A test that fails takes its children with it.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                body();
                libc::_exit(0)
            }
            pid => pid,
        }
    }
}

fn wait(pid: libc::pid_t) {
    // SAFETY: our own child; the status is not asked for.
    assert_eq!(unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }, pid);
}

fn pipe() -> (RawFd, RawFd) {
    let mut ends = [0; 2];
    // SAFETY: a place for two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    (ends[0], ends[1])
}

fn send(to: RawFd, numbers: [u32; 3]) {
    let bytes = size_of_val(&numbers);
    // SAFETY: the numbers live through the call.
    unsafe { libc::write(to, numbers.as_ptr().cast(), bytes) };
}

fn receive(from: RawFd) -> [u32; 3] {
    let mut numbers = [0u32; 3];
    // SAFETY: the place takes as many bytes as are asked for.
    let got = unsafe { libc::read(from, numbers.as_mut_ptr().cast(), 12) };
    assert_eq!(got, 12);
    numbers
}

#[test]
fn a_forked_child_registers_anew_and_takes_nothing_with_it() {
    let _watchdog = watchdog();
    let name = Name::new();
    let segment = name.create();
    let (process, lane) = register(segment);
    assert!(segment.wipes_on_fork(), "kernels from 4.14 on");
    let ((from, to), (hold, let_go)) = (pipe(), pipe());
    let child = fork(|| {
        let known = u32::from(segment.process().is_some());
        let (process, lane) = register(segment);
        send(to, [known, process.index, lane.index]);
        receive(hold);
        // What it inherited is not its own to end: the lock file's descriptor, all others.
        for fd in 3..100 {
            // SAFETY: the child ends right after.
            unsafe { libc::close(fd) };
        }
    });
    let [known, child_process, child_lane] = receive(from);
    assert_eq!(known, 0, "the parent's entry is wiped");
    assert_ne!(child_process, process.index);
    assert_ne!(child_lane, lane.index);
    let pid = u32::try_from(child).expect("pid");
    assert_eq!(segment.process_info(child_process).expect("in range").pid, pid);
    assert!(!segment.process_is_dead(child_process));
    send(let_go, [0; 3]);
    wait(child);
    assert!(segment.process_is_dead(child_process));
    assert!(segment.lane_is_over(LaneRef { index: child_lane, inc: 0 }));
    assert!(!segment.lane_is_over(lane) && !segment.process_is_dead(process.index));
    assert_eq!(segment.process(), Some(process));
}

#[test]
fn an_exiting_or_descriptor_closing_child_ends_no_lane_of_its_parent() {
    let _watchdog = watchdog();
    const TEST: &str = "an_exiting_or_descriptor_closing_child_ends_no_lane_of_its_parent";
    if let Some((_, name)) = role() {
        let segment = Segment::attach_static(&name).expect("there");
        let (process, lane) = register(segment);
        wait(fork(|| {}));
        wait(fork(|| {
            for fd in 3..100 {
                // SAFETY: the child ends right after.
                unsafe { libc::close(fd) };
            }
        }));
        std::process::Command::new("true").status().expect("runs");
        tell(process, lane);
        hear();
        return;
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "parent", &name.0);
    let (process, lane) = told(&peer.hear());
    assert!(!segment.lane_is_over(lane) && !segment.process_is_dead(process));
    let lock = segment.lock_fd().expect("there");
    assert!(logring::sys::byte_is_locked(lock, u64::from(process) + 1), "its lock is still held");
    peer.end();
    assert!(segment.lane_is_over(lane) && segment.process_is_dead(process));
}

#[test]
fn attaching_and_dropping_again_keeps_the_liveness_lock() {
    let _watchdog = watchdog();
    const TEST: &str = "attaching_and_dropping_again_keeps_the_liveness_lock";
    if let Some((_, name)) = role() {
        let segment = Segment::attach_static(&name).expect("there");
        let (process, lane) = register(segment);
        for _ in 0..3 {
            drop(Segment::attach(&name).expect("there"));
        }
        assert!(Segment::remove(&name).expect_err("in use").is_held());
        tell(process, lane);
        hear();
        return;
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "user", &name.0);
    let (process, _) = told(&peer.hear());
    let lock = segment.lock_fd().expect("there");
    assert!(logring::sys::byte_is_locked(lock, u64::from(process) + 1));
    peer.end();
}

#[test]
fn of_what_it_cannot_see_a_drain_proves_nothing() {
    let _watchdog = watchdog();
    const TEST: &str = "of_what_it_cannot_see_a_drain_proves_nothing";
    if let Some((_, name)) = role() {
        let (process, lane) = register(Segment::attach_static(&name).expect("there"));
        tell(process, lane);
        hear();
        return;
    }
    // Without the lock file that the header names, a death proves itself by the lane alone.
    let name = Name::new();
    drop(Segment::create(&name.spec()).expect("created"));
    std::fs::remove_file(name.paths().lock).expect("there");
    std::fs::write(name.paths().lock, "").expect("another one");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(name.paths().lock, mode).expect("ours");
    let segment = Segment::attach_static(&name.0).expect("there");
    assert_eq!(segment.lock_fd(), None);
    let mut peer = Peer::start(TEST, "victim", &name.0);
    let (process, lane) = told(&peer.hear());
    assert!(!segment.lane_is_over(lane));
    peer.kill();
    assert!(!segment.process_is_dead(process));
    assert!(segment.lane_is_over(lane));

    if !common::has_namespaces() {
        return;
    }
    // A pid of another namespace says nothing here; the kernel's mark and the guard do.
    let name = Name::new();
    let segment = name.create();
    let mut peer =
        Peer::start_under(&["unshare", "-p", "-f", "--kill-child"], TEST, "victim", &name.0);
    let (process, lane) = told(&peer.hear());
    assert!(!segment.lane_is_over(lane) && !segment.process_is_dead(process));
    peer.end();
    assert!(segment.process_is_dead(process));
    assert!(segment.lane_is_over(lane));
}

#[test]
fn threads_that_register_at_once_share_one_entry() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let name = Name::new();
        let segment = name.create();
        let start = std::sync::Barrier::new(8);
        let mut found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        register(segment)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("thread")).collect()
        });
        assert!(found.iter().all(|(process, _)| *process == found[0].0));
        found.sort_by_key(|(_, lane)| *lane);
        found.dedup_by_key(|(_, lane)| lane.index);
        assert_eq!(found.len(), 8, "a lane each");
        assert!(found[0].0.fenced, "membarrier is there");
    }
}

#[test]
fn full_tables_give_nothing_and_break_nothing() {
    let _watchdog = watchdog();
    const TEST: &str = "full_tables_give_nothing_and_break_nothing";
    if let Some((_, name)) = role() {
        let segment = Segment::attach_static(&name).expect("there");
        return say(format!("{:?}", segment.register_process()));
    }
    let name = Name::new();
    let geometry = Geometry { process_count: 1, lane_count: 2, ..small() };
    let spec = SegmentSpec { geometry, ..name.spec() };
    let segment = Segment::create(&spec).expect("created").leak();
    let (process, first) = register(segment);
    let second = segment.register_lane(process.index, LaneKind::Second).expect("room");
    assert_ne!(first, second);
    assert_eq!(segment.register_lane(process.index, LaneKind::Main), None);
    segment.drops(process.index).fetch_add(1, Ordering::Relaxed);
    assert_eq!(segment.process_info(process.index).expect("in range").drops, 1);
    let mut peer = Peer::start(TEST, "second", &name.0);
    assert_eq!(peer.hear(), "None");
    peer.end();

    // Indexes from forged words lead nowhere.
    let nowhere = LaneRef { index: 2, inc: 0 };
    assert!(segment.lane_is_over(nowhere) && !segment.release_lane(nowhere, 0));
    assert_eq!(segment.lane_info(u32::MAX), None);
    assert!(!segment.process_is_dead(1) && !segment.release_process(u32::MAX));
    let entry = segment.offsets().lanes;
    let forged = LaneWord::Live { inc: 0, process: u32::MAX, kind: LaneKind::Main };
    segment.u64_at(entry).store(forged.raw(), Ordering::Relaxed);
    assert!(!segment.lane_is_over(LaneRef { index: 0, inc: 0 }), "no proof, hence alive");
}
