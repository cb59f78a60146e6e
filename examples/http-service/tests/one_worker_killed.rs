//! Claim: when a worker is killed in the middle, the log has exactly the answered requests' lines, in
//! order, and at most the cut requests' beside them.

use std::fs;
use std::process::Command;

/// Runs the example with these options and a log of its own; its output.
fn run(name: &str, options: &[&str]) -> String {
    let log =
        std::env::temp_dir().join(format!("http-service-{name}-{}.jsonl", std::process::id()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_http-service"));
    let output = command.args(options).arg("--out").arg(&log).output().expect("the example starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{errors}\nlog: {}", output.status, log.display());
    fs::remove_file(&log).expect("the log was written");
    text
}

/// The number behind `word` in the example's output.
fn value(text: &str, word: &str) -> u64 {
    let mut words = text.split_whitespace().skip_while(|found| *found != word);
    let value = words.nth(1).and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("no {word:?} in {text}"))
}

#[test]
fn every_request_has_its_line() {
    let text = run("whole", &["--workers", "4", "--requests", "2000"]);
    assert_eq!((value(&text, "answered"), value(&text, "with-line")), (2_000, 2_000), "{text}");
}

#[test]
fn exactly_the_answered_requests_have_lines_when_a_worker_is_killed() {
    let text = run("killed", &["--workers", "4", "--requests", "20000", "--kill-one"]);
    let (answered, cut) = (value(&text, "answered"), value(&text, "cut"));
    assert_eq!(answered + cut, 20_000, "{text}");
    assert_eq!(value(&text, "with-line"), answered, "{text}");
    assert!(cut <= 2 * 32, "each connection was cut at most twice: {text}");
    assert!(text.contains("killed worker") && text.contains("started worker"), "{text}");
}
