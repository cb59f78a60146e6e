//! `logring-drain segments`: which segments there are, what stands in one, and the end of one. Looks
//! through public doors only, and changes nothing but what `rm` removes.

mod look;
mod remove;
mod table;

use std::fs;
use std::io::Write;

use logring::layout;
use logring::shm::name;
use logring::{Error, Result};
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::segments::{SegmentsArgs, SegmentsCommand};
use look::{Info, Summary};

/// Does what the arguments say.
///
/// # Errors
/// A segment that is absent, damaged, of another layout or in use.
pub fn run(args: &SegmentsArgs) -> Result<Exit, Failure> {
    match &args.command {
        SegmentsCommand::Ls(args) => {
            let found = all()?;
            if args.json {
                found.iter().for_each(print_json);
            } else {
                print(&table::of(&found));
            }
        }
        SegmentsCommand::Info(args) => {
            let info = Info::of(&args.name)?;
            if args.json {
                print_json(&info);
            } else {
                print(&info.to_string());
            }
        }
        SegmentsCommand::Rm(args) => print(&remove::remove(&args.name)?),
    }
    Ok(Exit::Ok)
}

/// All segments of this user, by name.
fn all() -> Result<Vec<Summary>> {
    let what = |error| Error::os(format!("list {}", name::DIRECTORY), error);
    let prefix = name::object("");
    let mut found = Vec::new();
    for entry in fs::read_dir(name::DIRECTORY).map_err(what)? {
        let file = entry.map_err(what)?.file_name();
        let segment = file.to_str().and_then(|file| file.strip_prefix(&prefix));
        // Lock and drain files have names that no segment can have.
        if let Some(segment) = segment.filter(|segment| name::check(segment).is_ok()) {
            found.extend(Summary::of(segment));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn print_json(value: &impl Serialize) {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    print(&format!("{text}\n"));
}

fn print(text: &str) {
    // A reader that went away, as `head` does, has what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => format!("{:.1} {unit}", bytes as f64 / f64::from(1 << shift)),
        None => format!("{bytes} B"),
    }
}

/// What this build reads.
const LAYOUT: u32 = layout::VERSION;
