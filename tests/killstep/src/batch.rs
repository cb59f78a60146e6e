//! A drain's batch, stepped. At each step that has changed something the real drain recovers segment,
//! ledger and output in place; then all bytes are put back, and the stopped drain goes on.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use logring::shm::Segment;
use logring_drain::Service;

use crate::check::{Expected, check};
use crate::image::{Image, mark_dead};
use crate::recover::{options, recover};
use crate::site::Site;
use crate::step::{Stepped, be_stepped, mark};
use crate::{Failure, Tried};

pub(crate) const NAME: &str = "batch";
/// Records that are in the ring, of a process that has ended; one has its string over several blocks.
const PRODUCER: &str = "blocks";
/// To a drain that is stepped so much time passes between its looks at two clocks that one of them seems
/// to have been set; a batch with such a line in it is written again, not repeated.
const EXPECTED: Expected =
    Expected { acked: 2, one_more: false, may_lose: false, may_tell: &["clock-step", "rewritten"] };

/// The child's part: a drain that is started, then the marks, and one batch between them.
pub(crate) fn child(segment: &str, folder: &Path) -> Result<(), Failure> {
    be_stepped()?;
    let segment = Segment::attach_static(segment)?;
    let started = Service::start(segment, options(folder, &output(folder)));
    let mut service = started.map_err(logring::Error::from)?;
    mark()?;
    service.run(&AtomicBool::new(true))?;
    mark()?;
    Ok(())
}

fn output(folder: &Path) -> PathBuf {
    folder.join("out.jsonl")
}

/// Steps the batch.
pub(crate) fn run() -> Result<Tried, Failure> {
    let site = Site::new(NAME)?;
    let segment = site.segment("")?;
    let child = |case: &str| {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["child", case, &site.name]).arg(&site.folder);
        command.env_remove("LOGRING").stdin(Stdio::null());
        Ok::<_, Failure>(command)
    };
    let mut producer = Stepped::start(&mut child(PRODUCER)?)?;
    while producer.step()? {}
    producer.end()?;

    let mut drain = Stepped::start(&mut child(NAME)?)?;
    let mut tried = Tried::default();
    let mut world = World::new(segment, &site.folder)?;
    let mut last = Ok(());
    loop {
        tried.states += 1;
        let is_new = world.take()?;
        if is_new {
            last = world.attempt(drain.pid());
            world.put_back()?;
        }
        if let Err(failure) = &last {
            tried.bad += 1;
            if is_new {
                println!("killstep: {NAME} at step {}: {failure}", tried.states);
            }
        }
        if !drain.step()? {
            break;
        }
    }
    drain.end()?;
    check(&output(&site.folder), &EXPECTED)
        .map_err(|failure| format!("{NAME} when it was done: {failure}"))?;
    Ok(tried)
}

/// A file and what stood in it.
struct Kept {
    file: File,
    bytes: Vec<u8>,
    fresh: Vec<u8>,
}

impl Kept {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, bytes: Vec::new(), fresh: Vec::new() })
    }

    /// Whether it has changed.
    fn take(&mut self) -> Result<bool, Failure> {
        let len = usize::try_from(self.file.metadata()?.len())?;
        self.fresh.resize(len, 0);
        self.file.read_exact_at(&mut self.fresh, 0)?;
        std::mem::swap(&mut self.bytes, &mut self.fresh);
        Ok(self.bytes != self.fresh)
    }

    fn put_back(&self) -> Result<(), Failure> {
        self.file.set_len(self.bytes.len() as u64)?;
        Ok(self.file.write_all_at(&self.bytes, 0)?)
    }
}

/// All that a drain changes.
struct World {
    segment: &'static Segment,
    folder: PathBuf,
    image: Image,
    ledger: Kept,
    output: Kept,
    lock: Kept,
}

impl World {
    fn new(segment: &'static Segment, folder: &Path) -> Result<Self, Failure> {
        let paths = segment.paths().ok_or("the segment has no name")?;
        Ok(Self {
            segment,
            folder: folder.to_owned(),
            image: Image::default(),
            ledger: Kept::open(&folder.join(format!("{}.ledger", segment.name())))?,
            output: Kept::open(&output(folder))?,
            lock: Kept::open(&paths.drain)?,
        })
    }

    /// Whether anything has changed since the last time.
    fn take(&mut self) -> Result<bool, Failure> {
        let changed = [
            self.image.take(self.segment),
            self.ledger.take()?,
            self.output.take()?,
            self.lock.take()?,
        ];
        Ok(changed.contains(&true))
    }

    /// Recovers what is there, as if thread `drain` had been killed.
    fn attempt(&self, drain: u32) -> Result<(), Failure> {
        let mut lock = self.lock.bytes.clone();
        mark_dead(&mut lock, 0, drain);
        self.lock.file.write_all_at(&lock, 0)?;
        recover(self.segment, &self.folder, &output(&self.folder), &EXPECTED)?;
        let files = fs::read_dir(&self.folder)?.count();
        if files == 2 { Ok(()) } else { Err(format!("{files} files, expected 2").into()) }
    }

    fn put_back(&self) -> Result<(), Failure> {
        self.image.put(self.segment, 0);
        self.ledger.put_back()?;
        self.output.put_back()?;
        self.lock.put_back()
    }
}
