//! Each form of lines is what `docs/output.md` says: all value kinds, all rules about keys, all
//! notices, against a file of lines that is changed only on purpose (`UPDATE_GOLDEN=1`). The examples
//! in the document are lines of these files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use logring::Level;
use logring::record::{AnyValue, ErrorChain, Event, Field};
use logring_drain::config::{Settings, Sink};
use logring_drain::notice::{self, Who};
use logring_drain::render::time::Digits;
use logring_drain::render::{Form, LineOptions};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/output.md");

/// 2026-11-21T22:14:03.123456789Z
const TIME_NS: i64 = 1_795_299_243_123_456_789;

fn event(text: &'static str, fields: Vec<(&'static str, AnyValue<'static>)>) -> Event<'static> {
    Event {
        timestamp_ns: TIME_NS,
        event: text.into(),
        target: "billing::db".into(),
        file: "src/db.rs".into(),
        line: 87,
        pid: 4711,
        tid: 4712,
        fields: pairs(fields),
        ..Event::default()
    }
}

fn pairs(pairs: Vec<(&'static str, AnyValue<'static>)>) -> Vec<Field<'static>> {
    pairs.into_iter().map(|(key, value)| Field { key: key.into(), value }).collect()
}

fn text(text: &'static str) -> AnyValue<'static> {
    AnyValue::Str(text.into())
}

fn plain_events() -> Vec<Event<'static>> {
    let mut with_context = event("order placed", vec![("order_id", AnyValue::I64(42))]);
    with_context.context = pairs(vec![("tenant", text("acme")), ("request_id", text("7f3a"))]);
    let mut own_level = event("own level", vec![]);
    own_level.level = Level::new(77);
    let filled = event(
        "charge of {order_id} failed after {ms:.1} ms, {{not}} {this}",
        vec![("order_id", AnyValue::U64(42)), ("ms", AnyValue::F64(12.345))],
    );
    let broken = event("{ is no placeholder", vec![("n", AnyValue::I64(1))]);
    vec![with_context, own_level, filled, broken]
}

fn values() -> Vec<Event<'static>> {
    let uuid = *b"\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
    vec![
        event(
            "null and bool",
            vec![
                ("none", AnyValue::Null),
                ("yes", AnyValue::Bool(true)),
                ("no", AnyValue::Bool(false)),
            ],
        ),
        event(
            "integers",
            vec![
                ("zero", AnyValue::I64(0)),
                ("least", AnyValue::I64(i64::MIN)),
                ("most", AnyValue::U64(u64::MAX)),
                ("fits", AnyValue::I128(-7)),
                ("wide", AnyValue::I128(i128::MIN)),
                ("wider", AnyValue::U128(u128::MAX)),
            ],
        ),
        event(
            "floats",
            vec![
                ("whole", AnyValue::F64(1.0)),
                ("tenth", AnyValue::F64(0.1)),
                ("negative_zero", AnyValue::F64(-0.0)),
                ("large", AnyValue::F64(1e21)),
                ("small", AnyValue::F64(5e-324)),
                ("nan", AnyValue::F64(f64::NAN)),
                ("infinite", AnyValue::F64(f64::INFINITY)),
                ("below", AnyValue::F64(f64::NEG_INFINITY)),
            ],
        ),
        event(
            "text",
            vec![
                ("plain", text("naïve 日本語 🦀")),
                ("debug", AnyValue::Text("Point { x: 1 }".into())),
                ("quotes", text("say \"hi\" \\ bye")),
                ("control", text("a\nb\tc\r\u{8}\u{c}\0\u{1b}[31m\u{7f}\u{85}")),
                ("bidi", text("\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}")),
                ("separators", text("\u{2028}\u{2029}")),
            ],
        ),
        event(
            "bytes and times",
            vec![
                ("bytes", AnyValue::Bytes(vec![0, 1, 0xab, 0xff].into())),
                ("uuid", AnyValue::Uuid(uuid)),
                ("at", AnyValue::Timestamp(TIME_NS)),
                ("took", AnyValue::Duration(1_500_000)),
                ("whole", AnyValue::Duration(2_000_000_000)),
                ("back", AnyValue::Duration(-1)),
            ],
        ),
        event(
            "lists and maps",
            vec![
                ("empty", AnyValue::List(vec![])),
                ("list", AnyValue::List(vec![AnyValue::I64(1), text("two"), AnyValue::Null])),
                (
                    "map",
                    AnyValue::Map(vec![
                        ("a".into(), AnyValue::I64(1)),
                        ("b \"".into(), AnyValue::List(vec![AnyValue::Map(vec![])])),
                        ("a".into(), AnyValue::I64(2)),
                    ]),
                ),
            ],
        ),
        event(
            "charge failed",
            vec![
                (
                    "err",
                    AnyValue::Error(ErrorChain {
                        messages: vec!["no answer".into(), "connection reset".into()],
                        frames: vec!["billing::charge at src/charge.rs:12".into()],
                    }),
                ),
                (
                    "alone",
                    AnyValue::Error(ErrorChain {
                        messages: vec!["no answer".into()],
                        frames: vec![],
                    }),
                ),
            ],
        ),
    ]
}

