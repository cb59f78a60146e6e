//! Settings: defaults, what wins over what, and the sentence for each that cannot be.

use super::*;
use crate::render::time::Digits;
use crate::render::{Colors, Form, LineOptions};
use logring::Level;

fn error(text: &str) -> String {
    let error = Settings::parse(text, "drain.toml").unwrap_err();
    assert!(error.is_invalid());
    error.to_string()
}

#[test]
fn a_file_and_flags_make_the_effective_config() {
    let file = Settings::parse(
        "segment = \"billing\"\norder = \"window\"\nmax_hold = \"500ms\"\nring_bytes = \"32MiB\"\n\
         [[sink]]\nkind = \"json\"\npath = \"a.jsonl\"\n\
         [[sink]]\nkind = \"json\"\npath = \"b.jsonl\"\nlevel = \"warning\"\ndigits = 9\nline = true\n",
        "drain.toml",
    )
    .unwrap();
    let flags = Settings { max_hold: Some(Duration::from_secs(60)), ..Settings::default() };
    let config = flags.over(file.clone()).effective().unwrap();
    assert_eq!(config.segment, "billing");
    assert_eq!(config.order, Order::Window);
    assert_eq!(config.max_hold, Duration::from_secs(60));
    assert_eq!(config.ring_bytes, 32 << 20);
    assert!(!config.wait);
    assert_eq!(config.sinks[0], Sink::json("a.jsonl"));
    assert!(config.sinks[0].wants(Level::Trace));
    let options = LineOptions { digits: Digits::Nine, line: true, ..LineOptions::default() };
    assert_eq!(config.sinks[1].line_options(), options);
    assert!(config.sinks[1].wants(Level::Warning) && !config.sinks[1].wants(Level::Info));

    let flags = Settings { sinks: vec![Sink::json("c.jsonl")], ..Settings::default() };
    assert_eq!(flags.over(file).effective().unwrap().sinks, [Sink::json("c.jsonl")]);
}

#[test]
fn the_effective_config_reads_back_as_itself() {
    let text = "segment = \"s\"\nmax_hold = \"1m 30s\"\nwait = true\n\
                [[sink]]\nkind = \"json\"\npath = \"a\"\nlevel = \"level33\"\ndigits = 9\n\
                [[sink]]\nkind = \"console\"\n\
                [[sink]]\nkind = \"console\"\npath = \"b\"\ncolors = \"always\"\n\
                [[sink]]\nkind = \"logfmt\"\npath = \"c\"\nthread = true\n";
    let config = Settings::parse(text, "f").unwrap().effective().unwrap();
    let printed = config.to_string();
    let again = Settings::parse(&printed, "printed").unwrap().effective().unwrap();
    assert_eq!(again, config, "{printed}");
}

