//! S6: a process that is killed at any system call while it makes a segment leaves a whole one or none:
//! the next process attaches or makes it, at once, and nothing lies about.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use common::watch::{wait_until, watchdog};
use common::{Name, role, small};
use logring::shm::{Segment, SegmentSpec};
use logring::{Overflow, info};

/// The calls by which a segment comes to be.
const CALLS: [&str; 6] = ["openat", "fallocate", "pwrite64", "linkat", "fcntl", "mmap"];

/// The files in which segments are made.
fn temporary() -> impl Iterator<Item = String> {
    let files = std::fs::read_dir("/dev/shm").expect("/dev/shm");
    files
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .filter(|file| file.starts_with(".logring-"))
}

#[test]
fn a_creator_killed_at_any_call() {
    const TEST: &str = "a_creator_killed_at_any_call";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new(name) };
        Segment::open_or_create(&spec).expect("made or attached");
        return;
    }
    let mut killed = Vec::new();
    for call in CALLS {
        let mut kills = 0;
        for when in 1.. {
            let name = Name::new();
            let before: Vec<String> = temporary().collect();
            let exe = std::env::current_exe().expect("own path");
            let mut creator = Command::new("strace");
            creator.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            creator.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={when}"));
            creator.arg(exe).args(["--exact", TEST, "--test-threads=1"]);
            creator.env("LOGRING_TEST_ROLE", format!("creator {}", name.0));
            let status = creator.stdout(Stdio::null()).stderr(Stdio::null()).status();
            let status = status.expect("strace starts");
            match Segment::attach(&name.0) {
                Ok(segment) => assert_eq!(segment.name(), name.0, "whole"),
                Err(error) => assert!(error.is_not_found(), "{call} {when}: {error}"),
            }
            // Whoever comes next logs, whatever the dead one has left.
            let next = logring::builder(&*name.0).overflow(Overflow::Drop).ring_bytes(1 << 18);
            if kills < 4 {
                let log = next.open().expect("made or attached");
                info!(logger: log, "here");
            } else {
                let (segment, _) = Segment::open_or_create(&name.spec()).expect("made or attached");
                drop(segment);
            }
            // Those of other processes on this machine, which are at work meanwhile, go by themselves.
            let left: Vec<String> = temporary().filter(|file| !before.contains(file)).collect();
            wait_until(&format!("no temporary files after {call} {when}: {left:?}"), || {
                temporary().all(|file| !left.contains(&file))
            });
            if status.success() {
                break;
            }
            assert_eq!(status.signal(), Some(libc::SIGKILL), "{call} {when}: {status}");
            kills += 1;
        }
        killed.push((call, kills));
    }
    println!("killed at: {killed:?}");
    let of = |call: &str| killed.iter().find(|(name, _)| *name == call).map(|(_, kills)| *kills);
    assert!(of("linkat") >= Some(1) && of("fallocate") >= Some(1), "{killed:?}");
}
