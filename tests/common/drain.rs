//! The real drain beside a test: its binary, a segment of the test's own, and what it has written.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use logring::shm::Segment;
use logring::sync::Ordering;
use serde_json::Value;

use super::watch::{signal, unwatch, wait_until, watch};
use super::{Directory, Name, Peer};

/// The drain's binary of this profile, built when it is missing or older than its sources.
pub fn drain_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // Cargo has built it for the tests of the drain's own package.
        if let Some(binary) = option_env!("CARGO_BIN_EXE_logring-drain") {
            return binary.into();
        }
        let exe = std::env::current_exe().expect("own path");
        // target/<profile>/deps/<test>
        let profile = exe.ancestors().nth(2).expect("three levels below target");
        let binary = profile.join("logring-drain");
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.ancestors().find(|root| root.join("drain/src").is_dir());
        let root = root.expect("the test's package stands in the workspace");
        let newest = newest(&root.join("src")).max(newest(&root.join("drain/src")));
        let built = binary.metadata().and_then(|meta| meta.modified());
        if built.is_ok_and(|built| built >= newest) {
            return binary;
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "-p", "logring-drain"]).current_dir(root);
        build.arg("--target-dir").arg(profile.parent().expect("the target directory"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let status = build.status().expect("cargo starts");
        assert!(status.success() && binary.exists(), "cargo build -p logring-drain: {status}");
        binary
    })
}

/// When the newest file below `folder` was changed.
fn newest(folder: &Path) -> SystemTime {
    let entries = std::fs::read_dir(folder).expect("sources");
    let changed = entries.map(|entry| {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            return newest(&path);
        }
        path.metadata().and_then(|meta| meta.modified()).expect("a time of change")
    });
    changed.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A segment's name, and a directory for what its drain keeps and writes.
pub struct Site {
    pub name: Name,
    pub directory: Directory,
}

impl Site {
    pub fn new() -> Self {
        Self { name: Name::new(), directory: Directory::new() }
    }

    pub fn segment(&self) -> &str {
        &self.name.0
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.0.join(name)
    }

    /// The file of a drain with one sink.
    pub fn output(&self) -> PathBuf {
        self.path("out.jsonl")
    }

    /// `logring-drain run` on this segment into these files, with its ledger in the directory.
    pub fn command(&self, outputs: &[&Path]) -> Command {
        // Processes stand still for long on a busy machine, and order is to wait for them.
        self.command_holding(outputs, "60s")
    }

    /// The same with this `--max-hold`.
    pub fn command_holding(&self, outputs: &[&Path], max_hold: &str) -> Command {
        let mut command = drain_command();
        command.env("LOGRING_RUNTIME_DIR", self.path("run"));
        command.args(["run", "--segment", self.segment(), "--max-hold", max_hold]);
        for output in outputs {
            command.arg("--sink").arg(format!("json:{}", output.display()));
        }
        command
    }

    /// A drain into [`Site::output`] that reads.
    pub fn start_drain(&self) -> Drain {
        self.start(self.command(&[&self.output()]))
    }

    /// This test in another process, which plays `part` and whose drains keep their ledgers in the
    /// directory.
    pub fn peer(&self, test: &str, part: &str, argument: &str) -> Peer {
        let runtime = format!("LOGRING_RUNTIME_DIR={}", self.path("run").display());
        Peer::start_under(&["env", "-u", "LOGRING", &runtime], test, part, argument)
    }

    /// The drain of this command, reading.
    pub fn start(&self, command: Command) -> Drain {
        let mut drain = Drain::spawn(command);
        drain.wait_until_it_reads(self.segment());
        drain
    }
}

/// The command with faults in its system calls, each as `strace` takes them: `pwrite64:error=EIO:when=3`.
/// The tracer is its grandchild, so that the child is the command itself.
pub fn with_faults(command: &Command, faults: &[String]) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-D", "-qq", "-o", "/dev/null", "-e", "signal=none"]);
    for fault in faults {
        let (call, _) = fault.split_once(':').expect("a call and what happens to it");
        traced.arg("-e").arg(format!("trace={call}")).arg("-e").arg(format!("inject={fault}"));
    }
    traced.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(key, value),
            None => traced.env_remove(key),
        };
    }
    traced
}