#[test]
fn errors_say_where_and_what_was_expected() {
    for (text, expected) in [
        ("segment = 1", "drain.toml:1:11: invalid type: integer `1`, expected a string"),
        (
            "\n  sgement = \"a\"",
            "drain.toml:2:3: unknown field `sgement`, expected one of `segment`",
        ),
        (
            "order = \"loose\"",
            "drain.toml:1:9: unknown variant `loose`, expected `strict` or `window`",
        ),
        ("max_hold = \"soon\"", "drain.toml:1:12: `soon` is not a duration from 1ns to 24h"),
        ("max_hold = \"0s\"", "drain.toml:1:12: `0s` is not a duration"),
        ("max_hold = \"-2s\"", "drain.toml:1:12: `-2s` is not a duration"),
        ("max_hold = 2", "drain.toml:1:12: invalid type: integer `2`, expected a string"),
        ("ring_bytes = \"16 megs\"", "drain.toml:1:14: `16 megs` is not a size"),
        ("ring_bytes = -1", "drain.toml:1:14: expected a number of bytes"),
        ("[[sink]]\npath = \"a\"", "drain.toml:1:1: missing field `kind`"),
        (
            "[[sink]]\nkind = \"xml\"\npath = \"a\"",
            "drain.toml:2:8: unknown variant `xml`, expected one of `json`, `logfmt`, `console`",
        ),
        (
            "[[sink]]\nkind = \"json\"\npath = \"é\"\nlevel = \"loud\"",
            "drain.toml:4:9: unknown level \"loud\"",
        ),
        (
            "[[sink]]\nkind = \"json\"\npath = \"a\"\ndigits = 3",
            "drain.toml:4:10: invalid value: integer `3`, expected 6 or 9",
        ),
        (
            "[[sink]]\nkind = \"console\"\ncolors = \"yes\"",
            "drain.toml:3:10: unknown variant `yes`, expected one of `auto`, `always`, `never`",
        ),
        ("segment = \"a", "drain.toml:1:13: "),
        ("a = [", "drain.toml:1:6: "),
    ] {
        let error = error(text);
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn what_is_missing_or_doubled_is_told() {
    let effective =
        |text: &str| Settings::parse(text, "f").unwrap().effective().unwrap_err().to_string();
    assert!(effective("").starts_with("no segment"));
    assert!(effective("segment = \"a\"").starts_with("no sink"));
    let sink = "[[sink]]\nkind = \"json\"\npath = \"x\"\n";
    let twice = effective(&format!("segment = \"a\"\n{sink}{sink}"));
    assert!(twice.starts_with("two sinks write to x"), "{twice}");
    let colors = effective("segment = \"a\"\n[[sink]]\nkind = \"json\"\ncolors = \"always\"\n");
    assert!(colors.starts_with("sink json:-: `colors` is for the kind console"), "{colors}");
}

#[test]
fn sizes_durations_and_sinks_of_the_command_line() {
    assert_eq!(parse_size("1").unwrap(), 1);
    assert_eq!(parse_size("3 KiB").unwrap(), 3 << 10);
    assert_eq!(parse_size("2GiB").unwrap(), 2 << 30);
    for bad in ["", "0", "-1", "1.5MiB", "MiB", "18446744073709551615KiB", "16MB"] {
        assert!(parse_size(bad).is_err(), "{bad}");
    }
    assert_eq!(parse_duration("1m 30s").unwrap(), Duration::from_secs(90));
    assert_eq!(parse_duration("1.5s").unwrap(), Duration::from_millis(1500));
    for bad in ["", "2", "0ms", "25h", "-1s", "forever"] {
        assert!(parse_duration(bad).is_err(), "{bad}");
    }
    assert_eq!("json:a:b".parse::<Sink>().unwrap(), Sink::json("a:b"));
    assert_eq!("json".parse::<Sink>().unwrap(), Sink::json("-"));
    assert_eq!("logfmt:a".parse::<Sink>().unwrap(), Sink::logfmt("a"));
    assert_eq!("console".parse::<Sink>().unwrap(), Sink::console());
    assert_eq!("console:a".parse::<Sink>().unwrap(), Sink::new(Form::Console, "a"));
    for bad in ["json:", "text:a", "a.jsonl", "", "Console"] {
        let error = bad.parse::<Sink>().unwrap_err().to_string();
        assert!(error.contains("json") && error.contains(bad), "{error}");
    }
}

const PIPELINES: &str = "segment = \"s\"\n\
    processors = [{ name = \"redact\", keys = [\"password\"] }, \"host\"]\n\
    [[sink]]\npath = \"a\"\nlevel = \"warning\"\n\
    renderer = { name = \"key_value\", sort_keys = true }\n\
    processors = [\"level\", { name = \"timestamp\", fmt = \"%H:%M\", tz = \"UTC\" }]\n";

#[test]
fn pipelines_read_back_as_themselves_and_can_be_made() {
    let config = Settings::parse(PIPELINES, "f").unwrap().effective().unwrap();
    let printed = config.to_string();
    let again = Settings::parse(&printed, "printed").unwrap().effective().unwrap();
    assert_eq!(again.to_string(), printed);
    let [sink] = &again.sinks[..] else { panic!("{printed}") };
    assert_eq!((again.processors.len(), sink.processors.len()), (2, 2));
    pipeline::chain(&again.processors, false).unwrap();
    pipeline::chain(&sink.processors, true).unwrap();
    pipeline::renderer(sink.renderer.as_ref().unwrap()).unwrap();
}

#[test]
fn all_faults_of_pipelines_are_told_at_once_where_they_are() {
    let text = "segment = 3\n\
        processors = [\"levl\", { name = \"redact\", patterns = [\"(\"] }, \"level\", 7]\n\
        [[sink]]\npath = \"a\"\nline = true\n\
        renderer = { name = \"logfmt\", sort = true }\n\
        processors = [\n\
        { name = \"timestamp\", tz = \"Mars/Olympus\" },\n\
        { name = \"filter\", keep = \"level >= loud\" },\n\
        { nam = \"x\" },\n\
        { name = \"sample\", rate = 2 },\n\
        { name = \"rename\" },\n\
        ]\n\
        [[sink]]\npath = \"b\"\nrenderer = \"xml\"\n";
    let error = error(text);
    let lines: Vec<&str> = error.lines().collect();
    let expected = [
        "drain.toml:1:11: invalid type: integer `3`, expected a string",
        "drain.toml:2:15: unknown processor `levl`, expected one of callsite, ",
        "drain.toml:2:53: redact: `(` is not a regular expression: unclosed group",
        "drain.toml:2:62: level: the default line has `level` already, expected another key, or",
        "drain.toml:2:71: expected a processor's name, or a table like { name = \"…\" }",
        "drain.toml:5:1: `line` belongs to the default line, expected `renderer` without it",
        "drain.toml:6:31: logfmt: unknown field `sort`, expected one of `sort_keys`, ",
        "drain.toml:8:28: timestamp: unknown time zone `Mars/Olympus`, expected a name",
        "drain.toml:9:27: filter: character 10: found `loud`, expected a level's word or number",
        "drain.toml:10:1: missing `name`, expected a processor's name",
        "drain.toml:11:27: sample: rate 2, expected one above 0 and up to 1",
        "drain.toml:12:1: rename: missing field `to`",
        "drain.toml:16:12: unknown renderer `xml`, expected one of console, json, key_value, logfmt",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
    assert_eq!(lines.len(), expected.len(), "{error}");
}

#[test]
fn lines_are_shared_where_they_are_the_same() {
    let file = Sink::new(Form::Console, "a");
    let other = Sink::new(Form::Console, "b");
    let colored = Sink { colors: Colors::Always, ..other.clone() };
    assert!(file.has_lines_of(&other));
    // In a file there are none unless asked for.
    assert!(file.has_lines_of(&Sink { colors: Colors::Never, ..other }));
    assert!(!file.has_lines_of(&colored));
    assert!(colored.line_options().colored && !file.line_options().colored);
    assert!(!Sink::json("a").has_lines_of(&Sink::logfmt("a")));
    assert!(Sink::json("a").has_lines_of(&Sink::json("b")));
    let warnings = Sink { level: Some(Level::Warning), ..Sink::json("a") };
    assert!(!Sink::json("a").has_lines_of(&warnings));
    assert!(!Sink::json("a").has_lines_of(&Sink { thread: true, ..Sink::json("a") }));
}
