//! S1, S5, S6: a segment is created once and whole, and only what is one is attached.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::process::Command;

use common::drain::{Site, drain_binary, lines};
use common::watch::watchdog;
use common::{Directory, Name, Peer, hear, role, say, small};
use logring::layout::header::clock;
use logring::layout::{BlockWord, VERSION, header};
use logring::ring::Memory;
use logring::shm::create::{self, Method};
use logring::shm::name::Paths;
use logring::shm::{DrainLock, Segment, SegmentSpec};
use logring::sync::Ordering;
use logring::sys::tsc_is_trusted;

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[test]
fn of_processes_that_race_one_creates() {
    let _watchdog = watchdog();
    const TEST: &str = "of_processes_that_race_one_creates";
    if let Some((_, name)) = role() {
        say("ready");
        hear();
        let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new(name) };
        let (segment, created) = Segment::open_or_create(&spec).expect("created or attached");
        return say(format!("{created} {}", hex(segment.uuid())));
    }
    for _ in 0..5 {
        let name = Name::new();
        let mut peers: Vec<_> = (0..6).map(|_| Peer::start(TEST, "racer", &name.0)).collect();
        peers.iter_mut().for_each(|peer| assert_eq!(peer.hear(), "ready"));
        peers.iter_mut().for_each(|peer| peer.say("go"));
        let said: Vec<_> = peers.iter_mut().map(Peer::hear).collect();
        peers.into_iter().for_each(Peer::end);
        let uuid = hex(Segment::attach(&name.0).expect("there").uuid());
        assert!(said.iter().all(|said| said.ends_with(&uuid)), "{said:?}");
        assert_eq!(said.iter().filter(|said| said.starts_with("true")).count(), 1, "{said:?}");
    }
}

#[test]
fn of_threads_that_race_one_creates_and_all_share_a_mapping() {
    let _watchdog = watchdog();
    let name = Name::new();
    let start = std::sync::Barrier::new(8);
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Segment::open_or_create_static(&name.spec()).expect("created or attached")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("thread")).collect()
    });
    assert_eq!(found.iter().filter(|(_, created)| *created).count(), 1);
    assert!(found.iter().all(|(segment, _)| std::ptr::eq(*segment, found[0].0)));
}

#[test]
fn a_fresh_segment_says_what_it_was_made_with() {
    let _watchdog = watchdog();
    let (name, directory) = (Name::new(), Directory::new());
    let spec = SegmentSpec { max_record_bytes: 1000, ..name.spec() };
    let path = directory.0.join("ring");
    let made = [
        Segment::create(&spec).expect("named"),
        Segment::create_file(&path, &spec).expect("file"),
        Segment::heap(small()).expect("heap"),
    ];
    for segment in &made {
        assert_eq!(*segment.geometry(), small());
        assert_ne!(segment.tag(), 0);
        let best = if tsc_is_trusted() { clock::TSC } else { clock::REALTIME };
        assert_eq!((spec.clock, segment.clock_kind()), (None, best));
        assert!(segment.created_anchor().1 > 1 << 60, "nanoseconds since 1970");
        for block in 0..segment.block_count() {
            let word = segment.word(block).load(Ordering::Relaxed);
            assert_eq!(BlockWord::of(word), Some(BlockWord::Free { generation: 1 }));
            let stamp = segment.stamp(segment.block(block), 15);
            assert_eq!(stamp.load(Ordering::Relaxed), 0);
            stamp.store(u64::from(block) + 1, Ordering::Relaxed);
        }
        let last = segment.block(15);
        assert_eq!(segment.slot_word(last, 15, 0), 16);
        assert_eq!(segment.slot_word(last, 16, 0), 0, "outside of the ring");
        assert_eq!(segment.hint(0).load(Ordering::Relaxed), 0xffff);
    }
    assert_eq!(made[0].max_record_bytes(), 1000);
    assert_eq!(made[0].name(), name.0);
    let again = Segment::attach_file(&path).expect("there");
    assert_eq!(again.uuid(), made[1].uuid());
    assert_eq!(again.slot_word(again.block(3), 15, 0), 4, "the same memory");
    assert!(Segment::create(&spec).expect_err("exists").to_string().contains("exists already"));
    assert!(Segment::create_file(&path, &spec).is_err());
}

