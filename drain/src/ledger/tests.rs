//! The file of the ledger: created, found, refused, and its entries for cursors that come and go.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{BlockMark, LaneMark, Ledger, Marks, Opened, layout::EPOCH_AT};
use crate::seam::hooks::{self, Killed, Script};
use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

const UUID: [u8; 16] = [9; 16];

static DIRECTORIES: AtomicU32 = AtomicU32::new(0);

struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        loop {
            let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
            let name = format!("drain-ledger-{}-{number}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            match fs::create_dir(&dir) {
                Ok(()) => return Self(dir),
                // A test that was killed has left it, whose pid is this one's now.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", dir.display()),
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.0.join("segment.ledger")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn open(path: &Path, cursors: &[&str]) -> (Ledger, Opened) {
    Ledger::open(path, UUID, 4000, 1000, &names(cursors)).unwrap()
}

fn marks(block: u32, generation: u32, slots: u32, lane: u32, sequence: u64) -> Marks {
    let lane = LaneMark { lane, inc: 5, ordinal: 1 << 33, sequence, flags: u32::MAX };
    Marks { blocks: vec![BlockMark { block, generation, slots }], lanes: vec![lane] }
}

#[test]
fn positions_and_epoch_outlive_the_drain() {
    let dir = Dir::new();
    let (ledger, opened) = open(&dir.path(), &["a", "b"]);
    assert_eq!((opened, ledger.epoch()), (Opened::New, 1));
    assert_eq!((ledger.consumed(1, 3999), ledger.lane(1, 999)), ((0, 0), None));
    let marks = marks(3999, 1 << 29, 8191, 999, u64::MAX);
    ledger.consume(1, &marks);
    drop(ledger);
    let (ledger, opened) = open(&dir.path(), &["a", "b"]);
    assert_eq!((opened, ledger.epoch()), (Opened::Found, 2));
    assert_eq!(ledger.consumed(1, 3999), (1 << 29, 8191));
    assert_eq!(ledger.lane(1, 999), Some(marks.lanes[0]));
    assert_eq!((ledger.consumed(0, 3999), ledger.lane(0, 999)), ((0, 0), None));
    let metadata = fs::metadata(dir.path()).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert!(metadata.blocks() * 512 >= metadata.len(), "a hole is a SIGBUS on a full disk");
}

#[test]
fn a_ledger_that_is_not_this_segments_is_set_aside() {
    let dir = Dir::new();
    let aside = dir.0.join("segment.ledger.aside");
    let refused = |uuid: [u8; 16], blocks, lanes, reason: &str| {
        let (ledger, opened) =
            Ledger::open(&dir.path(), uuid, blocks, lanes, &names(&["a"])).unwrap();
        let Opened::SetAside { to, why } = opened else { panic!("{opened:?}, not {reason}") };
        assert!(to == aside && to.exists() && why.contains(reason), "{why}, not {reason}");
        assert_eq!((ledger.epoch(), ledger.consumed(0, 0)), (1, (0, 0)));
        ledger.consume(0, &marks(0, 1, 1, 0, 1));
    };
    drop(open(&dir.path(), &["a"]));
    refused([8; 16], 4000, 1000, "another segment");
    refused([8; 16], 4001, 1000, "4000 blocks and 1000 lanes, the segment has 4001 and 1000");
    let write = |at: u64, bytes: &[u8]| {
        let file = OpenOptions::new().write(true).open(dir.path()).unwrap();
        file.write_all_at(bytes, at).unwrap();
    };
    write(0, b"something else");
    refused([8; 16], 4001, 1000, "does not begin as a ledger");
    write(8, &[2]);
    refused([8; 16], 4001, 1000, "version 2");
    write(32, &[1]);
    refused([8; 16], 4001, 1000, "header is damaged");
    write(64, &[255; 8]);
    refused([8; 16], 4001, 1000, "epoch");
    write(64 * 8, &[77]);
    refused([8; 16], 4001, 1000, "entry of cursor 0 is damaged");
    write(65 * 8, &[77]);
    refused([8; 16], 4001, 1000, "batches of cursor 0 are damaged");
    OpenOptions::new().write(true).open(dir.path()).unwrap().set_len(100).unwrap();
    refused([8; 16], 4001, 1000, "100 bytes");
    OpenOptions::new().write(true).open(dir.path()).unwrap().set_len(30_000).unwrap();
    refused([8; 16], 4001, 1000, "entry of cursor 0 is damaged");
}

#[test]
fn a_creation_that_was_killed_is_begun_again() {
    let dir = Dir::new();
    for kill_at in 1.. {
        _ = fs::remove_file(dir.path());
        hooks::play(Script { kill_at, ..Script::default() });
        let life = catch_unwind(|| open(&dir.path(), &["a", "b"]));
        hooks::play(Script::default());
        let (ledger, opened) = open(&dir.path(), &["a", "b"]);
        assert!(!matches!(opened, Opened::SetAside { .. }), "killed at {kill_at}: {opened:?}");
        ledger.consume(1, &marks(7, 1, 1, 0, 1));
        assert_eq!((ledger.consumed(0, 7), ledger.consumed(1, 7)), ((0, 0), (1, 1)));
        match life {
            Ok(_) => {
                assert!(kill_at > 20, "only {kill_at} points");
                break;
            }
            Err(payload) => assert!(payload.is::<Killed>()),
        }
    }
}

#[test]
fn a_disk_without_room_is_one_sentence() {
    let dir = Dir::new();
    for fail_at in 1..=4 {
        hooks::play(Script { fail_at, errno: libc::ENOSPC, ..Script::default() });
        let error = Ledger::open(&dir.path(), UUID, 4000, 1000, &names(&["a"])).unwrap_err();
        assert!(error.is_full() && error.to_string().contains("segment.ledger"), "{error}");
    }
    hooks::play(Script::default());
    assert_eq!(open(&dir.path(), &["a"]).1, Opened::New);
}

#[test]
fn cursors_come_and_go_in_any_order() {
    let dir = Dir::new();
    let (ledger, _) = open(&dir.path(), &["a", "b"]);
    assert!(!ledger.counts(0), "not before it is opened");
    ledger.join(0);
    ledger.join(1);
    ledger.consume(0, &marks(0, 3, 4, 0, 50));
    ledger.consume(0, &marks(1, 2, 9, 1, 10));
    ledger.consume(1, &marks(0, 3, 5, 0, 60));
    drop(ledger);
    // `c` is new, `b` has moved, `a` is gone and stays as it was.
    let (ledger, _) = open(&dir.path(), &["c", "b"]);
    assert!(!ledger.counts(0) && ledger.counts(1));
    assert_eq!((ledger.consumed(0, 0), ledger.consumed(1, 0)), ((0, 0), (3, 5)));
    assert_eq!(ledger.catch_up(0), 60 + 10);
    assert_eq!((ledger.consumed(0, 0), ledger.consumed(0, 1)), ((3, 5), (2, 9)));
    assert_eq!(ledger.lane(0, 0).map(|mark| mark.sequence), Some(60));
    drop(ledger);
    let (ledger, _) = open(&dir.path(), &["a"]);
    assert!(!ledger.counts(0));
    assert_eq!((ledger.consumed(0, 0), ledger.catch_up(0)), ((3, 4), 10));
    // Generations wrap from their last to 1.
    ledger.consume(0, &marks(5, (1 << 30) - 1, 2, 0, 60));
    drop(ledger);
    let (ledger, _) = open(&dir.path(), &["a", "d"]);
    ledger.consume(1, &marks(5, 1, 1, 0, 60));
    ledger.catch_up(0);
    assert_eq!(ledger.consumed(0, 5), (1, 1));
    drop(ledger);
    // More names over time than entries: those of removed sinks are used again, and empty.
    for n in 0..40 {
        let (ledger, opened) = open(&dir.path(), &["a", &format!("sink {n}")]);
        assert_eq!((opened, ledger.consumed(1, 0)), (Opened::Found, (0, 0)));
        assert_eq!(ledger.consumed(0, 5), (1, 1));
        ledger.consume(1, &marks(0, 1, 1, 0, 1));
    }
}

#[test]
fn names_have_bounds() {
    let dir = Dir::new();
    let refused = |cursors: &[String]| {
        Ledger::open(&dir.path(), UUID, 4, 4, cursors).unwrap_err().to_string()
    };
    let many: Vec<String> = (0..17).map(|n| n.to_string()).collect();
    assert!(refused(&many).contains("17 sinks given, at most 16"));
    assert!(refused(&names(&["a", "a"])).contains("`a` is given twice"));
    assert!(refused(&["x".repeat(1025)]).contains("1025 bytes"));
    let longest = ["x".repeat(1024), "ü".repeat(512), String::new()];
    for _ in 0..2 {
        let (ledger, _) = Ledger::open(&dir.path(), UUID, 4, 4, &longest).unwrap();
        assert_eq!((0..3).map(|n| ledger.name(n).unwrap()).collect::<Vec<_>>(), longest);
    }
}

#[test]
fn an_epoch_never_comes_back() {
    let dir = Dir::new();
    let (ledger, _) = open(&dir.path(), &["a"]);
    assert_eq!((ledger.epoch(), ledger.raise_epoch(), ledger.raise_epoch()), (1, 2, 3));
    assert_eq!(ledger.words.load(EPOCH_AT), 3);
    drop(ledger);
    assert_eq!(open(&dir.path(), &["a"]).0.epoch(), 4);
}
