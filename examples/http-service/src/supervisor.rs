//! Starts the workers and the drain, lets the load run, ends everything, and has the log checked.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Instant;

use logring::shm::Segment;
use logring::sync::Ordering;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::Notify;

use crate::load::{self, Answers};
use crate::worker::reserve;
use crate::{Args, Failure, report};

/// Runs the whole example; whether the log is as it must be.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let file = OpenOptions::new().create(true).append(true).open(&args.out);
    let file = file.map_err(|e| format!("cannot write {}: {e}", args.out.display()))?;
    let base = file.metadata()?.len();
    let mut site = Site::open(args)?;
    println!("serving on http://127.0.0.1:{} with {} workers", site.port, args.workers);

    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answers = if args.requests == 0 {
        runtime.block_on(tokio::signal::ctrl_c())?;
        None
    } else {
        Some(runtime.block_on(site.under_load(args))?)
    };
    let seconds = begin.elapsed().as_secs_f64();
    site.close()?;

    println!("log {}", args.out.display());
    let Some(answers) = answers else { return Ok(true) };
    let report = report::compare(&args.out, base, &answers)?;
    println!("{report}");
    println!("seconds {seconds:.2} rate {:.0}/s", answers.answered.len() as f64 / seconds);
    Ok(report.is_right() && (args.kill_one || answers.cut.is_empty()))
}

/// The processes, and what they need. Dropping it ends and removes all of it.
struct Site {
    segment: String,
    folder: PathBuf,
    port: u16,
    /// Keeps the port ours when a worker dies.
    _reserved: socket2::Socket,
    workers: Vec<Child>,
    drain: Option<Child>,
}

impl Site {
    fn open(args: &Args) -> Result<Self, Failure> {
        let segment = format!("http-service-{}", std::process::id());
        let folder = std::env::temp_dir().join(&segment);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let reserved = reserve(0)?;
        let address = reserved.local_addr()?.as_socket().ok_or("no internet address")?;
        let mut site = Self {
            segment,
            folder,
            port: address.port(),
            _reserved: reserved,
            workers: Vec::new(),
            drain: None,
        };
        let mut sink = std::ffi::OsString::from("json:");
        sink.push(&args.out);
        let mut drain = site.command("drain")?;
        drain.args(["run", "--segment", &site.segment, "--sink"]).arg(sink);
        site.drain = Some(drain.stdin(Stdio::null()).spawn()?);
        for _ in 0..args.workers {
            let worker = site.start_worker()?;
            site.workers.push(worker);
        }
        Ok(site)
    }

    /// This program in another role.
    fn command(&self, role: &str) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).env("LOGRING_RUNTIME_DIR", &self.folder);
        Ok(command)
    }

    /// A worker that listens. It lives until its standard input is closed.
    fn start_worker(&self) -> Result<Child, Failure> {
        let mut command = self.command("worker")?;
        command.args([&self.segment, &self.port.to_string()]);
        let mut worker = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        if let Some(stdout) = worker.stdout.take() {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        if said == "ready\n" {
            return Ok(worker);
        }
        Err(format!("a worker did not start: {}", worker.wait()?).into())
    }

    async fn under_load(&mut self, args: &Args) -> Result<Answers, Failure> {
        let half = Rc::new(Notify::new());
        let load = load::run(self.port, args.requests, args.connections, Rc::clone(&half));
        if !args.kill_one {
            return load.await;
        }
        let replace = async {
            half.notified().await;
            let victim = &mut self.workers[0];
            victim.kill()?;
            victim.wait()?;
            println!("killed worker {}", victim.id());
            self.workers[0] = self.start_worker()?;
            println!("started worker {}", self.workers[0].id());
            Ok::<_, Failure>(())
        };
        let (answers, replaced) = tokio::join!(load, replace);
        replaced?;
        answers
    }

    /// Ends the workers, then the drain, each in its good time.
    fn close(&mut self) -> Result<(), Failure> {
        for mut worker in self.workers.drain(..) {
            drop(worker.stdin.take());
            // A worker that Ctrl-C ended has ended as well.
            worker.wait()?;
        }
        let mut drain = self.drain.take().ok_or("the drain is gone")?;
        let segment = Segment::attach(&self.segment)?;
        let pid = segment.drain_area().pid();
        // A drain that has not begun would just die of the signal.
        while pid.load(Ordering::Relaxed) != drain.id() && drain.try_wait()?.is_none() {
            std::thread::yield_now();
        }
        kill(Pid::from_raw(drain.id().cast_signed()), Signal::SIGTERM)?;
        let status = drain.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the drain: {status}").into()) }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for mut child in self.workers.drain(..).chain(self.drain.take()) {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Err(error) = Segment::remove(&self.segment) {
            eprintln!("http-service: {error}");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