/// A creator on a busy machine stands still between any two of its calls: no drain takes that for a step
/// of the wall clock.
#[test]
fn a_creator_that_stands_still_makes_no_step_of_the_clock() {
    const TEST: &str = "a_creator_that_stands_still_makes_no_step_of_the_clock";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new(name) };
        Segment::create(&spec).expect("created");
        return;
    }
    // Before there is a segment: over a minute what is some milliseconds off is the clock's own rate.
    drain_binary();
    let site = Site::new();
    let (calls, slow) = ("trace=openat,geteuid", "inject=openat,geteuid:delay_exit=20000");
    let wrapper = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", calls, "-e", slow];
    Peer::start_under(&wrapper, TEST, "creator", site.segment()).end();
    site.start_drain().stop();
    let told: Vec<_> = lines(&site.output()).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_temporary_name_serves_where_there_are_no_unnamed_files() {
    let _watchdog = watchdog();
    let directory = Directory::new();
    let paths = Paths::beside(directory.0.join("ring"));
    let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new("x") };
    assert!(create::create_by(Method::Temporary, &paths, &spec).expect("made"));
    assert!(!create::create_by(Method::Temporary, &paths, &spec).expect("there already"));
    Segment::attach_file(&paths.segment).expect("whole");
    let mut files = directory.files();
    files.sort();
    assert_eq!(files, ["ring", "ring.lock"]);
    let mode = fs::metadata(&paths.segment).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_not_our_segment_is_refused_in_one_sentence() {
    let _watchdog = watchdog();
    let name = Name::new();
    let absent = Segment::attach(&name.0).expect_err("absent");
    assert!(absent.is_not_found() && absent.to_string().contains(&name.0), "{absent}");
    assert!(Segment::attach("../passwd").expect_err("name").is_invalid());
    assert!(Segment::remove(&name.0).expect_err("absent").is_not_found());
    assert!(!name.paths().lock.exists(), "asking leaves nothing");

    let directory = Directory::new();
    let path = directory.0.join("ring");
    let spec = name.spec();
    drop(Segment::create_file(&path, &spec).expect("made"));
    let file = fs::OpenOptions::new().read(true).write(true).open(&path).expect("file");
    let refused = || Segment::attach_file(&path).expect_err("refused");

    file.write_all_at(&7u32.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("write");
    let foreign = refused();
    assert!(foreign.is_foreign_layout(), "{foreign}");
    let text = foreign.to_string();
    assert!(text.contains("version 7") && text.contains(&format!("reads {VERSION}")), "{text}");
    file.write_all_at(&VERSION.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("write");
    Segment::attach_file(&path).expect("as it was");

    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
    assert!(refused().is_not_permitted());
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("chmod");
    // Only root can give files away, and only then can this be tried.
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
        let foreign = refused();
        assert!(foreign.is_not_permitted() && foreign.to_string().contains("12345"), "{foreign}");
        std::os::unix::fs::chown(&path, Some(0), None).expect("root");
    }
    let link = directory.0.join("link");
    symlink(&path, &link).expect("link");
    assert!(Segment::attach_file(&link).expect_err("link").is_not_permitted());
    assert!(Segment::attach_file(&directory.0).is_err(), "a directory");

    let len = file.metadata().expect("meta").len();
    for short in [len - 1, len / 2, 4096, 4095, 100, 0] {
        file.set_len(short).expect("cut");
        assert!(refused().is_not_a_segment(), "{short} bytes");
    }
    fs::write(&path, vec![b'x'; 8192]).expect("write");
    assert!(refused().is_not_a_segment());
    assert!(Segment::create_file(&path, &spec).is_err(), "it is not replaced");
}

#[test]
fn no_header_makes_attach_panic() {
    let _watchdog = watchdog();
    let directory = Directory::new();
    let path = directory.0.join("ring");
    let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new("x") };
    drop(Segment::create_file(&path, &spec).expect("made"));
    let file = fs::OpenOptions::new().read(true).write(true).open(&path).expect("file");
    let mut refused = 0;
    for offset in (0..header::NAME as u64).step_by(4) {
        let mut was = [0; 4];
        file.read_exact_at(&mut was, offset).expect("read");
        for forged in [0, 1, 3, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            file.write_all_at(&forged.to_le_bytes(), offset).expect("write");
            refused += u32::from(Segment::attach_file(&path).is_err());
        }
        file.write_all_at(&was, offset).expect("write");
    }
    assert!(refused > 70, "{refused}: geometry, sizes, version, kind, state are all checked");
    Segment::attach_file(&path).expect("as it was");
}

