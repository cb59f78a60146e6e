//! The storm's supervisor: keeps producers and a drain running, kills them at times that the seed
//! gives, and at the end lets the drain write what is left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use logring::layout::{BlockWord, Geometry};
use logring::shm::{Segment, SegmentSpec};
use logring::sync::Ordering;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::account::{Account, Part};
use crate::acks::Acks;
use crate::producer::THREADS;
use crate::random::Random;
use crate::verify::verify;
use crate::{Failure, Policy};

/// Producer processes at a time.
const PRODUCERS: usize = 4;
/// Milliseconds from one producer's kill to the next.
const PRODUCER_KILL_MS: std::ops::RangeInclusive<u64> = 40..=200;
/// Microseconds for which a producer logs without pauses before it is killed: long enough for a thread
/// that pauses to notice.
const FRENZY_US: std::ops::RangeInclusive<u64> = 500..=30_000;
/// Milliseconds from the drain's start to its kill.
const DRAIN_KILL_MS: std::ops::RangeInclusive<u64> = 150..=1_100;
/// Milliseconds from one stop of a producer or the drain to the next.
const STOP_MS: std::ops::RangeInclusive<u64> = 50..=300;
/// Milliseconds for which a process is stopped.
const STOPPED_MS: std::ops::RangeInclusive<u64> = 1..=40;
/// Bytes of the ring: small, so that it fills while there is no drain.
const RING_BYTES: u64 = 4 << 20;
/// What does not end by itself in this time hangs.
const WATCHDOG: Duration = Duration::from_secs(120);

/// Longest part of a storm: then its files are checked and go, and the next part has its own.
const PART_SECONDS: u64 = 60;

/// Runs the storm; an error when anything was lost, or too little killed.
pub(crate) fn run(seed: u64, seconds: u64, policy: Policy) -> Result<(), Failure> {
    println!("storm seed {seed} seconds {seconds} policy {} begins", policy.name());
    // Children of producers that are killed become children of this process.
    set_child_subreaper(true)?;
    let mut random = Random::new(seed);
    let mut account = Account::new(seed, policy);
    while account.seconds < seconds {
        let part = PART_SECONDS.min(seconds - account.seconds);
        let mut storm = Storm::new(random.next(), part, policy)?;
        let settled = storm.rage(part).and_then(|()| storm.settle(part, &mut account));
        // What a failed storm leaves is there to be looked at.
        let left = format!("see {} and segment {}", storm.folder.display(), storm.segment);
        settled.map_err(|failure| format!("{failure}; {left}"))?;
        if let Err(fault) = account.judge() {
            println!("{account}");
            return Err(format!("{fault}; {left}").into());
        }
        storm.remove();
    }
    println!("{account}");
    account.judge_kills()
}

/// What the storm runs and counts.
struct Storm {
    random: Random,
    policy: Policy,
    segment: String,
    folder: PathBuf,
    drain_binary: PathBuf,
    acks: Acks,
    /// The next thread's number.
    next_thread: usize,
    producers: Vec<Child>,
    /// The first thread of each.
    bases: Vec<usize>,
    drain: Option<Child>,
    producer_kills: u64,
    drain_kills: u64,
}

