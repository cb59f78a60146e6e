//! Claim: context stands in the lines of a real drain: that of the process from the call on that
//! follows its bind, in all threads; in forked children that of the moment of the fork; in the
//! destructors of thread-locals and at exit without harm.

mod common;

use std::cell::RefCell;
use std::sync::mpsc::channel;

use common::drain::{Site, lines};
use common::watch::watchdog;
use common::{Peer, hear, role, say};
use logring::context::{self, WithContext};
use logring::{Overflow, info, kv};
use serde_json::Value;

/// Logs when its thread ends.
struct Last(&'static str);

impl Drop for Last {
    fn drop(&mut self) {
        info!("destructor", which = self.0);
        let _scope = context::bound(kv! { scope = "late" });
        info!("destructor in a scope", which = self.0);
    }
}

thread_local! {
    static BEFORE: RefCell<Option<Last>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<Last>> = const { RefCell::new(None) };
}

extern "C" fn at_exit() {
    info!("at exit");
    context::bind(kv! { exit = true });
    info!("bound at exit");
}

/// Runs `action` in a forked child, and waits for its end.
fn in_child(action: impl FnOnce()) {
    // SAFETY: the process has one thread that matters, which is this.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        action();
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: our child, our memory.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "how the child ended");
}

fn service(segment: &str) {
    context::bind(kv! { early = 1 });
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    info!("bound before install");
    context::clear();

    // A thread that has logged before the process binds takes it up.
    let (go, gone) = channel::<()>();
    let (ready, is_ready) = channel();
    let thread = std::thread::spawn(move || {
        let call = |turn: u64| info!("thread", turn);
        call(0);
        ready.send(()).expect("main waits");
        for turn in 1..3 {
            gone.recv().expect("main says so");
            call(turn);
            ready.send(()).expect("main waits");
        }
    });
    is_ready.recv().expect("the thread logs");
    context::bind_process(kv! { version = "1.2" });
    go.send(()).expect("the thread waits");
    is_ready.recv().expect("the thread logs");
    context::unbind_process(&["version"]);
    go.send(()).expect("the thread waits");
    thread.join().expect("the thread ends");

    // A forked child has what was bound at the fork, until it clears it.
    context::bind_process(kv! { role = "parent" });
    context::bind(kv! { a = 1 });
    let scope = context::bound(kv! { b = 2 });
    in_child(|| {
        info!("child", turn = 0);
        context::bind(kv! { a = 3 });
        info!("child", turn = 1);
        context::clear_all();
        info!("child", turn = 2);
        context::bind_process(kv! { role = "child" });
        info!("child", turn = 3);
    });
    info!("parent");
    drop(scope);
    context::clear_all();

    // Over `max_record_bytes` the record is cut and marked, context and all.
    {
        let _scope = context::bound(kv! { long = "x".repeat(3000) });
        info!("of two blocks' length", more = "y".repeat(40_000));
        let _scope = context::bound(kv! { longer = "x".repeat(2 << 20) });
        info!("cut", more = 1);
    }

    std::thread::spawn(|| {
        // The first is destroyed after the thread's context, the second before it.
        BEFORE.set(Some(Last("before")));
        context::bind(kv! { of = "thread" });
        AFTER.set(Some(Last("after")));
    })
    .join()
    .expect("the thread ends");

    context::bind(kv! { main = true });
    let never = std::future::pending::<()>().with_context(kv! { task = 1 });
    drop(never);
    info!("main");
    // SAFETY: a function of ours without arguments.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
}

#[test]
fn what_is_bound_stands_in_the_lines() {
    if let Some((_, segment)) = role() {
        service(&segment);
        say("done");
        hear();
        // As a program ends: the thread's destructors, then what was registered for the exit.
        std::process::exit(0);
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let mut peer = Peer::start("what_is_bound_stands_in_the_lines", "service", site.segment());
    assert_eq!(peer.hear(), "done");
    peer.say("end");
    peer.end();
    drain.stop();

    const FACTS: [&str; 10] = [
        "timestamp",
        "level",
        "target",
        "pid",
        "tid",
        "file",
        "line",
        "thread",
        "callsite",
        "host",
    ];
    let line = |line: Value| {
        let object = line.as_object().expect("an object");
        let pairs = object.iter().filter(|(key, _)| !FACTS.contains(&key.as_str()));
        let short = |value: &Value| match value.as_str() {
            Some(text) if text.len() > 100 => format!("{} bytes", text.len()),
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        pairs.map(|(key, value)| format!("{key}={}", short(value))).collect::<Vec<_>>().join(" ")
    };
    let got: Vec<String> = lines(&site.output()).map(line).collect();
    let has = |wanted: &str| {
        assert!(got.iter().any(|line| line == wanted), "{wanted:?} in:\n{}", got.join("\n"));
    };
    for wanted in [
        "early=1 event=bound before install",
        "event=thread turn=0",
        "event=thread turn=1 version=1.2",
        "event=thread turn=2",
        "a=1 b=2 event=child role=parent turn=0",
        "a=3 b=2 event=child role=parent turn=1",
        "event=child turn=2",
        "event=child role=child turn=3",
        "a=1 b=2 event=parent role=parent",
        "event=destructor of=thread which=after",
        "event=destructor in a scope of=thread scope=late which=after",
        "event=destructor which=before",
        "event=destructor in a scope scope=late which=before",
        "event=main main=true",
        "event=at exit",
        "event=bound at exit exit=true",
        "event=of two blocks' length long=3000 bytes more=40000 bytes",
    ] {
        has(wanted);
    }
    assert!(
        got.iter().any(|line| line.starts_with("event=cut long=3000 bytes longer=")),
        "{got:#?}"
    );
    assert_eq!(got.len(), 18, "{got:#?}");
}
