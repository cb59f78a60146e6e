//! Lines for people: layout, quotes, blocks, colours.

use super::*;
use logring::record::{AnyValue, ErrorChain};

fn text(text: &str) -> AnyValue<'static> {
    AnyValue::Str(text.to_owned().into())
}

fn error(messages: &[&str], frames: &[&str]) -> AnyValue<'static> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned().into()).collect();
    AnyValue::Error(ErrorChain { messages: owned(messages), frames: owned(frames) })
}

fn event(text: &'static str, fields: Vec<(&'static str, AnyValue<'static>)>) -> Event<'static> {
    let fields = fields.into_iter().map(|(key, value)| Field { key: key.into(), value });
    Event {
        timestamp_ns: 1_795_299_243_123_456_789,
        event: text.into(),
        target: "billing::db".into(),
        file: "src/db.rs".into(),
        line: 12,
        pid: 4711,
        tid: 4712,
        callsite: 1,
        fields: fields.collect(),
        ..Event::default()
    }
}

/// What is rendered, which is the same with a shape and without.
fn rendered(options: LineOptions, event: &Event<'_>) -> String {
    let mut renderer = ConsoleRenderer::new(options);
    let (mut out, mut again) = (Vec::new(), Vec::new());
    renderer.render(event, &mut out);
    renderer.render(&Event { callsite: 0, ..event.clone() }, &mut again);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, String::from_utf8(again).unwrap(), "with a shape and without");
    text
}

fn plain(event: &Event<'_>) -> String {
    rendered(LineOptions::default(), event)
}

/// How a value stands on the line.
fn value(value: AnyValue<'static>) -> String {
    let line = plain(&event("x", vec![("k", value)]));
    let (_, rest) = line.split_once(" [billing::db] k=").unwrap();
    rest.lines().next().unwrap().strip_suffix(" pid=4711").unwrap().to_owned()
}

#[test]
fn a_line_is_aligned() {
    let order = event("order placed", vec![("order_id", AnyValue::I64(42))]);
    assert_eq!(
        plain(&order),
        "2026-11-21T22:14:03.123456Z [info     ] order placed                   [billing::db] \
         order_id=42 pid=4711\n"
    );
    let long =
        event("took {ms:.1} ms, which is more than expected", vec![("ms", AnyValue::F64(2.25))]);
    let long = Event { level: Level::new(77), ..long };
    assert_eq!(
        plain(&long),
        "2026-11-21T22:14:03.123456Z [level77  ] took 2.2 ms, which is more than expected \
         [billing::db] ms=2.25 pid=4711\n"
    );
    let wide = plain(&event("naïve 日本\n", vec![]));
    assert!(wide.contains("] naïve 日本\\n                     [billing::db]"), "{wide}");
    let bare = Event { target: "".into(), ..event("x", vec![]) };
    assert!(plain(&bare).ends_with("] x                              pid=4711\n"));
}