/// The drain's binary in an environment that says nothing about logging.
pub fn drain_command() -> Command {
    let mut command = Command::new(drain_binary());
    command.env_remove("LOGRING").stdin(Stdio::null());
    command
}

/// A drain as a process; killed when it is dropped.
pub struct Drain {
    child: Child,
}

impl Drain {
    pub fn spawn(command: Command) -> Self {
        Self::spawn_into(command, Stdio::null())
    }

    /// The same, with somebody who reads what it prints.
    pub fn spawn_into(mut command: Command, stdout: Stdio) -> Self {
        let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
        let child = child.expect("the drain starts");
        watch(child.id());
        Self { child }
    }

    /// One that was started by hand; what it prints goes where its caller has said.
    pub fn adopt(child: Child) -> Self {
        watch(child.id());
        Self { child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it holds the segment and reads.
    pub fn wait_until_it_reads(&mut self, segment: &str) {
        wait_until("the drain to read", || {
            self.must_run();
            Segment::attach(segment).is_ok_and(|segment| {
                let area = segment.drain_area();
                area.alive().load(Ordering::Relaxed) == 1
                    && area.pid().load(Ordering::Relaxed) == self.pid()
            })
        });
    }

    /// Fails when it has ended by itself.
    pub fn must_run(&mut self) {
        if self.child.try_wait().expect("our child").is_some() {
            let mut said = String::new();
            let stderr = self.child.stderr.as_mut().expect("piped");
            stderr.read_to_string(&mut said).expect("the drain says text");
            panic!("the drain ended by itself: {said}");
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    /// Waits for its end: how it ended and what it said on stderr.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let stderr = self.child.stderr.as_mut().expect("piped");
        stderr.read_to_string(&mut said).expect("the drain says text");
        let status = self.child.wait().expect("our child");
        unwatch(self.pid());
        (status, said)
    }

    /// Sends it this signal, and waits until it has ended well and in silence.
    pub fn end_by(self, number: libc::c_int) {
        signal(self.pid(), number);
        let (status, said) = self.wait();
        assert!(status.success(), "{status}: {said}");
        assert_eq!(said, "", "what a drain says at its end");
    }

    /// Lets it write what has been committed, and end.
    pub fn stop(self) {
        self.end_by(libc::SIGTERM);
    }

    /// Kills it, wherever it stands.
    pub fn kill(mut self) {
        self.child.kill().expect("our child");
        self.child.wait().expect("our child");
        unwatch(self.pid());
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            unwatch(self.pid());
        }
    }
}

/// The lines of an output file, each of them whole JSON, the last one ended.
pub fn lines(path: &Path) -> impl Iterator<Item = Value> + use<> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    let mut number = 0;
    std::iter::from_fn(move || {
        line.clear();
        number += 1;
        if reader.read_until(b'\n', &mut line).expect("the output is read") == 0 {
            return None;
        }
        let text = || String::from_utf8_lossy(&line[..line.len().min(200)]);
        assert_eq!(line.last(), Some(&b'\n'), "line {number} has no end: {}", text());
        let value = serde_json::from_slice(&line);
        Some(value.unwrap_or_else(|error| panic!("line {number}: {error}: {}", text())))
    })
}

/// How many lines have been ended in an output file; the last one may be under way.
pub fn ended_lines(path: &Path) -> usize {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// A number in a line.
pub fn number(line: &Value, key: &str) -> u64 {
    line[key].as_u64().unwrap_or_else(|| panic!("no number {key:?} in {line}"))
}

/// Whether a line is the drain's own.
pub fn is_notice(line: &Value) -> bool {
    line["target"] == "logring"
}
