//! Says on stderr, once, that a command stands still because no drain makes room: else `command |
//! logring-drain log -` would stop its command without a word. Called by `stream.rs`.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use logring::shm::Segment;
use logring::sync::AtomicU64;
use logring::sync::Ordering::Relaxed;

/// Notes what its command does: odd while it is inside of a call that may wait.
#[derive(Debug)]
pub(super) struct Waiting {
    calls: Arc<AtomicU64>,
}

/// A call that takes so long is told of.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Waiting {
    /// Starts to watch, for as long as the process lives.
    pub(super) fn watch(segment: &'static Segment) -> Self {
        let calls = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&calls);
        // Where no thread can be had, nothing is told.
        let _ = thread::Builder::new().spawn(move || {
            let mut before = 0;
            loop {
                thread::sleep(LOOK_EVERY);
                let now = seen.load(Relaxed);
                if now == before && now % 2 == 1 && !segment.drain_is_alive() {
                    return tell(segment.name());
                }
                before = now;
            }
        });
        Self { calls }
    }

    /// Runs `call`, which may wait for a drain.
    pub(super) fn during<T>(&self, call: impl FnOnce() -> T) -> T {
        self.calls.fetch_add(1, Relaxed);
        let result = call();
        self.calls.fetch_add(1, Relaxed);
        result
    }
}

fn tell(name: &str) {
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(
        std::io::stderr(),
        "logring-drain: segment {name:?} is full and no drain runs; waiting for one: logring-drain run \
         --segment {name} --sink json:PATH"
    );
}