#[test]
fn no_room_is_one_sentence_and_leaves_nothing() {
    let _watchdog = watchdog();
    const TEST: &str = "no_room_is_one_sentence_and_leaves_nothing";
    let directory = Directory::new();
    if let Some((part, path)) = role() {
        let path = std::path::PathBuf::from(path);
        if part == "mount" {
            let mounted = Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=64k", "none"])
                .arg(&path)
                .status();
            assert!(mounted.expect("mount runs").success());
        }
        let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new("x") };
        let error = Segment::create_file(&path.join("ring"), &spec).expect_err("no room");
        assert!(error.is_full(), "{error}");
        say(error);
        return say(format!("{:?}", fs::read_dir(&path).expect("directory").count()));
    }
    let path = directory.0.to_str().expect("text");
    let mut parts =
        vec![(vec!["bash", "-c", "ulimit -f 64; exec \"$@\"", "-"], "limit", "ulimit -f")];
    if common::has_namespaces() {
        parts.push((vec!["unshare", "-m"], "mount", "--shm-size"));
    }
    for (wrapper, part, hint) in parts {
        let mut peer = Peer::start_under(&wrapper, TEST, part, path);
        let error = peer.hear();
        assert!(error.contains(hint) && error.contains('6'), "sizes and what to do: {error}");
        assert_eq!(peer.hear(), "0", "files left by {part}");
        peer.end();
    }
}

#[test]
fn a_segment_in_use_is_not_removed() {
    let _watchdog = watchdog();
    const TEST: &str = "a_segment_in_use_is_not_removed";
    if let Some((_, name)) = role() {
        let segment = Segment::attach_static(&name).expect("there");
        segment.register_process().expect("room");
        say("registered");
        hear();
        return;
    }
    let name = Name::new();
    let segment = name.create();
    let mut peer = Peer::start(TEST, "user", &name.0);
    assert_eq!(peer.hear(), "registered");
    let refused = Segment::remove(&name.0).expect_err("in use");
    assert!(
        refused.is_held() && refused.to_string().contains(&peer.pid().to_string()),
        "{refused}"
    );
    assert!(!segment.is_removed());
    peer.kill();

    let lock = DrainLock::acquire(segment).expect("free");
    let refused = Segment::remove(&name.0).expect_err("a drain runs");
    let own_pid = std::process::id().to_string();
    assert!(refused.is_held() && refused.to_string().contains(&own_pid), "{refused}");
    drop(lock);

    Segment::remove(&name.0).expect("only a dead process is left");
    assert!(segment.is_removed());
    assert_eq!(segment.register_process(), None, "nobody starts to use it now");
    let paths = name.paths();
    assert!(![paths.segment, paths.lock, paths.drain].iter().any(|path| path.exists()));
    let (fresh, created) = Segment::open_or_create_static(&name.spec()).expect("again");
    assert!(created && fresh.uuid() != segment.uuid());
}

#[test]
fn a_remover_that_was_killed_halfway_takes_nothing_away() {
    let _watchdog = watchdog();
    let name = Name::new();
    let segment = name.create();
    segment.u32_at(header::STATE).store(header::state::REMOVED, Ordering::Relaxed);
    assert!(Segment::attach(&name.0).expect_err("being removed").is_not_found());
    let (again, _) = Segment::open_or_create_static(&name.spec()).expect("restored");
    assert!(std::ptr::eq(segment, again), "the same segment with all that is in it");
    assert!(!again.is_removed());
}
