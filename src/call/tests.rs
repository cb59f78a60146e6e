//! P8, P12: the macros and loggers, through to decoded records.

mod capture;
mod drain_thread;
mod dynamic;

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use self::capture::{captured, one, records};
use super::*;
use crate::Level;
use crate::record::{AnyValue, Event, Value, Writer};

/// `key=value` of each field, values as `Debug` shows them.
fn fields(event: &Event<'_>) -> Vec<String> {
    event.fields.iter().map(|field| format!("{}={:?}", field.key, field.value)).collect()
}

fn context_of(event: &Event<'_>) -> Vec<String> {
    event.context.iter().map(|field| format!("{}={:?}", field.key, field.value)).collect()
}

#[derive(Debug)]
struct Failure(Option<Box<Self>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "outer" } else { "inner" })
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|source| source as _)
    }
}

fn failure() -> Failure {
    Failure(Some(Box::new(Failure(None))))
}

#[test]
fn every_form_of_a_field() {
    struct Request {
        id: u8,
    }
    let (path, ms, e, w) = ("/x", 1.5, Some(1), "who");
    let request = Request { id: 7 };
    let event = one(|log| {
        info!(
            logger: log,
            "took {ms:.1} for {} {{}}",
            path,
            ms = ms + 0.5,
            ?e,
            %w,
            debug = ?e,
            display = %w.len(),
            "http.status" = 200,
            "debug text" = ?w,
            "display text" = %w,
            a.b = request.id,
            a.b.c = ?request.id,
            a.d = %request.id,
            block = if ms > 1.0 { "slow" } else { "fast" },
            not = !request.id.is_power_of_two(),
            minus = -1,
        );
    });
    assert_eq!(event.event, "took {ms:.1} for {} {{}}");
    assert_eq!(
        fields(&event),
        [
            "path=Str(\"/x\")",
            "ms=F64(2.0)",
            "e=Text(\"Some(1)\")",
            "w=Text(\"who\")",
            "debug=Text(\"Some(1)\")",
            "display=Text(\"3\")",
            "http.status=I64(200)",
            "debug text=Text(\"\\\"who\\\"\")",
            "display text=Text(\"who\")",
            "a.b=U64(7)",
            "a.b.c=Text(\"7\")",
            "a.d=Text(\"7\")",
            "block=Str(\"slow\")",
            "not=Bool(true)",
            "minus=I64(-1)",
        ]
    );
}

#[test]
fn plain_fields_alone() {
    let (n, text) = (3u8, String::from("owned"));
    let event = one(|log| debug!(logger: log, "x", n, text, none = None::<u8>, unit = ()));
    assert_eq!(fields(&event), ["n=U64(3)", "text=Str(\"owned\")", "none=Null", "unit=Null"]);
    assert_eq!(text, "owned", "fields are borrowed");
}

#[test]
fn options_and_facts() {
    let line = line!() + 1;
    let event = one(|log| info!(logger: log, "plain"));
    assert_eq!((event.line, &*event.file), (line, file!()));
    assert_eq!(event.target, module_path!());
    let event = one(|log| info!(logger: log, target: "db", "x"));
    assert_eq!(event.target, "db");
    let event = one(|log| info!(target: concat!("d", "b2"), logger: log.clone(), "x",));
    assert_eq!(event.target, "db2");
    let event = one(|log| crate::log!(Level::new(33), logger: log, target: "db3", "x", a = 1));
    assert_eq!((event.level, &*event.target), (Level::new(33), "db3"));
}

#[test]
fn each_macro_has_its_level() {
    let (events, _) = captured("all", |log| {
        trace!(logger: log, "x");
        debug!(logger: log, "x");
        info!(logger: log, "x");
        notice!(logger: log, "x");
        success!(logger: log, "x");
        warn!(logger: log, "x");
        error!(logger: log, "x");
        fail!(logger: log, "x");
        critical!(logger: log, "x");
        fatal!(logger: log, "x");
    });
    let levels: Vec<_> = events.iter().map(|event| event.level).collect();
    assert_eq!(levels, crate::level::LEVELS.map(|(level, _)| level));
}

#[test]
fn values_live_until_the_statement_ends() {
    let event = one(|log| {
        info!(logger: log, "x", name = String::from("gone").as_str(), err = &failure());
    });
    assert_eq!(fields(&event)[0], "name=Str(\"gone\")");
}

