//! What `ls` and `info` print for people.

use std::fmt;

use super::look::{Drain, Info, Known, Summary};
use super::size;

const HEADINGS: [&str; 7] =
    ["NAME", "SIZE", "LAYOUT", "PROCESSES", "DRAIN", "CREATED", "RING USED"];

/// The segments as a table with headings.
pub(super) fn of(segments: &[Summary]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(segments.iter().map(row));
    aligned(&rows, "  ")
}

fn row(segment: &Summary) -> [String; 7] {
    let layout = segment.layout.map_or("-".to_owned(), |version| version.to_string());
    let [processes, drain, created, used] = match &segment.known {
        Some(Known { processes, drain, created, ring_bytes_used, ring_bytes }) => [
            processes.to_string(),
            drain.as_ref().map_or("-".to_owned(), |drain| format!("pid {}", drain.pid)),
            // Without the fraction of the second.
            created.get(..19).map_or_else(|| created.clone(), |seconds| format!("{seconds}Z")),
            format!("{} of {}", size(*ring_bytes_used), size(*ring_bytes)),
        ],
        None => {
            let none = || "-".to_owned();
            [none(), none(), none(), segment.problem.clone().unwrap_or_default()]
        }
    };
    [segment.name.clone(), size(segment.bytes), layout, processes, drain, created, used]
}

/// Rows of cells, each column as wide as its widest cell.
fn aligned<const N: usize>(rows: &[[String; N]], gap: &str) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            let blanks = width(column).unwrap_or(0) - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', blanks));
            line.push_str(gap);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { geometry, blocks, dictionary, levels, .. } = self;
        let ended = match blocks.owned_by_ended {
            0 => String::new(),
            ended => format!(", {ended} of them by threads that ended, for a drain to read"),
        };
        let damaged = match blocks.damaged {
            0 => String::new(),
            damaged => format!(", {damaged} damaged"),
        };
        let rows = [
            ("name", self.name.clone()),
            ("path", self.path.clone()),
            ("size", format!("{} ({} bytes)", size(self.bytes), self.bytes)),
            ("layout", self.layout.to_string()),
            ("uuid", self.uuid.clone()),
            ("created", format!("{}, boot {}", self.created, self.boot_id)),
            ("clock", self.clock.to_owned()),
            ("uid", self.uid.to_string()),
            ("longest record", size(self.max_record_bytes.into())),
            (
                "ring",
                format!(
                    "{}: {} blocks of {} slots of {} bytes",
                    size(geometry.ring_bytes),
                    geometry.block_count,
                    geometry.slots_per_block,
                    geometry.slot_size
                ),
            ),
            ("blocks", format!("{} free, {} owned{ended}{damaged}", blocks.free, blocks.owned)),
            (
                "dictionary",
                format!(
                    "{} of {} entries, {} of {}",
                    dictionary.entries,
                    dictionary.slots,
                    size(dictionary.bytes_used),
                    size(dictionary.bytes)
                ),
            ),
            ("levels", format!("{} of {} words", levels.used, levels.words)),
            ("drain", self.drain.as_ref().map_or("none".to_owned(), Drain::to_string)),
            (
                "lock file",
                match &self.lock {
                    Some(lock) => format!("inode {} of device {}", lock.inode, lock.device),
                    None => "not the one of the header: dead processes cannot be told".to_owned(),
                },
            ),
            (
                "processes",
                format!(
                    "{} of {}, threads of at most {}",
                    self.processes.len(),
                    geometry.process_count,
                    geometry.lane_count
                ),
            ),
        ];
        let rows = rows.map(|(what, value)| [what.to_owned(), value]);
        f.write_str(&aligned(&rows, "  "))?;
        if self.processes.is_empty() {
            return Ok(());
        }
        let mut rows = vec![["  PID", "NAME", "STATE", "THREADS", "DROPPED"].map(str::to_owned)];
        rows.extend(self.processes.iter().map(|process| {
            [
                format!("  {}", process.pid),
                process.name.clone(),
                if process.alive { "alive" } else { "ended" }.to_owned(),
                process.threads.to_string(),
                process.dropped.to_string(),
            ]
        }));
        f.write_str(&aligned(&rows, "  "))
    }
}

impl fmt::Display for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} on {}", self.pid, self.host)
    }
}
