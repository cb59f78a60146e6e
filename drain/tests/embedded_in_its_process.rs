//! Claim: the thread of an embedded drain leaves its process alone: signal handlers run on the
//! application's threads, and the drain takes nobody of its own process for dead.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{hear, role, say};
use logring::shm::{ProcessInfo, Segment};
use logring::sync::AtomicU32;
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};
use logring_drain::{Embed, Options, Sink};

/// The thread that ran the handler last.
static HANDLED_BY: AtomicU32 = AtomicU32::new(0);
static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn handle(_: libc::c_int) {
    HANDLED_BY.store(logring::sys::tid(), Relaxed);
    HANDLED.fetch_add(1, Relaxed);
}

/// The kernel's ids of the threads with the drain's name.
fn drain_threads() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("/proc has us");
    let name = |tid: u32| std::fs::read_to_string(format!("/proc/self/task/{tid}/comm"));
    tasks
        .map(|task| task.expect("entry").file_name().to_string_lossy().parse().expect("a number"))
        .filter(|tid| name(*tid).is_ok_and(|name| name.trim() == "logring-drain"))
        .collect()
}

fn take_signals(segment: &str, path: &str) {
    // SAFETY: the handler touches atomics only.
    unsafe { libc::signal(libc::SIGUSR1, handle as *const () as libc::sighandler_t) };
    let _guard = logring::builder(segment).embedded(Sink::json(path)).expect("embedded");
    let threads = drain_threads();
    let [drain] = threads[..] else { panic!("one drain's thread, not {threads:?}") };
    for round in 1..=200 {
        // To the process: the kernel takes any thread that has not blocked it.
        // SAFETY: a call without memory.
        assert_eq!(unsafe { libc::kill(libc::getpid(), libc::SIGUSR1) }, 0);
        wait_until("the handler to run", || HANDLED.load(Relaxed) == round);
        assert_ne!(HANDLED_BY.load(Relaxed), drain);
        info!("handled", round);
    }
    let status = std::fs::read_to_string(format!("/proc/self/task/{drain}/status"));
    let status = status.expect("the drain's thread");
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("a mask");
    let blocked = u64::from_str_radix(blocked.trim(), 16).expect("hexadecimal");
    for signal in 1..=31 {
        let is_fault = [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGSYS,
            libc::SIGKILL,
            libc::SIGSTOP,
        ]
        .contains(&signal);
        assert_eq!(blocked >> (signal - 1) & 1 == 0, is_fault, "signal {signal}: {blocked:x}");
    }
}

#[test]
fn handlers_run_on_the_applications_threads() {
    const TEST: &str = "handlers_run_on_the_applications_threads";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        return take_signals(segment, path);
    }
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    site.peer(TEST, "process", &argument).end();
    assert_eq!(lines(&site.output()).count(), 200);
}

/// The entry of the process of this pid, if there is one.
fn entry(segment: &Segment, pid: u32) -> Option<(u32, ProcessInfo)> {
    (0..segment.geometry().process_count)
        .filter_map(|index| Some((index, segment.process_info(index)?)))
        .find(|(_, info)| info.is_live() && info.pid == pid)
}

#[test]
fn its_own_process_is_alive() {
    const TEST: &str = "its_own_process_is_alive";
    let _watchdog = watchdog();
    let log = |numbers: std::ops::Range<u64>| numbers.for_each(|n| info!("counted", n));
    if let Some((_, segment)) = role() {
        // A process that dies while the drain looks: so that it is seen to look.
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        log(0..10);
        say("logged");
        hear();
        return;
    }
    let site = Site::new();
    let options = Options::from(Sink::json(site.output())).state_dir(&site.directory.0);
    let guard = logring::builder(site.segment()).embedded(options).expect("embedded");
    let segment = guard.segment();
    log(0..10);
    let own = std::process::id();
    for round in 1..=3 {
        let mut other = site.peer(TEST, "process", site.segment());
        assert_eq!(other.hear(), "logged");
        let pid = other.pid();
        assert!(entry(segment, pid).is_some());
        other.kill();
        wait_until("the dead process's entry to be given back", || entry(segment, pid).is_none());
        let (index, _) = entry(segment, own).expect("our entry is ours");
        assert!(!segment.process_is_dead(index));
        // This thread was idle all the while, in the middle of its block.
        log(round * 10..round * 10 + 10);
    }
    logring::flush(Duration::from_secs(60)).expect("a drain runs");
    drop(guard);
    let found = lines(&site.output()).inspect(|line| assert!(!is_notice(line), "{line}"));
    let ours = found.filter(|line| number(line, "pid") == u64::from(own));
    assert!(ours.map(|line| number(&line, "n")).eq(0..40));
}
