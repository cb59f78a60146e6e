//! The demo's producers: forked processes that attach, wait at a gate, and log.
//!
//! Steps and gate are pipes, so that a process that dies in between is an end of file and never a
//! hang: each producer says one byte when it has attached, and one when its last call has returned;
//! closing the gate's one writer releases all of them in the same instant.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use logring::{Error, Overflow, Result, info};

use super::DemoArgs;
use super::os::{self, Exit, Pid};

/// What a producer's exit code says.
const ATTACH_FAILED: i32 = 3;
/// It panicked.
const PANICKED: i32 = 101;

/// The forked processes.
pub(super) struct Producers {
    pids: Vec<Pid>,
    steps: PipeReader,
    gate: Option<PipeWriter>,
}

impl Producers {
    /// Forks them. On an error those that have started are gone again.
    ///
    /// # Errors
    /// No room for so many processes.
    pub(super) fn start(segment: &str, args: &DemoArgs) -> Result<Self> {
        let pipe = || io::pipe().map_err(|e| Error::os("create a pipe", e));
        let (steps, say_step) = pipe()?;
        let (mut wait_gate, gate) = pipe()?;
        let mut all = Self { pids: Vec::new(), steps, gate: Some(gate) };
        for _ in 0..args.processes {
            match os::fork() {
                Ok(Some(pid)) => all.pids.push(pid),
                Ok(None) => {
                    // The gate opens when its last writer is closed: the copy here must go.
                    all.gate = None;
                    let work = || produce(segment, args, say_step, &mut wait_gate);
                    os::exit_now(catch_unwind(AssertUnwindSafe(work)).unwrap_or(PANICKED));
                }
                Err(error) => {
                    let number = all.pids.len() + 1;
                    return Err(Error::os(format!("fork process {number}"), error));
                }
            }
        }
        drop(say_step);
        Ok(all)
    }

    /// Waits until each has attached.
    ///
    /// # Errors
    /// One of them could not; it has said why on stderr.
    pub(super) fn wait_until_attached(&mut self) -> Result<()> {
        let (said, all) = (self.wait_for_steps()?, self.pids.len());
        if said == all {
            return Ok(());
        }
        Err(Error::other(format!("{} of {all} processes could not attach", all - said)))
    }

    /// Waits until the last call of each has returned, or it has ended before.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn wait_until_logged(&mut self) -> Result<()> {
        self.wait_for_steps().map(|_| ())
    }

    /// Waits for a byte of each; how many there were before all had ended.
    fn wait_for_steps(&mut self) -> Result<usize> {
        let mut said = Vec::new();
        let read = (&mut self.steps).take(self.pids.len() as u64).read_to_end(&mut said);
        read.map_err(|e| Error::os("wait for the processes", e))
    }

    /// Lets them write.
    pub(super) fn release(&mut self) {
        self.gate = None;
    }

    /// Ends those that live.
    pub(super) fn kill(&self) {
        self.pids.iter().for_each(|pid| pid.kill());
    }

    /// Waits for the end of each. They stay as zombies until this is dropped, so that nobody else
    /// gets their numbers while the watch may have to kill them.
    ///
    /// # Errors
    /// One of them did not end by itself, or not well.
    pub(super) fn wait_until_ended(&self) -> Result<()> {
        let mut failed = 0;
        for pid in &self.pids {
            let exit = pid.wait_for_end().map_err(|e| Error::os("wait for a process", e))?;
            failed += usize::from(exit != Exit::Code(0));
        }
        if failed == 0 {
            return Ok(());
        }
        Err(Error::other(format!("{failed} of {} processes ended badly", self.pids.len())))
    }

    /// Their process ids, as this process sees them.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.pids.iter().map(|pid| pid.number()).collect()
    }

    /// A copy of the list for whoever may have to end them.
    pub(super) fn pids(&self) -> Vec<Pid> {
        self.pids.clone()
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        self.kill();
        self.pids.iter().for_each(|pid| pid.reap());
    }
}

/// What a producer does; its exit code.
fn produce(segment: &str, args: &DemoArgs, mut say_step: PipeWriter, gate: &mut PipeReader) -> i32 {
    let guard = match logring::builder(segment).overflow(Overflow::BlockForever).install() {
        Ok(guard) => guard,
        Err(error) => {
            eprintln!("demo: process {}: {error}", std::process::id());
            return ATTACH_FAILED;
        }
    };
    // So that what is measured is logging: the rest is starting processes.
    logring::logger().prepare();
    if say_step.write_all(&[1]).is_err() {
        return ATTACH_FAILED;
    }
    // Nobody writes: this returns when the gate's last writer is closed.
    let _ = gate.read(&mut [0]);
    for n in 0..args.records {
        info!(target: "demo", "This is logging {n} for TEST", n);
    }
    // Who does not hear it waits for the process's end.
    let _ = say_step.write_all(&[1]);
    drop(guard);
    0
}
