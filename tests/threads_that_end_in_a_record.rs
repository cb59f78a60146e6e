//! P6: a thread that ends in the middle of a record, by itself or by another thread's
//! exec, costs that record at most; all that it had logged before is delivered.
#![expect(unsafe_code, reason = "threads are ended as the kernel and the C library do it")]

mod common;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;

use common::acks::{Acks, Random};
use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, ROLE, free_blocks, hear, role, say};
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

/// Threads that end.
const THREADS: usize = 60;

/// Logs without end; what was acknowledged stands in the word of this index.
fn log(acks: &Acks, id: usize) -> ! {
    for n in 1.. {
        info!("counted", id, n);
        acks.of(id).store(n, Release);
    }
    unreachable!("numbers do not end")
}

/// Ends the calling thread alone, wherever it stands.
extern "C" fn end_thread(_: libc::c_int) {
    // SAFETY: the kernel ends this thread; nothing of it is used any more.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

extern "C" fn run(argument: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: the caller of `start` gives a leaked pair.
    let (acks, id) = unsafe { *argument.cast::<(&'static Acks, usize)>() };
    log(acks, id)
}

fn start(acks: &'static Acks, id: usize) -> libc::pthread_t {
    let argument = Box::into_raw(Box::new((acks, id)));
    let mut thread = 0;
    // SAFETY: a place for the thread, a function that takes the argument.
    let code =
        unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), run, argument.cast()) };
    assert_eq!(code, 0);
    thread
}

/// Threads of one process end one after the other; some by a signal whose handler ends them.
fn threads(segment: &str, acks: &'static Acks) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    // SAFETY: the handler ends the thread.
    unsafe { libc::signal(libc::SIGUSR1, end_thread as extern "C" fn(libc::c_int) as usize) };
    let mut random = Random(7);
    for id in 0..THREADS {
        let thread = start(acks, id);
        let enough = random.within(1..3_000);
        wait_until("the thread to log", || acks.of(id).load(Relaxed) >= enough);
        // SAFETY: the thread lives: it does not end by itself.
        unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        // SAFETY: the kernel tells the C library of its end.
        assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
    }
    info!("the process goes on", id = THREADS, n = 1);
    say("all have ended");
    hear();
}

/// Another thread logs when this one calls exec; the new image logs too.
fn exec(test: &str, segment: &str, acks: &'static Acks, path: &str) -> ! {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    std::thread::spawn(|| log(acks, 0));
    let enough = Random(u64::from(std::process::id())).within(1..3_000);
    wait_until("the thread to log", || acks.of(0).load(Relaxed) >= enough);
    let mut image = std::process::Command::new(std::env::current_exe().expect("own path"));
    image.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    panic!("exec: {}", image.env(ROLE, format!("image {segment} {path}")).exec())
}

/// The process that goes on has one block; those of the threads that have ended come back while it lives.
fn end(site: &Site, mut peer: Peer) {
    peer.hear();
    let segment = Segment::attach(site.segment()).expect("there");
    wait_until("the blocks of ended threads to be free", || {
        free_blocks(&segment) == segment.geometry().block_count as usize - 1
    });
    peer.end();
}

/// Each thread's acknowledged records stand in the output, once and in order, and at most one more.
fn expect_all(site: &Site, acks: &Acks, ended: usize) {
    let segment = Segment::attach(site.segment()).expect("there");
    let drain = site.start_drain();
    wait_until("all blocks to be free", || {
        free_blocks(&segment) == segment.geometry().block_count as usize
    });
    drain.stop();
    let (mut last, mut torn) = (BTreeMap::new(), 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "torn", "{line}");
            torn += number(&line, "count");
            continue;
        }
        let id = number(&line, "id") as usize;
        let before = last.insert(id, number(&line, "n")).unwrap_or(0);
        assert_eq!(number(&line, "n"), before + 1, "{line}");
    }
    let mut more = 0;
    for id in 0..ended {
        let acked = acks.of(id).load(Acquire);
        let found = last.get(&id).copied().unwrap_or(0);
        assert!(found == acked || found == acked + 1, "{found} of {acked} records of thread {id}");
        more += found - acked;
    }
    println!("{ended} threads ended, {torn} records torn, {more} not acknowledged");
    assert!(torn + more <= ended as u64, "{torn} torn, {more} not acknowledged");
    assert_eq!(last.get(&ended), Some(&1), "what came afterwards");
}

#[test]
fn an_ended_thread_costs_its_record_at_most() {
    const TEST: &str = "an_ended_thread_costs_its_record_at_most";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        return threads(segment, Box::leak(Box::new(Acks::open(path.as_ref()))));
    }
    let site = Site::new();
    let path = site.path("acks");
    let acks = Acks::create(&path, THREADS);
    let drain = site.start_drain();
    let argument = format!("{} {}", site.segment(), path.display());
    end(&site, site.peer(TEST, "threads", &argument));
    drain.stop();
    expect_all(&site, &acks, THREADS);
}

#[test]
fn exec_ends_all_threads() {
    const TEST: &str = "exec_ends_all_threads";
    let _watchdog = watchdog();
    if let Some((part, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        if part == "image" {
            let builder = logring::builder(segment).overflow(Overflow::BlockForever);
            let _guard = builder.install().expect("installed");
            info!("a new image", id = 1, n = 1);
            say("it goes on");
            hear();
            return;
        }
        exec(TEST, segment, Box::leak(Box::new(Acks::open(path.as_ref()))), path);
    }
    for _ in 0..20 {
        let site = Site::new();
        let path = site.path("acks");
        let acks = Acks::create(&path, 1);
        let drain = site.start_drain();
        let argument = format!("{} {}", site.segment(), path.display());
        end(&site, site.peer(TEST, "old", &argument));
        drain.stop();
        expect_all(&site, &acks, 1);
    }
}
