//! Claim: whatever is wrong with the processors and renderers of a config is told at once, each fault
//! with file, line, column and what was expected; the drain ends with 2 and has touched nothing.

use std::path::PathBuf;
use std::process::Command;

/// What a line of the config says; where in it the fault is told; some words of it.
const FAULTS: &[(&str, &str, &[&str])] = &[
    (r#""levels""#, r#""levels""#, &["unknown processor `levels`", "expected one of callsite, "]),
    (r#"{ keys = ["a"] }"#, "{", &["missing `name`", "expected a processor's name"]),
    ("7", "7", &["expected a processor's name"]),
    (r#"{ name = "sample", rat = 0.5 }"#, "rat", &["sample: ", "unknown field `rat`", "`rate`"]),
    (r#"{ name = "sample", rate = 2 }"#, "2", &["sample: rate 2", "above 0 and up to 1"]),
    (r#"{ name = "drop_keys" }"#, "{", &["drop_keys: missing field `keys`"]),
    (r#"{ name = "drop_keys", keys = "a" }"#, r#""a""#, &["drop_keys: ", "expected a sequence"]),
    (
        r#"{ name = "redact", patterns = ["(x"] }"#,
        r#"["(x""#,
        &["redact: `(x` is not a regular expression"],
    ),
    (
        r#"{ name = "filter", keep = 'event matches "["' }"#,
        "'event",
        &["filter: ", "is not a regular expression"],
    ),
    (r#"{ name = "filter", keep = 'level >' }"#, "'level", &["filter: ", "expected"]),
    (
        r#"{ name = "timestamp", key = "at", tz = "Mars/Base" }"#,
        r#""Mars"#,
        &["unknown time zone `Mars/Base`", "Europe/Vienna"],
    ),
    (
        r#"{ name = "timestamp", key = "at", fmt = "%Q" }"#,
        r#""%Q""#,
        &["unknown directive `%Q`", "expected"],
    ),
    (
        r#"{ name = "rate_limit", max = 1, per = "soon" }"#,
        r#""soon""#,
        &["`soon` is not a duration", "10s"],
    ),
    (
        r#"{ name = "callsite", parameters = ["function"] }"#,
        r#""function""#,
        &["unknown variant `function`", "`lineno`"],
    ),
    (
        r#"{ name = "format_exception", format = "html" }"#,
        r#""html""#,
        &["unknown variant `html`", "`plain`"],
    ),
    (
        r#"{ name = "host", facts = ["colour"] }"#,
        r#""colour""#,
        &["unknown variant `colour`", "`hostname`"],
    ),
    (
        r#"{ name = "timestamp" }"#,
        "{",
        &["the default line has `timestamp` already", "expected another key"],
    ),
];

/// The same of renderers.
const RENDERERS: &[(&str, &str, &[&str])] = &[
    (
        r#""xml""#,
        r#""xml""#,
        &["unknown renderer `xml`", "expected one of console, json, key_value, logfmt, pattern"],
    ),
    (r#"{ name = "json", indent = 2 }"#, "indent", &["json: ", "unknown field `indent`"]),
    (
        r#"{ name = "json", separators = ["\n", ":"] }"#,
        r#"["#,
        &["json: expected a comma and a colon"],
    ),
    (
        r#"{ name = "console", level_styles = { info = "beige" } }"#,
        r#""beige""#,
        &["unknown style `beige`", "expected some of bold"],
    ),
    (
        r#"{ name = "console", columns = [{ key = "a" }] }"#,
        "{",
        &["0 columns of the key \"\", expected one"],
    ),
    (
        r#"{ name = "console", pad_level = false, columns = [{ key = "" }] }"#,
        "{",
        &["`pad_level` says what `columns` say"],
    ),
    (
        r#"{ name = "pattern", format = "%(message)" }"#,
        "{",
        &["unknown token at `%(message)`", "%(message)s"],
    ),
    (r#"{ name = "pattern", format = "%(message)y" }"#, "{", &["unknown token at `%(message)y`"]),
    (
        r#"{ name = "pattern", style = "{", format = "{message" }"#,
        "{",
        &["unknown token at `{message`", "expected one like {message}"],
    ),
    (
        r#"{ name = "pattern", style = "{", format = "{message:q}" }"#,
        "{",
        &["`q` is no format in `{message:q}`"],
    ),
    (r#"{ name = "pattern", style = "$", format = "$message $" }"#, "{", &["unknown token at `$`"]),
    (
        r#"{ name = "pattern", style = "loguru", format = "{massage}" }"#,
        "{",
        &["unknown token `{massage}`", "expected one of {time} {level} {message}"],
    ),
    (
        r#"{ name = "pattern", style = "loguru", format = "<beige>{message}</>" }"#,
        "{",
        &["unknown colour `<beige>`"],
    ),
    (
        r#"{ name = "pattern", style = "loguru", format = "<red>{message}" }"#,
        "{",
        &["`<red>` is not closed"],
    ),
    (r#"{ name = "pattern", style = "&" }"#, r#""&""#, &["unknown variant `&`", "`loguru`"]),
    (r#"{ name = "pattern", tz = "Mars/Base" }"#, r#""Mars"#, &["unknown time zone `Mars/Base`"]),
    (r#"{ name = "pattern", format = "a\nb" }"#, "{", &["'\\n' in the format, expected one line"]),
    (r#"{ name = "pattern", datefmt = "%Q" }"#, "{", &["unknown directive `%Q`"]),
];

fn directory() -> PathBuf {
    let path = std::env::temp_dir().join(format!("logring-faults-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

#[test]
fn all_faults_are_told_and_nothing_is_touched() {
    let directory = directory();
    let file = directory.join("drain.toml");
    let segment = format!("faults-{}", std::process::id());
    let output = directory.join("out.jsonl");
    let mut config = format!("segment = '{segment}'\nprocessors = [\n");
    let mut places = Vec::new();
    let mut add =
        |config: &mut String, line: String, from: &str, words: &'static [&'static str]| {
            let at = line.find(from).expect("the fault is in its line") + 1;
            places.push((config.matches('\n').count() + 1, at, words));
            config.push_str(&line);
            config.push('\n');
        };
    for (said, at, words) in FAULTS {
        add(&mut config, format!("  {said},"), at, words);
    }
    config.push_str("]\n");
    for (index, (said, at, words)) in RENDERERS.iter().enumerate() {
        let path = output.display();
        config.push_str(&format!("[[sink]]\npath = '{path}.{index}'\n"));
        add(&mut config, format!("renderer = {said}"), at, words);
    }
    std::fs::write(&file, &config).expect("written");

    for command in ["run", "check", "render"] {
        let out = Command::new(env!("CARGO_BIN_EXE_logring-drain"))
            .args([command, "--config"])
            .arg(&file)
            .env("LOGRING_RUNTIME_DIR", &directory)
            .output()
            .expect("the drain's binary");
        let error = String::from_utf8(out.stderr).expect("UTF-8");
        assert_eq!(out.status.code(), Some(2), "{command}: {error}");
        assert!(out.stdout.is_empty(), "{command} printed something");
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), places.len(), "{command}: {error}");
        for (line, (row, column, words)) in lines.iter().zip(&places) {
            let place = format!("logring-drain: {}:{row}:{column}: ", file.display());
            assert!(line.starts_with(&place), "{command}: expected {place}\n{line}");
            for word in *words {
                assert!(line.contains(word), "{command}: expected {word}\n{line}");
            }
        }
    }
    let left: Vec<_> = std::fs::read_dir(&directory).expect("read").flatten().collect();
    assert_eq!(left.len(), 1, "only the config stands there: {left:?}");
    let shared = std::fs::read_dir("/dev/shm").expect("read").flatten();
    let ours = shared.filter(|entry| entry.file_name().to_string_lossy().contains(&segment));
    assert_eq!(ours.count(), 0, "a segment was made");
    std::fs::remove_dir_all(&directory).expect("removed");
}

#[cfg(not(feature = "rhai"))]
#[test]
fn a_script_without_the_feature_is_told() {
    let fault = logring_drain::process::registry::build_text(r#"{ name = "script", code = "1" }"#);
    let message = fault.expect_err("not in this build").message;
    assert_eq!(message, "`script` is not in this build, expected one with the feature `rhai`");
}
