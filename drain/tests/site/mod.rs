//! What the tests of the shell's commands share: a segment's name and a directory of their own, the
//! command as a process, a drain beside it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

#[path = "../../../tests/common/watch.rs"]
pub mod watch;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use logring::layout::Geometry;
use logring::shm::name::Paths;
use logring::shm::{Segment, SegmentSpec};
use serde_json::Value;

/// A segment's name and a directory; all of it goes when this is dropped.
pub struct Site {
    pub name: String,
    pub directory: PathBuf,
}

impl Site {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("test-shell-{}-{count}", std::process::id());
            let directory = std::env::temp_dir().join(format!("logring-{name}"));
            match fs::create_dir(&directory) {
                Ok(()) => return Self { name, directory },
                // A test that was killed has left it, whose pid is this one's now.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", directory.display()),
            }
        }
    }

    pub fn paths(&self) -> Paths {
        Paths::named(&self.name).expect("good name")
    }

    /// Creates the segment with a ring of so many blocks of 16 slots.
    pub fn create(&self, block_count: u32, process_count: u32) {
        let geometry = Geometry {
            slots_per_block: 16,
            block_count,
            process_count,
            lane_count: 256,
            dictionary_slots: 4096,
            dictionary_bytes: 128 << 10,
            ..Geometry::default()
        };
        let spec = SegmentSpec { geometry, ..SegmentSpec::new(&*self.name) };
        Segment::create(&spec).expect("created");
    }

    /// The binary with these arguments, its runtime directory in the site's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logring-drain"));
        command.env_remove("LOGRING").env("LOGRING_RUNTIME_DIR", self.directory.join("run"));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// `log --segment` of this site with these arguments.
    pub fn log(&self, arguments: &[&str]) -> Output {
        self.run(&[&["log", "--segment", &self.name], arguments].concat())
    }

    /// The same with this on stdin.
    pub fn log_lines(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let mut command = self.command(&[&["log", "--segment", &self.name], arguments].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child.stdin.take().expect("piped").write_all(stdin).expect("it reads");
        child.wait_with_output().expect("our child")
    }

    fn output(&self) -> PathBuf {
        self.directory.join("out.jsonl")
    }

    /// A drain that reads.
    pub fn drain(&self) -> Drain {
        self.drain_into(&[format!("json:{}", self.output().display())])
    }

    /// A drain into these sinks that reads.
    pub fn drain_into(&self, sinks: &[String]) -> Drain {
        let mut command = self.command(&["run", "--segment", &self.name, "--max-hold", "60s"]);
        for sink in sinks {
            command.args(["--sink", sink]);
        }
        let child = command.stderr(Stdio::piped()).spawn().expect("the drain starts");
        watch::watch(child.id());
        let mut drain = Drain(child);
        watch::wait_until("the drain to read", || {
            assert!(drain.0.try_wait().expect("our child").is_none(), "the drain ended");
            Segment::attach(&self.name).is_ok_and(|segment| {
                let area = segment.drain_area();
                area.alive().load(Ordering::Relaxed) == 1
                    && area.pid().load(Ordering::Relaxed) == drain.0.id()
            })
        });
        drain
    }

    /// What a drain writes that runs until all is written.
    pub fn drained(&self) -> Vec<Value> {
        self.drain().stop();
        self.lines().collect()
    }

    /// The lines that drains have written.
    pub fn lines(&self) -> impl Iterator<Item = Value> + use<> {
        let file = File::open(self.output()).expect("a drain has run");
        BufReader::new(file).lines().map(|line| {
            let line = line.expect("the output is read");
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let Paths { segment, lock, drain } = self.paths();
        for path in [segment, lock, drain] {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A drain as a process; killed when it is dropped.
pub struct Drain(pub Child);

impl Drain {
    /// Lets it write what has been committed, and end.
    pub fn stop(mut self) {
        watch::signal(self.0.id(), libc::SIGTERM);
        let mut said = String::new();
        self.0.stderr.as_mut().expect("piped").read_to_string(&mut said).expect("text");
        let status = self.0.wait().expect("our child");
        watch::unwatch(self.0.id());
        assert!(status.success() && said.is_empty(), "{status}: {said}");
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.0.kill();
            let _ = self.0.wait();
            watch::unwatch(self.0.id());
        }
    }
}

/// That it ended with this code and said nothing on stdout; what it said on stderr, which is one line.
pub fn refused(output: &Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("sentences are UTF-8");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    let sentence = said.strip_prefix("logring-drain: ").expect("the command's name comes first");
    let sentence = sentence.strip_suffix('\n').expect("a line ends");
    assert!(!sentence.contains('\n'), "{said}");
    sentence.to_owned()
}

/// That it ended well; what it said on stdout.
pub fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
    String::from_utf8(output.stdout.clone()).expect("text is UTF-8")
}

/// A line without its time and process.
pub fn bare(mut line: Value) -> Value {
    let pairs = line.as_object_mut().expect("an object");
    assert!(pairs.remove("timestamp").is_some() && pairs.remove("pid").is_some());
    line
}
