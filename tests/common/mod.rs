//! What the tests with real processes share: names that do not meet, children that are the same test
//! in another process, and lines between them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod acks;
pub mod drain;
pub mod fork;
pub mod trace;
pub mod watch;

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use logring::layout::{BlockWord, Geometry};
use logring::ring::Memory;
use logring::shm::name::Paths;
use logring::shm::{Segment, SegmentSpec};

/// A geometry of about a quarter of a MiB, so that tests are quick.
pub fn small() -> Geometry {
    Geometry {
        slots_per_block: 16,
        block_count: 16,
        process_count: 64,
        lane_count: 256,
        level_count: 16,
        dictionary_slots: 4096,
        dictionary_bytes: 128 << 10,
        ..Geometry::default()
    }
}

/// A name of its own for a segment, whose files go when this is dropped.
pub struct Name(pub String);

impl Name {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = Self(format!("test-{}-{count}", std::process::id()));
            if !name.files().iter().any(|path| path.exists()) {
                return name;
            }
            // A test that was killed has left it, whose pid is this one's now.
            std::mem::forget(name);
        }
    }

    pub fn spec(&self) -> SegmentSpec {
        SegmentSpec { geometry: small(), ..SegmentSpec::new(self.0.clone()) }
    }

    pub fn create(&self) -> &'static Segment {
        Segment::create(&self.spec()).expect("created").leak()
    }

    pub fn paths(&self) -> Paths {
        Paths::named(&self.0).expect("good name")
    }

    fn files(&self) -> [PathBuf; 3] {
        let paths = self.paths();
        [paths.segment, paths.lock, paths.drain]
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        for path in self.files() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A directory of its own, gone when this is dropped.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        loop {
            let path = std::env::temp_dir().join(format!("logring-{}", Name::new().0));
            match std::fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // As in `Name::new`.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("directory");
        entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Blocks of the ring that nobody owns.
pub fn free_blocks(segment: &Segment) -> usize {
    let is_free = |block: &u32| {
        let word = segment.word(*block).load(logring::sync::Ordering::Relaxed);
        matches!(BlockWord::of(word), Some(BlockWord::Free { .. }))
    };
    (0..segment.geometry().block_count).filter(is_free).count()
}

/// Tells a process which part of a test it plays: the part and its argument.
pub const ROLE: &str = "LOGRING_TEST_ROLE";

/// The part that this process plays, when it was started by [`Peer::start`].
pub fn role() -> Option<(String, String)> {
    let role = std::env::var(ROLE).ok()?;
    let (part, argument) = role.split_once(' ').expect("part and argument");
    Some((part.to_owned(), argument.to_owned()))
}

/// Sends a line to whoever started this process.
pub fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    // A newline first: the test harness has written the test's name without one.
    writeln!(out, "\n@{line}").expect("parent listens");
    out.flush().expect("parent listens");
}

/// Waits for a line from whoever started this process; ends the process when that one is gone.
pub fn hear() -> String {
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).expect("stdin") == 0 {
        std::process::exit(0);
    }
    line.trim().to_owned()
}

/// The same test in another process.
pub struct Peer {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Peer {
    /// Starts `test` as `part` with one argument; `wrapper` goes before the command.
    pub fn start_under(wrapper: &[&str], test: &str, part: &str, argument: &str) -> Self {
        let exe = std::env::current_exe().expect("own path");
        let mut words: Vec<std::ffi::OsString> = wrapper.iter().map(Into::into).collect();
        words.push(exe.into());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(ROLE, format!("{part} {argument}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("own binary starts");
        watch::watch(child.id());
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, lines }
    }

    pub fn start(test: &str, part: &str, argument: &str) -> Self {
        Self::start_under(&[], test, part, argument)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it says.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).expect("pipe"), 0, "the peer ended");
            if let Some(said) = line.trim().strip_prefix('@') {
                return said.to_owned();
            }
        }
    }

    pub fn say(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("piped");
        writeln!(stdin, "{line}").expect("the peer listens");
    }

    /// Kills it and waits until the kernel is done with it.
    pub fn kill(mut self) {
        self.child.kill().expect("our child");
        self.child.wait().expect("our child");
        watch::unwatch(self.pid());
    }

    /// Waits until it has killed itself.
    pub fn has_killed_itself(mut self) {
        let status = self.child.wait().expect("our child");
        watch::unwatch(self.pid());
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(libc::SIGKILL), "{status}");
    }

    /// Waits for it to end well.
    pub fn end(mut self) {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.lines, &mut rest).expect("pipe");
        let status = self.child.wait().expect("our child");
        watch::unwatch(self.pid());
        assert!(status.success(), "{status}: {rest}");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            watch::unwatch(self.pid());
        }
    }
}

/// Whether this machine lets us have namespaces of our own, as `unshare` makes them.
pub fn has_namespaces() -> bool {
    let tried = Command::new("unshare").args(["-m", "-p", "-f", "true"]).status();
    tried.is_ok_and(|status| status.success())
}
