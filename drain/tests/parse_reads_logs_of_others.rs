//! Claim: `logring-drain parse` makes of a log file what loguru's `parse` makes of it: an event of the
//! named groups for each match, typed where that is asked for; and `render` takes its lines.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn drain(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_logring-drain"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the drain's binary starts");
    // It may end before it has read all.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends")
}

/// What loguru writes by default.
const LOG: &str = "\
2026-11-22 11:00:00.123 | INFO     | shop:order:12 - order 42 placed in 3.50 ms, gift=True
2026-11-22 11:00:01.000 | ERROR    | shop:charge:40 - charge failed
Traceback (most recent call last):

2026-11-22 11:00:02.000 | INFO     | shop:order:12 - order 007x placed in nan ms, gift=maybe\r
";
const HEAD: &str = r"^(?<timestamp>\S+ \S+) \| (?<level>\w+) +\| (?<target>[^:]+):(?<function>\w+):(?<line>\d+) - (?<event>.*?";

fn stdout(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).expect("lines of JSON are UTF-8")
}

#[test]
fn groups_are_keys_and_casts_give_types() {
    let pattern = format!(r"{HEAD}(?: (?<id>\w+) placed in (?<ms>\S+) ms, gift=(?<gift>\w+))?)$");
    let casts =
        ["--cast", "id=int", "--cast", "ms=float", "--cast", "gift=bool", "--cast", "line=int"];
    let output = drain(&[&["parse", &pattern][..], &casts].concat(), LOG.as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "logring-drain: 1 of 4 lines do not match the pattern and were left out\n"
    );
    let lines = stdout(output);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"timestamp":"2026-11-22 11:00:00.123","level":"INFO","target":"shop","function":"order","line":12,"event":"order 42 placed in 3.50 ms, gift=True","id":42,"ms":3.5,"gift":true}"#,
            r#"{"timestamp":"2026-11-22 11:00:01.000","level":"ERROR","target":"shop","function":"charge","line":40,"event":"charge failed","id":null,"ms":null,"gift":null}"#,
            r#"{"timestamp":"2026-11-22 11:00:02.000","level":"INFO","target":"shop","function":"order","line":12,"event":"order 007x placed in nan ms, gift=maybe","id":"007x","ms":"nan","gift":"maybe"}"#,
        ]
    );
}

#[test]
fn each_match_is_an_event_and_what_is_no_text_is_replaced() {
    let output = drain(&["parse", r"(?<key>\w+)=(?<value>[^ ]+)"], b"a=1 b=\xff\n\nc=\"\x1b\"");
    assert_eq!(
        stdout(output).lines().collect::<Vec<_>>(),
        [
            r#"{"key":"a","value":"1"}"#,
            "{\"key\":\"b\",\"value\":\"\u{fffd}\"}",
            r#"{"key":"c","value":"\"\u001b\""}"#,
        ]
    );
}

/// The drain's own pattern, read back and rendered: the line that it was.
#[test]
fn what_render_wrote_is_read_back() {
    let directory = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (config, log) = (directory.join("parse.toml"), directory.join("parse.log"));
    let text = "segment = \"a\"\n[[sink]]\nkind = \"json\"\npath = \"x\"\n";
    std::fs::write(&config, text).expect("the target directory can be written");
    std::fs::write(&log, "2026-11-22T11:00:00Z warning shop {braces} and more\n").expect("too");
    let pattern = r"^(?<timestamp>\S+) (?<level>\w+) (?<target>\S+) (?<event>.*)$";
    let parsed = stdout(drain(&["parse", pattern, log.to_str().expect("UTF-8")], b""));
    let config = config.to_str().expect("UTF-8");
    let rendered = stdout(drain(&["render", "--config", config], parsed.as_bytes()));
    let expected = r#"{"timestamp":"2026-11-22T11:00:00.000000Z","level":"warning","event":"{braces} and more","target":"shop""#;
    assert!(rendered.starts_with(expected), "{rendered}");
}

#[test]
fn what_is_wrong_is_one_sentence() {
    for (arguments, expected) in [
        (&["(?<a>x"][..], "`(?<a>x` is not a regular expression: unclosed group"),
        (&["(a)"], "`(a)` has no named group: name what is to be a key, as in `(?<level>\\w+)`"),
        (&["(?<a>x)", "--cast", "b=int"], "there is no group `b` to cast, the pattern has `a`"),
        (
            &["(?<a>x)", "--cast", "a=date"],
            "invalid value 'a=date' for '--cast <KEY=TYPE>': `a=date` is no cast, expected one like ms=int",
        ),
        (&["(?<a>x)", "/absent/x.log"], "cannot read /absent/x.log: No such file or directory"),
    ] {
        let output = drain(&[&["parse"], arguments].concat(), b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(&format!("logring-drain: {expected}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