impl Storm {
    fn new(seed: u64, seconds: u64, policy: Policy) -> Result<Self, Failure> {
        let segment = format!("storm-{}-{}", std::process::id(), policy.name());
        let folder = std::env::temp_dir().join(format!("logring-{segment}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let kills = usize::try_from(seconds * 1_000 / PRODUCER_KILL_MS.start())?;
        let acks = Acks::open(&folder.join("acks"), (PRODUCERS + kills + 1) * THREADS)?;
        let drain_binary = std::env::current_exe()?.with_file_name("logring-drain");
        if !drain_binary.exists() {
            return Err(format!(
                "{} is missing: build logring-drain first",
                drain_binary.display()
            )
            .into());
        }
        let geometry = Geometry::with_ring_bytes(RING_BYTES);
        drop(Segment::create(&SegmentSpec { geometry, ..SegmentSpec::new(&segment) })?);
        let mut storm = Self {
            random: Random::new(seed),
            policy,
            segment,
            folder,
            drain_binary,
            acks,
            next_thread: 0,
            producers: Vec::new(),
            bases: Vec::new(),
            drain: None,
            producer_kills: 0,
            drain_kills: 0,
        };
        storm.drain = Some(storm.start_drain()?);
        for _ in 0..PRODUCERS {
            storm.bases.push(storm.next_thread);
            let producer = storm.start_producer()?;
            storm.producers.push(producer);
        }
        Ok(storm)
    }

    /// Kills until the seconds are over.
    fn rage(&mut self, seconds: u64) -> Result<(), Failure> {
        let end = Instant::now() + Duration::from_secs(seconds);
        let in_ms = |ms| Instant::now() + Duration::from_millis(ms);
        let mut producer_kill = in_ms(self.random.within(PRODUCER_KILL_MS));
        let mut drain_event = in_ms(self.random.within(DRAIN_KILL_MS));
        let mut stop = in_ms(self.random.within(STOP_MS));
        while Instant::now() < end {
            let next = producer_kill.min(drain_event).min(stop).min(end);
            thread::sleep(next.saturating_duration_since(Instant::now()));
            self.nobody_ended_alone()?;
            if next == producer_kill {
                self.kill_a_producer()?;
                producer_kill = in_ms(self.random.within(PRODUCER_KILL_MS));
            } else if next == drain_event {
                let pause = self.kill_or_start_drain()?;
                drain_event = in_ms(pause);
            } else if next == stop {
                self.stop_somebody()?;
                stop = in_ms(self.random.within(STOP_MS));
            }
        }
        Ok(())
    }

    fn kill_a_producer(&mut self) -> Result<(), Failure> {
        let index = self.random.within(0..=PRODUCERS as u64 - 1) as usize;
        self.acks.frenzy(self.bases[index]).store(1, Ordering::Relaxed);
        thread::sleep(Duration::from_micros(self.random.within(FRENZY_US)));
        let status = killed(&mut self.producers[index])?;
        self.producer_kills += u64::from(status.signal() == Some(Signal::SIGKILL as i32));
        // Its child goes with it: it is this process's by now.
        let child = self.acks.child(self.bases[index]).load(Ordering::Acquire);
        if let Ok(child @ 1..) = i32::try_from(child) {
            let child = Pid::from_raw(child);
            kill(child, Signal::SIGKILL)?;
            waitpid(child, None)?;
        }
        self.bases[index] = self.next_thread;
        self.producers[index] = self.start_producer()?;
        Ok(())
    }

    /// Stops a producer or the drain, wherever it stands, and lets it go on after a while.
    fn stop_somebody(&mut self) -> Result<(), Failure> {
        let index = self.random.within(0..=PRODUCERS as u64) as usize;
        let Some(child) = self.producers.get(index).or(self.drain.as_ref()) else { return Ok(()) };
        let pid = Pid::from_raw(child.id().cast_signed());
        kill(pid, Signal::SIGSTOP)?;
        thread::sleep(Duration::from_millis(self.random.within(STOPPED_MS)));
        Ok(kill(pid, Signal::SIGCONT)?)
    }

    /// Kills the drain and starts it again, one time in four after a pause in which the ring fills. The
    /// milliseconds until its next turn.
    fn kill_or_start_drain(&mut self) -> Result<u64, Failure> {
        if let Some(mut drain) = self.drain.take() {
            let status = killed(&mut drain)?;
            self.drain_kills += u64::from(status.signal() == Some(Signal::SIGKILL as i32));
            if self.random.within(1..=4) == 1 {
                return Ok(self.random.within(10..=300));
            }
        }
        self.drain = Some(self.start_drain()?);
        Ok(self.random.within(DRAIN_KILL_MS))
    }

    /// Whoever ended without being killed is a fault.
    fn nobody_ended_alone(&mut self) -> Result<(), Failure> {
        for child in self.producers.iter_mut().chain(self.drain.as_mut()) {
            if let Some(status) = child.try_wait()? {
                return Err(format!("process {} ended by itself: {status}", child.id()).into());
            }
        }
        Ok(())
    }

    /// Lets the producers end and the drain write the rest, and reads the files back.
    fn settle(&mut self, seconds: u64, account: &mut Account) -> Result<(), Failure> {
        if self.drain.is_none() {
            self.drain = Some(self.start_drain()?);
        }
        self.acks.stop();
        for mut producer in self.producers.drain(..) {
            must_end_well("producer", &mut producer)?;
        }
        let mut drain = self.drain.take().ok_or("the drain is gone")?;
        let segment = Segment::attach(&self.segment)?;
        wait_until_at_work(&segment, &mut drain)?;
        kill(Pid::from_raw(drain.id().cast_signed()), Signal::SIGTERM)?;
        must_end_well("drain", &mut drain)?;

        let told = self.acks.told(self.next_thread);
        let files = ["a", "b"].map(|name| self.output(name));
        let files = [verify(&files[0], &told)?, verify(&files[1], &told)?];
        account.add(&Part {
            seconds,
            producer_kills: self.producer_kills,
            drain_kills: self.drain_kills,
            threads_killed: self.producer_kills * THREADS as u64,
            acknowledged: told.iter().map(|told| told.acked).sum(),
            files,
            blocks_leaked: blocks_owned(&segment),
        });
        Ok(())
    }

    fn output(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.jsonl"))
    }

    fn start_producer(&mut self) -> Result<Child, Failure> {
        let base = self.next_thread;
        if base + THREADS > self.acks.threads() {
            return Err("more producers than the ledger has room for".into());
        }
        self.next_thread += THREADS;
        let child = Command::new(std::env::current_exe()?)
            .args(["producer", &self.segment])
            .arg(self.folder.join("acks"))
            .args([base.to_string(), self.random.next().to_string()])
            .arg(self.policy.name())
            .env_remove("LOGRING")
            .stdin(Stdio::null())
            .stderr(self.errors()?)
            .spawn()?;
        Ok(child)
    }

    fn start_drain(&self) -> Result<Child, Failure> {
        let mut command = Command::new(&self.drain_binary);
        command.args(["run", "--segment", &self.segment, "--max-hold", "60s"]);
        for name in ["a", "b"] {
            let mut sink = std::ffi::OsString::from("json:");
            sink.push(self.output(name));
            command.arg("--sink").arg(sink);
        }
        command.env("LOGRING_RUNTIME_DIR", &self.folder);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.errors()?).spawn()?)
    }

