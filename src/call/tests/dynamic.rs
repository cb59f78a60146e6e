//! Records whose facts are made at run time, through to decoded events.

use super::capture::{captured, one};
use super::{context_of, fields};
use crate::call::Site;
use crate::{Bytes, Level};

#[test]
fn all_facts_come_through() {
    for inline in [false, true] {
        let event = one(|log| {
            let log = log.bind(kv! { tenant = "acme" });
            let site = Site::new(Level::Warning, "monitor").file("df.sh", 7);
            let site = site.event("disk {pct}% full").fields(["pct", "path", "none"]);
            let site = if inline { site.inline() } else { site };
            let record = site.record(&log, &[&91u8, &"/var"]);
            record.field("host", &"a").field("raw", &Bytes(&[0, 255])).log();
        });
        assert_eq!((event.level, &*event.target), (Level::Warning, "monitor"));
        assert_eq!((&*event.file, event.line), ("df.sh", 7));
        assert_eq!((&*event.event, event.literal), ("disk {pct}% full", false));
        assert_eq!(context_of(&event), ["tenant=Str(\"acme\")"]);
        let bytes = "raw=Bytes([0, 255])";
        let expected = ["pct=U64(91)", "path=Str(\"/var\")", "none=Null", "host=Str(\"a\")", bytes];
        assert_eq!(fields(&event), expected);
        assert!(!event.truncated);
    }
}

/// Keys that come at run time are made fit, and no field is lost.
#[test]
fn unfit_keys_are_renamed_and_counted() {
    let before = crate::renamed_keys();
    let event = one(|log| {
        let site = Site::new(Level::Info, "x").fields(["a", "a", "level", ""]);
        let record = site.record(log, &[&1, &2, &3, &4]);
        let record = record.field("b", &5).field("a", &6).field("b", &7).field("two\nlines", &8);
        record.field("timestamp", &9).field("\u{9b}", &10).field("event", &11).log();
    });
    let keys =
        ["a", "a_2", "level_", "_", "b", "a_3", "b_2", "two_lines", "timestamp_", "__2", "event_"];
    let expected: Vec<_> = (1..).zip(keys).map(|(n, key)| format!("{key}=I64({n})")).collect();
    assert_eq!(fields(&event), expected);
    assert!(crate::renamed_keys() - before >= 9, "others may rename meanwhile");
}

/// A value that never ends is cut, and the record says so; what comes behind it misses.
#[test]
fn an_endless_value_is_cut() {
    let (events, _) = captured("all", |log| {
        let site = Site::new(Level::Info, "x");
        let long = "x".repeat(20 << 20);
        site.record(log, &[])
            .field("a", &1)
            .field("long", &crate::AsDisplay(&long))
            .field("b", &2)
            .log();
        site.record(log, &[]).field("b", &2).log();
    });
    assert!(events[0].truncated && !events[1].truncated);
    assert_eq!(events[0].fields.len(), 2);
    assert!(
        events[0]
            .get("long")
            .and_then(|value| value.as_str())
            .is_some_and(|text| text.len() > 10_000)
    );
}

#[test]
fn a_text_of_its_own_is_literal_and_a_level_of_its_own_wins() {
    let event = one(|log| {
        let site = Site::new(Level::Info, "stdin").event("never {seen}").fields(["n"]);
        let record = site.record(log, &[&1]).text("{n} {{}} is {not} filled");
        record.level(Level::Error).field("m", &2).log();
    });
    assert_eq!((&*event.event, event.literal), ("{n} {{}} is {not} filled", true));
    assert_eq!(
        (event.level, fields(&event)),
        (Level::Error, vec!["n=I64(1)".into(), "m=I64(2)".into()])
    );
}

#[test]
fn a_site_is_interned_once_by_content_and_texts_never() {
    let (events, callsites) = captured("all", |log| {
        let again = Site::new(Level::Info, "stdin");
        let first = Site::new(Level::Info, "stdin");
        for n in 0..500 {
            let site = if n % 2 == 0 { &first } else { &again };
            assert!(site.record(log, &[]).text(&format!("line {n}")).try_log());
        }
    });
    assert_eq!(callsites, 1);
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.event, format!("line {n}"));
    }
}

