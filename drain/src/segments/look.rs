//! What a segment says of itself, as plain data. Called by `ls` and `info`; nobody vouches for what
//! stands in a segment, so texts of others lose what could deceive a reader.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use logring::layout::header as at;
use logring::layout::lane::LaneWord;
use logring::layout::level_word::LevelWord;
use logring::layout::{BlockWord, LaneRef};
use logring::ring::Memory;
use logring::shm::name::Paths;
use logring::shm::{Segment, drain_lock};
use logring::sync::Ordering::Relaxed;
use logring::{Error, Result};
use serde::Serialize;

use super::LAYOUT;
use crate::render::time::{Digits, rfc3339};

/// A segment in a list.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) name: String,
    /// Of its file.
    pub(super) bytes: u64,
    /// Its layout version; `None` where it has no segment's header.
    pub(super) layout: Option<u32>,
    /// Why no more is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
    #[serde(flatten)]
    pub(super) known: Option<Known>,
}

/// What is known of a segment of this build's layout.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    /// Processes that have logged into it and live.
    pub(super) processes: usize,
    pub(super) drain: Option<Drain>,
    pub(super) created: String,
    /// Of its ring, in blocks that threads hold.
    pub(super) ring_bytes_used: u64,
    pub(super) ring_bytes: u64,
}

/// Who holds the drain lock.
#[derive(Debug, Serialize)]
pub(super) struct Drain {
    pub(super) pid: u32,
    pub(super) host: String,
    pub(super) pid_namespace: u64,
}

impl Summary {
    /// What stands under this name; `None` when it went at this moment.
    pub(super) fn of(name: &str) -> Option<Self> {
        let path = Paths::named(name).ok()?.segment;
        let bytes = path.symlink_metadata().ok()?.len();
        let name = name.to_owned();
        let layout = layout_of(&path);
        let problem = match layout {
            Some(LAYOUT) | None => match Segment::attach(&name) {
                Ok(segment) => {
                    let known = Some(Known::of(&segment));
                    return Some(Self { name, bytes, layout, problem: None, known });
                }
                Err(error) if error.is_not_found() => return None,
                Err(error) => reason(&error, &name, &path),
            },
            Some(_) => format!("of another layout, this build reads {LAYOUT}"),
        };
        Some(Self { name, bytes, layout, problem: Some(problem), known: None })
    }
}

/// The error without what the list says anyhow.
fn reason(error: &Error, name: &str, path: &Path) -> String {
    let said = error.to_string();
    let said = said.strip_prefix(&format!("segment {name:?}: ")).unwrap_or(&said);
    clean(said.strip_prefix(&format!("{}: ", path.display())).unwrap_or(said))
}

/// The layout version in a segment's header.
fn layout_of(path: &Path) -> Option<u32> {
    // A pipe in its place must not be waited for.
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut start = [0; 12];
    File::open(path).ok()?.read_exact_at(&mut start, 0).ok()?;
    let (magic, version) = start.split_first_chunk::<8>()?;
    let is_segment = u64::from_le_bytes(*magic) == !at::MAGIC_INVERTED;
    is_segment.then(|| version.try_into().map(u32::from_le_bytes).ok()).flatten()
}

impl Known {
    fn of(segment: &Segment) -> Self {
        let geometry = segment.geometry();
        let living = |index: &u32| {
            segment.process_info(*index).is_some_and(|info| info.is_live())
                && !segment.process_is_dead(*index)
        };
        let owned = Blocks::of(segment).owned;
        Self {
            processes: (0..geometry.process_count).filter(living).count(),
            drain: Drain::of(segment),
            created: time(segment.created_anchor().1),
            ring_bytes_used: u64::from(owned) * geometry.block_bytes() as u64,
            ring_bytes: geometry.ring_bytes(),
        }
    }
}

impl Drain {
    fn of(segment: &Segment) -> Option<Self> {
        let holder = drain_lock::holder(segment)?;
        let host = clean(&holder.host);
        Some(Self { pid: holder.pid, host, pid_namespace: holder.pid_ns })
    }
}

/// All that is known of a segment.
#[derive(Debug, Serialize)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) layout: u32,
    pub(super) uuid: String,
    pub(super) created: String,
    /// The run of the kernel under which it was created.
    pub(super) boot_id: String,
    /// What its timestamps are counted in.
    pub(super) clock: &'static str,
    pub(super) uid: u32,
    pub(super) max_record_bytes: u32,
    /// The file whose locks say who lives; `None` = it is not the one of the header, and processes that
    /// ended cannot be told from living ones by it.
    pub(super) lock: Option<Lock>,
    pub(super) geometry: Geometry,
    pub(super) drain: Option<Drain>,
    pub(super) blocks: Blocks,
    pub(super) dictionary: Dictionary,
    pub(super) levels: Levels,
    /// Those that have logged into it and whose entry no drain has given back yet.
    pub(super) processes: Vec<Process>,
}

