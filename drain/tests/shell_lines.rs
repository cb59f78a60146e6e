//! Claim: `log -` makes each line of stdin one record, exact and in order, whatever stands in it, and
//! waits while the ring is full; a million lines of a real log arrive so.
//!
//! The log is that of GDB's own test suite, 100,014 lines, which Debian's package `gdb` ships.

mod site;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use site::watch::watchdog;
use site::{Site, bare, done, refused};

#[test]
fn every_kind_of_line_is_a_record() {
    let _watchdog = watchdog();
    let site = Site::new();
    let stdin = b"plain\n\ncrlf\r\n\r\n\ttab {brace} {{}} }\n\x1b[31mred\x00nul\na\rb\nna\xc3\xafve \xf0\x9f\xa6\x80\n\
                  latin \xe9 and \xff\n\xe2\x80\xae bidi\n  blanks  \nno end";
    done(&site.log_lines(&["--level", "notice", "--target", "job", "-", "run=7"], stdin));
    done(&site.log_lines(&["-"], b""));
    done(&site.log_lines(&["-"], b"\n"));
    let lines: Vec<_> = site.drained().into_iter().map(bare).collect();
    let of = |event: &str| json!({"level": "notice", "event": event, "target": "job", "run": 7});
    let mut broken = of("latin \u{fffd} and \u{fffd}");
    broken["bytes"] = json!("6c6174696e20e920616e6420ff");
    assert_eq!(
        lines,
        [
            of("plain"),
            of(""),
            of("crlf"),
            of(""),
            of("\ttab {brace} {{}} }"),
            of("\u{1b}[31mred\0nul"),
            of("a\rb"),
            of("naïve 🦀"),
            broken,
            of("\u{202e} bidi"),
            of("  blanks  "),
            of("no end"),
            json!({"level": "info", "event": "", "target": "shell"}),
        ]
    );
}

#[test]
fn every_form_of_output_takes_braces_as_they_are() {
    let _watchdog = watchdog();
    let site = Site::new();
    done(&site.log_lines(&["-", "a=1"], b"{a} {{}}\n"));
    done(&site.log(&["{a} {{}}", "a=2"]));
    let files = ["logfmt", "console"].map(|kind| (kind, site.directory.join(kind)));
    let sinks = files.each_ref().map(|(kind, path)| format!("{kind}:{}", path.display()));
    site.drain_into(&sinks).stop();
    for (kind, path) in files {
        let text = std::fs::read_to_string(path).expect("the drain has made it");
        let [line, record] = text.lines().collect::<Vec<_>>()[..] else { panic!("{kind}: {text}") };
        assert!(line.contains("{a} {{}}"), "{kind}: {line}");
        assert!(record.contains("2 {}"), "{kind}: {record}");
    }
}

#[test]
fn a_line_too_long_is_cut_and_marked_and_the_next_is_whole() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(64, 64);
    // One process may hold half of the ring, and this is more.
    let drain = site.drain();
    let max = 7 * 16 * 120;
    let mut stdin = Vec::new();
    for len in [max / 2, max - 200, max - 60, max, max + 1, 10 * max] {
        stdin.extend_from_slice("é".repeat(len / 2).as_bytes());
        stdin.extend_from_slice(b"\r\nnext\n");
    }
    stdin.extend_from_slice(&vec![0xff; 10 * max]);
    done(&site.log_lines(&["-", "run=7"], &stdin));
    drain.stop();
    let lines: Vec<_> = site.lines().collect();
    for (line, len) in lines.chunks(2).zip([max / 2, max - 200, max - 60, max, max + 1, 10 * max]) {
        let event = line[0]["event"].as_str().expect("text");
        let is_cut = event.len() < len / 2 * 2;
        assert_eq!(line[0]["truncated"] == true, is_cut, "{len} {}", event.len());
        assert_eq!(is_cut, len + 100 > max, "{len} {}", event.len());
        assert!(event.len() > len.min(max) - 100 && event.chars().all(|c| c == 'é'), "{len}");
        assert_eq!(line[0]["run"], 7);
        assert_eq!(
            (line[1]["event"].as_str(), &line[1]["truncated"]),
            (Some("next"), &json!(null))
        );
    }
    let broken = lines.last().expect("the last line");
    assert_eq!((lines.len(), &broken["truncated"]), (13, &json!(true)));
    let [text, bytes] = ["event", "bytes"].map(|key| broken[key].as_str().expect("text"));
    assert!(text.len() > max / 3 && text.chars().all(|c| c == '\u{fffd}'));
    assert!(bytes.len() > max / 3 && bytes.bytes().all(|byte| byte == b'f'), "{}", bytes.len());
}

