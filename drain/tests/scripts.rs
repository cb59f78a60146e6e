//! Claim: a script in a config sees and changes events, is bounded, and costs no event when it fails: that
//! goes on as it was, marked and counted. An error in a script is told with file, line and column
//! before anything begins. Needs the feature `rhai`: `cargo test -p logring-drain --features rhai`.
#![cfg(feature = "rhai")]

use logring_drain::process::registry::build_text;
use logring_drain::tryout::tried;

/// What the script makes of the events, with this many operations.
fn run(code: &str, events: &str) -> String {
    tried(&format!("{{ name = \"script\", max_operations = 500, code = '''{code}''' }}"), events)
}

fn refused(said: &str) -> String {
    build_text(said).expect_err("it is wrong").message
}

#[test]
fn a_script_sees_and_changes_everything_that_it_may() {
    let event = r#"{"event":"paid {x}","level":"info","target":"shop","pid":7,"thread":8,"file":"a.rs","line":9,"n":-3,"big":18446744073709551615,"f":1.5,"yes":true,"none":null,"list":[1,"a"],"map":{"k":{"deep":2}}}"#;
    let code = r#"
        if event.text != "paid {x}" || event["event"] != "paid {x}" { throw event.text; }
        if event.level != "info" || event.level_number != 20 { throw event.level; }
        if event.target != "shop" || event.pid != 7 || event.tid != 8 { throw "facts"; }
        if event.file != "a.rs" || event.line != 9 { throw "place"; }
        if event["n"] + 3 != 0 || event["f"] * 2.0 != 3.0 || !event["yes"] { throw "values"; }
        if event["none"] != () || event["absent"] != () || event.has("absent") { throw "nothing"; }
        if event["list"][1] != "a" || event["map"].k.deep != 2 { throw "inside"; }
        if event.keys().len() != 8 { throw `${event.keys()}`; }
        let map = event["map"];
        map.k.deep = [true, (), 0.5];
        event["map"] = map;
        event["new"] = 'c';
        event.remove("list");
        event.level = "error";
        if event.level_number != 40 { throw "level"; }
        event.text = "paid {really}";
    "#;
    assert_eq!(
        run(code, event),
        r#"{"n": -3, "big": 18446744073709551615, "f": 1.5, "yes": true, "none": null, "map": {"k": {"deep": [true, null, 0.5]}}, "event": "paid {really}", "new": "c"}"#
    );
}

#[test]
fn a_script_drops_by_false_alone() {
    let events = "{\"event\":\"a\",\"n\":1}\n{\"event\":\"b\",\"n\":2}";
    assert_eq!(run(r#"event["n"] == 2"#, events), r#"{"n": 2, "event": "b"}"#);
    assert_eq!(run("0", r#"{"event":"a"}"#), r#"{"event": "a"}"#);
}

#[test]
fn a_script_that_fails_leaves_the_event_marked_and_is_counted() {
    let event = r#"{"timestamp":"2026-11-21T22:14:03Z","event":"a","n":1}"#;
    for (code, words) in [
        ("event[\"n\"] = 2; loop {}", "Too many operations"),
        ("event[\"n\"] = 2; throw \"no luck\"", "Runtime error: no luck"),
        ("event[\"n\"] = 2; event[\"m\"] = event.text.no_such()", "no_such"),
        ("fn f(n) { f(n + 1) } f(0)", "Stack overflow"),
        ("let text = \"0123456789\"; loop { text += text; }", "too large"),
    ] {
        let lines = run(code, &format!("{event}\n{event}"));
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        for line in &lines[..2] {
            assert!(
                line.starts_with(r#"{"n": 1, "event": "a", "processor_error": "script: "#),
                "{line}"
            );
            assert!(line.contains(words) && line.contains("(line 1, position "), "{line}");
        }
        assert!(
            lines[2].contains(r#""kind": "processor_failed", "count": 2, "processor": "script""#)
        );
    }
    assert_eq!(run("print(1); debug(2)", r#"{"event":"a"}"#), r#"{"event": "a"}"#);
}

#[test]
fn a_script_that_is_wrong_is_told_with_its_place() {
    let code = "{ name = \"script\", code = '''let x = 1;\nlet y = ;''' }";
    let message = refused(code);
    assert!(message.starts_with("script: code:2:"), "{message}");
    let message = refused(r#"{ name = "script", code = 'evnt["a"] = 1' }"#);
    assert!(message.starts_with("script: code:1:1: ") && message.contains("evnt"), "{message}");
    for code in ["eval(\"1\")", "import \"x\" as x;"] {
        let said = format!("{{ name = \"script\", code = '{code}' }}");
        let refused = build_text(&said).is_err();
        assert!(refused || run(code, r#"{"event":"a"}"#).contains("processor_error"), "{code}");
    }
    assert_eq!(refused(r#"{ name = "script" }"#), "script: expected `file` or `code`");
    let message = refused(r#"{ name = "script", file = "/absent.rhai" }"#);
    assert!(message.starts_with("script: cannot read the script /absent.rhai: "), "{message}");
    let message = refused(r#"{ name = "script", code = "", max_operations = 0 }"#);
    assert!(message.contains("expected 1 or more"), "{message}");
}

#[test]
fn a_script_file_is_told_by_the_drain_with_config_and_place() {
    let directory = std::env::temp_dir().join(format!("logring-scripts-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let (script, config) = (directory.join("x.rhai"), directory.join("drain.toml"));
    std::fs::write(&script, "// ok\nif {").expect("written");
    let said = format!(
        "segment = 's'\nprocessors = [{{ name = 'script', file = '{}' }}]\n",
        script.display()
    );
    std::fs::write(&config, said).expect("written");
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_logring-drain"))
        .args(["check", "--config"])
        .arg(&config)
        .output()
        .expect("the drain's binary");
    let error = String::from_utf8(out.stderr).expect("UTF-8");
    assert_eq!(out.status.code(), Some(2), "{error}");
    let expected = format!("{}:2:15: script: {}:2:", config.display(), script.display());
    assert!(error.contains(&expected), "{error}");
    std::fs::remove_dir_all(&directory).expect("removed");
}