fn keys() -> Vec<Event<'static>> {
    let mut overridden =
        event("later wins", vec![("c", AnyValue::I64(4)), ("b", AnyValue::I64(5))]);
    overridden.context =
        pairs(vec![("a", AnyValue::I64(1)), ("b", AnyValue::I64(2)), ("a", AnyValue::I64(3))]);
    let reserved = event(
        "reserved",
        vec![
            ("timestamp", AnyValue::I64(1)),
            ("level", AnyValue::I64(2)),
            ("event", AnyValue::I64(3)),
            ("event_", AnyValue::I64(4)),
        ],
    );
    let yielding = event("facts yield", vec![("pid", AnyValue::I64(1)), ("target", text("mine"))]);
    let odd = event("odd keys", vec![("", AnyValue::I64(1)), ("a\n\u{202e}\"", AnyValue::I64(2))]);
    let mut marked = event("came late", vec![("late", text("mine")), ("body", text("cut he"))]);
    marked.late = true;
    marked.truncated = true;
    vec![overridden, reserved, yielding, odd, marked]
}

fn notices() -> Vec<Event<'static>> {
    let who = Who { pid: 4711, tid: 4712 };
    vec![
        notice::lost(TIME_NS, 3, who),
        notice::torn(TIME_NS, 1, who),
        notice::malformed(TIME_NS, 1, who),
        notice::implausible(TIME_NS, 2, who),
        notice::late(TIME_NS, 1, who),
        notice::unknown_start(TIME_NS, 18, who),
        notice::clock_step(TIME_NS, 900, -3_600_000_000_000),
        notice::suspended(TIME_NS, 900, Duration::from_millis(90_500)),
        notice::missed(TIME_NS, 900, "json:/var/log/x.json", 12),
    ]
}

fn errors() -> Vec<Event<'static>> {
    let chain = |messages: &[&'static str]| {
        let messages = messages.iter().map(|message| (*message).into()).collect();
        AnyValue::Error(ErrorChain { messages, frames: vec![] })
    };
    let two = vec![
        ("err", chain(&["no answer", "connection reset"])),
        ("cleanup", chain(&["disk full\n3 files left"])),
    ];
    let traceback = "Traceback (most recent call last):\n  File \"jobs.py\", line 88, in run\n    \
                     rate = total / len(batch)\nZeroDivisionError: division by zero";
    let python = vec![("job", text("nightly")), ("exception", text(traceback))];
    let failed = |text, fields| Event { level: Level::Error, ..event(text, fields) };
    vec![failed("two errors", two), failed("job failed", python)]
}

/// Every event in this form.
fn lines(form: Form) -> String {
    let mut out = Vec::new();
    let mut renderer = form.renderer(LineOptions::default());
    for event in [plain_events(), values(), errors(), keys(), notices()].concat() {
        renderer.render(&event, &mut out);
    }
    let options = LineOptions {
        digits: Digits::Nine,
        thread: true,
        file: true,
        line: true,
        colored: form == Form::Console,
    };
    form.renderer(options).render(&event("all options", vec![]), &mut out);
    String::from_utf8(out).expect("lines are UTF-8")
}

/// Where the golden lines of a form stand.
fn golden(form: Form) -> PathBuf {
    let name = match form {
        Form::Json => "golden_output.jsonl",
        Form::Logfmt => "golden_output.logfmt",
        Form::Console => "golden_output.txt",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[test]
fn lines_are_the_golden_ones() {
    for form in Form::ALL {
        let lines = lines(form);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(golden(form), &lines).expect("the golden file can be written");
        }
        let golden = fs::read_to_string(golden(form)).expect("the golden file can be read");
        for (number, (line, golden)) in lines.lines().zip(golden.lines()).enumerate() {
            assert_eq!(line, golden, "{form}, line {}", number + 1);
        }
        assert_eq!(lines.lines().count(), golden.lines().count());
    }
}

#[test]
fn the_documents_examples_are_real_lines() {
    let document = fs::read_to_string(Path::new(DOCUMENT)).expect("docs/output.md can be read");
    for (form, least) in [(Form::Json, 10), (Form::Logfmt, 5), (Form::Console, 10)] {
        let lines = lines(form);
        let mut examples = 0;
        for block in document.split(&format!("```{form}\n")).skip(1) {
            let (block, _) = block.split_once("```").expect("a code block ends");
            for example in block.lines() {
                assert!(lines.lines().any(|line| line == example), "not a line of ours: {example}");
                examples += 1;
            }
        }
        assert!(examples >= least, "the document has only {examples} examples of {form}");
    }
}

#[test]
fn the_documents_sinks_are_right() {
    let document = fs::read_to_string(Path::new(DOCUMENT)).expect("docs/output.md can be read");
    let (_, block) = document.split_once("```toml\n").expect("there is a configuration");
    let (block, _) = block.split_once("```").expect("a code block ends");
    let settings = Settings::parse(&format!("segment = \"x\"\n{block}"), "docs/output.md");
    let config = settings.and_then(Settings::effective).expect("it is right");
    assert_eq!(config.sinks[1], Sink::json("/var/log/billing.jsonl"));
    assert_eq!(config.sinks[0], Sink { level: Some(Level::Info), ..Sink::console() });
}
