//! Claim: what the drain's own thread logs, from a processor, a sink or a value of theirs, is in the
//! output, in its place in time, once, and never makes the drain wait for itself.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use common::drain::{Site, is_notice, lines, number};
use common::role;
use common::watch::watchdog;
use logring::{Builder, Error, Logger, Overflow, debug, info, kv};
use logring_drain::{Embed, Event, Flow, Options, OwnSink, Sink};
use serde_json::Value;

fn builder(segment: &str) -> Builder {
    logring::builder(segment).ring_bytes(1 << 20).overflow(Overflow::BlockForever)
}

fn options(site: &Site) -> Options {
    Options::from(Sink::json(site.output())).state_dir(&site.directory.0)
}

/// What `guard` writes until it has ended.
fn in_order(site: &Site) -> Vec<Value> {
    let found: Vec<_> = lines(&site.output()).collect();
    for pair in found.windows(2) {
        let times = [0, 1].map(|at: usize| pair[at]["timestamp"].as_str().expect("text"));
        assert!(times[0] <= times[1], "{} stands before {}", pair[0], pair[1]);
    }
    found
}

#[test]
fn a_processor_may_log_about_each_event() {
    const TEST: &str = "a_processor_may_log_about_each_event";
    const EACH: u64 = 6_000;
    const THREADS: u64 = 4;
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        let mut seen = 0u64;
        let mut bound = None::<Logger>;
        let options =
            Options::from(Sink::json(path)).processor("talks", move |event: &mut Event<'_>| {
                // As a library does it: to whatever is installed.
                info!("seen", seen, of = &*event.event);
                debug!("not enabled", seen);
                let log =
                    bound.get_or_insert_with(|| logring::logger().bind(kv! { by = "processor" }));
                info!(logger: log, "bound {seen}", seen, debug = ?event.level);
                seen += 1;
                Flow::Keep
            });
        // A pass over this ring is written in several batches, between which others log on.
        let builder = builder(segment).ring_bytes(2 << 20);
        let _guard = builder.embedded(options).expect("embedded");
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                // More than the ring holds: the drain would wait for itself if it logged there.
                scope.spawn(move || (0..EACH).for_each(|n| info!("counted", thread, n)));
            }
        });
        return;
    }
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    let process = site.peer(TEST, "process", &argument);
    let pid = u64::from(process.pid());
    process.end();
    let (mut counted, mut seen, mut bound) = ([0; THREADS as usize], 0, 0);
    for line in in_order(&site) {
        assert!(!is_notice(&line), "{line}");
        assert_eq!(number(&line, "pid"), pid, "{line}");
        match line["event"].as_str().expect("text") {
            "counted" => {
                let next = &mut counted[number(&line, "thread") as usize];
                assert_eq!(number(&line, "n"), *next, "{line}");
                *next += 1;
            }
            "seen" => {
                assert_eq!((number(&line, "seen"), &line["of"]), (seen, &"counted".into()));
                seen += 1;
            }
            text => {
                assert_eq!(text, format!("bound {bound}"));
                assert_eq!((&line["by"], &line["debug"]), (&"processor".into(), &"info".into()));
                bound += 1;
            }
        }
    }
    let all = THREADS * EACH;
    assert_eq!((counted, seen, bound), ([EACH; THREADS as usize], all, all));
}

/// Logs about each write of its own, and counts them.
struct Talks {
    log: Logger,
    writes: Sender<usize>,
}

impl io::Write for Talks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        info!(logger: self.log, "writes", bytes = bytes.len());
        let _ = self.writes.send(bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        info!(logger: self.log, "flushes");
        Ok(())
    }
}