#[test]
fn it_waits_while_the_ring_is_full_and_says_so_once() {
    waits(64);
}

#[test]
fn it_waits_while_the_process_table_is_full() {
    // Two entries of processes that have ended: there is no room for a third before a drain runs.
    waits(2);
}

fn waits(process_count: u32) {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, process_count);
    for event in ["first", "second"] {
        done(&site.log(&[event]));
    }
    let mut command = site.command(&["log", "--segment", &site.name, "-"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || {
        for n in 0..5000 {
            writeln!(stdin, "line {n}").expect("it reads");
        }
    });
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    stderr.read_line(&mut said).expect("it says something");
    let name = &site.name;
    assert_eq!(
        said,
        format!(
            "logring-drain: segment {name:?} is full and no drain runs; waiting for one: logring-drain run \
             --segment {name} --sink json:PATH\n"
        )
    );
    let drain = site.drain();
    writer.join().expect("all lines are taken");
    assert!(child.wait().expect("our child").success());
    drain.stop();
    let events: Vec<_> = site.lines().map(|line| line["event"].clone()).collect();
    let expected = ["first".to_owned(), "second".into()].into_iter();
    assert_eq!(events, expected.chain((0..5000).map(|n| format!("line {n}"))).collect::<Vec<_>>());
    said.clear();
    assert_eq!(stderr.read_line(&mut said).expect("the end"), 0, "{said}");
}

#[test]
fn stdin_that_cannot_be_read_is_told() {
    let site = Site::new();
    let mut command = site.command(&["log", "--segment", &site.name, "-"]);
    let directory = std::fs::File::open("/").expect("a directory opens");
    let output = command.stdin(directory).output().expect("the binary starts");
    assert_eq!(refused(&output, 1), "cannot read stdin: Is a directory (os error 21)");
}

#[test]
fn a_real_log_arrives_line_by_line() {
    arrives(real_log(), 1);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long in debug")]
fn release_only_a_million_lines_of_a_real_log_arrive_line_by_line() {
    arrives(real_log(), 10);
}

/// The log of GDB's test suite.
fn real_log() -> Vec<u8> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/corpus/check.log.gz");
    let places = [Path::new("/usr/share/doc/gdb/check.log.gz"), &own];
    let found = places.into_iter().find(|path| path.exists());
    let found = found.expect("the log of GDB's test suite: `ci/setup.sh tools` gets it");
    let output = Command::new("gzip").arg("-dc").arg(found).output().expect("gzip is there");
    assert!(output.status.success());
    output.stdout
}

fn arrives(log: Vec<u8>, times: usize) {
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.drain();
    let lines = log.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    let (last, lines) = lines.split_last().expect("not empty");
    assert!(last.is_empty() && lines.len() > 100_000, "{} lines", lines.len());
    done(&site.log_lines(&["--target", "gdb", "-"], &log.repeat(times)));
    drain.stop();
    let mut seen = 0;
    for (line, expected) in site.lines().zip(lines.iter().cycle()) {
        let expected = String::from_utf8_lossy(expected.strip_suffix(b"\r").unwrap_or(expected));
        assert_eq!(line["event"], *expected, "line {seen}");
        assert_eq!(line["target"], "gdb");
        seen += 1;
    }
    assert_eq!(seen, times * lines.len());
}
