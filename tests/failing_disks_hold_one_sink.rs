//! D4, D5, D7: a sink whose disk is full, fails, is read-only or whose directory is gone holds and
//! heals: nothing is lost while the ring has room, and the other sink goes on meanwhile.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::drain::{Drain, Site, is_notice, lines, number, with_faults};
use common::watch::{wait_until, watchdog};
use common::{Peer, has_namespaces, role, say};
use logring::{Logger, Overflow, info};

/// Some of the times after which a drain tries a sink again that it has given up.
const TRIES: Duration = Duration::from_secs(4);

fn log(logger: &Logger, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!(logger: logger, "counted", n, pad = "x".repeat((n % 150) as usize));
    }
}

fn logger(site: &Site, ring_bytes: u64) -> Logger {
    let builder = logring::builder(site.segment()).ring_bytes(ring_bytes);
    builder.overflow(Overflow::BlockForever).open().expect("opened")
}

/// The numbers of the file's records.
fn counted(path: &Path) -> Vec<u64> {
    lines(path).filter(|line| !is_notice(line)).map(|line| number(&line, "n")).collect()
}

fn kinds(path: &Path) -> Vec<String> {
    let kinds = lines(path).filter(is_notice).map(|line| line["kind"].as_str().map(str::to_owned));
    kinds.map(|kind| kind.expect("a kind")).collect()
}

/// Waits until the file has the record with this number; the last line may be on its way.
fn wait_for_record(path: &Path, n: u64) {
    let what = format!("\"n\":{n},");
    wait_until(&format!("record {n} in {}", path.display()), || {
        fs::read_to_string(path).is_ok_and(|text| text.contains(&what))
    });
}

/// What `flush` says once the drain has told that this sink is stuck.
fn stuck(logger: &Logger, path: &Path) -> String {
    let mut said = String::new();
    wait_until("flush to name the stuck sink", || {
        let error = logger.flush(Duration::from_millis(20)).expect_err("a sink is stuck");
        said = error.to_string();
        error.is_sink_stuck()
    });
    assert!(said.contains(path.to_str().expect("text")), "{said}");
    said
}

/// The test, once more, in a mount namespace of its own.
fn in_own_mounts(test: &str) {
    if !has_namespaces() {
        return println!("no namespaces here: {test} is not tried");
    }
    let mut peer = Peer::start_under(&["unshare", "-m"], test, "inside", "-");
    assert_eq!(peer.hear(), "done");
    peer.end();
}

fn mount(options: &str, at: &Path) {
    let mut command = std::process::Command::new("mount");
    let status = command.args(["-t", "tmpfs", "-o", options, "none"]).arg(at).status();
    assert!(status.expect("mount runs").success());
}

/// A site with a disk of its own.
struct Mounted(Site);

impl Mounted {
    fn new() -> Self {
        let site = Site::new();
        fs::create_dir(site.path("disk")).expect("a directory");
        mount("size=1m", &site.path("disk"));
        Self(site)
    }
}

impl std::ops::Deref for Mounted {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.0
    }
}

/// Before the site's, which cannot remove what something is mounted on.
impl Drop for Mounted {
    fn drop(&mut self) {
        let mut command = std::process::Command::new("umount");
        let _ = command.arg("--lazy").arg(self.path("disk")).status();
    }
}

/// A site with a small disk of its own, full but for a few KiB; its output there and what fills it.
fn small_disk() -> (Mounted, PathBuf, PathBuf) {
    let site = Mounted::new();
    let disk = site.path("disk");
    let filler = disk.join("filler");
    fs::write(&filler, vec![0; (1 << 20) - (16 << 10)]).expect("room");
    (site, disk.join("out.jsonl"), filler)
}

#[test]
fn a_full_disk_that_becomes_free_has_all_records() {
    const TEST: &str = "a_full_disk_that_becomes_free_has_all_records";
    let _watchdog = watchdog();
    if role().is_none() {
        return in_own_mounts(TEST);
    }
    let (site, small, filler) = small_disk();
    let large = site.path("large.jsonl");
    let logger = logger(&site, 4 << 20);
    let drain = site.start(site.command(&[&small, &large]));
    log(&logger, 0..400);
    wait_for_record(&large, 399);
    let said = stuck(&logger, &small);
    assert!(said.contains("No space left on device"), "{said}");
    log(&logger, 400..800);
    wait_for_record(&large, 799);
    assert!(!counted_so_far(&small).contains(&799), "it was full");
    fs::remove_file(filler).expect("ours");
    wait_for_record(&small, 799);
    logger.flush(Duration::from_secs(60)).expect("all is well again");
    drain.stop();
    let all: Vec<u64> = (0..800).collect();
    for path in [&small, &large] {
        assert_eq!(counted(path), all, "{}", path.display());
        assert_eq!(kinds(path), [""; 0], "{}", path.display());
    }
    say("done");
}

/// The numbers of the lines that are whole.
fn counted_so_far(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).expect("text");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    whole.lines().map(|line| number(&value(line), "n")).collect()
}

