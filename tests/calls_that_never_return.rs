//! P8: a log call that a signal handler jumps out of, or whose thread is cancelled in the middle of it,
//! costs that record: the thread goes on, others wait no longer than `max_hold`, and flush ends.
#![expect(unsafe_code, reason = "threads leave calls as C programs do")]

mod common;

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use common::drain::{Site, is_notice, lines, number};
use common::trace::{Stopped, busy, give_over, introduce_this_thread};
use common::watch::{wait_until, watchdog};
use common::{free_blocks, hear, role, say};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

/// Records of others, and of the thread itself afterwards: some rounds of a ring of 16 blocks of 16
/// slots.
const MORE: u64 = 2_000;
const FLUSH: Duration = Duration::from_secs(100);
/// Bytes of a record that takes several blocks.
const LONG: usize = 3_000;
const STACK: usize = 1 << 20;

/// Where a thread goes on that leaves a call.
struct Context(UnsafeCell<MaybeUninit<libc::ucontext_t>>);
// SAFETY: one thread uses it.
unsafe impl Sync for Context {}

static BEFORE: Context = Context(UnsafeCell::new(MaybeUninit::uninit()));

extern "C" fn jump(_: libc::c_int) {
    // SAFETY: it was saved before the call below this handler, and what stands on the stack that is
    // left needs no end of its own.
    unsafe { libc::setcontext(BEFORE.0.get().cast()) };
}

fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
    // SAFETY: the handler does what a C program's does.
    let before = unsafe { libc::signal(signal, handler as usize) };
    assert_ne!(before, libc::SIG_ERR);
}

/// Runs `action` on a stack of its own until it is left by a jump.
fn until_it_is_left(action: extern "C" fn()) {
    let stack = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let mut inside = MaybeUninit::<libc::ucontext_t>::uninit();
    // SAFETY: the stack is never given back, both contexts are there until the jump.
    unsafe {
        assert_eq!(libc::getcontext(inside.as_mut_ptr()), 0);
        let context = &mut *inside.as_mut_ptr();
        context.uc_stack.ss_sp = stack.as_mut_ptr().cast();
        context.uc_stack.ss_size = STACK;
        context.uc_link = std::ptr::null_mut();
        libc::makecontext(context, action, 0);
        assert_eq!(libc::swapcontext(BEFORE.0.get().cast(), context), 0);
    }
}

extern "C" fn log_one() {
    give_over();
    info!("left", n = 1);
    unreachable!("this call does not return");
}

/// Leaves a call, and goes on.
fn jumps(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    info!("left", n = 0);
    handle(libc::SIGUSR2, jump);
    introduce_this_thread();
    until_it_is_left(log_one);
    for n in 0..MORE {
        info!("after", n);
        if n.is_multiple_of(64) {
            // Its second lane does not wait for room.
            logring::flush(FLUSH).expect("a flush ends while a call is left");
        }
    }
    logring::flush(FLUSH).expect("a flush ends while a call is left");
    say("it goes on");
    hear();
}

/// Waits until all blocks are free, but one that this thread may have.
fn wait_for_blocks(segment: &Segment) {
    wait_until("blocks to be free", || {
        free_blocks(segment) >= segment.geometry().block_count as usize - 1
    });
}

/// How many lines there are by event, each event's numbers in order, and the notices' counts by kind.
fn counts(site: &Site) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut events, mut notices) = (BTreeMap::new(), BTreeMap::new());
    for line in lines(&site.output()) {
        if is_notice(&line) {
            let kind = line["kind"].as_str().expect("a kind").to_owned();
            *notices.entry(kind).or_insert(0) += number(&line, "count");
            continue;
        }
        let event = line["event"].as_str().expect("text").to_owned();
        let count = events.entry(event).or_insert(0);
        assert_eq!(number(&line, "n"), *count, "{line}");
        *count += 1;
    }
    (events, notices)
}

