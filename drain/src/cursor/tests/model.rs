//! A model ring with a model drain: numbered records in blocks with generations, owned by lanes.
//!
//! The ring and the files outlive a drain, as they do outside; a drain is one call of [`World::live`]
//! that ends when all is written or when the seam kills it.

use super::drain::Drain;
use crate::{
    ledger::BlockMark,
    seam::hooks::{self, Killed, Script},
    sink::Trouble,
};
use std::{
    any::Any,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

pub(super) const SLOTS: u32 = 4;
pub(super) const BLOCKS: u32 = 6;
pub(super) const LANES: u32 = 3;
const TOTAL: u64 = 17;

/// A record: its number is also its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) sequence: u64,
}

impl Record {
    pub(super) fn line(number: u64) -> String {
        // Lines of different lengths, so that a cut in the wrong place shows.
        format!("record {number:04} {}.\n", "x".repeat(number as usize % 5))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) generation: u32,
    /// (lane, ordinal)
    pub(super) owner: Option<(u32, u64)>,
    pub(super) records: Vec<Record>,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    block: Option<usize>,
    ordinal: u64,
    sequence: u64,
}

/// The ring: what producers have committed and the drain has not freed.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    pub(super) blocks: Vec<Block>,
    lanes: Vec<Lane>,
    pub(super) written: u64,
}

impl Ring {
    fn new() -> Self {
        let block = Block { generation: 1, ..Block::default() };
        Self {
            blocks: vec![block; BLOCKS as usize],
            lanes: vec![Lane::default(); LANES as usize],
            written: 0,
        }
    }

    /// The next record by its lane; false when no block is free for it.
    pub(super) fn produce(&mut self) -> bool {
        let number = self.written + 1;
        let lane = ((number * 5 + number / 4) % u64::from(LANES)) as u32;
        let own = &mut self.lanes[lane as usize];
        let is_own = |b: &Block| b.owner == Some((lane, own.ordinal));
        let has_room = |b: &Block| b.records.len() < SLOTS as usize;
        let open = own.block.filter(|&b| is_own(&self.blocks[b]) && has_room(&self.blocks[b]));
        let at = match open.or_else(|| self.blocks.iter().position(|b| b.owner.is_none())) {
            Some(at) => at,
            None => return false,
        };
        if open.is_none() {
            own.ordinal += 1;
            own.block = Some(at);
            self.blocks[at].owner = Some((lane, own.ordinal));
        }
        own.sequence += 1;
        self.blocks[at].records.push(Record { number, sequence: own.sequence });
        self.written = number;
        true
    }

    /// The records of a block between a position and a number of slots, if it has that generation.
    pub(super) fn between(&self, from: (u32, u32), to: &BlockMark) -> &[Record] {
        let block = &self.blocks[to.block as usize];
        if block.generation != to.generation {
            return &[];
        }
        let from = if from.0 == to.generation { from.1 } else { 0 };
        &block.records[from as usize..to.slots as usize]
    }
}

/// What the renderer gives when a batch is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rendering {
    Same,
    /// It cannot give the same bytes again.
    None,
    /// It gives others.
    Other,
}

/// How a run is set up.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) sinks: Vec<PathBuf>,
    pub(super) total: u64,
    pub(super) batch: usize,
    pub(super) rendering: Rendering,
    /// Done once, when a sink is stuck for the first time.
    pub(super) on_stuck: Option<fn(&Path)>,
    /// Fail this sink in the middle of a batch, after so many records of it; heal it a round later.
    pub(super) fail: Option<(usize, u64)>,
}

/// Ring and files: what outlives a drain.
#[derive(Debug)]
pub(super) struct World {
    pub(super) dir: PathBuf,
    pub(super) ring: Ring,
    pub(super) setup: Setup,
    pub(super) troubles: Vec<Trouble>,
    pub(super) missed: u64,
    pub(super) has_acted: bool,
    pub(super) has_failed: bool,
}