#[test]
fn a_sink_that_holds_a_quarter_of_the_ring_is_given_up_and_heals() {
    const TEST: &str = "a_sink_that_holds_a_quarter_of_the_ring_is_given_up_and_heals";
    let _watchdog = watchdog();
    if role().is_none() {
        return in_own_mounts(TEST);
    }
    let (site, small, filler) = small_disk();
    let large = site.path("large.jsonl");
    // 16 blocks of 256 slots: the small disk's sink is given up long before the records end.
    let logger = logger(&site, 512 << 10);
    let drain = site.start(site.command(&[&small, &large]));
    const MANY: u64 = 10_000;
    log(&logger, 0..MANY);
    wait_for_record(&large, MANY - 1);
    // So little room that it would be stuck again at once, and hold the ring as long as before.
    let filled = fs::OpenOptions::new().write(true).open(&filler).expect("ours");
    filled.set_len((1 << 20) - (100 << 10)).expect("shorter");
    drop(filled);
    let is_well = || {
        let text = fs::read_to_string(&small);
        text.is_ok_and(|text| text.contains("\"kind\":\"missed\""))
    };
    let since = Instant::now();
    wait_until("the drain to have tried it a few times", || since.elapsed() > TRIES || is_well());
    assert!(!is_well(), "it counts again on a disk that is full");
    fs::remove_file(filler).expect("ours");
    wait_until("the sink to be well again", is_well);
    log(&logger, MANY..MANY + 100);
    drain.stop();
    assert_eq!(counted(&large), (0..MANY + 100).collect::<Vec<_>>(), "the other sink has all");
    assert_eq!(kinds(&large), ["sink-failed", "missed"]);
    let some = counted(&small);
    let missed: Vec<_> = lines(&small).filter(|line| line["kind"] == "missed").collect();
    assert_eq!(missed.len(), 1, "{missed:?}");
    let expected = MANY + 100 - some.len() as u64;
    assert_eq!(number(&missed[0], "count"), expected, "{} of {MANY} are there", some.len());
    assert!(expected > 0 && some.windows(2).all(|pair| pair[0] < pair[1]), "each once, in order");
    assert_eq!(some.last(), Some(&(MANY + 99)), "it has what came after");
    say("done");
}

#[test]
fn a_write_that_fails_at_any_time_loses_and_doubles_nothing() {
    let _watchdog = watchdog();
    let mut tried = 0;
    for (error, text) in [("EIO", "Input/output error"), ("ENOSPC", "No space left on device")] {
        for first in [1u32, 2, 3, 5] {
            let site = Site::new();
            let (a, b) = (site.path("a.jsonl"), site.path("b.jsonl"));
            let logger = logger(&site, 1 << 20);
            // Ten failures in a row: the second and later ones are those of the retries.
            let fault = format!("pwrite64:error={error}:when={first}..{}", first + 9);
            let plain = site.command(&[&a, &b]);
            // The ledger and the files are made by a drain without faults.
            site.start(site.command(&[&a, &b])).stop();
            let drain = site.start(with_faults(&plain, &[fault]));
            log(&logger, 0..200);
            wait_for_record(&a, 199);
            wait_for_record(&b, 199);
            drain.stop();
            let all: Vec<u64> = (0..200).collect();
            assert_eq!(counted(&a), all, "{text}, from write {first} on");
            assert_eq!(counted(&b), all, "{text}, from write {first} on");
            assert_eq!((kinds(&a).len(), kinds(&b).len()), (0, 0), "{text}");
            tried += 1;
        }
    }
    assert_eq!(tried, 8);
}

#[test]
fn a_disk_that_fails_for_good_stops_its_sink_alone() {
    let _watchdog = watchdog();
    let site = Site::new();
    let (a, b) = (PathBuf::from("/dev/full"), site.path("b.jsonl"));
    let logger = logger(&site, 1 << 20);
    let drain = site.start(site.command(&[&a, &b]));
    log(&logger, 0..200);
    wait_for_record(&b, 199);
    let said = stuck(&logger, &a);
    assert!(said.contains("No space left on device"), "{said}");
    common::watch::signal(drain.pid(), libc::SIGTERM);
    common::watch::signal(drain.pid(), libc::SIGKILL);
    let _ = drain.wait();
    assert_eq!(counted(&b), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_directory_that_is_gone_and_comes_back() {
    let _watchdog = watchdog();
    let site = Site::new();
    let directory = site.path("logs");
    fs::create_dir(&directory).expect("a directory");
    let (a, b) = (directory.join("a.jsonl"), site.path("b.jsonl"));
    let logger = logger(&site, 1 << 20);
    let drain = site.start(site.command(&[&a, &b]));
    log(&logger, 0..100);
    wait_for_record(&a, 99);
    fs::remove_dir_all(&directory).expect("ours");
    log(&logger, 100..200);
    wait_for_record(&b, 199);
    let said = stuck(&logger, &a);
    assert!(said.contains("No such file or directory"), "{said}");
    log(&logger, 200..300);
    wait_for_record(&b, 299);
    fs::create_dir(&directory).expect("a directory");
    wait_for_record(&a, 299);
    drain.stop();
    assert_eq!(counted(&a), (100..300).collect::<Vec<_>>(), "all since it was removed");
    assert_eq!(counted(&b), (0..300).collect::<Vec<_>>());
    assert_eq!((kinds(&a), kinds(&b)), (vec!["replaced".to_owned()], vec!["replaced".to_owned()]));
}

#[test]
fn a_read_only_disk_is_refused_and_costs_nothing() {
    const TEST: &str = "a_read_only_disk_is_refused_and_costs_nothing";
    let _watchdog = watchdog();
    if role().is_none() {
        return in_own_mounts(TEST);
    }
    let site = Mounted::new();
    let disk = site.path("disk");
    let output = disk.join("out.jsonl");
    let logger = logger(&site, 1 << 20);
    let drain = site.start(site.command(&[&output]));
    log(&logger, 0..100);
    wait_for_record(&output, 99);
    drain.stop();
    log(&logger, 100..200);
    mount("remount,ro", &disk);
    let (status, said) = Drain::spawn(site.command(&[&output])).wait();
    assert_eq!(status.code(), Some(5), "{said}");
    assert!(said.contains("Read-only file system") && said.lines().count() == 1, "{said}");
    mount("remount,rw", &disk);
    site.start(site.command(&[&output])).stop();
    assert_eq!(counted(&output), (0..200).collect::<Vec<_>>());
    say("done");
}