#[test]
fn values_read_as_one_word_or_stand_in_quotes() {
    let long = "a value that is longer than any short piece is";
    for (given, expected) in [
        ("", ""),
        ("a", "a"),
        ("it's", "\"it's\""),
        ("two words", "'two words'"),
        (" ", "' '"),
        ("a=b", "'a=b'"),
        ("say \"hi\" \\ bye", r#"'say "hi" \\ bye'"#),
        ("'\"", r#"'\'"'"#),
        ("C:\\temp", "C:\\temp"),
        ("a\nb\tc\r\u{1b}[31m\u{7f}\u{85}\u{202e}", r"'a\nb\tc\r\x1b[31m\x7f\x85\u202e'"),
        ("naïve日本🦀", "naïve日本🦀"),
        ("naïve 日本", "'naïve 日本'"),
        (long, &format!("'{long}'")),
        (&long.replace(' ', "_"), &long.replace(' ', "_")),
    ] {
        assert_eq!(value(text(given)), expected);
        assert_eq!(value(AnyValue::Text(given.to_owned().into())), expected);
    }
    for (given, expected) in [
        (AnyValue::Null, "None"),
        (AnyValue::Bool(true), "True"),
        (AnyValue::Bool(false), "False"),
        (AnyValue::F64(f64::INFINITY), "inf"),
        (AnyValue::I128(-7), "-7"),
        (AnyValue::Bytes(b"GET /\x00\xff'".as_slice().into()), r#"b"GET /\x00\xff'""#),
        (AnyValue::Duration(-1_500_000), "-1.5ms"),
        (AnyValue::Timestamp(0), "1970-01-01T00:00:00.000000000Z"),
        (AnyValue::List(vec![AnyValue::I64(1), text("two"), AnyValue::Null]), "[1, 'two', None]"),
        (AnyValue::Map(vec![("a \"".into(), AnyValue::List(vec![]))]), r#"{'a "': []}"#),
        (AnyValue::List(vec![error(&["a", "b"], &[])]), "['a: b']"),
        (error(&["no answer"], &[]), "'no answer'"),
        (error(&[], &[]), ""),
    ] {
        assert_eq!(value(given.clone()), expected, "{given:?}");
    }
}

#[test]
fn keys_follow_the_rules_of_json_lines() {
    let given = vec![
        ("pid", AnyValue::I64(1)),
        ("event", AnyValue::I64(2)),
        ("a", AnyValue::I64(3)),
        ("a", AnyValue::I64(4)),
        ("b =", AnyValue::I64(5)),
        ("target", AnyValue::I64(6)),
    ];
    let marked = Event { late: true, truncated: true, ..event("x", given) };
    let line = plain(&marked);
    let (_, rest) = line.split_once(" [billing::db] ").unwrap();
    assert_eq!(rest, "pid=1 event_=2 a=4 'b ='=5 target=6 late=True truncated=True\n");
    let all = LineOptions { thread: true, file: true, line: true, ..LineOptions::default() };
    let line = rendered(all, &event("x", vec![]));
    assert!(line.ends_with("] pid=4711 thread=4712 file=src/db.rs line=12\n"), "{line}");
}

/// What stands beneath the line.
fn beneath(fields: Vec<(&'static str, AnyValue<'static>)>) -> String {
    let all = plain(&event("x", fields));
    all.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn what_led_to_an_error_stands_beneath_it() {
    assert_eq!(beneath(vec![("err", error(&["no answer"], &[]))]), "");
    assert_eq!(
        beneath(vec![("err", error(&["no answer", "reset", "two\nlines"], &["a::b at c.rs:1"]))]),
        "    caused by: reset\n    caused by: two\n      lines\n       0: a::b at c.rs:1\n"
    );
    assert_eq!(
        beneath(vec![("one", error(&["a", "b"], &[])), ("two", error(&["c\r\nd"], &[]))]),
        "    one: a\n    caused by: b\n    two: c\n      d\n"
    );
}

#[test]
fn a_traceback_that_came_as_text_stands_beneath_and_cannot_forge_a_line() {
    let forged = "Traceback:\n\tat a\r\n\n2026 [info] forged\u{1b}[2J\u{2028}\u{202e}\n";
    let fields = vec![("exception", text(forged)), ("n", AnyValue::I64(1))];
    assert!(plain(&event("x", fields.clone())).contains("[billing::db] n=1 pid=4711\n"));
    assert_eq!(
        beneath(fields),
        "    Traceback:\n        at a\n    \n    2026 [info] forged\\x1b[2J\\u2028\\u202e\n"
    );
    assert_eq!(value(text("a\nb")), r"'a\nb'");
    let no_text = event("x", vec![("stack", AnyValue::I64(1)), ("exception", text(""))]);
    assert!(plain(&no_text).ends_with("stack=1 exception= pid=4711\n"));
}

#[test]
fn colours_are_those_of_structlog() {
    let options = LineOptions { colored: true, ..LineOptions::default() };
    let order = event("order placed", vec![("order_id", AnyValue::I64(42))]);
    assert_eq!(
        rendered(options, &order),
        "\x1b[2m2026-11-21T22:14:03.123456Z\x1b[0m [\x1b[32m\x1b[1minfo     \x1b[0m] \
         \x1b[1morder placed                  \x1b[0m \
         [\x1b[0m\x1b[1m\x1b[34mbilling::db\x1b[0m]\x1b[0m \
         \x1b[36morder_id\x1b[0m=\x1b[35m42\x1b[0m \x1b[2mpid=4711\x1b[0m\n"
    );
}
