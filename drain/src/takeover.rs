//! `logring-drain run --takeover`: the drain that holds the segment is asked to end, and has ended.
//!
//! It ends as after any SIGTERM: everything committed by then is written and noted. What is logged
//! meanwhile waits in the ring for this one. A drain inside a service is not asked: the signal would
//! end the service.

use std::thread;
use std::time::{Duration, Instant};

use logring::shm::{Segment, drain_lock};
use logring::{Error, Result, sys};

/// From one look at the lock to the next.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A drain with a full disk gives up after two seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks whoever holds the segment's drain lock to end, and waits until it has, or this one is told to
/// stop.
///
/// # Errors
/// `is_held`: the holder is in another pid namespace, is no process of its own, may not be asked, or
/// has not ended in 30 s.
pub(crate) fn ask(segment: &Segment, is_told_to_stop: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    let mut asked = None;
    while let Some(holder) = drain_lock::holder(segment).filter(|_| !is_told_to_stop()) {
        let held = |why: &str| {
            let name = segment.name();
            Error::held(format!("drain lock of segment {name:?}: held by {holder}, {why}"))
        };
        if holder.pid_ns != sys::pid_namespace() {
            return Err(held("which cannot be asked to end from here: end it there"));
        }
        // It tells its pid right after it has taken the lock.
        if holder.pid != 0 && asked != Some(holder.pid) {
            if !holder.ends_on_sigterm {
                return Err(held("whose drain is a part of another program: end that by hand"));
            }
            match sys::ask_to_end(holder.pid, holder.start_time) {
                Ok(()) => asked = Some(holder.pid),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(held(&format!("which cannot be asked to end: {error}"))),
            }
        }
        if begin.elapsed() > PATIENCE {
            return Err(held(&format!("which has not ended in {} s", PATIENCE.as_secs())));
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
