//! `logring-drain segments rm`: the segment, the files beside it and the drain's ledger go, or nothing.

use std::fs;
use std::io::ErrorKind;

use logring::shm::{self, Segment};
use logring::{Error, Result};

use super::look::Blocks;
use super::size;

/// What of a segment's drain stands in the runtime directory: its ledger, and one that was set aside.
const SUFFIXES: [&str; 2] = ["ledger", "ledger.aside"];

/// Removes the named segment; says what went.
///
/// # Errors
/// It is absent, in use, damaged, of another layout version, or a file of it cannot be removed.
pub(super) fn remove(name: &str) -> Result<String> {
    let (bytes, blocks) = Segment::remove_after(name, |segment| {
        remove_ledger(name)?;
        Ok((segment.offsets().end as u64, Blocks::of(segment)))
    })?;
    let unread = match blocks.owned {
        0 => String::new(),
        1 => ", and with it a block of records that no drain had freed".to_owned(),
        owned => format!(", and with it {owned} blocks of records that no drain had freed"),
    };
    Ok(format!("removed segment {name:?} ({}){unread}\n", size(bytes)))
}

/// No drain runs, and none can start meanwhile.
fn remove_ledger(name: &str) -> Result<()> {
    let Some(directory) = shm::existing_runtime_dir()? else { return Ok(()) };
    for suffix in SUFFIXES {
        let path = directory.join(format!("{name}.{suffix}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::os(format!("remove {}", path.display()), error));
            }
            _ => {}
        }
    }
    Ok(())
}
