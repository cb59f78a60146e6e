//! Claim: what is bound to a thread, a scope or a logger stands in the records that it
//! should stand in, and in no other, and of equal keys the last source's wins.

use std::panic::{AssertUnwindSafe, catch_unwind};

use logring::context::{self, Context};
use logring::testing::{Captured, capture, logged};
use logring::{Pairs, info, kv};

/// `key=value` of context and fields, as a line would have them.
fn line(event: &Captured) -> String {
    let all = event.all().into_iter().map(|(key, value)| format!("{key}={value}"));
    all.collect::<Vec<_>>().join(" ")
}

/// What a record without fields of its own has here.
fn here() -> String {
    let logged = logged(|| info!("x"));
    assert_eq!(logged.len(), 1);
    line(&logged[0])
}

#[test]
fn a_thread_binds_for_itself() {
    context::bind(kv! { a = 1, b = 2 });
    assert_eq!(here(), "a=1 b=2");
    context::bind(kv! { a = 3 });
    assert_eq!(here(), "b=2 a=3");
    let other = std::thread::spawn(|| {
        let before = here();
        context::bind(kv! { c = 4 });
        (before, here())
    });
    assert_eq!(other.join().unwrap(), (String::new(), "c=4".to_owned()));
    context::unbind(&["b", "never"]);
    assert_eq!(context::get()["a"], 3);
    assert_eq!(here(), "a=3");
    context::clear();
    assert_eq!(here(), "");
}

#[test]
fn a_scope_ends_with_its_guard() {
    context::bind(kv! { a = 1, b = 1 });
    {
        let _outer = context::bound(kv! { b = 2, c = 2 });
        {
            let _inner = context::bound(kv! { c = 3 });
            assert_eq!(here(), "a=1 b=2 c=3");
            context::bind(kv! { c = 9, d = 9 });
            assert_eq!(here(), "a=1 d=9 b=2 c=3", "scopes win over what the thread binds");
            context::clear();
            assert_eq!(here(), "b=2 c=3", "scopes stay");
        }
        assert_eq!(here(), "b=2 c=2");
    }
    assert_eq!(here(), "");
}

#[test]
fn a_panic_ends_a_scope() {
    context::bind(kv! { a = 1 });
    let log = context::SharedContext::new().logger().bind(kv! { x = 1 });
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _scope = context::bound(kv! { a = 2 });
        let _attached = Context::current().with(kv! { b = 2 }).attach();
        let _tmp = log.tmp_bind(kv! { x = 2 });
        assert_eq!(context::get_merged(&log).to_string(), "a=2 b=2 x=2");
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(panicked.is_err());
    assert_eq!(context::get_merged(&log).to_string(), "a=1 x=1");
}

#[test]
fn guards_may_end_in_any_order() {
    let first = context::bound(kv! { a = 1 });
    let second = context::bound(kv! { a = 2, b = 2 });
    drop(first);
    assert_eq!(here(), "a=2 b=2");
    drop(second);
    assert_eq!(here(), "");

    // A scope that ends while another context is in force is gone when its own comes back.
    let scope = context::bound(kv! { a = 1 });
    let outer = Context::new().with(kv! { c = 1 }).attach();
    assert_eq!(here(), "c=1");
    drop(scope);
    let inner = Context::new().with(kv! { d = 1 }).attach();
    assert_eq!(here(), "d=1");
    drop(outer);
    assert_eq!(here(), "");
    drop(inner);
    assert_eq!(here(), "");
}

#[test]
fn a_context_is_handed_on() {
    let logs = capture();
    context::bind(kv! { a = 1, b = 1 });
    let _scope = context::bound(kv! { b = 2 });
    let here = Context::current();
    context::bind(kv! { late = true });
    assert_eq!(here.get().to_string(), "a=1 b=2");
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let context = here.with(kv! { n });
            std::thread::spawn(move || {
                context::bind(kv! { a = "its own", mine = n });
                info!("before");
                {
                    let _context = context.attach();
                    info!("inside");
                    context::bind(kv! { c = 3 });
                    info!("bound");
                }
                context::get().to_string()
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), format!("a=its own mine={n}"));
    }
    let mut lines: Vec<_> = logs.events().iter().map(line).collect();
    lines.sort();
    let mut expected: Vec<_> = (0..4)
        .flat_map(|n| {
            let inside = format!("mine={n} a=1 b=2 n={n}");
            [inside.clone(), format!("{inside} c=3")]
        })
        .collect();
    expected.sort();
    assert_eq!(lines, expected, "what is logged outside of the context is not captured");
}

#[test]
fn a_logger_binds_for_itself() {
    let log = logring::logger().bind(kv! { a = 1 });
    let more = log.bind(kv! { b = 2 });
    let lines = |log: &logring::Logger| line(&logged(|| info!(logger: log, "x"))[0]);
    assert_eq!((lines(&log), lines(&more)), ("a=1".to_owned(), "a=1 b=2".to_owned()));
    assert_eq!(lines(&more.try_unbind(&["a", "never"])), "b=2");
    assert_eq!(lines(&more.new(kv! { c = 3 })), "c=3");
    let tmp = more.tmp_bind(kv! { a = 4 });
    assert_eq!(line(&logged(|| info!(logger: tmp, "x"))[0]), "b=2 a=4");
    assert_eq!(more.as_immutable().context(), more.context());
}

#[test]
fn keys_of_run_time_are_made_fit() {
    let before = logring::renamed_keys();
    let pairs = Pairs::new()
        .with("level".to_owned(), &1)
        .with("a\nb", &2)
        .with("a_b", &3)
        .with("", &4)
        .with("fine", &5);
    let _scope = context::bound(pairs);
    assert_eq!(here(), "level_=1 a_b=2 a_b_2=3 _=4 fine=5");
    assert_eq!(logring::renamed_keys() - before, 4);
}

#[test]
fn records_of_run_time_have_it_too() {
    let site = logring::Site::new(logring::Level::Info, "shell").event("ran").fields(["code"]);
    let logs = logring::testing::capture_at("info,shell=warning").unwrap();
    let log = logring::logger().bind(kv! { b = 2 });
    let _scope = context::bound(kv! { a = 1 });
    assert!(!site.enabled(&log) && site.enabled_at(&log, logring::Level::Error));
    assert!(site.record(&log, &[&3]).field("c", &4).text("{").try_log());
    let events = logs.events();
    assert_eq!((line(&events[0]), events[0].event()), ("a=1 b=2 code=3 c=4".to_owned(), "{"));
    assert_eq!(events[0].target(), "shell");
}
