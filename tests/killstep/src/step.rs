//! Single steps of a child between two marks that it sets itself.

use std::process::{Child, Command};

use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::Failure;

/// What the child sends itself before and behind what is to be stepped; nobody gets it.
const MARK: Signal = Signal::SIGUSR1;

/// In the child: somebody steps this process from now on.
pub(crate) fn be_stepped() -> Result<(), Failure> {
    Ok(ptrace::traceme()?)
}

/// In the child: what is stepped begins, or ends, here.
pub(crate) fn mark() -> Result<(), Failure> {
    Ok(raise(MARK)?)
}

/// A child at its first mark. Killed when it is dropped.
pub(crate) struct Stepped {
    child: Child,
}

impl Stepped {
    /// Starts the command, which calls [`be_stepped`] and then [`mark`].
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let stepped = Self { child: command.spawn()? };
        loop {
            match stepped.wait()? {
                WaitStatus::Stopped(_, MARK) => return Ok(stepped),
                WaitStatus::Stopped(pid, signal) => ptrace::cont(pid, signal)?,
                ended => return Err(format!("the child came to no mark: {ended:?}").into()),
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait(&self) -> Result<WaitStatus, Failure> {
        Ok(waitpid(Pid::from_raw(self.child.id().cast_signed()), None)?)
    }

    /// One instruction. False when it came to its second mark instead.
    pub(crate) fn step(&mut self) -> Result<bool, Failure> {
        ptrace::step(Pid::from_raw(self.child.id().cast_signed()), None)?;
        match self.wait()? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => Ok(true),
            WaitStatus::Stopped(_, MARK) => Ok(false),
            other => Err(format!("the child was to step, and did: {other:?}").into()),
        }
    }

    /// Lets it run to its end, which must be a good one.
    pub(crate) fn end(self) -> Result<(), Failure> {
        ptrace::cont(Pid::from_raw(self.child.id().cast_signed()), None)?;
        match self.wait()? {
            WaitStatus::Exited(_, 0) => Ok(()),
            ended => Err(format!("the child ended badly: {ended:?}").into()),
        }
    }
}

impl Drop for Stepped {
    fn drop(&mut self) {
        // It may have ended; std has not seen that, but a zombie that was waited for has no pid left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
