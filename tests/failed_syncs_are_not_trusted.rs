//! D6: a sync that fails is told to who asked for it, its file is left aside and never synced again, and
//! what is said to be on the medium afterwards stands in a new file.

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use common::drain::{Site, is_notice, lines, number, with_faults};
use common::watch::watchdog;
use logring::{Logger, info};

const LONG: Duration = Duration::from_secs(60);

fn log(logger: &Logger, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!(logger: logger, "counted", n);
    }
}

fn aside(site: &Site, number: u32) -> PathBuf {
    site.path(&format!("out.jsonl.unsynced-{number}"))
}

#[test]
fn a_failed_sync_begins_a_new_file() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logring::builder(site.segment()).open().expect("opened");
    let (out, other) = (site.output(), site.path("other.jsonl"));
    // The first durable flush syncs both files, the second fails for the first file.
    let command = site.command(&[&out, &other]);
    let fault = "fdatasync:error=EIO:when=3".to_owned();
    let drain = site.start(with_faults(&command, &[fault]));
    log(&logger, 0..10);
    logger.flush_durable(LONG).expect("all is well");
    let synced = fs::metadata(&out).expect("there").len();
    log(&logger, 10..20);
    let error = logger.flush_durable(LONG).expect_err("the sync failed");
    let said = error.to_string();
    assert!(error.is_not_durable(), "{said}");
    let name = format!("sink \"json:{}\" could not be synced: Input/output error;", out.display());
    assert!(said.starts_with(&name), "{said}");
    log(&logger, 20..30);
    // Of the new file this is true again, also where it is said of a plain flush.
    logger.flush(LONG).expect("written");
    logger.flush_durable(LONG).expect("a new file");
    drain.stop();

    let old: Vec<u64> = lines(&aside(&site, 1)).map(|line| number(&line, "n")).collect();
    assert_eq!(old, (0..20).collect::<Vec<_>>(), "what was there stays there");
    let bytes = fs::metadata(aside(&site, 1)).expect("there").len();
    let (notices, new): (Vec<_>, Vec<_>) = lines(&out).partition(is_notice);
    let new: Vec<u64> = new.iter().map(|line| number(line, "n")).collect();
    assert_eq!(new, (20..30).collect::<Vec<_>>());
    let kinds: Vec<_> = notices.iter().map(|line| line["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["unsynced"]);
    let sentence = notices[0]["event"].as_str().expect("text");
    let doubt = format!("whether bytes {synced} to {bytes} are on the medium is not known");
    assert!(sentence.contains(&doubt), "{sentence}");
    assert!(sentence.contains(aside(&site, 1).to_str().expect("text")), "{sentence}");
    // The other sink has all of it, the notice included.
    let (notices, all): (Vec<_>, Vec<_>) = lines(&other).partition(is_notice);
    let all: Vec<u64> = all.iter().map(|line| number(line, "n")).collect();
    assert_eq!((all, notices.len()), ((0..30).collect::<Vec<_>>(), 1));
    assert!(!aside(&site, 2).exists());
}

#[test]
fn a_file_that_cannot_be_left_aside_is_never_durable() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logring::builder(site.segment()).open().expect("opened");
    // The longest name that a file can have: no other can be made of it.
    let out = site.path(&"x".repeat(255));
    let fault = "fdatasync:error=EIO:when=1".to_owned();
    let drain = site.start(with_faults(&site.command(&[&out]), &[fault]));
    for turn in 0..3 {
        log(&logger, 10 * turn..10 * turn + 10);
        let error = logger.flush_durable(LONG).expect_err("the file is in doubt");
        assert!(error.is_not_durable(), "{error}");
    }
    drain.stop();
    let all = lines(&out).filter(|line| !is_notice(line));
    let all: Vec<u64> = all.map(|line| number(&line, "n")).collect();
    assert_eq!(all, (0..30).collect::<Vec<_>>());
}

#[test]
fn a_flush_says_why_it_is_not_done() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logring::builder(site.segment()).open().expect("opened");
    log(&logger, 0..312);
    let error = logger.flush(LONG).expect_err("no drain");
    let said = format!("no drain runs on segment {:?}", site.segment());
    assert_eq!((error.is_no_drain(), error.to_string()), (true, said.clone()));
    let error = logger.flush_durable(LONG).expect_err("no drain");
    assert_eq!((error.is_no_drain(), error.to_string()), (true, said));

    let drain = site.start_drain();
    logger.flush(LONG).expect("written");
    common::watch::signal(drain.pid(), libc::SIGSTOP);
    common::watch::wait_until("the drain to be stopped", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", drain.pid())).expect("a process");
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    });
    log(&logger, 312..624);
    for (timeout, told) in [(Duration::ZERO, "0 s"), (Duration::from_millis(250), "0.25 s")] {
        let error = logger.flush(timeout).expect_err("the drain is stopped");
        let said = format!("timed out after {told} with 312 records outstanding");
        assert_eq!((error.is_timed_out(), error.to_string()), (true, said));
    }
    common::watch::signal(drain.pid(), libc::SIGCONT);
    logger.flush(LONG).expect("it goes on");
    drain.stop();
}