/// How a drain's life ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Finished,
    Killed,
    /// It could not begin.
    Refused(String),
}

/// Ends a run that shows a fault, without a word: mutations are meant to come here.
pub(super) fn fault(message: String) -> ! {
    resume_unwind(Box::new(message))
}

pub(super) fn describe(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => match other.downcast_ref::<&str>() {
            Some(message) => (*message).to_owned(),
            None => "unknown panic".to_owned(),
        },
    }
}

static DIRECTORIES: AtomicU32 = AtomicU32::new(0);

/// An empty directory of this test's own.
pub(super) fn directory() -> PathBuf {
    let base = Path::new("/dev/shm");
    let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
    loop {
        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let dir = base.join(format!("drain-cursor-{}-{number}", std::process::id()));
        match fs::create_dir(&dir) {
            Ok(()) => return dir,
            // A test that failed has left it, whose pid is this one's now.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", dir.display()),
        }
    }
}

impl World {
    pub(super) fn new(sinks: &[&str]) -> Self {
        let dir = directory();
        let sinks = sinks.iter().map(|sink| dir.join(sink)).collect();
        let rendering = Rendering::Same;
        let setup = Setup { sinks, total: TOTAL, batch: 4, rendering, on_stuck: None, fail: None };
        Self::with(dir, setup)
    }

    pub(super) fn with(dir: PathBuf, setup: Setup) -> Self {
        Self {
            dir,
            ring: Ring::new(),
            setup,
            troubles: Vec::new(),
            missed: 0,
            has_acted: false,
            has_failed: false,
        }
    }

    /// Everything as at the beginning.
    pub(super) fn reset(&mut self) {
        for item in fs::read_dir(&self.dir).unwrap() {
            fs::remove_file(item.unwrap().path()).unwrap();
        }
        self.setup.total = TOTAL;
        *self = Self::with(std::mem::take(&mut self.dir), self.setup.clone());
    }

    /// More records than the first life was to write, so that the second always has some.
    pub(super) fn ring_goes_on(&mut self) {
        self.setup.total = TOTAL + 6;
    }

    /// One drain, from its start until all records are written or it is killed.
    pub(super) fn live(&mut self, script: Script) -> End {
        let room = script.room.filter(|_| !self.has_acted);
        hooks::play(Script { room, ..script });
        let life = catch_unwind(AssertUnwindSafe(|| {
            let mut drain = Drain::start(self)?;
            while !drain.is_finished(self) {
                drain.round(self);
            }
            Ok(())
        }));
        hooks::change(|script| *script = Script { mutation: script.mutation, ..Script::default() });
        match life {
            Ok(Ok(())) => End::Finished,
            Ok(Err(refusal)) => End::Refused(refusal),
            Err(payload) if payload.is::<Killed>() => End::Killed,
            Err(payload) => resume_unwind(payload),
        }
    }

    pub(super) fn read(&self, sink: usize) -> String {
        read(&self.setup.sinks[sink])
    }

    /// Every record once, in order, in whole lines, in each sink.
    pub(super) fn check(&self) {
        for sink in 0..self.setup.sinks.len() {
            self.check_text(&self.read(sink));
        }
    }

    pub(super) fn check_text(&self, text: &str) {
        let expected: String = (1..=self.setup.total).map(Record::line).collect();
        let mut lines = text.split_inclusive('\n').zip(expected.split_inclusive('\n'));
        if let Some((found, expected)) = lines.find(|(found, expected)| found != expected) {
            fault(format!("{expected:?} was to come, {found:?} stands there"));
        }
        if text.len() != expected.len() {
            fault(format!("{} bytes were to be there, {} are", expected.len(), text.len()));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.dir.is_dir() {
            _ = fs::remove_dir_all(&self.dir);
        }
    }
}

pub(super) fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap_or_default()).unwrap()
}