    /// Where the processes say what troubles them.
    fn errors(&self) -> Result<File, Failure> {
        Ok(OpenOptions::new().create(true).append(true).open(self.folder.join("stderr"))?)
    }

    /// Removes what a good storm has made.
    fn remove(&self) {
        if let Err(error) = Segment::remove(&self.segment) {
            eprintln!("storm: {error}");
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("storm: cannot remove {}: {error}", self.folder.display());
        }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        for mut child in self.producers.drain(..).chain(self.drain.take()) {
            // It may have ended.
            let _ = killed(&mut child);
        }
    }
}

/// Kills a child and waits for it.
fn killed(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.kill()?;
    child.wait()
}

/// Waits until a drain has announced itself: one that has not begun would just die of a SIGTERM.
fn wait_until_at_work(segment: &Segment, drain: &mut Child) -> Result<(), Failure> {
    let begin = Instant::now();
    let area = segment.drain_area();
    while area.alive().load(Ordering::Relaxed) != 1
        || area.pid().load(Ordering::Relaxed) != drain.id()
    {
        if let Some(status) = drain.try_wait()? {
            return Err(format!("the drain ended by itself: {status}").into());
        }
        if begin.elapsed() > WATCHDOG {
            return Err(format!("drain {} does not begin", drain.id()).into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Waits for a child that has been asked to end.
fn must_end_well(what: &str, child: &mut Child) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return if status.success() { Ok(()) } else { Err(format!("{what}: {status}").into()) };
        }
        if begin.elapsed() > WATCHDOG {
            return Err(format!("{what} {} hangs", child.id()).into());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Blocks that are nobody's and yet not free, once everybody has ended and everything is written.
fn blocks_owned(segment: &Segment) -> u64 {
    let word = |block: u32| {
        let offset = segment.offsets().words + block as usize * 8;
        BlockWord::of(segment.u64_at(offset).load(Ordering::Relaxed))
    };
    let blocks = 0..segment.geometry().block_count;
    blocks.filter(|block| !matches!(word(*block), Some(BlockWord::Free { .. }))).count() as u64
}
