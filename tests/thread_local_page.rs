//! Claim: structlog's page on thread-local context holds here, example by example, with the same
//! outputs.
//!
//! What a record says is put as structlog's `KeyValueRenderer` puts it, the event last.

use logring::context::{self, SharedContext};
use logring::record::AnyValue;
use logring::testing::{Captured, logged};
use logring::{Logger, info, kv};

/// A value as Python's `repr` shows it.
fn repr(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Bool(true) => "True".to_owned(),
        AnyValue::Bool(false) => "False".to_owned(),
        _ => value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
    }
}

fn key_values(event: &Captured) -> String {
    let pairs = event.all().into_iter().map(|(key, value)| format!("{key}={} ", repr(value)));
    pairs.collect::<String>() + &format!("event='{}'", event.event())
}

/// A dict as Python's `repr` shows it.
fn dict(fields: &context::Fields) -> String {
    let pairs = fields.iter().map(|(key, value)| format!("'{key}': {}", repr(value)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// What `action` prints.
fn printed(action: impl FnOnce()) -> String {
    logged(action).iter().map(key_values).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_merge_threadlocal_processor() {
    let log = logring::logger();
    // At the top of a request handler: clear, then bind the common values.
    context::clear();
    context::bind(kv! { a = 1 });
    assert_eq!(printed(|| info!(logger: log, "hi")), "a=1 event='hi'");
    // The current state.
    assert_eq!(dict(&context::get()), "{'a': 1}");
    // Or merged with a bound logger.
    let merged = context::get_merged(&log.bind(kv! { example = true }));
    assert_eq!(dict(&merged), "{'a': 1, 'example': True}");
    // When it is cleared, it goes away.
    context::clear();
    assert_eq!(printed(|| info!(logger: log, "hi there")), "event='hi there'");
}

#[test]
fn wrapped_dicts() {
    let class = SharedContext::new();
    let d1 = class.logger().bind(kv! { a = 1 });
    let d2 = class.logger().bind(kv! { b = 2 });
    let d3 = class.logger();
    let d3 = d3.bind(kv! { c = 3 });
    // `d1 is d3` is false, and they are equal all the same.
    assert!(!std::ptr::eq(&d1, &d3));
    assert_eq!(d1.context(), d2.context());
    assert_eq!(d2.context(), d3.context());
    assert_eq!(d3.context(), class.logger().context());
    assert_eq!(dict(&d3.context()), "{'a': 1, 'b': 2, 'c': 3}");
    // <WrappedDict-...({'a': 1, 'b': 2, 'c': 3})>
    let shown = format!("{class:?}");
    assert!(shown.starts_with("SharedContext-") && shown.ends_with("(a=1 b=2 c=3)"), "{shown}");
}

#[test]
fn the_context_is_global_to_the_thread() {
    let class = SharedContext::new();
    let _log = class.logger().bind(kv! { a = 1 });
    // A new logger has all that was bound before, besides what it begins with.
    let log = class.logger().bind(kv! { b = 2 });
    assert_eq!(printed(|| info!(logger: log, "x")), "a=1 b=2 event='x'");
    // Another thread has its own.
    let there = log.clone();
    let other = std::thread::spawn(move || {
        let before = printed(|| info!(logger: there, "x"));
        let there = there.bind(kv! { c = 3 });
        (before, printed(|| info!(logger: there, "x")))
    });
    let (before, after) = other.join().unwrap();
    assert_eq!((before.as_str(), after.as_str()), ("event='x'", "c=3 event='x'"));
    assert_eq!(printed(|| info!(logger: log, "x")), "a=1 b=2 event='x'");
}

#[test]
fn wrap_dict_returns_always_a_completely_new_class() {
    let (class, another) = (SharedContext::new(), SharedContext::new());
    assert_ne!(class, another);
    assert_eq!(class, class.clone());
    assert_ne!(format!("{class:?}"), format!("{another:?}"), "each has its name");
    let _log = class.logger().bind(kv! { a = 1 });
    assert!(another.get().is_empty());
}

#[test]
fn tmp_bind() {
    let log = SharedContext::new().logger();
    let log = log.bind(kv! { x = 42 });
    let got = printed(|| {
        info!(logger: log, "event!");
        {
            let tmp_log = log.tmp_bind(kv! { x = 23, y = "foo" });
            info!(logger: tmp_log, "another event!");
        }
        info!(logger: log, "one last event!");
    });
    assert_eq!(
        got,
        "x=42 event='event!'\n\
         x=23 y='foo' event='another event!'\n\
         x=42 event='one last event!'"
    );
}

#[test]
fn as_immutable() {
    let log = SharedContext::new().logger().bind(kv! { a = 1 });
    let detached = log.as_immutable();
    let log = log.bind(kv! { b = 2 });
    assert_eq!(printed(|| info!(logger: detached, "x")), "a=1 event='x'");
    let bound = detached.bind(kv! { c = 3 });
    assert_eq!(printed(|| info!(logger: detached, "x")), "a=1 event='x'");
    assert_eq!(printed(|| info!(logger: bound, "x")), "a=1 c=3 event='x'");
    assert_eq!(printed(|| info!(logger: log, "x")), "a=1 b=2 event='x'");
}

#[test]
fn a_thread_that_is_used_again_begins_with_new() {
    let class = SharedContext::new();
    // The results of `bind` and `new` are to be used, the compiler says so.
    let request = |log: &Logger, y: u32| {
        let log = log.new(kv! { y });
        let log = log.bind(kv! { x = 42 });
        printed(|| info!(logger: log, "x"))
    };
    assert_eq!(request(&class.logger().bind(kv! { left = "over" }), 23), "y=23 x=42 event='x'");
    assert_eq!(request(&class.logger(), 24), "y=24 x=42 event='x'");
}
