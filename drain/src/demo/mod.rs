//! `logring-drain demo`: many real processes, one drain, one ordered file, every record accounted for.
//!
//! The command line calls [`run`]. It must be called while the process has one thread: the producers
//! are forked from it. The drain is a child too, this same program started anew; what the demo makes
//! beside the file that `--out` names, it removes.

mod check;
mod os;
mod producers;
mod watch;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use logring::layout::{Geometry, dictionary, geometry};
use logring::shm::{Segment, SegmentSpec};
use logring::sync::Ordering;
use logring::{Error, Result};

use crate::cli::demo::DemoArgs;
use crate::cli::exit::{Exit, Failure};
use check::Tally;
use producers::Producers;
use watch::Watch;

/// Runs the demo and prints what came of it; its last two lines are `phases ...` and `records ...`.
///
/// # Errors
/// What kept it from running to its end.
pub(crate) fn run(args: &DemoArgs) -> Result<Exit, Failure> {
    let most = Geometry::default().process_count;
    if args.processes > most {
        let message = format!("--processes is {}, expected 1 to {most}", args.processes);
        return Err(Failure::new(Exit::Usage, message));
    }
    let tally = play(args)?;
    Ok(if tally.is_perfect() { Exit::Ok } else { Exit::Difference })
}

/// The whole demo, from an empty segment to its two closing lines.
fn play(args: &DemoArgs) -> Result<Tally, Failure> {
    let begin = Instant::now();
    os::forget_variable("LOGRING");
    let stage = Stage::set(args)?;
    let drain = stage.start_drain()?;
    let mut producers = Producers::start(&stage.segment, args)?;
    let watch = Watch::start(drain, producers.pids(), &stage, args)?;
    let ready = producers.wait_until_attached();
    let start = begin.elapsed();

    match ready {
        Ok(()) => producers.release(),
        Err(_) => producers.kill(),
    }
    let logged = producers.wait_until_logged();
    let run = begin.elapsed() - start;
    let ended = producers.wait_until_ended();
    let end = begin.elapsed() - start - run;

    watch.stop_drain()?;
    let drained = begin.elapsed() - start - run - end;
    ready?;
    logged?;
    ended?;

    let callsites = callsites(&stage.attached);
    let checking = Instant::now();
    let tally = stage.check(&producers.numbers(), args.records)?;
    let check = checking.elapsed();
    if let Some(out) = &args.out {
        println!("output {}", out.display());
    }
    println!("callsites {callsites} in the segment, used by {} processes", args.processes);
    print_result(&tally, [start, run, end, drained, check]);
    Ok(tally)
}

/// The closing lines. The seconds of the second one are the first four phases: what it takes until
/// the last record is in the file.
fn print_result(tally: &Tally, [start, run, end, drain, check]: [Duration; 5]) {
    let seconds = |phase: Duration| phase.as_secs_f64();
    println!(
        "phases start {:.2} run {:.2} end {:.2} drain {:.2} check {:.2}",
        seconds(start),
        seconds(run),
        seconds(end),
        seconds(drain),
        seconds(check)
    );
    let total = seconds(start + run + end + drain);
    println!(
        "records {} delivered {} lost {} torn {} duplicated {} malformed {} out-of-order {} \
         seconds {total:.2} rate {:.0}/s",
        tally.records,
        tally.delivered,
        tally.lost,
        tally.torn,
        tally.duplicated,
        tally.malformed,
        tally.out_of_order,
        tally.records as f64 / total,
    );
}

/// A block for each process and as many again, so that few of them wait for the drain.
fn ring_bytes(processes: u32) -> u64 {
    let block = Geometry::default().block_bytes() as u64;
    (block * 2 * u64::from(processes)).max(geometry::RING_BYTES)
}

/// The segment, the folder and the file of one demo; dropping it removes what is the demo's own.
struct Stage {
    segment: String,
    folder: PathBuf,
    out: PathBuf,
    /// Length of the output before the demo.
    base: u64,
    attached: Segment,
}

impl Stage {
    fn set(args: &DemoArgs) -> Result<Self, Failure> {
        let segment = format!("demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(format!("logring-{segment}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|e| Error::os(format!("create {}", folder.display()), e))?;
        let out = args.out.clone().unwrap_or_else(|| folder.join("demo.jsonl"));
        let geometry = Geometry::with_ring_bytes(ring_bytes(args.processes));
        let spec = SegmentSpec { geometry, ..SegmentSpec::new(&segment) };
        let attached = Segment::create(&spec).inspect_err(|_| {
            let _ = fs::remove_dir_all(&folder);
        })?;
        // From here on dropping it removes what has been made.
        let mut stage = Self { segment, folder, out, base: 0, attached };
        // Last, so that no empty file is left where nothing could be written.
        stage.base = open_output(&stage.out).map_err(|error| Failure::sink(&error))?;
        Ok(stage)
    }

    /// The drain: this program again, with a runtime directory of its own.
    fn start_drain(&self) -> Result<Drain> {
        let mut sink = std::ffi::OsString::from("json:");
        sink.push(&self.out);
        Command::new("/proc/self/exe")
            .args(["run", "--segment", &self.segment, "--max-hold", "60s", "--sink"])
            .arg(sink)
            .env("LOGRING_RUNTIME_DIR", &self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map(Drain)
            .map_err(|e| Error::os("start the drain", e))
    }

    fn check(&self, pids: &[u32], records: u32) -> Result<Tally> {
        let failed = |e| Error::os(format!("read {} back", self.out.display()), e);
        let file = File::open(&self.out).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() <= self.base {
            return Ok(check::check(&[], pids, records));
        }
        let bytes = os::map(&file).map_err(failed)?;
        Ok(check::check(&bytes[self.base as usize..], pids, records))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = Segment::remove(&self.segment) {
            eprintln!("demo: {error}");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The drain's process; dropping it ends it.
struct Drain(Child);

impl Drop for Drain {
    fn drop(&mut self) {
        // Both fail, as they may, when it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many callsites stand in the segment's dictionary.
fn callsites(segment: &Segment) -> usize {
    let offsets = segment.offsets();
    let is_callsite = |slot: &u32| {
        let word = segment.u64_at(offsets.dictionary + *slot as usize * 8);
        // Relaxed: those who wrote it have ended.
        let dictionary::Entry::Ready { offset, .. } =
            dictionary::Entry::of(word.load(Ordering::Relaxed))
        else {
            return false;
        };
        let mut kind = Vec::with_capacity(1);
        if u64::from(offset) < segment.geometry().dictionary_bytes {
            segment.view().copy_out(offsets.blob + offset as usize, 1, &mut kind);
        }
        kind == [dictionary::KIND_CALLSITE]
    };
    (0..segment.geometry().dictionary_slots).filter(is_callsite).count()
}

/// Makes sure that the output can be written; its present length.
fn open_output(path: &Path) -> Result<u64> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|file| file.metadata())
        .map(|metadata| metadata.len())
        .map_err(|e| Error::os(format!("open {} for writing", path.display()), e))
}
