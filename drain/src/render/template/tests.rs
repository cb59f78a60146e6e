//! Templates: placeholders, escapes, format specifications.

use super::*;
use logring::record::ErrorChain;
use std::collections::BTreeMap;
use std::time::Duration;

fn filled(text: &str, fields: &[(&'static str, AnyValue<'static>)]) -> String {
    let fields: Vec<Field<'_>> = fields
        .iter()
        .map(|(key, value)| Field { key: (*key).into(), value: value.clone() })
        .collect();
    let mut templates = Templates::new();
    let mut out = String::new();
    templates.fill(text, &fields, |piece| out.push_str(piece));
    // Once more from the cache.
    let mut again = String::new();
    templates.fill(text, &fields, |piece| again.push_str(piece));
    assert_eq!(out, again);
    out
}

/// Each value under each spec, by Rust and by us.
macro_rules! like_rust {
    ($values:expr, $to:expr; $($spec:literal)*) => {
        for value in $values {
            $(assert_eq!(
                filled($spec, &[("v", $to(value.clone()))]),
                format!($spec, value),
                "{} of {:?}", $spec, value,
            );)*
        }
    };
}

#[test]
fn integers_are_formatted_as_rust_does() {
    like_rust!([0i64, 1, -1, 42, -42, 123_456_789, i64::MAX, i64::MIN], AnyValue::I64;
        "{}" "{:?}" "{:5}" "{:<5}" "{:^6}|" "{:>12}" "{:*<7}" "{:é^7}" "{:->9}" "{:+}" "{:-}" "{:+5}"
        "{:05}" "{:+05}" "{:<05}" "{:*^012}" "{:#}" "{:x}" "{:X}" "{:#x}" "{:#X}" "{:o}" "{:#o}"
        "{:b}" "{:#b}" "{:#010x}" "{:#020b}" "{:+x}" "{:+#08x}" "{:x?}" "{:X?}" "{:#x?}" "{:#?}"
        "{:08?}" "{:e}" "{:E}" "{:.2e}" "{:15e}" "{:015.3e}" "{:+e}" "{:<9x}|" "{:.3}" "{:{<6}");
    like_rust!([0u64, 7, u64::MAX], AnyValue::U64; "{}" "{:x}" "{:#b}" "{:+}" "{:30}" "{:030}");
    like_rust!([i128::MIN, -1, i128::MAX], AnyValue::I128; "{}" "{:x}" "{:#o}" "{:e}" "{:45}");
    like_rust!([u128::MAX, 3], AnyValue::U128; "{}" "{:X}" "{:#b}" "{:^50}" "{:e}");
}

#[test]
fn floats_are_formatted_as_rust_does() {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1.0 / 3.0,
        2.5,
        3.5,
        1e15,
        1e16,
        1.5e-5,
        123_456.789,
        1e300,
        5e-324,
        f64::MAX,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    like_rust!(values, AnyValue::F64;
        "{}" "{:?}" "{:.0}" "{:.1}" "{:.3}" "{:.10}" "{:.2?}" "{:+}" "{:+.1}" "{:8.2}" "{:<8.2}|"
        "{:^9.1}" "{:08.2}" "{:+08.2}" "{:*>10.1}" "{:*<010.1}" "{:e}" "{:E}" "{:.2e}" "{:012.2e}"
        "{:+E}" "{:010}" "{:#}" "{:#?}" "{:10?}" "{:x?}");
}

#[test]
fn text_and_truth_are_formatted_as_rust_does() {
    let text = |text: &'static str| AnyValue::Str(text.into());
    like_rust!(["", "a", "héllo", "日本語", "a\"b\\c\n", "\u{202e}x"], text;
        "{}" "{:?}" "{:5}|" "{:<5}|" "{:^7}|" "{:>7}|" "{:*^9}" "{:.2}" "{:6.2}|" "{:>6.1}|" "{:.0}"
        "{:10?}" "{:#?}" "{:05}" "{:日>8}");
    like_rust!([true, false], AnyValue::Bool; "{}" "{:?}" "{:7}|" "{:>7}" "{:.2}" "{:#?}");
}

#[test]
fn durations_lists_and_maps_are_formatted_as_rust_debug_does() {
    let duration = |value: Duration| AnyValue::Duration(value.as_nanos() as i64);
    let durations =
        [0, 1, 1500, 1_500_000, 2_000_000_000, 61_000_000_001].map(Duration::from_nanos);
    like_rust!(durations, duration; "{:?}" "{:.1?}" "{:.0?}" "{:+?}" "{:10?}|" "{:>12.2?}" "{:#?}");
    assert_eq!(filled("{}", &[("v", AnyValue::Duration(-1_500_000))]), "-1.5ms");

    let list = |items: Vec<i64>| AnyValue::List(items.into_iter().map(AnyValue::I64).collect());
    like_rust!([vec![], vec![1], vec![10, -11, 12]], list;
        "{:?}" "{:#?}" "{:x?}" "{:#x?}" "{:3?}" "{:03?}" "{:+?}");
    let nested = |lists: Vec<Vec<&'static str>>| {
        let text = |text: &'static str| AnyValue::Str(text.into());
        let inner = |list: Vec<_>| AnyValue::List(list.into_iter().map(text).collect());
        AnyValue::List(lists.into_iter().map(inner).collect())
    };
    like_rust!([vec![vec![], vec!["a\nb", "c"]]], nested; "{:?}" "{:#?}");
    let map = |map: BTreeMap<&'static str, i64>| {
        AnyValue::Map(map.into_iter().map(|(k, v)| (k.into(), AnyValue::I64(v))).collect())
    };
    like_rust!([BTreeMap::from([("a", 1), ("b \"", -2)])], map; "{:?}" "{:#?}" "{:05?}");
}

