//! `logring-drain tail`: shows records as they come, in time order, and takes nothing: the drain gets all
//! of them, and nobody waits for this. What passed while it looked away is counted and told.

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use logring::Error;
use logring::shm::Segment;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cli::exit::{Exit, Failure};
use crate::observe::output::{self, Output};
use crate::process::Chain;
use crate::render::Form;
use follow::Follower;

pub use crate::observe::filter::{FieldFilter, Wanted};

mod follow;

/// What is to be shown, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The segment's name.
    pub segment: String,
    /// How many of the last records that the ring still holds are shown at first.
    pub lines: usize,
    /// Goes on with what comes.
    pub follow: bool,
    /// Which records.
    pub wanted: Wanted,
    /// The form of lines; `None` = for people on a terminal, else JSON.
    pub form: Option<Form>,
}

/// Between two looks while records come.
const BUSY: Duration = Duration::from_millis(15);
/// Between two looks while none come.
const IDLE: Duration = Duration::from_millis(40);
/// How often it looks whether the segment is still the one of its name.
const LOOK_AFTER: Duration = Duration::from_millis(250);

/// Shows records until a signal, or until nobody reads standard output any more.
///
/// # Errors
/// No such segment, not one that this build reads, standard output cannot be written.
pub fn run(options: &Options) -> Result<Exit, Failure> {
    // There is nothing to be finished, and it may stand in a write that nobody takes: it ends where
    // it is.
    for signal in [SIGINT, SIGTERM] {
        let always = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_shutdown(signal, 0, always)
            .map_err(|error| Error::os("handle signals", error))?;
    }
    let mut segment = Segment::observe(&options.segment)?;
    let mut lines = Some(options.lines);
    loop {
        if show(&segment, options, lines)? == Output::Closed || !options.follow {
            return Ok(Exit::Ok);
        }
        // It was removed. What comes under its name is shown from its first record on.
        output::say(&format!(
            "segment {:?} was removed; waiting until there is one again",
            options.segment
        ));
        lines = None;
        segment = loop {
            match Segment::observe(&options.segment) {
                Ok(segment) => break segment,
                Err(error) if error.is_not_found() && output::is_closed() => return Ok(Exit::Ok),
                Err(error) if error.is_not_found() => thread::sleep(IDLE),
                Err(error) => return Err(error.into()),
            }
        };
    }
}

/// Shows records of one segment until it is removed. At first the last `lines` of those that are there;
/// `None` = all of them, as the segment is new.
fn show(segment: &Segment, options: &Options, lines: Option<usize>) -> Result<Output, Failure> {
    let mut chain = Chain::new();
    chain.push("wanted", options.wanted.clone().processor());
    let mut follower =
        Follower::new(segment, chain, output::renderer(options.form), lines.is_none());
    if let Some(lines) = lines {
        let mut last: VecDeque<Vec<u8>> = VecDeque::new();
        follower.catch_up(|record| {
            if last.len() == lines {
                last.pop_front();
            }
            if lines > 0 {
                last.push_back(record);
            }
        });
        if output::write(last.make_contiguous().concat().as_slice())? == Output::Closed {
            return Ok(Output::Closed);
        }
    }
    if !options.follow {
        return Ok(Output::Written);
    }
    let id = identity(segment);
    let mut look_at = Instant::now() + LOOK_AFTER;
    loop {
        let moved = follower.look(output::write)?;
        if moved == Some(Output::Closed) || output::is_closed() {
            return Ok(Output::Closed);
        }
        let now = Instant::now();
        if now >= look_at {
            if identity(segment) != id {
                // Nobody wrote to it any more when it was removed.
                return follower.look_at_all(output::write);
            }
            look_at = now + LOOK_AFTER;
        }
        thread::sleep(if moved.is_some() { BUSY } else { IDLE });
    }
}

/// What stands at the segment's name now.
fn identity(segment: &Segment) -> Option<(u64, u64)> {
    let meta = std::fs::symlink_metadata(&segment.paths()?.segment).ok()?;
    Some((meta.dev(), meta.ino()))
}
