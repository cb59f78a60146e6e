//! D4: streams and whole cursors by hand: FIFOs, full devices, full disks, files changed under way.

use super::model::{directory, read};
use crate::{
    cursor::{Batch, Cursor, Step},
    ledger::{BlockMark, ClockLine, Ledger, Marks},
    seam::hooks::{self, Script},
    sink::{SinkSpec, TroubleKind},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

struct Sinks {
    dir: PathBuf,
    ledger: Arc<Ledger>,
    cursors: Vec<Cursor>,
    now: Instant,
    slots: u32,
}

fn spec(path: &Path) -> SinkSpec {
    SinkSpec::parse(&format!("json:{}", path.display()), &["json"]).unwrap()
}

impl Sinks {
    fn open(dir: PathBuf, paths: &[PathBuf]) -> Self {
        let specs: Vec<SinkSpec> = paths.iter().map(|path| spec(path)).collect();
        let names: Vec<String> = specs.iter().map(|spec| spec.cursor_name().unwrap()).collect();
        let (ledger, _) = Ledger::open(&dir.join("ledger"), [7; 16], 8, 4, &names).unwrap();
        let ledger = Arc::new(ledger);
        let open = |(n, spec): (usize, &SinkSpec)| Cursor::open(&ledger, n, spec).unwrap();
        let cursors = specs.iter().enumerate().map(open).collect();
        Self { dir, ledger, cursors, now: Instant::now(), slots: 0 }
    }

    fn submit(&mut self, text: &str) {
        self.slots += 1;
        let mark = BlockMark { block: 3, generation: 1, slots: self.slots };
        let marks = Marks { blocks: vec![mark], lanes: Vec::new() };
        let clock = ClockLine::default();
        let bytes = text.as_bytes().to_vec();
        let batch = Arc::new(Batch { bytes, marks, watermark: 1, clock });
        self.cursors.iter_mut().for_each(|cursor| cursor.submit(Arc::clone(&batch)));
    }

    fn step(&mut self, cursor: usize) -> Step {
        self.now += Duration::from_secs(2);
        self.cursors[cursor].step(self.now)
    }

    fn errno(&self, cursor: usize) -> Option<i32> {
        self.cursors[cursor].stuck()?.error.raw_os_error()
    }

    fn kinds(&mut self, cursor: usize) -> Vec<TroubleKind> {
        self.cursors[cursor].take_troubles().iter().map(|trouble| trouble.kind).collect()
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.dir).unwrap();
    }
}