#[test]
fn a_sink_that_logs_does_not_feed_itself() {
    const ROUNDS: u64 = 20;
    let _watchdog = watchdog();
    let site = Site::new();
    let log = builder(site.segment()).open().expect("opened");
    let (writes, written) = mpsc::channel();
    let talks = || OwnSink::new("talks", Talks { log: log.clone(), writes: writes.clone() });
    let guard =
        builder(site.segment()).open_embedded(options(&site).own_sink(talks())).expect("embedded");
    for n in 0..ROUNDS {
        info!(logger: log, "counted", n);
        log.flush(Duration::from_secs(60)).expect("a drain runs");
    }
    // What it says of the last of them goes out, and what it says of that goes nowhere.
    for _ in 0..3 {
        log.flush(Duration::from_secs(60)).expect("a drain runs");
    }
    assert!(written.try_iter().count() as u64 >= ROUNDS);
    for _ in 0..10 {
        log.flush(Duration::from_secs(60)).expect("a drain runs");
    }
    assert_eq!(written.try_iter().count(), 0, "it goes on by itself");
    drop(guard);
    let found = in_order(&site);
    let count = |event: &str| found.iter().filter(|line| line["event"] == event).count() as u64;
    assert_eq!(count("counted"), ROUNDS);
    assert!((1..=2 * ROUNDS).contains(&count("writes")), "{} times", count("writes"));
    // What went nowhere is told, at the latest by the next drain.
    drop(builder(site.segment()).open_embedded(options(&site)).expect("embedded"));
    let mut lost = lines(&site.output()).filter(|line| line["kind"] == "lost");
    assert!(lost.next().is_some_and(|line| number(&line, "count") > 0));
}

#[test]
fn two_drains_that_log_into_each_other_end() {
    let _watchdog = watchdog();
    let (one, two) = (Site::new(), Site::new());
    let open = |site: &Site| builder(site.segment()).open().expect("opened");
    let (to_one, to_two) = (open(&one), open(&two));
    let talks = |log: &Logger| {
        let log = log.clone();
        move |event: &mut Event<'_>| {
            if event.event == "counted" {
                // To the other one's ring: an ordinary record there.
                info!(logger: log, "told", text = "x".repeat(1_000));
            }
            Flow::Keep
        }
    };
    let first = options(&one).processor("tells", talks(&to_two));
    let second = options(&two).processor("tells", talks(&to_one));
    let first = builder(one.segment()).open_embedded(first).expect("embedded");
    let second = builder(two.segment()).open_embedded(second).expect("embedded");
    for n in 0..5_000u64 {
        info!(logger: to_one, "counted", n);
        info!(logger: to_two, "counted", n);
    }
    drop(first);
    drop(second);
    for site in [&one, &two] {
        let counted = lines(&site.output()).filter(|line| line["event"] == "counted").count();
        assert_eq!(counted, 5_000);
        assert!(lines(&site.output()).any(|line| line["event"] == "told"));
    }
}

#[test]
fn flush_on_the_drains_thread_is_an_error() {
    let _watchdog = watchdog();
    let site = Site::new();
    let log = builder(site.segment()).open().expect("opened");
    let (tell, told) = mpsc::channel::<Error>();
    let inside = log.clone();
    let options = options(&site).processor("flushes", move |_: &mut Event<'_>| {
        let _ = tell.send(inside.flush(Duration::from_secs(60)).expect_err("the drain's thread"));
        Flow::Keep
    });
    let guard = builder(site.segment()).open_embedded(options).expect("embedded");
    info!(logger: log, "counted", n = 0);
    log.flush(Duration::from_secs(60)).expect("on another thread");
    drop(guard);
    let error = told.recv().expect("the processor ran");
    let expected = format!(
        "flush was called on the thread of the drain of segment {:?}, which would wait for itself; \
         call it on another thread",
        site.segment()
    );
    assert!(error.is_invalid() && error.to_string() == expected, "{error}");
}

#[test]
fn a_processor_may_drop_the_guard() {
    let _watchdog = watchdog();
    let site = Site::new();
    let (give, take) = mpsc::channel();
    let options = options(&site).processor("ends", move |_: &mut Event<'_>| {
        drop::<Option<logring_drain::Embedded>>(take.try_recv().ok());
        Flow::Keep
    });
    let guard = builder(site.segment()).open_embedded(options).expect("embedded");
    let log = guard.logger();
    give.send(guard).expect("the processor listens");
    info!(logger: log, "counted", n = 0);
    common::watch::wait_until("the drain to end", || {
        !logring::shm::Segment::attach(site.segment()).expect("there").drain_is_alive()
    });
    assert_eq!(lines(&site.output()).count(), 1);
}
