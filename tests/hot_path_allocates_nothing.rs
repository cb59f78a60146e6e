//! Claim: from its second call on, a log call allocates nothing, with a context of its
//! logger, thread, task or process, or without.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Read;

use common::drain::Site;
use common::watch::watchdog;
use logring::{Logger, Overflow, info, kv};

/// The million in release, where the drain keeps up with it.
const CALLS: i64 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that has no thread-locals left asks for nothing that is tested here.
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

// SAFETY: all is handed on to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread asks the allocator for something, or gives something back, in `action`.
fn asked(action: impl FnOnce()) -> u64 {
    let before = ASKED.get();
    action();
    ASKED.get() - before
}

fn log(n: i64) {
    info!("order placed", order_id = n, cents = 1_999, weight = 0.25);
}

fn log_bound(log: &Logger, n: i64) {
    info!(logger: log, "order placed", order_id = n, cents = 1_999, weight = 0.25);
}

#[test]
fn release_only_a_million_calls_allocate_nothing() {
    let _watchdog = watchdog();
    assert_eq!(asked(|| drop(std::hint::black_box(Box::new(1)))), 2, "the counter counts");

    let site = Site::new();
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    let drain = site.start_drain();
    let bound = logring::logger().bind(kv! { tenant = "acme", request = 7 });
    log(0);
    log_bound(&bound, 0);

    assert_eq!(asked(|| (1..CALLS).for_each(log)), 0, "without a context");
    assert_eq!(asked(|| (1..CALLS).for_each(|n| log_bound(&bound, n))), 0, "with one");

    {
        let _scope = logring::context::bound(kv! { tenant = "acme", request = 7 });
        assert_eq!(asked(|| (1..CALLS).for_each(log)), 0, "with that of its thread");
        let _context = logring::context::Context::current().attach();
        logring::context::bind_process(kv! { version = 3 });
        assert_eq!(asked(|| (1..CALLS).for_each(|n| log_bound(&bound, n))), 0, "with all of them");
    }

    drain.stop();
    let mut file = std::fs::File::open(site.output()).expect("the output");
    let (mut lines, mut chunk) = (0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut chunk).expect("the output is read");
        if read == 0 {
            break;
        }
        lines += chunk[..read].iter().filter(|byte| **byte == b'\n').count();
    }
    assert_eq!(lines as i64, 4 * CALLS - 2, "every one of them was a record");
}
