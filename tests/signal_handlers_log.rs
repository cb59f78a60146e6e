//! P9 Claim: a signal handler logs, also where it interrupts a log call, and a handler that interrupts
//! that one too: all that was logged is delivered or counted, and two levels deep nothing is lost.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64};

use common::drain::{Site, is_notice, lines, number};
use common::free_blocks;
use common::watch::watchdog;
use logring::shm::Segment;
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Overflow, info};

/// Records of the handlers: of SIGUSR1, which SIGUSR2 interrupts, and of SIGUSR2.
static HANDLED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// Runs one at a time on the one thread that takes these signals, as the kernel blocks a signal in
/// its own handler.
extern "C" fn handle(number: libc::c_int) {
    let (which, from) =
        if number == libc::SIGUSR1 { (0, "handler") } else { (1, "handler in a handler") };
    let n = HANDLED[which].load(Relaxed);
    HANDLED[which].store(n + 1, Relaxed);
    info!("from", from, n);
}

fn handle_both(mask: bool) {
    for number in [libc::SIGUSR1, libc::SIGUSR2] {
        // SAFETY: all-zero is an action without flags and mask; the handler does what may be done in
        // one: it logs.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_RESTART;
            if mask {
                libc::sigfillset(&raw mut action.sa_mask);
            }
            assert_eq!(libc::sigaction(number, &raw const action, std::ptr::null_mut()), 0);
        }
    }
}

/// Logs while another thread sends signals, until `enough` of them were handled; then the records of
/// the caller and of both handlers.
fn log_under_signals(segment: &Segment, enough: u64) -> [u64; 3] {
    // SAFETY: a call without arguments.
    let victim = unsafe { libc::pthread_self() };
    let over = AtomicBool::new(false);
    let mut n = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Acquire) {
                // A handler's call waits neither for a full ring nor for its process's share, half of
                // it; that is not what this is about.
                if free_blocks(segment) < 350 {
                    std::thread::yield_now();
                    continue;
                }
                for number in [libc::SIGUSR1, libc::SIGUSR2] {
                    // SAFETY: the thread outlives this scope.
                    assert_eq!(unsafe { libc::pthread_kill(victim, number) }, 0);
                }
            }
        });
        while HANDLED.iter().any(|handled| handled.load(Relaxed) < enough) {
            info!("from", from = "caller", n);
            n += 1;
            while n % 1_000 == 0 && free_blocks(segment) < 450 {
                std::thread::yield_now();
            }
        }
        over.store(true, Release);
    });
    [n, HANDLED[0].load(Relaxed), HANDLED[1].load(Relaxed)]
}

/// Per source the numbers delivered, and the records told as lost.
fn delivered(site: &Site) -> ([Vec<u64>; 3], u64) {
    let (mut seen, mut lost) = ([vec![], vec![], vec![]], 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            assert_eq!(line["kind"], "lost", "{line}");
            lost += number(&line, "count");
            continue;
        }
        let source = ["caller", "handler", "handler in a handler"];
        let source = source.iter().position(|from| line["from"] == **from).expect("a source");
        seen[source].push(number(&line, "n"));
    }
    (seen, lost)
}

#[test]
fn what_handlers_log_is_delivered_or_counted() {
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    // Free blocks are room: nobody else logs here.
    let builder = logring::builder(site.segment()).quota_percent(100);
    let guard = builder.overflow(Overflow::BlockForever).install().expect("installed");
    info!("from", from = "caller", n = 0);

    // Each masks the other: a call is interrupted by one that is not interrupted. Nothing is lost.
    handle_both(true);
    let logged = log_under_signals(guard.segment(), 1_000);
    // The drain ends when all is written, and the next part begins with nothing in the ring.
    drain.stop();
    let (seen, lost) = delivered(&site);
    println!("logged {logged:?}, lost {lost}");
    assert_eq!(lost, 0, "records of a call inside a call");
    let mut caller = seen[0].clone();
    assert_eq!(caller.remove(0), 0, "the first, before the signals");
    for (seen, logged) in [&caller, &seen[1], &seen[2]].into_iter().zip(logged) {
        assert!(seen.iter().copied().eq(0..logged), "{} of {logged}, or not in order", seen.len());
    }

    // None masks the other: some are three calls deep, which have no lane and are counted.
    let drain = site.start_drain();
    let before = HANDLED.each_ref().map(|handled| handled.load(Relaxed));
    handle_both(false);
    let again = log_under_signals(guard.segment(), before[0].max(before[1]) + 1_000);
    drain.stop();
    let (seen, lost) = delivered(&site);
    println!("logged {again:?}, lost {lost}");
    let delivered: u64 = seen.iter().map(|seen| seen.len() as u64).sum();
    assert_eq!(delivered + lost, 1 + logged[0] + again.iter().sum::<u64>());
}