#[test]
fn placeholders_take_the_kth_field_or_the_named_one() {
    let fields = [
        ("path", AnyValue::Str("/a".into())),
        ("ms", AnyValue::F64(1.25)),
        ("http.status", AnyValue::I64(200)),
        ("ms", AnyValue::F64(2.25)),
    ];
    for (text, expected) in [
        ("took {ms:.1} for {}", "took 2.2 for /a"),
        ("{} {ms} {} {}", "/a 2.25 1.25 200"),
        ("{http.status} { ms } { }", "200 2.25 /a"),
        ("{{}} {{ms}} {}}}", "{} {ms} /a}"),
        ("}}{{", "}{"),
        // A field that is not there.
        ("{x} {} {} {} {} {:5}", "{x} /a 1.25 200 2.25 {:5}"),
        ("{0}", "{0}"),
        // What does not parse prints as it is.
        ("{", "{"),
        ("a } {}", "a } {}"),
        ("{ms", "{ms"),
        ("{{} {}", "{{} {}"),
        ("{ms:y}", "{ms:y}"),
        ("{:.*}", "{:.*}"),
        ("{:w$}", "{:w$}"),
        ("{:70000}", "{:70000}"),
        ("{:.}", "{:.}"),
        ("{a{b}", "{a{b}"),
    ] {
        assert_eq!(filled(text, &fields), expected, "{text}");
    }
}

#[test]
fn kinds_without_a_rust_form_have_a_text() {
    let error = AnyValue::Error(ErrorChain {
        messages: vec!["outer".into(), "inner".into(), "root".into()],
        frames: vec![],
    });
    for (text, value, expected) in [
        ("{}", AnyValue::Null, "null"),
        ("{:?}", AnyValue::Text("Point { x: 1 }".into()), "Point { x: 1 }"),
        ("{:>4}", AnyValue::Text("ab".into()), "  ab"),
        ("{}", AnyValue::Bytes(vec![1, 0xab].into()), "01ab"),
        ("{:X}", AnyValue::Bytes(vec![1, 0xab].into()), "01AB"),
        ("{}", AnyValue::Timestamp(1), "1970-01-01T00:00:00.000000001Z"),
        ("{:.8}", AnyValue::Uuid([0x11; 16]), "11111111"),
        ("{}", error.clone(), "outer"),
        ("{:#}", error.clone(), "outer: inner: root"),
        ("{:?}", error, "outer: inner: root"),
        ("{:x}", AnyValue::Str("ab".into()), "ab"),
    ] {
        assert_eq!(filled(text, &[("v", value.clone())]), expected, "{text} of {value:?}");
    }
}

#[test]
fn a_text_cannot_blow_up_beyond_its_bound() {
    let long = AnyValue::Str("x".repeat(1 << 19).into());
    let out = filled(&"{v}".repeat(10_000), &[("v", long)]);
    assert!(out.len() <= FILLED_BYTES_MAX + 3 * 10_000, "{}", out.len());
    assert!(out.ends_with("{v}{v}"));
    let out = filled(&"{:65535}".repeat(10_000), &[("v", AnyValue::I64(1))]);
    assert!(out.len() <= FILLED_BYTES_MAX + 65_535 + 8 * 10_000, "{}", out.len());
}

#[test]
fn distinct_texts_beyond_the_bound_are_still_filled() {
    let mut templates = Templates::new();
    let fields = [Field { key: "n".into(), value: AnyValue::I64(7) }];
    for round in 0..3 * KEPT_MAX {
        let mut out = String::new();
        templates.fill(&format!("{round} {{n}}"), &fields, |piece| out.push_str(piece));
        assert_eq!(out, format!("{round} 7"));
        assert!(templates.parsed.len() <= KEPT_MAX && templates.places.len() <= KEPT_MAX);
    }
}

#[test]
fn a_literal_text_stands_as_it_is() {
    let fields = vec![Field { key: "a".into(), value: AnyValue::I64(1) }];
    let mut event = Event { event: "{a} {{}} {".into(), fields, ..Event::default() };
    let mut templates = Templates::new();
    let mut filled = |event: &Event<'_>| {
        let mut out = String::new();
        templates.event(event, |piece| out.push_str(piece));
        assert_eq!(templates.filled(event), out);
        out
    };
    event.literal = true;
    assert_eq!(filled(&event), "{a} {{}} {");
    event.literal = false;
    event.event = "{a} {{}}".into();
    assert_eq!(filled(&event), "1 {}");
}
