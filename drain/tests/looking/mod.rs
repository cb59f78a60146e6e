//! What the tests of `recover`, `tail` and `stats` share: these commands as processes, and records for
//! them to see.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

#[path = "../../../tests/common/mod.rs"]
pub mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::drain::{Site, drain_command};
use logring::{Logger, Overflow, info};
use serde_json::Value;

/// A command that looks at this site's segment, its ledger where the site's drains keep it.
pub fn command(site: &Site, arguments: &[&str]) -> Command {
    let mut command = drain_command();
    command.env("LOGRING_RUNTIME_DIR", site.path("run")).args(arguments);
    command
}

/// Its end.
pub fn call(site: &Site, arguments: &[&str]) -> Output {
    command(site, arguments).output().expect("the command starts")
}

/// What it prints, when it ends well, and what it says.
pub fn printed(site: &Site, arguments: &[&str]) -> (String, String) {
    let output = call(site, arguments);
    let said = String::from_utf8(output.stderr).expect("sentences are UTF-8");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).expect("lines are UTF-8"), said)
}

/// The sentence with which it refuses, and its exit code. It prints nothing then.
pub fn refused(site: &Site, arguments: &[&str]) -> (String, i32) {
    let output = call(site, arguments);
    let said = String::from_utf8(output.stderr).expect("sentences are UTF-8");
    assert!(output.stdout.is_empty(), "{arguments:?} prints something");
    let sentence = said.strip_prefix("logring-drain: ").expect("the command's name comes first");
    let sentence = sentence.strip_suffix('\n').expect("a line ends");
    assert!(!sentence.contains('\n'), "{said}");
    (sentence.to_owned(), output.status.code().expect("it ended by itself"))
}

/// Lines of JSON.
pub fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// A logger into the site's segment, which is created with a ring of so many bytes.
pub fn logger(site: &Site, ring_bytes: u64, overflow: Overflow) -> Logger {
    // All of the ring is for the one that logs.
    let builder = logring::builder(site.segment()).quota_percent(100).reserve_percent(0);
    builder.ring_bytes(ring_bytes).overflow(overflow).open().expect("opened")
}

/// Logs the numbers of this range as thread `t`, on a thread that is over afterwards.
pub fn log(logger: &Logger, t: u64, numbers: std::ops::Range<u64>) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in numbers {
                info!(logger: logger, "counted", t, n);
            }
        });
    });
}

/// The records and what notices of this kind count, of lines.
pub fn tally(lines: &[Value], kind: &str) -> (usize, u64) {
    let records = lines.iter().filter(|line| line["target"] != "logring").count();
    let notices = lines.iter().filter(|line| line["kind"] == kind);
    (records, notices.map(|line| line["count"].as_u64().expect("a count")).sum())
}

/// The bytes of a file.
pub fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
