//! How tests wait: for a condition, under a watchdog that kills what the test has started and fails.
//! No test has a maximum time of its own, and this is the one place that passes time.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Far beyond what any test takes, on a machine that does many other things.
const LIMIT: Duration = Duration::from_secs(600);
/// From one look at a condition to the next.
const LOOK_EVERY: Duration = Duration::from_millis(2);

static CHILDREN: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static WAITED_FOR: Mutex<String> = Mutex::new(String::new());

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process, and before it its children, when this is not dropped in time.
#[must_use = "it watches until it is dropped"]
pub struct Watchdog(#[allow(dead_code, reason = "its end is the message")] mpsc::Sender<()>);

/// The first line of a test, so that its other processes have one too.
pub fn watchdog() -> Watchdog {
    let (alive, dropped) = mpsc::channel();
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    std::thread::spawn(move || {
        if dropped.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let last = locked(&WAITED_FOR);
            // Not by `eprintln`, which the harness holds back.
            let _ = writeln!(std::io::stderr(), "watchdog: {name} hangs, last wait: {last}");
            for child in locked(&CHILDREN).drain(..) {
                signal(child, libc::SIGKILL);
            }
            std::process::abort();
        }
    });
    Watchdog(alive)
}

/// The watchdog kills this child too.
pub fn watch(child: u32) {
    locked(&CHILDREN).push(child);
}

/// It has been waited for: its number may be another's soon.
pub fn unwatch(child: u32) {
    locked(&CHILDREN).retain(|watched| *watched != child);
}

/// Looks until there is something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    what.clone_into(&mut locked(&WAITED_FOR));
    loop {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Looks until it is so.
pub fn wait_until(what: &str, mut look: impl FnMut() -> bool) {
    wait_for(what, || look().then_some(()));
}

/// Sends a signal to a process of ours.
pub fn signal(process: u32, signal: libc::c_int) {
    // SAFETY: a call without memory; the process is a child that has not been waited for.
    let code = unsafe { libc::kill(process.cast_signed(), signal) };
    assert_eq!(code, 0, "signal {signal} to {process}: {}", std::io::Error::last_os_error());
}