#[test]
fn what_is_made_anew_each_time_leaves_half_of_the_dictionary() {
    let (_, callsites) = captured("all", |log| {
        let segment = log.segment().unwrap();
        for n in 0..40_000 {
            let site = Site::new(Level::Info, format!("target {n} of a name as long as many"));
            // The ring is full soon: it is the dictionary that is looked at.
            site.record(log, &[]).field(&format!("key {n}"), &n).log();
        }
        let geometry = segment.geometry();
        assert!(segment.dictionary_bytes_used() <= geometry.dictionary_bytes / 2 + (16 << 10));
        let ids = segment.dictionary_ids().count();
        assert!(ids > 1000 && ids < geometry.dictionary_slots as usize * 3 / 4, "{ids} entries");
    });
    assert!(callsites > 1000, "{callsites}");
}

#[test]
fn an_inline_site_leaves_nothing_in_the_dictionary() {
    let (events, callsites) = captured("all", |log| {
        let site = Site::new(Level::Info, "once").event("a {k}").fields(["k"]).inline();
        assert!(site.enabled(log));
        site.record(log, &[&1]).field("key", &1).log();
        assert_eq!(log.segment().unwrap().dictionary_ids().count(), 0);
    });
    assert_eq!((events.len(), callsites), (1, 0));
}

#[test]
fn the_filter_says_what_is_enabled() {
    let (events, _) = captured("warn,db=debug", |log| {
        for (target, level, expected) in [
            ("db::pool", Level::Debug, true),
            ("db", Level::Trace, false),
            ("app", Level::Info, false),
            ("app", Level::Warning, true),
        ] {
            let site = Site::new(level, target);
            assert_eq!(site.enabled(log), expected, "{target} {level}");
            assert_eq!(site.inline().enabled(log), expected, "{target} {level}");
            assert!(Site::new(Level::Trace, target).enabled_at(log, Level::Fatal));
        }
    });
    assert_eq!(events.len(), 0, "asking logs nothing");
}

#[test]
fn a_text_too_long_is_cut_between_characters_and_its_fields_stay() {
    for len in [29_000, 30_000, 31_000, 100_000] {
        let text = "é".repeat(len / 2) + "x";
        let event = one(|log| {
            let site = Site::new(Level::Info, "stdin").fields(["n"]);
            assert!(site.record(log, &[&1]).text(&text).field("m", &2).try_log());
        });
        assert_eq!(fields(&event), ["n=I64(1)", "m=I64(2)"]);
        let kept = event.event.len();
        assert_eq!(event.truncated, kept < text.len(), "{len} {kept}");
        assert!(text.starts_with(&*event.event) && kept >= text.len().min(29_000), "{len} {kept}");
    }
}

#[test]
fn fields_too_long_leave_the_text_a_half() {
    let long = "y".repeat(100_000);
    let event = one(|log| {
        let site = Site::new(Level::Info, "stdin");
        site.record(log, &[]).text(&"x".repeat(100_000)).field("m", &long).log();
    });
    assert!(event.truncated && (15_000..16_000).contains(&event.event.len()));
    assert!(fields(&event)[0].len() > 14_000, "cut, not lost");
}

#[test]
fn facts_that_no_record_takes_are_shortened_and_lose_no_field() {
    for inline in [false, true] {
        let event = one(|log| {
            let site = Site::new(Level::Info, "t".repeat(5000)).file("f".repeat(5000), 1);
            let site = site.event("{a}".repeat(20_000)).fields(["a", "b"]);
            let site = if inline { site.inline() } else { site };
            assert!(site.record(log, &[&1, &2]).field("c", &3).try_log());
        });
        assert_eq!(fields(&event), ["a=I64(1)", "b=I64(2)", "c=I64(3)"]);
        assert_eq!(event.target, "t".repeat(32));
        assert!(event.truncated && event.literal && event.event.starts_with("{a}{a}"));
    }
}

#[test]
fn too_many_values_and_too_few() {
    let event = one(|log| {
        let site = Site::new(Level::Info, "x").fields((0..2000).map(|n| format!("k{n}")));
        site.record(log, &[&1; 3000].map(|n| n as _)).field("k", &"é".repeat(70_000)).log();
    });
    assert_eq!(event.fields.len(), 1025, "as many as a callsite has, and one of the record");
    let event = one(|log| {
        Site::new(Level::Info, "x").record(log, &[&1]).field(&"é".repeat(70_000), &2).log();
    });
    assert_eq!((event.fields.len(), event.fields[0].key.len()), (1, 1024));
}
