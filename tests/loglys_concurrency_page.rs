//! Claim: Logly's page on concurrency, example by example, as it is done in Rust: the same records come
//! out, of each thread in order, and nothing is lost though no process calls anything before it ends.
//!
//! Every process here ends by `_exit`, which runs no destructor and flushes nothing.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::drain::{Site, ended_lines, lines, number};
use common::watch::{signal, wait_until, watchdog};
use common::{hear, role, say};
use logring::context::{self, WithContext};
use logring::{Overflow, info, kv};
use serde_json::{Value, json};

/// Messages of the page's longest loop; as many as there with `LOGRING_LONG=1`.
fn high_volume() -> u64 {
    if std::env::var_os("LOGRING_LONG").is_some() { 100_000 } else { 5_000 }
}

/// What a test's process does before it ends.
fn as_process(work: impl FnOnce()) -> bool {
    let Some((_, segment)) = role() else { return false };
    // A full ring holds the caller for a moment; it never raises into it.
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    work();
    say("done");
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(0) }
}

/// Runs `test` in a process of its own beside a drain: the lines.
fn lines_of(test: &str) -> Vec<Value> {
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let mut peer = site.peer(test, "work", site.segment());
    assert_eq!(peer.hear(), "done");
    peer.end();
    drain.stop();
    lines(&site.output()).collect()
}

fn texts(all: &[Value]) -> Vec<&str> {
    all.iter().map(|line| line["event"].as_str().expect("a text")).collect()
}

#[test]
fn thread_safety() {
    fn worker() {
        let name = std::thread::current().name().expect("a name").to_owned();
        for i in 0..100 {
            info!("Thread {} message {}", name, i);
        }
    }
    if as_process(|| {
        let threads: Vec<_> = (1..=4)
            .map(|n| std::thread::Builder::new().name(format!("Thread-{n}")).spawn(worker))
            .collect();
        threads.into_iter().for_each(|thread| thread.expect("started").join().expect("it ends"));
    }) {
        return;
    }
    let all = lines_of("thread_safety");
    assert_eq!(all.len(), 400);
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for line in &all {
        let name = line["name"].as_str().expect("a name");
        let i = next.entry(name.to_owned()).or_default();
        assert_eq!(line["event"], format!("Thread {name} message {i}"));
        *i += 1;
    }
    assert_eq!(next.len(), 4);
}

#[test]
fn enqueue_mode() {
    if as_process(|| {
        for i in 0..10_000 {
            info!("Message {}", i);
        }
    }) {
        return;
    }
    let all = lines_of("enqueue_mode");
    let wanted: Vec<String> = (0..10_000).map(|i| format!("Message {i}")).collect();
    assert_eq!(texts(&all), wanted);
}

