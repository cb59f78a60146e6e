//! Claim: forked children of a process with an embedded drain log into it as themselves, however
//! many they are and whoever logs meanwhile; none of them ever is the drain.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::collections::HashMap;
use std::io::Write;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{hear, role, say};
use logring::sync::Ordering::Relaxed;
use logring::{Builder, Overflow, info};
use logring_drain::{Embed, Event, Flow, Options, OwnSink, Sink};

const THREADS: u64 = 4;
const CHILDREN: u64 = 12;
const EACH: u64 = 300;

fn builder(segment: &str) -> Builder {
    logring::builder(segment).ring_bytes(4 << 20).overflow(Overflow::BlockForever)
}

fn log(part: &'static str, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!("from", part, n, own = std::process::id());
    }
}

/// Runs `action` in a forked child, which then ends at once.
fn fork(action: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child calls what may be called in a forked child of a process with threads: log
    // calls, and the allocator, which the C library keeps usable.
    match unsafe { libc::fork() } {
        0 => {
            action();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) }
        }
        child => {
            assert!(child > 0, "fork: {}", std::io::Error::last_os_error());
            child
        }
    }
}

/// How the child ended, as `waitpid` says it.
fn wait(child: libc::pid_t) -> libc::c_int {
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

fn family(segment: &str, path: &str) {
    let mut guard = Some(builder(segment).embedded(Sink::json(path)).expect("embedded"));
    log("parent", 0..EACH);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                // The parent's threads log while children are forked off by the others.
                for child in 0..CHILDREN {
                    log("thread", child * EACH..child * EACH + EACH / 2);
                    let child_pid = fork(|| log("child", 0..EACH));
                    log("thread", child * EACH + EACH / 2..(child + 1) * EACH);
                    assert_eq!(wait(child_pid), 0);
                }
            });
        }
    });
    // A child drops what it has of the guard, and cannot become the drain.
    let child = fork(|| {
        log("child", 0..10);
        drop(guard.take());
        let error = builder(segment).embedded(Sink::json(path)).expect_err("the parent drains");
        assert!(error.is_held() && !error.to_string().contains("by this process"), "{error}");
        let grandchild = fork(|| log("child", 0..EACH));
        log("child", 10..EACH);
        assert_eq!(wait(grandchild), 0);
    });
    assert_eq!(wait(child), 0);
    log("parent", EACH..2 * EACH);
    assert!(guard.is_some());
}

#[test]
fn children_log_into_their_parents_drain() {
    const TEST: &str = "children_log_into_their_parents_drain";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        return family(segment, path);
    }
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    let process = site.peer(TEST, "family", &argument);
    let parent = u64::from(process.pid());
    process.end();
    let mut next = HashMap::new();
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        let pid = number(&line, "pid");
        assert_eq!(pid, number(&line, "own"), "{line}");
        let part = line["part"].as_str().expect("text").to_owned();
        assert_eq!(pid == parent, part != "child", "{line}");
        if part == "thread" {
            // Four of them, which cannot be told apart here.
            *next.entry((part, pid)).or_insert(0) += 1;
            continue;
        }
        let next = next.entry((part, pid)).or_insert(0);
        assert_eq!(number(&line, "n"), *next, "the next one: {line}");
        *next += 1;
    }
    assert_eq!(next.remove(&("parent".to_owned(), parent)), Some(2 * EACH));
    assert_eq!(next.remove(&("thread".to_owned(), parent)), Some(THREADS * CHILDREN * EACH));
    assert_eq!(next.len() as u64, THREADS * CHILDREN + 2);
    assert!(next.values().all(|found| *found == EACH), "{next:?}");
}

#[test]
fn children_outlive_the_drain() {
    const TEST: &str = "children_outlive_the_drain";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        let _guard = builder(segment).embedded(Sink::json(path)).expect("embedded");
        log("parent", 0..10);
        let child = fork(|| {
            log("child", 0..10);
            say("a child logs");
            // The parent is dead by then.
            hear();
            log("child", 10..20);
            say("it has logged");
        });
        wait(child);
        return;
    }
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    let mut process = site.peer(TEST, "parent", &argument);
    assert_eq!(process.hear(), "a child logs");
    process.child.kill().expect("our child");
    // Not by `wait`, which closes the pipe to the child.
    wait_until("its end", || process.child.try_wait().expect("our child").is_some());
    common::watch::unwatch(process.pid());
    process.say("go on");
    assert_eq!(process.hear(), "it has logged");
    site.start_drain().stop();
    let mut next = HashMap::new();
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        let next = next.entry(line["part"].as_str().expect("text").to_owned()).or_insert(0);
        assert_eq!(number(&line, "n"), *next, "{line}");
        *next += 1;
    }
    assert_eq!((next["parent"], next["child"]), (10, 20));
}

#[test]
fn a_child_of_the_drains_own_thread_is_no_drain() {
    let _watchdog = watchdog();
    let site = Site::new();
    let forked = std::sync::Arc::new(logring::sync::AtomicU32::new(0));
    let tell = std::sync::Arc::clone(&forked);
    let options = Options::from(Sink::json(site.output())).state_dir(&site.directory.0).processor(
        "forks",
        move |event: &mut Event<'_>| {
            if event.event == "fork" {
                // SAFETY: as in `fork`; the child goes back into the drain's loop.
                let child = unsafe { libc::fork() };
                if child != 0 {
                    tell.store(child.cast_unsigned(), Relaxed);
                }
            }
            Flow::Keep
        },
    );
    let writers = site.path("writers");
    let file = std::fs::File::options().append(true).create_new(true).open(&writers);
    let options = options.own_sink(OwnSink::new("who", Who(file.expect("a new file"))));
    let guard = builder(site.segment()).open_embedded(options).expect("embedded");
    let log = guard.logger();
    for n in 0..100u64 {
        info!(logger: log, "counted", n);
    }
    info!(logger: log, "fork", n = 100);
    wait_until("the processor to fork", || forked.load(Relaxed) != 0);
    for n in 101..200u64 {
        info!(logger: log, "counted", n);
    }
    wait(forked.load(Relaxed).cast_signed());
    drop(guard);
    let found: Vec<_> = lines(&site.output()).map(|line| number(&line, "n")).collect();
    assert!(found.iter().copied().eq(0..200), "{found:?}");
    let writers = std::fs::read_to_string(writers).expect("the file");
    let us = std::process::id().to_string();
    assert!(!writers.is_empty() && writers.lines().all(|pid| pid == us), "not {us}: {writers}");
}

/// Notes which process writes.
struct Who(std::fs::File);

impl Write for Who {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        writeln!(self.0, "{}", std::process::id())?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
