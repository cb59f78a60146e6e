//! `logring-drain run`: a drain as a process of its own, from its settings to its exit code.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use logring::layout::Geometry;
use logring::shm::{Segment, SegmentSpec};
use logring::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cli::exit::{Exit, Failure};
use crate::config::Config;
use crate::process::Chain;
use crate::service::{Options, Service, StartError};

/// How often `--wait` looks whether the segment is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Drains the segment until SIGTERM or SIGINT; then what has been committed is written.
///
/// # Errors
/// What keeps a drain from starting, with its exit code.
pub fn run(config: Config) -> Result<Exit, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Error::os("handle signals", error))?;
    }
    let Some((segment, created)) = open(&config, &stop)? else { return Ok(Exit::Ok) };
    let options = Options::from(config);
    let mut service = Service::start(segment, &options, Chain::new()).map_err(|error| {
        if created {
            remove(segment, &options);
        }
        match error {
            StartError::Segment(error) => Failure::from(error),
            StartError::Sink(error) => Failure::sink(&error),
        }
    })?;
    if !service.is_strict() {
        // Nobody is left to tell if stderr is gone.
        let _ = writeln!(
            std::io::stderr(),
            "logring-drain: this kernel forbids membarrier; records are ordered by window, not \
             strictly"
        );
    }
    service.run(&stop);
    match service.stuck().into_iter().next() {
        Some((sink, error)) => Err(Failure::new(
            Exit::Sink,
            format!("sink {sink} does not take what is left: {error}; it stays in the ring"),
        )),
        None => Ok(Exit::Ok),
    }
}

/// Takes back what this process created for a drain that did not start. A process that has come to
/// use the segment meanwhile keeps it.
fn remove(segment: &Segment, options: &Options) {
    if Segment::remove(segment.name()).is_ok()
        && let Ok(ledger) = options.ledger_path(segment)
    {
        let _ = std::fs::remove_file(ledger);
    }
}

/// The segment, and whether this call created it; `None` when the drain was stopped while it waited.
fn open(config: &Config, stop: &AtomicBool) -> Result<Option<(&'static Segment, bool)>> {
    if !config.wait {
        let spec = SegmentSpec {
            geometry: Geometry::with_ring_bytes(config.ring_bytes),
            ..SegmentSpec::new(&config.segment)
        };
        return Segment::open_or_create_static(&spec).map(Some);
    }
    while !stop.load(Ordering::Relaxed) {
        match Segment::attach_static(&config.segment) {
            Ok(segment) => return Ok(Some((segment, false))),
            Err(error) if error.is_not_found() => thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