/// The lock file.
#[derive(Debug, Serialize)]
pub(super) struct Lock {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// How many of each thing it has.
#[derive(Debug, Serialize)]
pub(super) struct Geometry {
    pub(super) slot_size: u32,
    pub(super) slots_per_block: u32,
    pub(super) block_count: u32,
    pub(super) ring_bytes: u64,
    pub(super) process_count: u32,
    pub(super) lane_count: u32,
}

/// Who has its blocks.
#[derive(Debug, Default, Serialize)]
pub(super) struct Blocks {
    pub(super) free: u32,
    pub(super) owned: u32,
    /// Of those: by threads that have ended. A drain writes what is in them and frees them.
    pub(super) owned_by_ended: u32,
    /// Whose word makes no sense.
    pub(super) damaged: u32,
}

/// How full its dictionary is.
#[derive(Debug, Serialize)]
pub(super) struct Dictionary {
    pub(super) entries: usize,
    pub(super) slots: u32,
    pub(super) bytes_used: u64,
    pub(super) bytes: u64,
}

/// How many of its level words are in use.
#[derive(Debug, Serialize)]
pub(super) struct Levels {
    pub(super) used: usize,
    pub(super) words: u32,
}

/// An entry of the process table.
#[derive(Debug, Serialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) name: String,
    pub(super) alive: bool,
    /// Of its threads that have logged, those that have not ended.
    pub(super) threads: usize,
    pub(super) pid_namespace: u64,
    /// Clock ticks since boot; 0 = unknown.
    pub(super) start_time: u64,
    /// Records that had no thread's lane to be counted in.
    pub(super) dropped: u64,
}

impl Info {
    /// What stands in the named segment.
    ///
    /// # Errors
    /// It is absent, not ours, damaged, of another layout version.
    pub(super) fn of(name: &str) -> Result<Self> {
        let segment = Segment::attach(name)?;
        let paths = segment.paths().ok_or_else(|| Error::other("a named segment has files"))?;
        let geometry = segment.geometry();
        Ok(Self {
            name: segment.name().to_owned(),
            path: paths.segment.display().to_string(),
            bytes: segment.offsets().end as u64,
            layout: LAYOUT,
            uuid: uuid(segment.uuid()),
            created: time(segment.created_anchor().1),
            boot_id: uuid(segment.created_boot_id()),
            clock: match segment.clock_kind() {
                at::clock::TSC => "tsc",
                at::clock::REALTIME => "realtime",
                _ => "coarse",
            },
            uid: logring::sys::file::effective_uid(),
            max_record_bytes: segment.max_record_bytes(),
            lock: segment.lock_file().map(|lock| Lock { device: lock.id.0, inode: lock.id.1 }),
            geometry: Geometry {
                slot_size: geometry.slot_size,
                slots_per_block: geometry.slots_per_block,
                block_count: geometry.block_count,
                ring_bytes: geometry.ring_bytes(),
                process_count: geometry.process_count,
                lane_count: geometry.lane_count,
            },
            drain: Drain::of(&segment),
            blocks: Blocks::of(&segment),
            dictionary: Dictionary {
                entries: segment.dictionary_ids().count(),
                slots: geometry.dictionary_slots,
                bytes_used: segment.dictionary_bytes_used(),
                bytes: geometry.dictionary_bytes,
            },
            levels: Levels {
                used: segment
                    .level_words()
                    .filter(|word| LevelWord::of(word.load(Relaxed)).is_some())
                    .count(),
                words: geometry.level_count,
            },
            processes: processes(&segment),
        })
    }
}

impl Blocks {
    pub(super) fn of(segment: &Segment) -> Self {
        let mut found = Self::default();
        for block in 0..segment.block_count() {
            match BlockWord::of(segment.word(block).load(Relaxed)) {
                Some(BlockWord::Free { .. }) => found.free += 1,
                Some(BlockWord::Owned { lane, .. }) => {
                    found.owned += 1;
                    found.owned_by_ended += u32::from(segment.lane_has_ended(lane));
                }
                None => found.damaged += 1,
            }
        }
        found
    }
}

fn processes(segment: &Segment) -> Vec<Process> {
    let mut threads = BTreeMap::<u32, usize>::new();
    for index in 0..segment.geometry().lane_count {
        let word = segment.lane_info(index).and_then(|info| info.word);
        // Each thread has one of this kind, and others besides.
        let Some(LaneWord::Live { inc, process, kind }) = word else { continue };
        if kind.is_first() && !segment.lane_has_ended(LaneRef { index, inc }) {
            *threads.entry(process).or_default() += 1;
        }
    }
    let entries = 0..segment.geometry().process_count;
    let entries = entries.filter_map(|index| Some((index, segment.process_info(index)?)));
    entries
        .filter(|(_, info)| info.is_live())
        .map(|(index, info)| Process {
            pid: info.pid,
            name: clean(&info.name),
            alive: !segment.process_is_dead(index),
            threads: threads.get(&index).copied().unwrap_or(0),
            pid_namespace: info.pid_ns,
            start_time: info.start_time,
            dropped: info.drops,
        })
        .collect()
}

fn time(nanoseconds: u64) -> String {
    rfc3339(i64::try_from(nanoseconds).unwrap_or(i64::MAX), Digits::Six)
}

/// 16 bytes as UUIDs are written.
fn uuid(bytes: [u8; 16]) -> String {
    let number = format!("{:032x}", u128::from_be_bytes(bytes));
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| number[part].to_owned()).join("-")
}

/// Another's text, with an escape for each character that is not printed as itself.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\'' | '"' | '\\' => c.to_string(),
            c => c.escape_debug().to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_do_not_reach_the_terminal_as_they_are() {
        assert_eq!(clean("naïve \"日本\" \\x"), "naïve \"日本\" \\x");
        assert_eq!(clean("a\u{1b}[31m\n\u{202e}\u{9b}"), "a\\u{1b}[31m\\n\\u{202e}\\u{9b}");
    }

    #[test]
    fn uuids_are_written_as_usual() {
        let bytes = 0x6ba7b810_9dad_11d1_80b4_00c04fd430c8u128.to_be_bytes();
        assert_eq!(uuid(bytes), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    }
}
