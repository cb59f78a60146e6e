//! P4: a fork in the middle of a log call, by a signal handler that interrupts it: the parent's record
//! is there once, the child's calls afterwards are there as its own, what it logs before is counted.
#![expect(unsafe_code, reason = "a process is stopped between two instructions, and forks there")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64};

use common::drain::{Site, is_notice, lines, number};
use common::fork::wait;
use common::trace::{Stopped, give_over, introduce_this_thread};
use common::watch::{wait_until, watchdog};
use common::{free_blocks, role};
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

/// Records of each child once the call is over that it was forked in.
const AFTER: u64 = 10;

static IS_CHILD: AtomicBool = AtomicBool::new(false);
static CHILD: AtomicI32 = AtomicI32::new(0);
static FORKS: AtomicU64 = AtomicU64::new(0);
/// Children that were waited for.
static WAITED: AtomicU64 = AtomicU64::new(0);
/// How often a handler's child logs before it returns into the call.
static WITHIN: AtomicU64 = AtomicU64::new(0);

extern "C" fn fork_here(_: libc::c_int) {
    if IS_CHILD.load(Relaxed) {
        return;
    }
    // SAFETY: the child logs, waits and ends, all of which it may.
    match unsafe { libc::fork() } {
        0 => {
            IS_CHILD.store(true, Relaxed);
            for n in 0..WITHIN.load(Relaxed) {
                info!("within", n, own = std::process::id());
            }
        }
        child => {
            assert!(child > 0, "fork");
            CHILD.store(child, Relaxed);
            FORKS.store(FORKS.load(Relaxed) + 1, Release);
        }
    }
}

fn handle(signal: libc::c_int) {
    // SAFETY: the handler does what a handler may: it forks and logs.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = fork_here as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(signal, &raw const action, std::ptr::null_mut()), 0);
    }
}

/// In a child, once its call is over.
fn log_as_child() -> ! {
    for n in 0..AFTER {
        info!("after", n, own = std::process::id());
    }
    // SAFETY: ends the child at once.
    unsafe { libc::_exit(0) }
}

/// Is stopped by its tracer in the middle of the second record, and forks there.
fn stopped(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    handle(libc::SIGUSR2);
    WITHIN.store(3, Relaxed);
    info!("parent", n = 0);
    introduce_this_thread();
    give_over();
    info!("parent", n = 1);
    if IS_CHILD.load(Relaxed) {
        log_as_child();
    }
    info!("parent", n = 2);
    assert_eq!(FORKS.load(Relaxed), 1);
    assert_eq!(wait(CHILD.load(Relaxed)), 0);
}

/// What stands in the output: how many by event and pid, in order, and the count of the lost.
fn counts(site: &Site) -> (BTreeMap<(String, u64), u64>, u64) {
    let (mut counts, mut lost) = (BTreeMap::new(), 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "lost", "{line}");
            lost += number(&line, "count");
            continue;
        }
        let pid = number(&line, "pid");
        if line.get("own").is_some() {
            assert_eq!(number(&line, "own"), pid, "{line}");
        }
        let event = line["event"].as_str().expect("text").to_owned();
        let n = number(&line, "n");
        let (first, count) = counts.entry((event, pid)).or_insert((n, 0));
        assert_eq!(n, *first + *count, "{line}");
        *count += 1;
    }
    (counts.into_iter().map(|(key, (_, count))| (key, count)).collect(), lost)
}

#[test]
fn a_fork_in_the_middle_of_a_record() {
    const TEST: &str = "a_fork_in_the_middle_of_a_record";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return stopped(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    let mut peer = site.peer(TEST, "stopped", site.segment());
    Stopped::in_a_record(&segment, &mut peer).go_on(libc::SIGUSR2);
    let parent = u64::from(peer.pid());
    peer.end();
    wait_until_all_is_told(&segment);
    drain.stop();
    let (counts, lost) = counts(&site);
    assert_eq!(lost, 3, "what the child logged before its call was over: {counts:?}");
    let mut counts = counts.into_iter();
    let (key, count) = counts.next().expect("the child's");
    assert!(key.0 == "after" && key.1 != parent && count == AFTER, "{key:?} {count}");
    assert_eq!(counts.next(), Some((("parent".into(), parent), 3)));
    assert_eq!(counts.next(), None);
}

/// All that ended processes leave is in the output, and none of their blocks is missing.
fn wait_until_all_is_told(segment: &Segment) {
    let geometry = segment.geometry();
    let is_live = |at| segment.process_info(at).is_some_and(|info| info.is_live());
    wait_until("all entries to be free", || !(0..geometry.process_count).any(is_live));
    assert_eq!(free_blocks(segment), geometry.block_count as usize);
}

/// Logs while another thread sends signals whose handler forks.
fn interrupted(segment: &str, forks: u64) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    handle(libc::SIGUSR2);
    // SAFETY: a call without arguments.
    let victim = unsafe { libc::pthread_self() };
    let long = "x".repeat(3_000);
    std::thread::spawn(move || {
        for sent in 0..forks {
            // SAFETY: the thread lives until all were sent and handled.
            assert_eq!(unsafe { libc::pthread_kill(victim, libc::SIGUSR2) }, 0);
            wait_until("the child to end", || WAITED.load(Acquire) > sent);
        }
    });
    let mut n = 0;
    while WAITED.load(Relaxed) < forks {
        let fields = if n % 3 == 0 { &*long } else { "short" };
        info!("parent", n, fields);
        n += 1;
        if IS_CHILD.load(Relaxed) {
            log_as_child();
        }
        if FORKS.load(Acquire) > WAITED.load(Relaxed) {
            assert_eq!(wait(CHILD.load(Relaxed)), 0);
            WAITED.store(WAITED.load(Relaxed) + 1, Release);
        }
    }
    info!("the end", n = 0, of = n);
}

#[test]
fn forks_at_any_point_of_a_call() {
    const TEST: &str = "forks_at_any_point_of_a_call";
    const FORKED: u64 = 200;
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return interrupted(&segment, FORKED);
    }
    let site = Site::new();
    let mut spec = site.name.spec();
    // An entry for each child: those of ended ones come back only now and then.
    (spec.geometry.process_count, spec.geometry.lane_count) = (256, 1_024);
    let segment = Segment::create(&spec).expect("created");
    let drain = site.start_drain();
    let peer = site.peer(TEST, "interrupted", site.segment());
    let parent = u64::from(peer.pid());
    peer.end();
    wait_until_all_is_told(&segment);
    drain.stop();
    let end = lines(&site.output()).find(|line| line["event"] == "the end").expect("the end");
    let (mut counts, lost) = counts(&site);
    assert_eq!(lost, 0, "the rest of the call that a child was forked in is none of its own");
    assert_eq!(counts.remove(&("the end".into(), parent)), Some(1));
    assert_eq!(counts.remove(&("parent".into(), parent)), Some(number(&end, "of")));
    // A child that was forked between two calls has written the record of the next one as its own.
    counts.retain(|(event, _), _| event == "after");
    assert_eq!(counts.len() as u64, FORKED);
    assert!(counts.values().all(|count| *count == AFTER), "{counts:?}");
}
