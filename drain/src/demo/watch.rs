//! What goes on beside the demo while its producers run: the progress bar, and two eyes: one on the
//! drain, without which the producers would wait forever, one on the user's Ctrl-C.
//!
//! Its thread starts after the last fork. It owns the drain's process until the demo stops it.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use logring::shm::Segment;
use logring::sync::Ordering;
use logring::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::os::{self, Pid};
use super::{DemoArgs, Drain, Stage};

/// How often it looks.
const TICK: Duration = Duration::from_millis(50);

/// The thread.
pub(super) struct Watch {
    stop: Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Watch {
    /// Starts it.
    ///
    /// # Errors
    /// No room for a thread or a socket.
    pub(super) fn start(
        drain: Drain,
        producers: Vec<Pid>,
        stage: &Stage,
        args: &DemoArgs,
    ) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let segment = Segment::attach(&stage.segment)?;
        let mut progress = Progress::new(stage, args);
        let mut interrupt = Interrupt::new().map_err(|e| Error::os("note signals", e))?;
        let look =
            move || look(drain, &segment, &producers, &mut progress, &mut interrupt, &stopped);
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(look)
            .map_err(|e| Error::os("start a thread", e))?;
        Ok(Self { stop, thread })
    }

    /// Asks the drain to write what is left, and waits until it has ended.
    ///
    /// # Errors
    /// The drain ended before it was asked to, or not well.
    pub(super) fn stop_drain(self) -> Result<()> {
        // The thread may have ended, with the drain.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_else(|_| Err(Error::other("the demo's watch panicked")))
    }
}

/// Looks until it is told to stop the drain, or the drain ends by itself.
fn look(
    mut drain: Drain,
    segment: &Segment,
    producers: &[Pid],
    progress: &mut Progress,
    interrupt: &mut Interrupt,
    stopped: &mpsc::Receiver<()>,
) -> Result<()> {
    let waiting = |e| Error::os("wait for the drain", e);
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
        if let Some(status) = drain.0.try_wait().map_err(waiting)? {
            progress.clear();
            // Nobody empties the ring any more: the producers would wait in it. None of them is reaped
            // before this thread has ended.
            producers.iter().for_each(|pid| pid.kill());
            interrupt.check()?;
            return ended(status, "before it was asked to");
        }
        if interrupt.check().is_err() {
            producers.iter().for_each(|pid| pid.kill());
        }
        progress.show();
    }
    // A drain that has not begun would just die of the signal.
    while !is_at_work(segment, drain.0.id()) && drain.0.try_wait().map_err(waiting)?.is_none() {
        std::thread::sleep(TICK / 10);
    }
    os::terminate(drain.0.id());
    let status = drain.0.wait().map_err(waiting)?;
    progress.clear();
    interrupt.check()?;
    if status.success() { Ok(()) } else { ended(status, "badly") }
}

/// Notes SIGINT and SIGTERM, so that the demo ends with its producers killed and its files removed.
struct Interrupt {
    noted: UnixStream,
    seen: bool,
}

impl Interrupt {
    fn new() -> io::Result<Self> {
        let (noted, note) = UnixStream::pair()?;
        noted.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, note.try_clone()?)?;
        }
        Ok(Self { noted, seen: false })
    }

    /// An error once a signal has come.
    fn check(&mut self) -> Result<()> {
        self.seen = self.seen || matches!(self.noted.read(&mut [0]), Ok(1));
        if self.seen { Err(Error::other("interrupted")) } else { Ok(()) }
    }
}

/// Whether this drain has announced itself, which it does when it handles signals.
fn is_at_work(segment: &Segment, pid: u32) -> bool {
    let area = segment.drain_area();
    // Relaxed: nothing is read on the strength of it.
    area.alive().load(Ordering::Relaxed) == 1 && area.pid().load(Ordering::Relaxed) == pid
}

fn ended(status: ExitStatus, how: &str) -> Result<()> {
    Err(Error::other(format!("the drain ended {how}: {status}")))
}

/// The bar. How many lines stand in the file follows from its length and the first lines.
struct Progress {
    bar: ProgressBar,
    out: PathBuf,
    base: u64,
    records: u64,
    /// Bytes per line, once known.
    line_bytes: Option<u64>,
}

impl Progress {
    fn new(stage: &Stage, args: &DemoArgs) -> Self {
        let records = u64::from(args.processes) * u64::from(args.records);
        let bar = ProgressBar::with_draw_target(Some(records), ProgressDrawTarget::stderr());
        let style = "{bar:40} {human_pos}/{human_len} lines {per_sec} {elapsed}";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well-formed"));
        Self { bar, out: stage.out.clone(), base: stage.base, records, line_bytes: None }
    }

    fn show(&mut self) {
        let Ok(metadata) = fs::metadata(&self.out) else { return };
        let bytes = metadata.len().saturating_sub(self.base);
        if self.line_bytes.is_none() && bytes > 0 {
            self.line_bytes = line_bytes(&self.out, self.base);
        }
        if let Some(line_bytes) = self.line_bytes {
            self.bar.set_position((bytes / line_bytes).min(self.records));
        }
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// The mean length of the first lines beyond `base`.
fn line_bytes(path: &Path, base: u64) -> Option<u64> {
    let mut first = vec![0; 64 * 1024];
    let length = fs::File::open(path).ok()?.read_at(&mut first, base).ok()?;
    let lines = first[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
    (lines > 0).then(|| (length as u64 / lines).max(1))
}