/// There is no choice to make: a call never writes, whoever writes is another process. So the simple
/// script needs none to run, and code that must not wait does not wait for one that stands still.
#[test]
fn when_to_use_enqueue() {
    if let Some((part, _)) = role() {
        as_process(|| match part.as_str() {
            "script" => info!("one line of a simple script"),
            _ => {
                for i in 0..500 {
                    info!("latency-sensitive", i);
                }
                say("logged");
                hear();
            }
        });
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let mut script = site.peer("when_to_use_enqueue", "script", site.segment());
    assert_eq!(script.hear(), "done");
    script.end();
    let drain = site.start_drain();
    signal(drain.pid(), libc::SIGSTOP);
    let mut service = site.peer("when_to_use_enqueue", "service", site.segment());
    assert_eq!(service.hear(), "logged", "while nobody writes");
    service.say("go on");
    assert_eq!(service.hear(), "done");
    service.end();
    signal(drain.pid(), libc::SIGCONT);
    drain.stop();
    let all: Vec<Value> = lines(&site.output()).collect();
    assert_eq!(all.len(), 501);
    assert_eq!(all[0]["event"], "one line of a simple script");
    assert!((0..500).all(|i| number(&all[i + 1], "i") == i as u64));
}

/// Files are not rotated yet. What the page needs its queue for stands: many writers, one file, each
/// line whole, also where the file is as long as it gets there.
#[test]
fn enqueue_with_rotation() {
    if as_process(|| {
        for i in 0..high_volume() {
            info!("High-volume message {}", i);
        }
    }) {
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let peer = |_| site.peer("enqueue_with_rotation", "work", site.segment());
    let writers: Vec<_> = (0..3).map(peer).collect();
    for mut writer in writers {
        assert_eq!(writer.hear(), "done");
        writer.end();
    }
    drain.stop();
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    for line in lines(&site.output()) {
        let i = next.entry(number(&line, "pid")).or_default();
        assert_eq!(line["event"], format!("High-volume message {i}"));
        *i += 1;
    }
    assert_eq!(next.into_values().collect::<Vec<_>>(), [high_volume(); 3]);
}

#[test]
fn contextualize_in_threads() {
    fn worker(worker_id: u64) {
        let _scope = context::bound(kv! { worker_id });
        info!("Worker started");
        // Each thread has its own context.
        for i in 0..10 {
            info!("Processing item {}", i);
        }
        info!("Worker finished");
    }
    if as_process(|| {
        let threads: Vec<_> = (0..4).map(|i| std::thread::spawn(move || worker(i))).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
        info!("Outside");
    }) {
        return;
    }
    let all = lines_of("contextualize_in_threads");
    assert_eq!(all.len(), 4 * 12 + 1);
    for worker_id in 0..4 {
        let own = all.iter().filter(|line| line["worker_id"] == worker_id);
        let own: Vec<&str> = own.map(|line| line["event"].as_str().expect("a text")).collect();
        assert_eq!((own.len(), own[0], own[11]), (12, "Worker started", "Worker finished"));
        assert!((0..10).all(|i| own[i + 1] == format!("Processing item {i}")), "{own:?}");
    }
    let outside = all.iter().find(|line| line["event"] == "Outside").expect("the line");
    assert_eq!(outside.get("worker_id"), None);
}

#[test]
fn async_context() {
    async fn handle_request() {
        info!("Starting request");
        tokio::task::yield_now().await;
        info!("Request complete");
    }
    if as_process(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        runtime.expect("a runtime").block_on(async {
            let request = |id: &'static str| handle_request().with_context(kv! { request_id = id });
            tokio::join!(request("req-1"), request("req-2"), request("req-3"));
        });
    }) {
        return;
    }
    let all = lines_of("async_context");
    // As with `gather`, all have started before one goes on.
    let got = |texts: &[Value]| {
        let pair = |line: &Value| (line["event"].to_string(), line["request_id"].to_string());
        texts.iter().map(pair).collect::<BTreeSet<_>>()
    };
    let each = |text: &str| {
        let of = |id: &str| (json!(text).to_string(), json!(id).to_string());
        BTreeSet::from(["req-1", "req-2", "req-3"].map(of))
    };
    assert_eq!(all.len(), 6);
    assert_eq!(got(&all[..3]), each("Starting request"));
    assert_eq!(got(&all[3..]), each("Request complete"));
}

/// The page's warning does not hold here: what was logged is safe when the call has returned. `flush`
/// is for who wants to read the file.
#[test]
fn flushing() {
    if let Some((part, _)) = role() {
        as_process(|| {
            info!("Important message");
            if part == "flushes" {
                logring::flush(std::time::Duration::from_secs(60)).expect("a drain runs");
                say("flushed");
                hear();
            }
        });
        return;
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let mut silent = site.peer("flushing", "ends", site.segment());
    assert_eq!(silent.hear(), "done");
    silent.end();
    wait_until("the line of a process that is gone", || {
        site.output().exists() && ended_lines(&site.output()) == 1
    });
    let mut flushes = site.peer("flushing", "flushes", site.segment());
    assert_eq!(flushes.hear(), "flushed");
    assert_eq!(texts(&lines(&site.output()).collect::<Vec<_>>()), ["Important message"; 2]);
    flushes.say("go on");
    flushes.end();
    drain.stop();
}
