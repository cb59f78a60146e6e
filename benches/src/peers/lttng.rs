//! LTTng-UST: a session of its own that blocks rather than drops, and the text of it by `babeltrace2`.
//! A session daemon is started and ended with it, unless one runs already.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::native::Library;
use crate::Failure;
use crate::contender::{Case, Contender};

/// How long the daemon may take to be there.
const BEGIN: Duration = Duration::from_secs(20);

pub(super) struct Lttng {
    library: Box<Library>,
    session: Session,
    file: PathBuf,
}

impl Lttng {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let session = Session::start(&file.with_extension("trace"))?;
        // Waits until the daemon has told it which events are wanted.
        let library = Box::new(Library::start("lttng-ust", file)?);
        Ok(Self { library, session, file: file.to_owned() })
    }
}

impl Contender for Lttng {
    fn burst(&self, case: Case, calls: u64) {
        self.library.burst(case, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        let Self { library, session, file } = *self;
        session.stop()?;
        let begin = Instant::now();
        let out = std::fs::File::create(&file)?;
        run(Command::new("babeltrace2").arg(&session.folder).stdout(out))?;
        library.finish()?;
        Ok(begin.elapsed())
    }
}

/// A session, ended with this.
struct Session {
    name: String,
    folder: PathBuf,
    daemon: Option<Child>,
}

impl Session {
    fn start(folder: &Path) -> Result<Self, Failure> {
        let daemon = if lttng(&["--no-sessiond", "list"]).is_ok() { None } else { Some(daemon()?) };
        let name = format!("logring-bench-{}", std::process::id());
        let session = Self { name, folder: folder.to_owned(), daemon };
        let name = session.name.as_str();
        lttng(&["create", name, &format!("--output={}", folder.display())])?;
        // 32 MiB a core, more than the ring: whoever finds them full waits.
        let channel = ["--num-subbuf=16", "--subbuf-size=2M", "--blocking-timeout=inf", "bench"];
        lttng(&[&["enable-channel", "--userspace", "--session", name], &channel[..]].concat())?;
        let events = ["--channel=bench", "logring_bench:*", "--loglevel=INFO"];
        lttng(&[&["enable-event", "--userspace", "--session", name], &events[..]].concat())?;
        lttng(&["start", name])?;
        Ok(session)
    }

    /// All is in the trace then.
    fn stop(&self) -> Result<(), Failure> {
        lttng(&["stop", &self.name])
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // In a process that failed nobody can be told of more.
        let _ = lttng(&["destroy", &self.name]);
        if let Some(daemon) = &mut self.daemon {
            let _ = kill(Pid::from_raw(daemon.id().cast_signed()), Signal::SIGTERM);
            let _ = daemon.wait();
        }
    }
}

/// Starts a daemon and waits until it answers.
fn daemon() -> Result<Child, Failure> {
    let mut daemon = Command::new("lttng-sessiond")
        .arg("--no-kernel")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let begin = Instant::now();
    while lttng(&["--no-sessiond", "list"]).is_err() {
        if let Some(status) = daemon.try_wait()? {
            return Err(format!("lttng-sessiond ended at once, {status}").into());
        }
        if begin.elapsed() > BEGIN {
            let _ = daemon.kill();
            return Err(format!("no answer of lttng-sessiond after {BEGIN:?}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(daemon)
}

fn lttng(arguments: &[&str]) -> Result<(), Failure> {
    run(Command::new("lttng").args(arguments).stdout(Stdio::null()))
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.stderr(Stdio::piped()).spawn()?.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{:?} failed: {}", command.get_program(), said.trim()).into())
}
