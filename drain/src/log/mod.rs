//! `logring-drain log`: a shell script's records. A process that attaches, logs and ends; what it
//! leaves is its record, and a drain gives all else back.
//!
//! Nothing here waits for a drain, but lines of stdin do when the ring is full.

mod field;
mod json;
mod lines;
mod stream;
mod value;
mod waiting;

use std::time::Duration;

use logring::shm::Segment;
use logring::{Error, Logger, Overflow, Site};

use crate::cli::exit::{Exit, Failure};
use crate::cli::log::LogArgs;
use crate::render::template::{Fault, check};
use field::Field;

/// How long a lone record waits for room while a drain runs. A script's line has no deadline as a
/// service's has, but it must not stand still for ever.
const PATIENCE: Duration = Duration::from_secs(1);
/// The text that means stdin.
const STDIN: &str = "-";

/// Logs what the arguments say.
///
/// # Errors
/// Arguments that cannot be, before anything is logged or made; a segment that cannot be created or
/// attached; a record that was dropped.
pub fn run(args: &LogArgs) -> Result<Exit, Failure> {
    let fields = field::parse(&args.fields)?;
    if args.text == STDIN {
        let logger = open(args, Overflow::BlockForever)?;
        return stream::run(args, &fields, &logger);
    }
    if args.json {
        let sentence = "`--json` reads lines from stdin: give `-` instead of a text";
        return Err(Error::invalid(sentence).into());
    }
    check_text(&args.text, &fields)?;
    one(args, &fields, &open(args, Overflow::Block { up_to: PATIENCE })?)
}

/// Joins the segment. The filter lets everything through unless the environment has one.
fn open(args: &LogArgs, overflow: Overflow) -> Result<Logger, Failure> {
    Ok(logring::builder(&args.segment).filter("all").overflow(overflow).open()?)
}

fn check_text(text: &str, fields: &[Field]) -> Result<(), Error> {
    let names: Vec<&str> = fields.iter().map(|field| &*field.key).collect();
    check(text, &names).map_err(|fault| {
        Error::invalid(match fault {
            Fault::Missing(placeholder) => format!(
                "the placeholder {placeholder} of {text:?} has no field; a brace is written {{{{ or }}}}"
            ),
            Fault::Malformed => format!(
                "the braces of {text:?} are no placeholders as {{}}, {{name}} or {{name:>8}}; a brace \
                 is written {{{{ or }}}}"
            ),
        })
    })
}

/// Logs one record. Its facts stand in it: nothing of it stays in the segment.
fn one(args: &LogArgs, fields: &[Field], logger: &Logger) -> Result<Exit, Failure> {
    let site = Site::new(args.level, &*args.target).event(&*args.text).inline();
    if !site.enabled(logger) {
        return Ok(Exit::Ok);
    }
    let is_registered = logger.register();
    let mut record = site.record(logger, &[]);
    for Field { key, value } in fields {
        record = record.field(key, value);
    }
    if record.try_log() {
        return Ok(Exit::Ok);
    }
    Err(Failure::new(Exit::Difference, why_dropped(&args.segment, is_registered)?))
}

fn why_dropped(name: &str, is_registered: bool) -> Result<String, Error> {
    let segment = Segment::attach_static(name)?;
    let start = format!("start one with `logring-drain run --segment {name} --sink json:PATH`");
    Ok(match (is_registered, segment.drain_is_alive()) {
        (true, false) => format!(
            "the record was dropped: the ring of segment {name:?} is full and no drain runs; {start}"
        ),
        (true, true) => format!(
            "the record was dropped: the ring of segment {name:?} stayed full for {PATIENCE:?}; its \
             drain or a sink does not keep up"
        ),
        (false, false) => format!(
            "the record was dropped: segment {name:?} has entries for {} processes, all are taken, and \
             no drain gives back those of ended ones; {start}",
            segment.geometry().process_count
        ),
        (false, true) => format!(
            "the record was dropped: segment {name:?} has entries for {} processes and {} threads, \
             and all are taken",
            segment.geometry().process_count,
            segment.geometry().lane_count
        ),
    })
}
