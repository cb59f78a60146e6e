//! Claim: `log` commits one record and ends with 0, drain or no drain; what it cannot do is one
//! sentence with its exit code, and nothing is logged then; no number of them leaves anything behind.

mod site;

use std::fs;
use std::os::unix::fs::FileExt;

use logring::layout::{BlockWord, header, lane::LaneWord};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;
use serde_json::json;

use site::watch::{signal, wait_until, watchdog};
use site::{Site, bare, done, refused};

#[test]
fn a_record_arrives_with_typed_fields() {
    let _watchdog = watchdog();
    let site = Site::new();
    done(&site.log(&["--level", "warning", "disk {pct}% full", "pct=91", "host=a"]));
    done(&site.log(&[
        "--target",
        "backup",
        "{}: {{{b:>4}}}",
        "a=x y",
        "b=-0.5",
        "c=true",
        "d=null",
        "e=\"91\"",
        "f=007",
        "g=",
        "h=18446744073709551615",
        "i=[1]",
        "http.status=200",
    ]));
    done(&site.log(&["--level", "35", "plain"]));
    let lines: Vec<_> = site.drained().into_iter().map(bare).collect();
    assert_eq!(
        lines,
        [
            json!({"level": "warning", "event": "disk 91% full", "target": "shell", "pct": 91, "host": "a"}),
            json!({
                "level": "info", "event": "x y: {-0.5}", "target": "backup", "a": "x y", "b": -0.5,
                "c": true, "d": null, "e": "91", "f": "007", "g": "", "h": u64::MAX, "i": "[1]",
                "http.status": 200
            }),
            json!({"level": "level35", "event": "plain", "target": "shell"}),
        ]
    );
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_logged() {
    let site = Site::new();
    for (arguments, expected) in [
        (&[][..], "the following required arguments were not provided: <TEXT>"),
        (
            &["disk {pct}% full", "p=1"],
            "the placeholder {pct} of \"disk {pct}% full\" has no field",
        ),
        (
            &["{} {}", "p=1"],
            "the placeholder {} of \"{} {}\" has no field; a brace is written {{ or }}",
        ),
        (
            &["50% {"],
            "the braces of \"50% {\" are no placeholders as {}, {name} or {name:>8}; a brace",
        ),
        (&["{p:wat}", "p=1"], "the braces of \"{p:wat}\" are no placeholders"),
        (&["x", "p=1", "q"], "\"q\" is not a field, expected KEY=VALUE"),
        (&["x", "=1"], "\"=1\" is not a field: there is no key before the `=`"),
        (&["x", "a b=1"], "\"a b=1\" is not a field: there is ' ' in its key"),
        (&["x", "a=1", "a=2"], "the key \"a\" is given twice"),
        (
            &["x", "level=3"],
            "\"level=3\" is not a field: each line has a \"level\" of its own, give `--l",
        ),
        (
            &["x", "event=3"],
            "\"event=3\" is not a field: each line has a \"event\" of its own, it is the",
        ),
        (
            &["x", "timestamp=3"],
            "\"timestamp=3\" is not a field: each line has a \"timestamp\" of its",
        ),
        (&["-", "x"], "\"x\" is not a field, expected KEY=VALUE"),
        (
            &["--level", "loud", "x"],
            "invalid value 'loud' for '--level <LEVEL>': unknown level \"loud\", ",
        ),
        (
            &["--level", "300", "x"],
            "invalid value '300' for '--level <LEVEL>': unknown level \"300\"",
        ),
        (&["--level", "0", "x"], "invalid value '0' for '--level <LEVEL>': level 0 is below every"),
        (&["--target", "", "x"], "a value is required for '--target <TEXT>' but none was supplied"),
        (&["--json", "x"], "`--json` reads lines from stdin: give `-` instead of a text"),
    ] {
        let sentence = refused(&site.log(arguments), 2);
        assert!(sentence.starts_with(expected), "{arguments:?}: {sentence}");
        assert!(!site.paths().segment.exists(), "{arguments:?} made a segment");
    }
    let sentence = refused(&site.run(&["log", "x"]), 2);
    assert!(sentence.starts_with("the following required arguments were not provided: --segment"));
    let sentence = refused(&site.run(&["log", "--segment", "a/b", "x"]), 2);
    assert!(sentence.starts_with("segment name \"a/b\" cannot be: expected 1 to 64"), "{sentence}");
}

/// A slip in the environment costs no record: it is told, and the rest of it filters.
#[test]
fn a_bad_part_of_the_environments_filter_is_told() {
    let _watchdog = watchdog();
    let site = Site::new();
    for (filter, text) in [("a=loud", "yes"), ("warning,a=loud", "no"), ("a=loud,shell=off", "no")]
    {
        let mut command = site.command(&["log", "--segment", &site.name, text]);
        let output = command.env("LOGRING", filter).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let start = format!(
            "logring: environment variable LOGRING: filter {filter:?}: in the part \"a=loud\": unknown level"
        );
        assert!(said.starts_with(&start) && said.ends_with("; the other parts apply\n"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let texts: Vec<_> = site.drained().into_iter().map(|line| line["event"].clone()).collect();
    assert_eq!(texts, ["yes"]);
}

#[test]
fn the_environment_filters() {
    let _watchdog = watchdog();
    let site = Site::new();
    for (filter, text) in
        [("warning", "no"), ("warning,shell=info", "yes"), ("off", "no"), ("", "yes")]
    {
        let mut command = site.command(&["log", "--segment", &site.name, text]);
        done(&command.env("LOGRING", filter).output().expect("the binary starts"));
    }
    done(&site.log(&["--level", "trace", "yes"]));
    let events: Vec<_> = site.drained().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["yes", "yes", "yes"]);
}

#[test]
fn a_segment_that_cannot_be_used_is_refused() {
    let site = Site::new();
    fs::create_dir(site.paths().segment).expect("shared memory takes a directory");
    let sentence = refused(&site.log(&["x"]), 6);
    fs::remove_dir(site.paths().segment).expect("our directory");
    assert!(sentence.ends_with(" is not a file"), "{sentence}");
    done(&site.log(&["x"]));
    let file = fs::OpenOptions::new().write(true).open(site.paths().segment).expect("our segment");
    file.write_all_at(&7u32.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("our segment");
    let sentence = refused(&site.log(&["x"]), 4);
    assert!(sentence.ends_with("it has layout version 7, this build reads 0"), "{sentence}");
}

#[test]
fn a_record_that_a_full_ring_drops_is_told_and_counted() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, 64);
    for n in 0..8 {
        done(&site.log(&["kept", &format!("n={n}")]));
    }
    for _ in 0..2 {
        let sentence = refused(&site.log(&["dropped"]), 1);
        let expected = format!(
            "the record was dropped: the ring of segment {:?} is full and no drain runs; start one with \
             `logring-drain run --segment {} --sink json:PATH`",
            site.name, site.name
        );
        assert_eq!(sentence, expected);
    }
    let drain = site.drain();
    done(&site.log(&["taken again"]));
    drain.stop();
    let (notices, records): (Vec<_>, Vec<_>) =
        site.lines().partition(|line| line["target"] == "logring");
    let mut kept: Vec<_> = records.iter().filter_map(|line| line["n"].as_u64()).collect();
    kept.sort_unstable();
    assert_eq!(kept, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(records.len(), 9);
    let lost: u64 = notices
        .iter()
        .filter(|line| line["kind"] == "lost")
        .filter_map(|line| line["count"].as_u64())
        .sum();
    assert_eq!(lost, 2, "{notices:?}");
}

#[test]
fn a_drain_that_does_not_keep_up_is_told() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, 64);
    let drain = site.drain();
    signal(drain.0.id(), libc::SIGSTOP);
    for n in 0..8 {
        done(&site.log(&["kept", &format!("n={n}")]));
    }
    let sentence = refused(&site.log(&["dropped"]), 1);
    let expected = format!(
        "the record was dropped: the ring of segment {:?} stayed full for 1s; its drain or a sink does \
         not keep up",
        site.name
    );
    assert_eq!(sentence, expected);
    signal(drain.0.id(), libc::SIGCONT);
    let segment = Segment::attach(&site.name).expect("it is there");
    wait_until("the drain to free a block", || {
        let word = |block| BlockWord::of(segment.word(block).load(Relaxed));
        (0..8).any(|block| matches!(word(block), Some(BlockWord::Free { .. })))
    });
    done(&site.log(&["taken again"]));
    drain.stop();
    assert_eq!(site.lines().filter(|line| line["target"] == "shell").count(), 9);
}

#[test]
fn many_at_once_make_one_segment_and_all_arrive() {
    let _watchdog = watchdog();
    let site = Site::new();
    let start = |n: u32| {
        let n = format!("n={n}");
        let mut command = site.command(&["log", "--segment", &site.name, "at once", &n]);
        command.spawn().expect("the binary starts")
    };
    let children: Vec<_> = (0..64).map(start).collect();
    for mut child in children {
        assert!(child.wait().expect("our child").success());
    }
    let mut seen: Vec<_> = site.drained().iter().filter_map(|line| line["n"].as_u64()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..64).collect::<Vec<_>>());
}

