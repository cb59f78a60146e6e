//! JSON lines: each kind of value, escapes, names that are taken.

use super::*;
use crate::render::time::Digits;
use logring::Level;
use logring::record::AnyValue;

fn field(key: &'static str, value: impl Into<i64>) -> Field<'static> {
    Field { key: key.into(), value: AnyValue::I64(value.into()) }
}

fn event() -> Event<'static> {
    Event {
        timestamp_ns: 1_795_299_243_123_456_789,
        event: "order placed".into(),
        target: "billing::db".into(),
        file: "src/db.rs".into(),
        line: 12,
        pid: 4711,
        tid: 4712,
        ..Event::default()
    }
}

fn line(options: LineOptions, event: &Event<'_>) -> String {
    let mut out = b"before\n".to_vec();
    JsonRenderer::new(options).render(event, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned()
}

/// The line behind the event's text.
fn rest(event: &Event<'_>) -> String {
    let line = line(LineOptions::default(), event);
    line.split_once("\"event\":\"order placed\"").unwrap().1.trim_end().to_owned()
}

#[test]
fn the_default_line() {
    let event = Event { context: vec![field("c", 1)], fields: vec![field("f", 2)], ..event() };
    assert_eq!(
        line(LineOptions::default(), &event),
        "{\"timestamp\":\"2026-11-21T22:14:03.123456Z\",\"level\":\"info\",\
         \"event\":\"order placed\",\"target\":\"billing::db\",\"pid\":4711,\"c\":1,\"f\":2}\n"
    );
}

#[test]
fn short_and_long_texts_are_filled_and_escaped() {
    for (text, expected) in [
        ("took {f}", "took 2"),
        ("{{}", "{{}"),
        ("y{{|}}~", "y{|}~"),
        ("\n{f}", "\\n2"),
        (
            "a text that is longer than any short piece is",
            "a text that is longer than any short piece is",
        ),
        (
            "a text that is longer than any short piece {f}",
            "a text that is longer than any short piece 2",
        ),
        ("", ""),
    ] {
        let event = Event { event: text.into(), fields: vec![field("f", 2)], ..event() };
        let line = line(LineOptions::default(), &event);
        assert!(line.contains(&format!("\"event\":\"{expected}\",\"target\"")), "{line}");
    }
}

#[test]
fn options_add_facts_and_digits() {
    let options = LineOptions {
        digits: Digits::Nine,
        thread: true,
        file: true,
        line: true,
        ..LineOptions::default()
    };
    let own = Event { level: Level::new(77), ..event() };
    assert_eq!(
        line(options, &own),
        "{\"timestamp\":\"2026-11-21T22:14:03.123456789Z\",\"level\":\"level77\",\
         \"event\":\"order placed\",\"target\":\"billing::db\",\"pid\":4711,\"thread\":4712,\
         \"file\":\"src/db.rs\",\"line\":12}\n"
    );
    let unknown = Event { file: "".into(), line: 0, ..event() };
    assert!(line(options, &unknown).ends_with("\"thread\":4712}\n"));
}

#[test]
fn a_later_key_overrides_and_stands_where_it_stands() {
    let event = Event {
        context: vec![field("a", 1), field("b", 2), field("a", 3)],
        fields: vec![field("c", 4), field("b", 5)],
        ..event()
    };
    assert_eq!(rest(&event), r#","target":"billing::db","pid":4711,"a":3,"c":4,"b":5}"#);
}

#[test]
fn facts_yield_and_reserved_names_do_not() {
    let event = Event {
        context: vec![field("pid", 1), field("event_", 2)],
        fields: vec![field("event", 3), field("level", 4), field("target", 5), field("late", 6)],
        ..event()
    };
    assert_eq!(rest(&event), r#","pid":1,"event_":2,"event__":3,"level_":4,"target":5,"late":6}"#);
    let late = Event { late: true, truncated: true, ..event };
    assert_eq!(
        rest(&late),
        r#","pid":1,"event_":2,"event__":3,"level_":4,"target":5,"late_":6,"late":true,"truncated":true}"#
    );
}

#[test]
fn many_keys_are_unique_too() {
    let mut fields: Vec<Field<'_>> = (0..5_000).map(|at| field("same", at)).collect();
    fields.push(field("timestamp", 1));
    let event = Event { fields, ..event() };
    assert_eq!(rest(&event), r#","target":"billing::db","pid":4711,"same":4999,"timestamp_":1}"#);
}
