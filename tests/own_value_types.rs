//! Claim: structs and enums are typed values, by `derive(Value)` and by their `Serialize`; errors come
//! with sources and backtraces.

use std::borrow::Cow;
use std::collections::{BTreeMap, BinaryHeap, LinkedList};
use std::fmt;
use std::num::{NonZero, Saturating, Wrapping};

use logring::record::{AnyValue, ErrorChain};
use logring::testing::{Captured, capture};
use logring::{AsSerde, Secret, Value, WithBacktrace, info};
use serde::Serialize;

fn text(text: &str) -> AnyValue<'static> {
    AnyValue::Str(text.to_owned().into())
}

fn made(text: &str) -> AnyValue<'static> {
    AnyValue::Text(text.to_owned().into())
}

fn int(value: i64) -> AnyValue<'static> {
    AnyValue::I64(value)
}

fn list<const N: usize>(items: [AnyValue<'static>; N]) -> AnyValue<'static> {
    AnyValue::List(items.into())
}

fn map<const N: usize>(pairs: [(&'static str, AnyValue<'static>); N]) -> AnyValue<'static> {
    AnyValue::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// A value as it is decoded.
fn logged<T: Value>(value: &T) -> AnyValue<'static> {
    let logs = capture();
    info!("x", value);
    logs.take()[0].get("value").expect("the field").clone()
}

#[derive(Value, Serialize)]
struct Point<T> {
    x: T,
    r#type: T,
}

#[derive(Value, Serialize)]
struct Meters(i64);

#[derive(Value, Serialize)]
struct Pair(i64, Meters);

#[derive(Value)]
struct Marker;

#[derive(Value, Serialize)]
struct Empty {}

#[derive(Value, Serialize)]
enum Shape<'a> {
    Nothing,
    #[log(rename = "round")]
    #[serde(rename = "round")]
    Circle {
        radius: i64,
    },
    Named(Cow<'a, str>),
    Line(i64, i64),
    Group(Vec<Self>),
}

#[test]
fn derived_values_have_the_shape_of_their_definition() {
    let point = map([("x", int(1)), ("type", int(2))]);
    assert_eq!(logged(&Point { x: 1, r#type: 2 }), point);
    assert_eq!(logged(&Some(&Point { x: 1, r#type: 2 })), point);
    assert_eq!(logged(&Meters(5)), int(5));
    assert_eq!(logged(&Pair(1, Meters(2))), list([int(1), int(2)]));
    assert_eq!(logged(&Marker), text("Marker"));
    assert_eq!(logged(&Empty {}), map([]));
    assert_eq!(logged(&Shape::Nothing), text("Nothing"));
    assert_eq!(logged(&Shape::Circle { radius: 3 }), map([("round", map([("radius", int(3))]))]));
    assert_eq!(logged(&Shape::Named("a".into())), map([("Named", text("a"))]));
    assert_eq!(logged(&Shape::Line(1, 2)), map([("Line", list([int(1), int(2)]))]));
    let group = Shape::Group(vec![Shape::Nothing, Shape::Group(vec![])]);
    let inner = list([text("Nothing"), map([("Group", list([]))])]);
    assert_eq!(logged(&group), map([("Group", inner)]));
}

#[test]
fn serialize_gives_the_same_values_as_derive() {
    fn same<T: Value + Serialize>(value: &T) {
        assert_eq!(logged(&AsSerde(value)), logged(value));
    }
    same(&Point { x: "a", r#type: "b" });
    same(&Meters(5));
    same(&Pair(1, Meters(2)));
    same(&Empty {});
    same(&Shape::Nothing);
    same(&Shape::Circle { radius: 3 });
    same(&Shape::Named("a".into()));
    same(&Shape::Group(vec![Shape::Line(1, 2), Shape::Named("ü".into())]));
    same(&(1u8, 1i128, u128::MAX, 0.1f32, 'c', true, None::<u8>, ()));
    same(&BTreeMap::from([(1, vec!["a"]), (2, vec![])]));
}

/// What serde's attributes say counts too, and what has no `Value`.
#[test]
fn serialize_knows_what_only_it_knows() {
    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Paid { cents: i64 },
    }
    #[derive(Serialize)]
    struct Outer {
        #[serde(flatten)]
        inner: BTreeMap<Option<bool>, i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<i64>,
        bytes: Bytes,
        secret: Secret<&'static str>,
    }
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"\0\xff")
        }
    }
    let tagged = map([("kind", text("Paid")), ("cents", int(7))]);
    assert_eq!(logged(&AsSerde(&Tagged::Paid { cents: 7 })), tagged);
    let inner = BTreeMap::from([(None, 1), (Some(true), 2)]);
    let outer = Outer { inner, absent: None, bytes: Bytes, secret: Secret::new("s3cr3t") };
    let expected = map([
        ("null", int(1)),
        ("true", int(2)),
        ("bytes", AnyValue::Bytes(vec![0, 0xff].into())),
        ("secret", text("[redacted]")),
    ]);
    assert_eq!(logged(&AsSerde(&outer)), expected);
    #[derive(Value)]
    struct Field {
        #[log(serde)]
        tagged: Tagged,
    }
    let tagged = map([("tagged", tagged)]);
    assert_eq!(logged(&Field { tagged: Tagged::Paid { cents: 7 } }), tagged);
}

#[test]
fn attributes_say_how_a_field_is_logged() {
    struct Opaque;
    impl fmt::Debug for Opaque {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("by Debug")
        }
    }
    impl fmt::Display for Opaque {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("by Display")
        }
    }
    impl std::error::Error for Opaque {}
    struct Nothing;
    #[derive(Value)]
    struct All<D: ?Sized, S> {
        #[log(rename = "a key")]
        plain: i64,
        #[log(skip)]
        _skipped: S,
        #[log(redact)]
        _password: S,
        #[log(debug)]
        debug: Opaque,
        #[log(display, rename = "shown")]
        display: Opaque,
        #[log(error)]
        error: Opaque,
        #[log(debug)]
        last: D,
    }
    #[derive(Value)]
    #[log(display)]
    struct Whole(Opaque);
    impl fmt::Display for Whole {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "whole {}", self.0)
        }
    }
    #[derive(Value)]
    struct Numbered(#[log(redact)] Nothing, #[log(skip)] Nothing, i64);
    #[derive(Value)]
    enum Choice {
        Token(#[log(redact)] Nothing),
        Login {
            user: i64,
            #[log(skip)]
            _at: Nothing,
        },
    }

    let all = All {
        plain: 1,
        _skipped: Nothing,
        _password: Nothing,
        debug: Opaque,
        display: Opaque,
        error: Opaque,
        last: "x",
    };
    let chain = ErrorChain { messages: vec!["by Display".into()], frames: vec![] };
    let expected = map([
        ("a key", int(1)),
        ("_password", text("[redacted]")),
        ("debug", made("by Debug")),
        ("shown", made("by Display")),
        ("error", AnyValue::Error(chain)),
        ("last", made("\"x\"")),
    ]);
    assert_eq!(logged(&all), expected);
    assert_eq!(logged(&Whole(Opaque)), made("whole by Display"));
    assert_eq!(logged(&Numbered(Nothing, Nothing, 3)), list([text("[redacted]"), int(3)]));
    assert_eq!(logged(&Choice::Token(Nothing)), map([("Token", text("[redacted]"))]));
    let login = Choice::Login { user: 1, _at: Nothing };
    assert_eq!(logged(&login), map([("Login", map([("user", int(1))]))]));
}

#[test]
fn more_types_of_std() {
    assert_eq!(logged(&Wrapping(-7i32)), int(-7));
    assert_eq!(logged(&Saturating(7i8)), int(7));
    assert_eq!(logged(&NonZero::<u128>::MAX), AnyValue::U128(u128::MAX));
    assert_eq!(logged(&(1, "a", None::<u8>)), list([int(1), text("a"), AnyValue::Null]));
    assert_eq!(logged(&LinkedList::from([1, 2])), list([int(1), int(2)]));
    assert_eq!(logged(&BinaryHeap::from([1])), list([int(1)]));
    assert_eq!(logged(&Cow::Borrowed(&[1i32][..])), list([int(1)]));
    assert_eq!(logged(&std::ffi::OsStr::new("x")), made("x"));
    assert_eq!(logged(&c"x"), made("x"));
    let address: std::net::SocketAddrV4 = "1.2.3.4:5".parse().expect("an address");
    assert_eq!(logged(&address), made("1.2.3.4:5"));
    assert_eq!(logged(&"x".parse::<bool>().expect_err("no bool")).to_string().len(), 41);
}

#[derive(Debug)]
struct Failure {
    source: std::io::Error,
    backtrace: std::backtrace::Backtrace,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("charge failed")
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

fn frames(event: &Captured) -> Vec<String> {
    let Some(AnyValue::Error(chain)) = event.get("err") else { panic!("no error: {event:?}") };
    assert_eq!(chain.messages, ["charge failed", "disk on fire"]);
    chain.frames.iter().map(ToString::to_string).collect()
}

#[test]
fn errors_bring_their_backtraces() {
    let logs = capture();
    let backtrace = std::backtrace::Backtrace::force_capture();
    let err = Failure { source: std::io::Error::other("disk on fire"), backtrace };
    info!("x", err = WithBacktrace(&err, &err.backtrace));
    info!("x", err);
    let none = std::backtrace::Backtrace::disabled();
    info!("x", err = WithBacktrace(&err, &none));
    let events = logs.take();
    let found = frames(&events[0]);
    assert!(found[0].contains("errors_bring_their_backtraces at "), "{found:?}");
    assert!(found[0].contains("own_value_types.rs:"), "{found:?}");
    assert!(!found.iter().any(|frame| frame.contains("__rust_begin")), "{found:?}");
    assert!(frames(&events[1]).is_empty() && frames(&events[2]).is_empty());
}

/// An error type of applications: not an error itself, its sources and backtrace inside.
#[test]
fn reports_of_application_crates_bring_theirs() {
    const PART: &str = "LOGRING_TEST_PART";
    if std::env::var_os(PART).is_none() {
        // Whether backtraces are taken is decided once per process, by the environment.
        let exe = std::env::current_exe().expect("own path");
        for taken in ["0", "1"] {
            let mut run = std::process::Command::new(&exe);
            run.args(["--exact", "reports_of_application_crates_bring_theirs"]);
            let status = run.env(PART, taken).env("RUST_BACKTRACE", taken).output().expect("runs");
            assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        }
        return;
    }
    let logs = capture();
    let err = anyhow::Error::new(std::io::Error::other("disk on fire")).context("charge failed");
    info!("x", err);
    let found = frames(&logs.take()[0]);
    if std::env::var(PART).as_deref() == Ok("0") {
        assert!(found.is_empty(), "{found:?}");
    } else {
        assert!(found[0].contains("reports_of_application_crates_bring_theirs"), "{found:?}");
    }
}
