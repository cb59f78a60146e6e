//! Claim: what structlog has at the log call is here, each under the name that it has there:
//! configuration, bound loggers, context of threads and of tasks, capturing.
//!
//! `docs/parity.md` has the table; the page on thread-local context stands in
//! `tests/thread_local_page.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};

use futures_lite::future::{block_on, yield_now, zip};
use logring::context::{self, Context, SharedContext, WithContext};
use logring::testing::{self, logged};
use logring::{Level, Site, error, info, kv, log, warn};

/// What an event logged here and now has.
fn here() -> String {
    let events = logged(|| info!("x"));
    let pairs = events[0].all().into_iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

#[test]
fn configure_is_configured_get_config_and_configure_once() {
    let early = logring::logger();
    assert!(early.segment().is_none(), "is_configured");
    let name = format!("test-parity-{}", std::process::id());
    let guard = logring::builder(name.as_str()).level(Level::Warning).install();
    let guard = guard.expect("configured");
    // A logger that was there before follows, as a lazy proxy does.
    let config = early.segment().expect("is_configured");
    assert_eq!((config.name(), guard.segment().name()), (name.as_str(), name.as_str()));
    let again = logring::builder("another").install().expect_err("configure_once");
    assert!(again.is_already_installed(), "{again}");
    let paths = logring::shm::name::Paths::named(&name).expect("good name");
    for path in [paths.segment, paths.lock, paths.drain] {
        let _ = std::fs::remove_file(path);
    }
}

/// A test's configuration is its capture, which ends with it: there is nothing to reset.
#[test]
fn reset_defaults() {
    assert_eq!(logged(|| info!("in a test")).len(), 1);
    let outer = testing::capture();
    drop(testing::capture());
    info!("after another one");
    assert_eq!(outer.events().len(), 1);
}

#[test]
fn get_logger_with_initial_values_and_get_context() {
    let log = logring::logger().bind(kv! { service = "cart" });
    assert_eq!(log.context().to_string(), "service=cart", "get_context");
    let events = logged(|| info!(logger: log, "x", item = "tea"));
    assert!(events[0]["service"] == "cart" && events[0]["item"] == "tea");
}

/// A logger that goes elsewhere, with the same interface.
#[test]
fn wrap_logger() {
    let name = format!("test-parity-wrap-{}", std::process::id());
    let own = logring::builder(name.as_str()).open().expect("opened").bind(kv! { audit = true });
    assert_eq!(own.segment().expect("its own").name(), name);
    let elsewhere = logged(|| info!(logger: own, "not here"));
    assert!(elsewhere.is_empty(), "what goes to another segment is not captured");
    let paths = logring::shm::name::Paths::named(&name).expect("good name");
    for path in [paths.segment, paths.lock, paths.drain] {
        let _ = std::fs::remove_file(path);
    }
}

#[test]
fn bind_unbind_try_unbind_and_new() {
    let log = logring::logger().bind(kv! { a = 1, b = 2 });
    let more = log.bind(kv! { b = 3, c = 4 });
    assert_eq!(log.context().to_string(), "a=1 b=2", "a logger is immutable");
    assert_eq!(more.context().to_string(), "a=1 b=3 c=4");
    let less = more.unbind(&["a"]).expect("bound");
    assert_eq!(less.context().to_string(), "b=3 c=4");
    let error = less.unbind(&["never"]).expect_err("a KeyError there").to_string();
    assert!(error.contains("\"never\""), "{error}");
    assert_eq!(less.try_unbind(&["never", "b"]).context().to_string(), "c=4");
    assert_eq!(more.new(kv! { d = 5 }).context().to_string(), "d=5", "`new` clears");
}

#[test]
fn level_methods_msg_and_log() {
    let events = logged(|| {
        info!("info");
        warn!("warn");
        error!("err");
        log!(Level::Critical, "log", n = 1);
    });
    let levels: Vec<String> = events.iter().map(|event| event.level().to_string()).collect();
    assert_eq!(levels, ["info", "warning", "error", "critical"]);
}

/// A callsite is interned at its first use and not again; a logger costs nothing to make, so there is
/// nothing to cache and nothing that goes stale.
#[test]
fn cache_logger_on_first_use() {
    let log = logring::logger();
    let call = |log: &logring::Logger| logged(|| info!(logger: log, "cached"));
    assert_eq!(call(&log).len(), 1);
    assert_eq!(call(&log.bind(kv! { later = 1 }))[0]["later"], 1);
}

#[test]
fn is_enabled_for_and_get_effective_level() {
    let logs = testing::capture_at("info,db=debug").expect("a filter");
    let log = logring::logger();
    let enabled = |level, target: &str| Site::new(level, target).enabled(&log);
    assert!(enabled(Level::Info, "shop") && !enabled(Level::Debug, "shop"));
    assert!(enabled(Level::Debug, "db") && !enabled(Level::Trace, "db"));
    let effective = |target: &str| {
        let levels = logring::level::LEVELS.iter().map(|(level, _)| *level);
        levels.into_iter().find(|level| enabled(*level, target))
    };
    assert_eq!((effective("shop"), effective("db")), (Some(Level::Info), Some(Level::Debug)));
    assert!(logs.events().is_empty());
}

#[test]
fn bind_unbind_clear_and_get_threadlocal() {
    context::clear();
    context::bind(kv! { a = 1, b = 2 });
    assert_eq!(here(), "a=1 b=2", "merge_threadlocal");
    context::unbind(&["a", "never"]);
    assert_eq!(context::get().to_string(), "b=2", "get_threadlocal");
    let merged = context::get_merged(&logring::logger().bind(kv! { c = 3 }));
    assert_eq!((merged["b"] == 2, merged["c"] == 3), (true, true), "get_merged_threadlocal");
    assert_eq!(std::thread::spawn(here).join().expect("it ends"), "", "another thread has its own");
    context::clear();
    assert_eq!(here(), "", "clear_threadlocal");
}

#[test]
fn bound_threadlocal_ends_when_the_block_raises() {
    context::clear();
    context::bind(kv! { a = 1 });
    let raised = catch_unwind(AssertUnwindSafe(|| {
        let _scope = context::bound(kv! { a = 2, b = 3 });
        assert_eq!(here(), "a=2 b=3");
        std::panic::resume_unwind(Box::new("raised"));
    }));
    assert!(raised.is_err());
    assert_eq!(here(), "a=1");
    context::clear();
}

#[test]
fn tmp_bind_ends_when_the_block_raises() {
    let log = SharedContext::new().logger().bind(kv! { x = 42 });
    let raised = catch_unwind(AssertUnwindSafe(|| {
        let tmp = log.tmp_bind(kv! { x = 23, y = "foo" });
        assert_eq!(tmp.context().to_string(), "x=23 y=foo");
        std::panic::resume_unwind(Box::new("raised"));
    }));
    assert!(raised.is_err());
    assert_eq!(log.context().to_string(), "x=42");
}

#[test]
fn as_immutable_and_wrap_dict() {
    let class = SharedContext::new();
    let log = class.logger().bind(kv! { a = 1 });
    let detached = log.as_immutable();
    let _also = class.logger().bind(kv! { b = 2 });
    assert_eq!(log.context().to_string(), "a=1 b=2");
    assert_eq!(detached.context().to_string(), "a=1");
    assert!(SharedContext::new().get().is_empty(), "each call makes a new class");
}

/// What greenlets are there, tasks on one thread are here.
#[test]
fn greenlets_keep_theirs_apart() {
    async fn green(n: u64) -> String {
        context::bind(kv! { n });
        yield_now().await;
        context::get().to_string()
    }
    let (one, two) = block_on(zip(
        green(1).with_context(kv! { task = "a" }),
        green(2).with_context(kv! { task = "b" }),
    ));
    assert_eq!((one.as_str(), two.as_str()), ("task=a n=1", "task=b n=2"));
}

#[test]
fn bind_unbind_clear_get_and_reset_contextvars() {
    context::clear();
    let task = async {
        context::bind(kv! { a = 1, b = 2 });
        yield_now().await;
        assert_eq!(here(), "request=7 a=1 b=2", "merge_contextvars");
        context::unbind(&["b"]);
        assert_eq!(context::get()["a"], 1, "get_contextvars");
        let log = logring::logger().bind(kv! { c = 3 });
        assert_eq!(context::get_merged(&log)["c"], 3, "get_merged_contextvars");
        // `reset_contextvars` takes tokens; what is to be had back is bound for a part of the task.
        let inner = async { here() };
        assert_eq!(inner.with_context(kv! { a = 9 }).await, "request=7 a=9");
        assert_eq!(here(), "request=7 a=1", "reset_contextvars");
        context::clear();
        assert_eq!(here(), "", "clear_contextvars");
    };
    block_on(task.with_context(kv! { request = 7 }));
    assert_eq!(here(), "");
}

#[test]
fn bound_contextvars() {
    let task = async {
        {
            let _scope = context::bound(kv! { a = 1 });
            yield_now().await;
            assert_eq!(here(), "a=1");
        }
        assert_eq!(here(), "");
    };
    block_on(task.with_context(kv! {}));
    // A task that is cancelled inside of it leaves nothing behind.
    let cancelled = async {
        let _scope = context::bound(kv! { b = 2 });
        yield_now().await;
    };
    {
        let mut task = pin!(cancelled.with_context(kv! {}));
        let mut waker = TaskContext::from_waker(Waker::noop());
        assert!(task.as_mut().poll(&mut waker).is_pending());
    }
    assert_eq!(here(), "");
}

/// Context that was bound before a thread or task goes with it on request.
#[test]
fn contextvars_go_with_copy_context() {
    let _scope = context::bound(kv! { request = 7 });
    let copied = Context::current();
    let there = std::thread::spawn(move || {
        let _attached = copied.attach();
        here()
    });
    assert_eq!(there.join().expect("it ends"), "request=7");
}

/// File, line, module, process and thread are sampled where the call is; the drain shows them.
#[test]
fn callsite_parameter_adder() {
    let logs = logged(|| info!("x"));
    let line = line!() - 1;
    let event = logs[0].as_event();
    assert_eq!((&*event.file, event.line), (file!(), line));
    assert_eq!((event.pid, &*event.target), (std::process::id(), module_path!()));
    let other = std::thread::spawn(|| logged(|| info!("x"))[0].as_event().tid);
    assert_ne!(other.join().expect("it ends"), event.tid);
}

#[test]
fn capture_logs_and_log_capture() {
    let logs = testing::capture();
    info!("x", y = 1);
    let other = std::thread::spawn(|| info!("not captured here"));
    other.join().expect("it ends");
    assert_eq!(logs.events().len(), 1);
    assert!(logs.events()[0]["y"] == 1 && logs.events()[0].level() == Level::Info);
    assert_eq!(logs.take().len(), 1);
    assert!(logs.events().is_empty(), "LogCapture.entries cleared");
}
