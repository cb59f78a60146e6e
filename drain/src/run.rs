//! `logring-drain run`: a drain as a process of its own, from its settings to its exit code.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use logring::layout::Geometry;
use logring::shm::{Segment, SegmentSpec, drain_lock};
use logring::{Error, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::exit::{Exit, Failure};
use crate::config::{Config, Order};
use crate::options::Options;
use crate::service::{Service, StartError};
use crate::takeover;

/// How often `--wait` looks whether the segment is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Drains the segment until SIGTERM, SIGINT or SIGHUP; then what has been committed is written.
///
/// # Errors
/// What keeps a drain from starting, with its exit code.
pub fn run(config: Config) -> Result<Exit, Failure> {
    let options = Options::from(config.clone());
    run_with(&config, options)
}

/// The same with options of the caller's, for a `main` with processors or sinks of its own; of
/// `config` only the segment, its size and `wait` count.
///
/// # Errors
/// As for [`run`].
pub fn run_with(config: &Config, options: Options) -> Result<Exit, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Error::os("handle signals", error))?;
    }
    drain_lock::ends_on_sigterm();
    Service::check(&options).map_err(failure)?;
    let Some(segment) = open(config, &stop)? else { return Ok(Exit::Ok) };
    segment.outlive_cut()?;
    if config.takeover {
        takeover::ask(segment, || stop.load(Ordering::Relaxed))?;
    }
    let wants_strict = options.order == Order::Strict;
    let mut service = Service::start(segment, options).map_err(failure)?;
    if wants_strict && !service.is_strict() {
        // Nobody is left to tell if stderr is gone.
        let _ = writeln!(
            std::io::stderr(),
            "logring-drain: this kernel forbids membarrier; records are ordered by window, not \
             strictly"
        );
    }
    let ended = service.run(&stop);
    match service.stuck().into_iter().next() {
        Some((sink, error)) => Err(Failure::new(
            Exit::Sink,
            format!("sink {sink} does not take what is left: {error}; it stays in the ring"),
        )),
        None => {
            ended.map(|()| Exit::Ok).map_err(|error| Failure::new(Exit::Segment, error.to_string()))
        }
    }
}

fn failure(error: StartError) -> Failure {
    match error {
        StartError::Segment(error) => Failure::from(error),
        StartError::Sink(error) => Failure::sink(&error),
    }
}

/// The segment; `None` when the drain was stopped while it waited for it.
fn open(config: &Config, stop: &AtomicBool) -> Result<Option<&'static Segment>> {
    if !config.wait {
        let spec = SegmentSpec {
            geometry: Geometry::with_ring_bytes(config.ring_bytes),
            ..SegmentSpec::new(&config.segment)
        };
        return Segment::open_or_create_static(&spec).map(|(segment, _)| Some(segment));
    }
    while !stop.load(Ordering::Relaxed) {
        match Segment::attach_static(&config.segment) {
            Ok(segment) => return Ok(Some(segment)),
            Err(error) if error.is_not_found() => thread::sleep(LOOK_EVERY),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
