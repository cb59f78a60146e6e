//! Single steps of a child between two marks that it sets itself.

use std::ops::Range;
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
    /// Where the kernel's code for reading clocks stands.
    vdso: Range<u64>,
}

impl Stepped {
    /// Starts the command, which calls [`be_stepped`] and then [`mark`].
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut stepped = Self { child: command.spawn()?, vdso: 0..0 };
        loop {
            match stepped.wait()? {
                WaitStatus::Stopped(_, MARK) => {
                    stepped.vdso = vdso(stepped.pid())?;
                    return Ok(stepped);
                }
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

    /// One instruction, or a whole look at a clock. False when it came to its second mark instead.
    pub(crate) fn step(&mut self) -> Result<bool, Failure> {
        ptrace::step(Pid::from_raw(self.child.id().cast_signed()), None)?;
        match self.wait()? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => self.read_clock(),
            WaitStatus::Stopped(_, MARK) => Ok(false),
            other => Err(format!("the child was to step, and did: {other:?}").into()),
        }
    }

    /// Lets it run until it has left the kernel's code for reading clocks, which writes to nothing but
    /// its stack. That begins anew whenever the kernel has set its clocks meanwhile, as it does at each
    /// tick: in single steps it would hardly ever end.
    fn read_clock(&self) -> Result<bool, Failure> {
        const BREAKPOINT: i64 = 0xcc;
        let pid = Pid::from_raw(self.child.id().cast_signed());
        if !self.vdso.contains(&ptrace::getregs(pid)?.rip) {
            return Ok(true);
        }
        // It has just been called: what is on the top of its stack is where it returns to.
        let caller = ptrace::read(pid, ptrace::getregs(pid)?.rsp as ptrace::AddressType)?;
        let code = ptrace::read(pid, caller as ptrace::AddressType)?;
        ptrace::write(pid, caller as ptrace::AddressType, (code & !0xff) | BREAKPOINT)?;
        ptrace::cont(pid, None)?;
        let stopped = self.wait()?;
        if !matches!(stopped, WaitStatus::Stopped(_, Signal::SIGTRAP)) {
            return Err(format!("the child was to read a clock, and did: {stopped:?}").into());
        }
        ptrace::write(pid, caller as ptrace::AddressType, code)?;
        let mut regs = ptrace::getregs(pid)?;
        regs.rip = caller.cast_unsigned();
        Ok(ptrace::setregs(pid, regs).map(|()| true)?)
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

/// Where the kernel's own code stands in process `pid`; nowhere when it has none.
fn vdso(pid: u32) -> Result<Range<u64>, Failure> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let Some(line) = maps.lines().find(|line| line.ends_with("[vdso]")) else {
        return Ok(0..0);
    };
    let range = line.split(' ').next().and_then(|range| range.split_once('-'));
    let (from, to) = range.ok_or_else(|| format!("a line of maps has no range: {line}"))?;
    Ok(u64::from_str_radix(from, 16)?..u64::from_str_radix(to, 16)?)
}