#[test]
fn a_thread_jumps_out_of_a_call() {
    const TEST: &str = "a_thread_jumps_out_of_a_call";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return jumps(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    let drain = site.start(site.command_holding(&[&site.output()], "500ms"));
    let mut peer = site.peer(TEST, "jumps", site.segment());
    let thread = Stopped::in_a_record(&segment, &mut peer);
    thread.go_on(libc::SIGUSR2);
    for n in 0..MORE {
        info!(logger: logger, "others", n);
    }
    logger.flush(FLUSH).expect("a flush ends while a call is left");
    peer.hear();
    // The block of the call that was left is its thread's for as long as that lives.
    assert!(busy(&segment).is_some());
    drain.stop();
    let drain = site.start(site.command_holding(&[&site.output()], "500ms"));
    logger.flush(FLUSH).expect("also with the next drain");
    peer.end();
    wait_for_blocks(&segment);
    drain.stop();
    let (events, notices) = counts(&site);
    let all = [("after", MORE), ("left", 1), ("others", MORE)];
    assert_eq!(events, all.map(|(event, count)| (event.to_owned(), count)).into());
    assert_eq!(notices["torn"], 1);
    // Each drain has waited for it once; or has seen its thread stopped, and did not.
    assert!((1..=2).contains(&notices["late"]) && notices.len() == 2, "{notices:?}");
}

extern "C" fn log_long() {
    info!("left", n = 0, pad = &*"x".repeat(LONG));
    unreachable!("this call does not return");
}

/// Leaves a call that has to wait for room for a long record, and lives on.
fn jumps_while_it_collects(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let guard = builder.install().expect("installed");
    let segment = guard.segment();
    handle(libc::SIGUSR2, jump);
    // All that the process may have, but a block.
    let short = (segment.geometry().block_count / 2 - 1) * segment.slots_per_block();
    for n in 0..short {
        info!("short", n);
    }
    // SAFETY: a call without arguments.
    let thread = unsafe { libc::pthread_self() };
    std::thread::spawn(move || {
        wait_until("the call to collect", || segment.collecting().load(Relaxed) != 0);
        // SAFETY: the thread lives.
        unsafe { libc::pthread_kill(thread, libc::SIGUSR2) };
    });
    until_it_is_left(log_long);
    say("it goes on");
    hear();
}

#[test]
fn a_thread_jumps_out_of_a_long_record() {
    const TEST: &str = "a_thread_jumps_out_of_a_long_record";
    const OTHERS: u64 = 20;
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return jumps_while_it_collects(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let logger = builder.open().expect("opened");
    let mut peer = site.peer(TEST, "jumps", site.segment());
    assert_eq!(peer.hear(), "it goes on");
    let drain = site.start_drain();
    for n in 0..OTHERS {
        info!(logger: logger, "others", n, pad = &*"y".repeat(LONG));
    }
    logger.flush(FLUSH).expect("a flush ends while a call is left");
    peer.end();
    wait_for_blocks(&segment);
    drain.stop();
    let (events, notices) = counts(&site);
    let short = u64::from((segment.geometry().block_count / 2 - 1) * segment.slots_per_block());
    let all = [("others", OTHERS), ("short", short)];
    assert_eq!(events, all.map(|(event, count)| (event.to_owned(), count)).into());
    assert_eq!(notices, BTreeMap::new());
}

// SAFETY: its declaration in `pthread.h`.
unsafe extern "C" {
    /// The C library's, which the `libc` crate does not have.
    fn pthread_setcanceltype(kind: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
}
/// A thread of this kind is cancelled wherever it stands.
const ASYNCHRONOUS: libc::c_int = 1;
/// The thread that is to be cancelled has heard that it may go on.
static HEARD: AtomicBool = AtomicBool::new(false);

/// Its thread is cancelled in the middle of the record.
extern "C-unwind" fn cancelled(_: *mut libc::c_void) -> *mut libc::c_void {
    info!("left", n = 0);
    let mut before = 0;
    // SAFETY: a place for the kind before; what stands on the stack needs no end of its own.
    assert_eq!(unsafe { pthread_setcanceltype(ASYNCHRONOUS, &raw mut before) }, 0);
    introduce_this_thread();
    HEARD.store(true, Release);
    give_over();
    info!("left", n = 1);
    std::ptr::null_mut()
}

type Start = extern "C" fn(*mut libc::c_void) -> *mut libc::c_void;

fn cancels(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    let mut thread = 0;
    // SAFETY: the C library unwinds the function, which may be unwound.
    let start = unsafe {
        std::mem::transmute::<extern "C-unwind" fn(*mut libc::c_void) -> *mut libc::c_void, Start>(
            cancelled,
        )
    };
    let none = std::ptr::null_mut();
    // SAFETY: a place for the thread, and a function without argument.
    let code = unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), start, none) };
    assert_eq!(code, 0);
    wait_until("the thread to be on its way", || HEARD.load(Acquire));
    // That it stands in the middle of its record.
    hear();
    let mut result = std::ptr::null_mut();
    // SAFETY: the thread has not been joined.
    assert_eq!(unsafe { libc::pthread_cancel(thread) }, 0);
    say("cancelled");
    // SAFETY: as above, and a place for what it returns.
    assert_eq!(unsafe { libc::pthread_join(thread, &raw mut result) }, 0);
    assert_eq!(result as isize, -1, "it was cancelled");
    for n in 0..MORE {
        info!("after", n);
    }
    logring::flush(FLUSH).expect("a flush ends");
    say("it goes on");
    hear();
}

#[test]
fn a_thread_is_cancelled_in_a_call() {
    const TEST: &str = "a_thread_is_cancelled_in_a_call";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return cancels(&segment);
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    let mut peer = site.peer(TEST, "cancels", site.segment());
    let thread = Stopped::in_a_record(&segment, &mut peer);
    peer.say("it stands in its record");
    assert_eq!(peer.hear(), "cancelled");
    thread.go_on(0);
    assert_eq!(peer.hear(), "it goes on");
    wait_for_blocks(&segment);
    peer.end();
    drain.stop();
    let (events, notices) = counts(&site);
    let all = [("after", MORE), ("left", 1)];
    assert_eq!(events, all.map(|(event, count)| (event.to_owned(), count)).into());
    assert_eq!(notices, [("torn".to_owned(), 1)].into());
}