#[test]
fn help_has_examples_and_exit_codes() {
    let site = Site::new();
    let help = done(&site.run(&["log", "--help"]));
    for expected in
        ["Examples:\n  logring-drain log ", "[default: shell]", "Exit codes", "LOGRING in"]
    {
        assert!(help.contains(expected), "{help}");
    }
}

#[test]
fn full_tables_are_told() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, 3);
    for _ in 0..3 {
        done(&site.log(&["kept"]));
    }
    let sentence = refused(&site.log(&["dropped"]), 1);
    let expected = format!(
        "the record was dropped: segment {:?} has entries for 3 processes, all are taken, and no drain \
         gives back those of ended ones; start one with",
        site.name
    );
    assert!(sentence.starts_with(&expected), "{sentence}");
    // And who reads the log is told of it.
    let lines = site.drained();
    let (kept, told): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["event"] == "kept");
    assert_eq!((kept.len(), told.len()), (3, 1));
    assert_eq!((&told[0]["kind"], &told[0]["count"]), (&json!("lost"), &json!(1)));
}

#[test]
fn a_hundred_leave_nothing_behind() {
    leave_nothing_behind(100);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long in debug")]
fn release_only_ten_thousand_leave_nothing_behind() {
    leave_nothing_behind(10_000);
}

fn leave_nothing_behind(count: usize) {
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.drain();
    for n in 0..count {
        // Text, target and keys are new each time.
        let (target, key) = (format!("job-{n}"), format!("key{n}=1"));
        done(&site.log(&["--target", &target, &format!("run {n} {{n}}"), &format!("n={n}"), &key]));
    }
    let segment = Segment::attach(&site.name).expect("it is there");
    let geometry = *segment.geometry();
    wait_until("the drain to give everything back", || {
        let is_free = |block| BlockWord::of(segment.word(block).load(Relaxed));
        (0..geometry.block_count).all(|at| matches!(is_free(at), Some(BlockWord::Free { .. })))
            && (0..geometry.process_count)
                .all(|at| segment.process_info(at).is_some_and(|info| !info.is_live()))
            && (0..geometry.lane_count).all(|at| {
                let word = segment.lane_info(at).and_then(|info| info.word);
                matches!(word, Some(LaneWord::Free { .. }))
            })
    });
    assert_eq!(segment.dictionary_ids().count(), 0, "dictionary entries");
    assert_eq!(segment.level_words().filter(|word| word.load(Relaxed) != 0).count(), 0);
    drain.stop();
    let files: Vec<_> = fs::read_dir("/dev/shm")
        .expect("shared memory")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains(&site.name))
        .collect();
    assert_eq!(files.len(), 3, "segment, lock and drain file: {files:?}");
    let files: Vec<_> = fs::read_dir(site.directory.join("run"))
        .expect("the drain has made it")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(files, [format!("{}.ledger", site.name).as_str()]);
    let mut seen = 0;
    for (n, line) in site.lines().enumerate() {
        assert_eq!(line["event"], format!("run {n} {n}"));
        assert_eq!(
            (line["target"].as_str(), line["n"].as_u64()),
            (Some(&*format!("job-{n}")), Some(n as u64))
        );
        seen += 1;
    }
    assert_eq!(seen, count);
}