#[test]
fn errors_come_with_their_sources() {
    fn generic(log: &Logger, err: impl Error) {
        error!(logger: log, "x", err);
    }
    /// As application crates have it: no error itself, but one inside.
    #[derive(Debug)]
    struct Report(Failure);
    impl AsRef<dyn Error> for Report {
        fn as_ref(&self) -> &(dyn Error + 'static) {
            &self.0
        }
    }
    let chain = |key: &str| {
        format!("{key}=Error(ErrorChain {{ messages: [\"outer\", \"inner\"], frames: [] }})")
    };
    let (events, _) = captured("all", |log| {
        let err = failure();
        error!(logger: log, "x", err);
        error!(logger: log, "x", err = err);
        error!(logger: log, "x", error = &err);
        generic(log, failure());
        let boxed: Box<dyn Error + Send + Sync> = Box::new(failure());
        error!(logger: log, "x", err = boxed);
        let error: &dyn Error = &err;
        error!(logger: log, "x", error);
        error!(logger: log, "x", err = Report(failure()));
        error!(logger: log, "x", cause = crate::AsError(&err));
    });
    let keys = ["err", "err", "error", "err", "err", "error", "err", "cause"];
    assert_eq!(events.len(), keys.len());
    for (event, key) in events.iter().zip(keys) {
        assert_eq!(fields(event), [chain(key)]);
    }
    // What is no error stays what it is.
    let event = one(|log| error!(logger: log, "x", err = 5, error = ?"text"));
    assert_eq!(fields(&event), ["err=I64(5)", "error=Text(\"\\\"text\\\"\")"]);
}

#[test]
fn below_level_nothing_is_evaluated() {
    let touched = Cell::new(0);
    let touch = || {
        touched.set(touched.get() + 1);
        touched.get()
    };
    let logger = Cell::new(0);
    let (events, callsites) = captured("warning,test::loud=debug", |log| {
        for _ in 0..3 {
            let counted = || {
                logger.set(logger.get() + 1);
                log
            };
            info!(logger: counted(), "x", a = touch(), b = ?touch());
            info!(logger: log, target: "test::loud::er", "y", a = touch());
            trace!(logger: log, target: "test::loud", "z", a = touch());
            fatal!(logger: log, target: "test", "w");
        }
    });
    assert_eq!((touched.get(), logger.get()), (3, 1));
    assert_eq!(events.len(), 6);
    assert_eq!(callsites, 2, "what never goes out is not in the dictionary");
}

#[test]
fn off_is_off() {
    let (events, callsites) = captured("off", |log| fatal!(logger: log, "x"));
    assert_eq!((events.len(), callsites), (0, 0));
}

#[test]
fn a_callsite_is_interned_once() {
    let (events, callsites) = captured("all", |log| {
        for n in 0..100 {
            info!(logger: log, "x", n);
        }
    });
    assert_eq!((events.len(), callsites), (100, 1));
    assert_eq!(fields(&events[99]), ["n=I64(99)"]);
}

#[test]
fn a_callsite_serves_several_segments() {
    fn call(log: &Logger, n: u8) {
        info!(logger: log, "x", n);
    }
    let other = Logger::of(Producer::on_heap(Filter::at(Level::Info)));
    let (events, _) = captured("all", |log| {
        call(log, 1);
        call(&other, 2);
        call(log, 3);
    });
    assert_eq!(events.iter().flat_map(fields).collect::<Vec<_>>(), ["n=U64(1)", "n=U64(3)"]);
    assert_eq!(records(other.segment().unwrap()).len(), 1);
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of ")?;
        panic!("on purpose")
    }
}

#[test]
fn a_panic_in_a_value_stays_there() {
    let event = one(|log| info!(logger: log, "x", before = 1, bad = ?Panics, after = "y"));
    assert_eq!(fields(&event), ["before=I64(1)", "bad=Text(\"<panicked>\")", "after=Str(\"y\")"]);
}

#[test]
fn a_value_may_log_while_it_is_encoded() {
    struct Talks<'a>(&'a Logger);
    impl Value for Talks<'_> {
        fn encode(&self, out: &mut Writer) {
            info!(logger: self.0, "inner", n = 1, text = ?"t");
            2i64.encode(out);
        }
    }
    let (events, _) = captured("all", |log| info!(logger: log, "outer", a = 1, talks = Talks(log)));
    assert_eq!(events.iter().map(|event| &*event.event).collect::<Vec<_>>(), ["inner", "outer"]);
    assert_eq!(fields(&events[0]), ["n=I64(1)", "text=Text(\"\\\"t\\\"\")"]);
    assert_eq!(fields(&events[1]), ["a=I64(1)", "talks=I64(2)"]);
}

