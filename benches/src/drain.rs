//! The real drain as a child process, and a segment and a folder of the benchmark's own.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use logring::shm::Segment;
use logring::shm::name::Paths;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

use crate::Failure;

/// A segment's name and a folder for what is written; both go when this is dropped.
#[derive(Debug)]
pub struct Place {
    segment: String,
    folder: PathBuf,
}

impl Place {
    /// A place for the benchmark `name`.
    ///
    /// # Errors
    /// No folder can be made in the system's temporary directory.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let segment = format!("bench-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(format!("logring-{segment}"));
        // The drain keeps its ledger there, and insists on being alone.
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { segment, folder })
    }

    /// The segment's name.
    #[must_use]
    pub fn segment(&self) -> &str {
        &self.segment
    }

    /// The folder, which only this user can read.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of this name in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // By its files: `Segment::remove` would refuse while this process itself is attached. What
        // cannot be removed lies there under a name that says whose it was.
        if let Ok(paths) = Paths::named(&self.segment) {
            for path in [paths.segment, paths.drain, paths.lock] {
                let _ = std::fs::remove_file(path);
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Longest wait for a drain to begin.
const BEGIN: Duration = Duration::from_secs(20);

/// A running drain.
#[derive(Debug)]
pub struct Drain {
    child: Child,
    /// What its start took of processor time, the creation of the segment for the most part.
    start_cpu: Duration,
}

impl Drain {
    /// Builds the drain as this program was built, so that it is never an old one that is measured.
    ///
    /// # Errors
    /// It does not compile.
    pub fn build() -> Result<PathBuf, Failure> {
        let own = std::env::current_exe()?;
        let folder = own.parent().ok_or("this program has no folder")?;
        let profile = match folder.file_name().and_then(OsStr::to_str) {
            Some("debug") => "dev",
            Some(profile) => profile,
            None => return Err("this program's folder has no name".into()),
        };
        // The same packages and features as of this program, or all would be compiled twice.
        let mut features = Vec::new();
        for (is_on, feature) in [
            (cfg!(feature = "peers"), "logring-bench/peers"),
            (cfg!(feature = "rhai"), "logring-bench/rhai"),
        ] {
            features.extend(is_on.then_some(["--features", feature]).into_iter().flatten());
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", "logring-drain", "-p", "logring-bench"])
            .args(["--bin", "logring-drain"])
            .args(features)
            .args(["--profile", profile])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()?;
        if !built.success() {
            return Err("the drain does not build".into());
        }
        Ok(folder.join("logring-drain"))
    }

    /// Where [`Drain::build`] has put it.
    ///
    /// # Errors
    /// This program has no folder.
    pub fn program() -> Result<PathBuf, Failure> {
        let own = std::env::current_exe()?;
        Ok(own.parent().ok_or("this program has no folder")?.join("logring-drain"))
    }

    /// Starts the drain `program` on the segment of `place`, one JSON sink into `file`, and waits
    /// until it holds the segment's drain lock.
    ///
    /// # Errors
    /// It cannot be started, or ends.
    pub fn start(program: &Path, place: &Place, file: &Path) -> Result<Self, Failure> {
        Self::start_with(program, place, &[&format!("json:{}", file.display())], &[])
    }

    /// The same with these sinks, as the command line has them, and further arguments.
    ///
    /// # Errors
    /// It cannot be started, or ends.
    pub fn start_with(
        program: &Path,
        place: &Place,
        sinks: &[&str],
        arguments: &[&str],
    ) -> Result<Self, Failure> {
        let child = Command::new(program)
            .args(["run", "--segment", place.segment()])
            .args(sinks.iter().flat_map(|sink| ["--sink", sink]))
            .args(arguments)
            .env("LOGRING_RUNTIME_DIR", &place.folder)
            .stdin(Stdio::null())
            .spawn()?;
        let mut drain = Self { child, start_cpu: Duration::ZERO };
        let deadline = Instant::now() + BEGIN;
        loop {
            if let Some(status) = drain.child.try_wait()? {
                return Err(format!("the drain ended at once, {status}").into());
            }
            if Segment::attach(place.segment()).is_ok_and(|segment| segment.drain_is_alive()) {
                drain.start_cpu = drain.processor_time()?;
                return Ok(drain);
            }
            if Instant::now() > deadline {
                return Err(format!("no drain after {BEGIN:?}").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The processor time that it has taken so far.
    ///
    /// # Errors
    /// `/proc` does not say.
    pub fn processor_time(&self) -> Result<Duration, Failure> {
        time_on_processor(&self.child.id().to_string())
    }

    /// The most memory that it has held, in bytes.
    ///
    /// # Errors
    /// `/proc` does not say.
    pub fn peak_bytes(&self) -> Result<u64, Failure> {
        peak_bytes(self.child.id())
    }

    /// Tells it to end after the last record, and waits; returns the processor time that it took
    /// since it was ready.
    ///
    /// # Errors
    /// It ends with another exit code than 0.
    pub fn end(mut self) -> Result<Duration, Failure> {
        let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        kill(self.pid(), Signal::SIGTERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(format!("the drain ended with {status}").into());
        }
        let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let whole = processor_time(&after).saturating_sub(processor_time(&before));
        Ok(whole.saturating_sub(self.start_cpu))
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // After `end` it is gone; in a benchmark that failed it would stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time in user code and in the kernel.
#[must_use]
pub fn processor_time(usage: &Usage) -> Duration {
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(us.unsigned_abs())
}

/// The processor time of process or thread `task`, a folder of `/proc`.
///
/// # Errors
/// `/proc` does not say.
pub fn time_on_processor(task: &str) -> Result<Duration, Failure> {
    let path = format!("/proc/{task}/schedstat");
    let text = std::fs::read_to_string(&path)?;
    let ns = text.split(' ').next().ok_or_else(|| format!("{path} is empty"))?;
    Ok(Duration::from_nanos(ns.parse()?))
}

/// The most memory that a process has held, in bytes; what it maps of a segment is in it.
///
/// # Errors
/// `/proc` does not say.
pub fn peak_bytes(pid: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or_else(|| format!("{path} has no VmHWM"))?.trim().parse::<u64>()? * 1024)
}
