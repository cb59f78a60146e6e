//! P10, P11: what a process logs while it panics, aborts or dies of a signal, in destructors of
//! thread-locals and in exit handlers is delivered like all else.
#![expect(unsafe_code, reason = "handlers of the C library's and the kernel's are installed")]

mod common;

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;

use common::drain::{Site, is_notice, lines};
use common::role;
use common::watch::{unwatch, watchdog};
use logring::{Overflow, info};

struct LogsAtItsEnd(&'static str);

impl Drop for LogsAtItsEnd {
    fn drop(&mut self) {
        info!("destructor", of = self.0);
    }
}

thread_local! {
    static BEFORE: LogsAtItsEnd = const { LogsAtItsEnd("made before the first record") };
    static AFTER: LogsAtItsEnd = const { LogsAtItsEnd("made after it") };
    static NEVER_LOGGED: LogsAtItsEnd = const { LogsAtItsEnd("of a thread without records") };
    static ROUNDS: Cell<u32> = const { Cell::new(0) };
}

extern "C" fn at_exit() {
    info!("exit handler");
}

/// A destructor of the C library's, which calls it again while there is a value: behind all of Rust's.
extern "C" fn last_destructor(value: *mut libc::c_void) {
    let round = ROUNDS.get() + 1;
    ROUNDS.set(round);
    info!("last destructor", round);
    if round < 3 {
        let key = value as usize as libc::pthread_key_t - 1;
        // SAFETY: a key that exists.
        unsafe { libc::pthread_setspecific(key, value) };
    }
}

extern "C" fn on_segv(_: libc::c_int) {
    info!("handler of SIGSEGV");
    // SAFETY: puts back what the kernel does by itself; the instruction comes again.
    unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
}

fn destructors() {
    std::thread::spawn(|| {
        BEFORE.with(|_| ());
        info!("first");
        AFTER.with(|_| ());
        let mut key = 0;
        // SAFETY: a place for the key, and a destructor that may be called with any value.
        unsafe {
            assert_eq!(libc::pthread_key_create(&raw mut key, Some(last_destructor)), 0);
            libc::pthread_setspecific(key, (key as usize + 1) as *const libc::c_void);
        }
    })
    .join()
    .expect("it ends well");
    std::thread::spawn(|| NEVER_LOGGED.with(|_| ())).join().expect("it ends well");
    // SAFETY: a handler without arguments.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
    std::process::exit(0);
}

fn panics() {
    std::panic::set_hook(Box::new(|info| {
        info!("panic hook", what = info.payload_as_str().unwrap_or("?"));
        std::process::abort();
    }));
    info!("first");
    panic!("on purpose");
}

fn dies_of_a_signal() {
    // SAFETY: the handler logs and returns.
    unsafe { libc::signal(libc::SIGSEGV, on_segv as extern "C" fn(libc::c_int) as usize) };
    info!("first");
    // SAFETY: no core is to be written; then a read of what nobody has mapped, on purpose.
    unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        std::ptr::read_volatile(std::hint::black_box(16 as *const u8));
    }
}

/// Runs `part` in another process; how it ended, and the events that a drain finds afterwards.
fn ended(test: &str, part: &str) -> (std::process::ExitStatus, Vec<String>) {
    let site = Site::new();
    let mut peer = site.peer(test, part, site.segment());
    let status = peer.child.wait().expect("our child");
    unwatch(peer.pid());
    site.start_drain().stop();
    let events = lines(&site.output()).map(|line| {
        assert!(!is_notice(&line), "{line}");
        ["event", "of", "what", "round"]
            .iter()
            .filter_map(|key| line.get(key))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(": ")
    });
    (status, events.collect())
}

#[test]
fn the_last_words_of_a_process_are_delivered() {
    const TEST: &str = "the_last_words_of_a_process_are_delivered";
    let _watchdog = watchdog();
    if let Some((part, segment)) = role() {
        let builder = logring::builder(&segment).overflow(Overflow::Drop);
        let _guard = builder.install().expect("installed");
        return match part.as_str() {
            "destructors" => destructors(),
            "panics" => panics(),
            _ => dies_of_a_signal(),
        };
    }
    let (status, events) = ended(TEST, "destructors");
    assert!(status.success(), "{status}");
    let mut events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(events.remove(0), "first");
    assert_eq!(events.pop(), Some("exit handler"));
    events.sort_unstable();
    assert_eq!(
        events,
        [
            "destructor: made after it",
            "destructor: made before the first record",
            "destructor: of a thread without records",
            "last destructor: 1",
            "last destructor: 2",
            "last destructor: 3",
        ]
    );

    let (status, events) = ended(TEST, "panics");
    assert_eq!(status.signal(), Some(libc::SIGABRT));
    assert_eq!(events, ["first", "panic hook: on purpose"]);

    let (status, events) = ended(TEST, "dies-of-a-signal");
    assert_eq!(status.signal(), Some(libc::SIGSEGV));
    assert_eq!(events, ["first", "handler of SIGSEGV"]);
}