#[test]
fn long_values_go_through() {
    for len in [0, 60, 80, 83, 84, 200, 5000] {
        let text = "é".repeat(len);
        let event = one(|log| info!(logger: log, "x", a = 1, text = text, b = ?text, c = 2));
        assert_eq!(event.fields[1].value, AnyValue::Str(text.as_str().into()));
        assert_eq!(event.fields[2].value, AnyValue::Text(format!("{text:?}").into()));
        assert_eq!(event.fields[3].value, AnyValue::I64(2));
        let event = one(|log| info!(logger: log, "x", a = 1, text = text, c = 2));
        assert_eq!(event.fields[1].value, AnyValue::Str(text.as_str().into()));
        assert_eq!(event.fields[2].value, AnyValue::I64(2));
    }
}

#[test]
fn loggers_are_immutable() {
    let (events, _) = captured("all", |log| {
        let (id, what) = (7, "w");
        let acme = log.bind(kv! { tenant = "acme", id, "a.b" = ?what, c.d = %what });
        let again = acme.bind(kv!(tenant = "other", more = vec![1]));
        let less = again.unbind(&["id", "a.b"]).unwrap();
        let none = less.try_unbind(&["tenant", "c.d", "more", "never"]);
        let fresh = again.new(kv! { only = true });
        let clone = acme.clone();
        for log in [log, &acme, &again, &less, &none, &fresh, &clone] {
            info!(logger: log, "x", n = 1);
        }
        let error = less.unbind(&["tenant", "id"]).unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(error.to_string(), "cannot unbind \"id\": it is not bound");
    });
    let acme = ["tenant=Str(\"acme\")", "id=I64(7)", "a.b=Text(\"\\\"w\\\"\")", "c.d=Text(\"w\")"];
    let other = ["tenant=Str(\"other\")", "more=List([I64(1)])"];
    let expected: [&[&str]; 7] = [
        &[],
        &acme,
        &[&acme[1..], &other].concat(),
        &[&acme[3..], &other].concat(),
        &[],
        &["only=Bool(true)"],
        &acme,
    ];
    for (event, expected) in events.iter().zip(expected) {
        assert_eq!(context_of(event), expected);
        assert_eq!(fields(event), ["n=I64(1)"]);
    }
}

#[test]
fn keys_are_inline_where_there_is_no_segment() {
    let early = logger::DEFAULT.bind(kv! { tenant = "acme" });
    let key_lens = |log: &Logger| {
        let logged = crate::testing::logged(|| info!(logger: log, "x"));
        logged[0].as_event().context.iter().map(|field| field.key.len()).collect::<Vec<_>>()
    };
    assert_eq!(key_lens(&early), [6]);
    let long = "k".repeat(70_000);
    let bound = logger::DEFAULT.bind(Pairs::new().with(long, &1));
    assert_eq!(key_lens(&bound), [65_535]);
}

#[test]
fn a_dynamic_key_is_bound_like_any() {
    let event = one(|log| {
        let key = format!("k{}", 1);
        info!(logger: log.bind(Pairs::new().with(key, &"v")), "x");
    });
    assert_eq!(context_of(&event), ["k1=Str(\"v\")"]);
}

/// The only test of this process that installs.
#[test]
fn a_process_installs_once() {
    let before = super::logger().bind(kv! { early = true });
    let name = format!("test-installed-{}", std::process::id());
    // Opened before it is installed: the thread has its lane already, and keeps it.
    let opened = builder(name.clone()).filter("all").open().unwrap();
    info!(logger: opened, "opened");
    let guard = builder(name).filter("all").install().unwrap();
    // It goes on as it is without its name, and leaves nothing behind.
    for path in ["", ".lock", ".drain"] {
        let path = guard.segment().paths().unwrap().segment.display().to_string() + path;
        let _ = std::fs::remove_file(path);
    }
    let error = builder("installed").install().unwrap_err();
    assert!(error.is_already_installed(), "{error}");
    info!("default");
    info!(logger: before, "bound before");
    info!(logger: super::logger().bind(kv! { late = true }), "bound after");
    let records = records(guard.segment());
    assert_eq!(records.len(), 4, "on one lane");
    assert_eq!(records[2].payload[4..11], *b"\x05\0early", "an inline key");
    assert_ne!(records[3].payload[..4], [0; 4], "an interned key");
}
