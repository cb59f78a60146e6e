//! P20: a process without descriptors, memory or the right to write files is told so, once, and its log
//! calls do nothing; what can be written then is written. It never dies of a limit.
#![expect(unsafe_code, reason = "limits of the process are set")]

mod common;

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use common::{ROLE, role};
use logring::shm::Segment;
use logring::{Overflow, info};

const RECORDS: u64 = 100;

fn limit(what: libc::__rlimit_resource_t, to: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a place for the limit.
    assert_eq!(unsafe { libc::getrlimit(what, &raw mut limit) }, 0);
    limit.rlim_cur = to;
    // SAFETY: a valid limit, copied by the call.
    assert_eq!(unsafe { libc::setrlimit(what, &raw const limit) }, 0);
}

/// Bytes of memory that this process has mapped.
fn mapped() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("own size");
    pages.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}

fn set(what: &str) {
    match what {
        "descriptors" => limit(libc::RLIMIT_NOFILE, 3),
        // The allocator of the test has some room; a segment has not.
        "memory" => limit(libc::RLIMIT_AS, mapped() + (2 << 20)),
        "all-memory" => limit(libc::RLIMIT_AS, mapped()),
        "locked" => limit(libc::RLIMIT_MEMLOCK, 0),
        "file-size" => limit(libc::RLIMIT_FSIZE, 1 << 20),
        _ => {}
    }
}

fn log() {
    (0..RECORDS).for_each(|n| info!("counted", n));
}

/// The process under a limit: set before it attaches, or before its first record.
fn limited(part: &str, segment: &str) {
    let builder = || logring::builder(segment).overflow(Overflow::Drop);
    let (when, what) = part.split_once('-').expect("two words");
    if when == "before" {
        set(what);
    }
    let installed = builder().install();
    if when == "after" {
        set(what);
    }
    log();
    limit(libc::RLIMIT_AS, libc::RLIM_INFINITY);
    match installed {
        Ok(_) => println!("@installed"),
        Err(error) => println!("@{error} | {} calls did nothing", logring::early_calls()),
    }
}

fn run(test: &str, site: &Site, part: &str, stderr: Stdio) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, format!("{part} {}", site.segment())).env_remove("LOGRING");
    command.env("LOGRING_RUNTIME_DIR", site.path("run"));
    command.stdin(Stdio::null()).stderr(stderr).output().expect("it runs")
}

/// What the process said on stdout, and on stderr.
fn said(test: &str, site: &Site, part: &str) -> (String, String) {
    let output = run(test, site, part, Stdio::piped());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{part}: {}: {out}{err}", output.status);
    let line = out.lines().find_map(|line| line.split_once('@')).map(|(_, said)| said.to_owned());
    (line.unwrap_or_else(|| panic!("{part}: {out}{err}")), err)
}

/// The records that a drain finds, and those that it says were lost.
fn delivered(site: &Site) -> (u64, u64) {
    site.start_drain().stop();
    let (mut found, mut lost) = (0, 0);
    for line in lines(&site.output()) {
        if is_notice(&line) {
            lost += number(&line, "count");
        } else {
            found += 1;
        }
    }
    (found, lost)
}

#[test]
fn limits_end_no_process() {
    const TEST: &str = "limits_end_no_process";
    if let Some((part, segment)) = role() {
        // Without a watchdog, which would need memory of its own.
        return limited(&part, &segment);
    }
    let _watchdog = watchdog();
    for (what, words) in [
        ("descriptors", "Too many open files"),
        ("memory", "Cannot allocate memory"),
        ("file-size", "this process may write 1048576"),
    ] {
        let site = Site::new();
        let (out, err) = said(TEST, &site, &format!("before-{what}"));
        assert!(out.contains(words) && out.ends_with("| 100 calls did nothing"), "{what}: {out}");
        assert_eq!(err.matches("logring: ").count(), 1, "one line: {err}");
        // Nothing half made is left; where only its mapping failed it is whole.
        assert_eq!(Segment::attach(site.segment()).is_ok(), what == "memory", "{what}");
    }
    // A segment that is there already takes no descriptors, no file of this process's, no lock.
    for part in ["before-file-size", "before-locked", "after-descriptors", "after-all-memory"] {
        let site = Site::new();
        drop(Segment::create(&site.name.spec()).expect("created"));
        let (out, err) = said(TEST, &site, part);
        assert_eq!((out.as_str(), err.as_str()), ("installed", ""), "{part}");
        let (found, lost) = delivered(&site);
        println!("{part}: {found} found, {lost} lost");
        assert_eq!(found + lost, RECORDS, "{part}");
        assert!(part == "after-all-memory" || lost == 0, "{part}: {lost} lost");
    }
    // Nobody hears the one line: it is no reason to die.
    let site = Site::new();
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let output = run(TEST, &site, "before-descriptors", full.into());
    assert!(output.status.success(), "{}", output.status);
}