fn fifo(dir: &Path) -> PathBuf {
    let path = dir.join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn open_reader(path: &Path) -> File {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap()
}

fn read_some(mut reader: &File, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    let len = reader.read(&mut buffer).unwrap();
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

#[test]
fn a_full_device_holds_up_nobody_else() {
    let dir = directory();
    let file = dir.join("file");
    let mut sinks = Sinks::open(dir, &["/dev/full".into(), file.clone()]);
    for n in 0..3 {
        sinks.submit(&format!("line {n}\n"));
        assert!(matches!(sinks.step(0), Step::Stuck { .. }));
        assert!(matches!(sinks.step(1), Step::Done(_)));
    }
    assert_eq!(read(&file), "line 0\nline 1\nline 2\n");
    assert_eq!(sinks.errno(0), Some(libc::ENOSPC));
    assert_eq!((sinks.cursors[0].queued_bytes(), sinks.cursors[1].queued_bytes()), (21, 0));
    // Since when it has been stuck does not move; the next try does, by more each time.
    let stuck = sinks.cursors[0].stuck().unwrap();
    assert!(stuck.retry_at - stuck.since > Duration::from_secs(4));
    let early = stuck.retry_at - Duration::from_nanos(1);
    let calls = hooks::calls();
    assert!(matches!(sinks.cursors[0].step(early), Step::Stuck { .. }));
    assert_eq!(hooks::calls(), calls);
    assert_eq!(sinks.ledger.consumed(0, 3), (0, 0));
    assert_eq!(sinks.ledger.consumed(1, 3), (1, 3));
    assert!(sinks.ledger.counts(0));
    sinks.cursors[0].fail();
    assert!(!sinks.ledger.counts(0) && sinks.cursors[0].queued_bytes() == 0);
}

#[test]
fn a_fifo_waits_for_its_reader_and_gives_the_next_one_whole_lines() {
    let dir = directory();
    let path = fifo(&dir);
    let mut sinks = Sinks::open(dir, std::slice::from_ref(&path));
    sinks.submit("first line\n");
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert_eq!(sinks.errno(0), Some(libc::ENXIO));
    let reader = open_reader(&path);
    assert!(matches!(sinks.step(0), Step::Done(_)));
    assert_eq!(read_some(&reader, 100), "first line\n");
    // More than the pipe takes: it is stuck without an error, and goes on where it stopped.
    let line = format!("{}\n", "long ".repeat(20_000));
    sinks.submit(&line);
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert_eq!(sinks.cursors[0].stuck().unwrap().error.kind(), std::io::ErrorKind::WouldBlock);
    let mut text = read_some(&reader, 1 << 20);
    assert!(matches!(sinks.step(0), Step::Done(_)));
    text.push_str(&read_some(&reader, 1 << 20));
    assert!(text == line);
    // The reader goes away in the middle of a line.
    sinks.submit(&line);
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    drop(reader);
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert_eq!(sinks.errno(0), Some(libc::EPIPE));
    let reader = open_reader(&path);
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    let mut text = read_some(&reader, 1 << 20);
    assert!(matches!(sinks.step(0), Step::Done(_)));
    text.push_str(&read_some(&reader, 1 << 20));
    assert!(text == line);
}

#[test]
fn a_full_disk_keeps_a_part_and_gets_the_rest_in_place() {
    let dir = directory();
    let file = dir.join("file");
    let mut sinks = Sinks::open(dir, std::slice::from_ref(&file));
    hooks::play(Script { room: Some(5), ..Script::default() });
    sinks.submit("0123456789\n");
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert_eq!(read(&file), "01234");
    let since = sinks.cursors[0].stuck().unwrap().since;
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert_eq!(sinks.cursors[0].stuck().unwrap().since, since);
    hooks::change(|script| script.room = Some(3));
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    assert!(sinks.cursors[0].stuck().unwrap().since > since, "it took a few bytes");
    hooks::play(Script::default());
    assert!(matches!(sinks.step(0), Step::Done(_)));
    assert_eq!(read(&file), "0123456789\n");
    assert!(sinks.cursors[0].stuck().is_none() && sinks.kinds(0).is_empty());
}

/// What an administrator does when the disk is full.
#[test]
fn a_file_that_is_emptied_in_the_middle_of_a_batch_gets_it_whole() {
    let dir = directory();
    let file = dir.join("file");
    let mut sinks = Sinks::open(dir, std::slice::from_ref(&file));
    sinks.submit("before\n");
    assert!(matches!(sinks.step(0), Step::Done(_)));
    hooks::play(Script { room: Some(5), ..Script::default() });
    sinks.submit("0123456789\n");
    assert!(matches!(sinks.step(0), Step::Stuck { .. }));
    OpenOptions::new().write(true).open(&file).unwrap().set_len(0).unwrap();
    hooks::play(Script::default());
    assert!(matches!(sinks.step(0), Step::Done(_)));
    assert_eq!(read(&file), "0123456789\n");
    assert_eq!(sinks.kinds(0), [TroubleKind::Shorter]);
}

#[test]
fn each_change_of_the_file_under_way_is_told_and_survived() {
    let dir = directory();
    let (file, other) = (dir.join("file"), dir.join("other"));
    fs::write(&file, "it was here\n").unwrap();
    let mut sinks = Sinks::open(dir, std::slice::from_ref(&file));
    let write = |sinks: &mut Sinks, text: &str| {
        sinks.submit(text);
        assert!(matches!(sinks.step(0), Step::Done(_)));
        sinks.kinds(0)
    };
    assert_eq!(write(&mut sinks, "one\n"), []);
    OpenOptions::new().append(true).open(&file).unwrap().write_all(b"not ours").unwrap();
    assert_eq!(write(&mut sinks, "two\n"), [TroubleKind::Longer]);
    assert_eq!(read(&file), "it was here\none\nnot ours\ntwo\n");
    OpenOptions::new().write(true).open(&file).unwrap().set_len(8).unwrap();
    assert_eq!(write(&mut sinks, "three\n"), [TroubleKind::Shorter]);
    assert_eq!(read(&file), "it was h\nthree\n");
    fs::rename(&file, &other).unwrap();
    assert_eq!(write(&mut sinks, "four\n"), [TroubleKind::Replaced]);
    assert_eq!((read(&file).as_str(), read(&other).as_str()), ("four\n", "it was h\nthree\n"));
    fs::remove_file(&file).unwrap();
    assert_eq!(write(&mut sinks, "five\n"), [TroubleKind::Replaced]);
    assert_eq!(read(&file), "five\n");
    // A rotation that is announced is none.
    fs::rename(&file, &other).unwrap();
    sinks.cursors[0].reopen().unwrap();
    assert!(file.exists());
    assert_eq!(write(&mut sinks, "six\n"), []);
    assert_eq!((read(&file).as_str(), read(&other).as_str()), ("six\n", "five\n"));
    sinks.cursors[0].sync().unwrap();
}

#[test]
fn an_output_that_cannot_be_is_refused_with_its_reason() {
    let dir = directory();
    let real = dir.join("real");
    fs::write(&real, "").unwrap();
    symlink(&real, dir.join("link")).unwrap();
    let paths = [dir.join("missing/file"), dir.clone(), real, dir.join("link")];
    let names: Vec<String> = paths.iter().map(|p| spec(p).cursor_name().unwrap()).collect();
    let (ledger, _) = Ledger::open(&dir.join("ledger"), [7; 16], 8, 4, &names).unwrap();
    let ledger = Arc::new(ledger);
    let open = |n: usize| Cursor::open(&ledger, n, &spec(&paths[n]));
    let error = open(0).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let missing = dir.join("missing");
    assert!(error.to_string().contains(&format!("{} does not exist", missing.display())));
    assert!(open(1).unwrap_err().to_string().contains("directory"));
    let _first = open(2).unwrap();
    let error = open(3).unwrap_err().to_string();
    assert!(error.contains(&names[2]) && error.contains("same file"), "{error}");
    fs::remove_dir_all(&dir).unwrap();
}
