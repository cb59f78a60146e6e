//! What is wrong with arguments or config ends with exit code 2 and one line on stderr that says
//! what was expected; help and a right config end with 0 on stdout.

use std::path::PathBuf;
use std::process::{Command, Output};

fn drain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logring-drain"))
        .args(arguments)
        .output()
        .expect("the drain's binary starts")
}

fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the target directory can be written");
    path
}

/// What it says on stderr, which is one line, at exit code 2.
fn refused(arguments: &[&str]) -> String {
    let output = drain(arguments);
    let said = String::from_utf8(output.stderr).expect("sentences are UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let sentence = said.strip_prefix("logring-drain: ").expect("the command's name comes first");
    let sentence = sentence.strip_suffix('\n').expect("a line ends");
    assert!(!sentence.contains('\n'), "{said}");
    sentence.to_owned()
}

#[test]
fn wrong_arguments_are_one_sentence() {
    for (arguments, expected) in [
        (&["run"][..], "no segment: give `--segment NAME`"),
        (&["run", "--segment", "a"], "no sink: give `--sink console` or `--sink json:PATH`"),
        (
            &["run", "--segmen", "a"],
            "unexpected argument '--segmen' found; tip: a similar argument",
        ),
        (&["run", "--sink", "x"], "invalid value 'x' for '--sink <KIND[:PATH]>': unknown sink `x`"),
        (&["run", "--max-hold", "2"], "invalid value '2' for '--max-hold <DUR>': `2` is not a dur"),
        (&["run", "--ring-bytes", "0"], "invalid value '0' for '--ring-bytes <N>': `0` is not a"),
        (&["run", "--config", "/absent/x.toml"], "cannot read /absent/x.toml: No such file"),
        (&["check"], "the following required arguments were not provided: --config <FILE>"),
        (&["demo", "--processes", "0"], "invalid value '0' for '--processes <N>'"),
        (
            &["run", "--ring-bytes", "65GiB"],
            "invalid value '65GiB' for '--ring-bytes <N>': `65GiB` is not a",
        ),
        (
            &["stats", "a"],
            "unexpected argument 'a' found; usage: logring-drain stats [OPTIONS] --segment <NAME>; see --help",
        ),
        (
            &["tail", "--segment", "a", "-n", "x"],
            "invalid value 'x' for '--lines <LINES>': expected a whole number; see --help",
        ),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'; usage: logring-drain <COMMAND>"),
    ] {
        let sentence = refused(arguments);
        assert!(sentence.starts_with(expected), "{arguments:?}: {sentence}");
    }
}

#[test]
fn check_tells_where_a_config_is_wrong() {
    let path = config("wrong.toml", "segment = \"a\"\n[[sink]]\nkind = \"json\"\npaht = \"x\"\n");
    let path = path.to_str().expect("the path is UTF-8");
    for command in ["check", "run"] {
        let sentence = refused(&[command, "--config", path]);
        let expected = format!("{path}:4:1: unknown field `paht`, expected one of `kind`, `path`");
        assert!(sentence.starts_with(&expected), "{sentence}");
    }
}

#[test]
fn check_prints_the_config_in_effect() {
    let text = "segment = \"a\"\n\n[[sink]]\nkind = \"json\"\npath = \"x\"\n";
    let path = config("right.toml", text);
    let output = drain(&["check", "--config", path.to_str().expect("the path is UTF-8")]);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).expect("TOML is UTF-8");
    for line in ["segment = \"a\"", "order = \"strict\"", "max_hold = \"2s\"", "path = \"x\""] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in {printed}");
    }
}

#[test]
fn help_has_an_example_for_each_command() {
    for command in ["", "run", "check", "demo", "recover", "stats", "tail"] {
        let words = [command, "--help"];
        let output = drain(&words[usize::from(command.is_empty())..]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).expect("help is UTF-8");
        assert!(help.contains("Example:\n  logring-drain "), "{help}");
    }
    let nothing = drain(&[]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("Usage: logring-drain <COMMAND>"));
}
