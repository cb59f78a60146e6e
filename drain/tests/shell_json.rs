//! Claim: `log --json -` reads each line's text, level and typed fields; a line that is no JSON object
//! is a record all the same, with its text and why, told once and by exit code 1.

mod site;

use serde_json::json;

use site::watch::watchdog;
use site::{Site, bare, done};

#[test]
fn objects_become_typed_fields() {
    let _watchdog = watchdog();
    let site = Site::new();
    let stdin = r#"{"event": "took {ms} {{}}", "level": "error", "ms": 1.5, "ok": true, "none": null}
{"message":"m","level":"WARN","n":-3,"big":18446744073709551615,"huge":340282366920938463463374607431768211456}
 {"msg":"tab\there é 🦀","level":35,"list":[1,"two",[null,{"a":[]}]],"map":{"b":{"c":1e3},"a":2}}
{"event":5,"msg":"the first that is text","level":"loud","timestamp":"2020","late":1,"target":"mine"}
{}
{"a":1,"a":2,"run":8,"level":"info","msg":"x","level":"fatal","msg":"y"}
{"event":"e","message":"stays"}
"#;
    done(&site.log_lines(&["--json", "--level", "debug", "-", "run=7"], stdin.as_bytes()));
    let lines: Vec<_> = site.drained().into_iter().map(bare).collect();
    assert_eq!(
        lines,
        [
            json!({"level": "error", "event": "took {ms} {{}}", "target": "shell", "run": 7, "ms": 1.5, "ok": true, "none": null}),
            json!({
                "level": "warning", "event": "m", "target": "shell", "run": 7, "n": -3, "big": u64::MAX,
                "huge": "340282366920938463463374607431768211456"
            }),
            json!({
                "level": "level35", "event": "tab\there é 🦀", "target": "shell", "run": 7,
                "list": [1, "two", [null, {"a": []}]], "map": {"b": {"c": 1000.0}, "a": 2}
            }),
            json!({
                "level": "debug", "event": "the first that is text", "run": 7, "event_": 5, "level_": "loud",
                "timestamp_": "2020", "late": 1, "target": "mine"
            }),
            json!({"level": "debug", "event": "", "target": "shell", "run": 7}),
            json!({"level": "fatal", "event": "y", "target": "shell", "a": 2, "run": 8}),
            json!({"level": "debug", "event": "e", "target": "shell", "run": 7, "message": "stays"}),
        ]
    );
}

#[test]
fn what_is_no_object_is_kept_marked_and_told_once() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(64, 64);
    let mut stdin =
        b"{\"msg\": \"fine\"}\nplain {text}\n[1, 2]\n\n{\"cut\": \n{\"latin\": \"\xe9\"}\n"
            .to_vec();
    stdin.extend_from_slice(
        format!("{{\"long\": \"{}\"}}\n{{\"msg\":\"fine too\"}}", "x".repeat(20_000)).as_bytes(),
    );
    let output = site.log_lines(&["--json", "-"], &stdin);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "logring-drain: line 2 is no JSON object: expected value at column 1; it and others like it become \
         records of their text with the field json_error\n"
    );
    let lines = site.drained();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["event"].as_str().expect("text").get(..12), line["json_error"].as_str()))
        .collect();
    let short: Vec<_> = lines.iter().map(|line| line["event"].as_str().expect("text")).collect();
    assert_eq!(
        short[..6],
        ["fine", "plain {text}", "[1, 2]", "", "{\"cut\": ", "{\"latin\": \"\u{fffd}\"}"]
    );
    assert_eq!(told[6], (Some("{\"long\": \"xx"), Some("longer than a record")));
    assert_eq!((short[7], lines.len()), ("fine too", 8));
    let reasons: Vec<_> = told.iter().map(|(_, reason)| reason.is_some()).collect();
    assert_eq!(reasons, [false, true, true, true, true, true, true, false]);
    assert_eq!((&lines[6]["truncated"], &lines[5]["truncated"]), (&json!(true), &json!(null)));
    assert_eq!(lines[5]["bytes"], "7b226c6174696e223a2022e9227d");
    assert_eq!(lines[5]["json_error"], "not UTF-8");
}

#[test]
fn the_environment_filters_by_each_lines_level() {
    let _watchdog = watchdog();
    let site = Site::new();
    let mut command = site.command(&["log", "--segment", &site.name, "--json", "-"]);
    let stdin = "{\"level\":\"debug\",\"msg\":\"no\"}\n{\"level\":\"error\",\"msg\":\"yes\"}\n{\"msg\":\"no\"}\n";
    let path = site.directory.join("in.jsonl");
    std::fs::write(&path, stdin).expect("our directory");
    let file = std::fs::File::open(path).expect("our file");
    done(&command.env("LOGRING", "warning").stdin(file).output().expect("the binary starts"));
    let events: Vec<_> = site.drained().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["yes"]);
}
