//! Claim: for the same event and options, the renderers and processors that structlog has too give the
//! same bytes as the real structlog, except for the classes of difference in `docs/parity.md`.
//!
//! A fixed seed and a fresh one, which is printed and can be given again by `LOGRING_SEED`. The real
//! structlog runs in `target/venv`, which `ci/setup.sh python` makes.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/side.rs"]
mod side;

use std::collections::BTreeMap;

use generate::Random;
use logring::record::{AnyValue, Event};
use logring_drain::config::Sink;
use logring_drain::config::pipeline::Named;
use logring_drain::tryout::Tryout;
use side::{ZONE, fresh_seed, harmful, theirs};

const FIXED_SEED: u64 = 1;
/// The whole number in release, in seconds; debug takes minutes for it.
const FIXED_EVENTS: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };
const FRESH_EVENTS: usize = if cfg!(debug_assertions) { 300 } else { 2_000 };

const STRFTIME: &str = "%a %A %b %B %c %C %d %D %e %f %F %g %G %H %I %j %m %M %p %r %R %S %T %u \
                        %U %V %w %W %x %X %y %Y %z %Z %% é";
const ORDER: &str = r#"key_order = ["event", "missing", "level", "a", "event"]"#;
const USUAL: &str = r#""level", "timestamp", "logger_name""#;

/// Whatever stands in the environment.
const FORCED: &str = "colors = true, force_colors = true";
const COLUMNS: &str = r#"columns = [
    { key = "event", value_style = "bold red", width = 12, value = "str", prefix = "<", postfix = ">" },
    { key = "level", level_styles = { info = "green", "much longer" = "dim" } },
    { key = "logger", key_style = "underline", value = "repr", prefix = "@" },
    { key = "timestamp", value = "str", width = 30 },
    { key = "a", key_style = "", value_style = "cyan" },
    { key = "missing", value = "repr" },
    { key = "level", level_styles = { info = "green" }, pad = false },
    { key = "", key_style = "dim", value_style = "yellow" },
]"#;

/// Name, processors, renderer; those of the other side stand in `structlog_side.py`.
fn pipelines() -> Vec<(&'static str, String, String)> {
    let json = "name = 'json'";
    let key_value = "name = 'key_value'";
    let logfmt = "name = 'logfmt'";
    let console = "name = 'console'";
    let with = |renderer: &str, options: &str| format!("{renderer}, {options}");
    let styles =
        "level_styles = { warning = 'bold yellow', error = 'red', 'longest level' = 'dim' }";
    let columns = COLUMNS.replace('\n', " ");
    let callsite = r#"{ name = "callsite", parameters =
        ["pathname", "filename", "module", "lineno", "thread", "process"] }"#
        .replace('\n', "");
    let timestamp = |options: &str| format!("{{ name = 'timestamp', {options} }}");
    let utc = timestamp(&format!("fmt = '{STRFTIME}', key = 'at'"));
    let local = timestamp(&format!("fmt = '{STRFTIME}', tz = '{ZONE}'"));
    let unicode = |options: &str| format!("{{ name = 'unicode', {options} }}");
    let list: Vec<(&str, &str, String)> = vec![
        ("json", "", json.into()),
        ("json sorted", "", with(json, "sort_keys = true")),
        ("json utf-8", "", with(json, "ensure_ascii = false")),
        ("json compact", "", with(json, "separators = [',', ':']")),
        ("json usual", r#""level", "logger_name", "timestamp", "format_exception""#, json.into()),
        ("json level number", r#""level_number""#, json.into()),
        ("json renamed", r#"{ name = "rename", to = "msg" }"#, json.into()),
        (
            "json replaced",
            r#"{ name = "rename", to = "msg", replace_by = "_event" }, "level""#,
            json.into(),
        ),
        ("json tracebacks", r#"{ name = "format_exception", format = "dict" }"#, json.into()),
        ("json positional", r#""positional_args""#, json.into()),
        ("key-value", "", key_value.into()),
        ("key-value sorted", "", with(key_value, "sort_keys = true")),
        ("key-value ordered", r#""level""#, with(key_value, ORDER)),
        (
            "key-value ordered dropping",
            r#""level""#,
            with(key_value, &with(ORDER, "sort_keys = true, drop_missing = true")),
        ),
        ("key-value native", r#""level", "timestamp""#, with(key_value, "repr_native_str = false")),
        ("key-value exceptions", r#""format_exception""#, key_value.into()),
        ("logfmt", "", logfmt.into()),
        ("logfmt sorted", "", with(logfmt, "sort_keys = true, bool_as_flag = false")),
        ("logfmt ordered", r#""level""#, with(logfmt, ORDER)),
        (
            "logfmt ordered dropping",
            r#""level", "timestamp""#,
            with(logfmt, &with(ORDER, "sort_keys = true, drop_missing = true")),
        ),
        ("console", USUAL, console.into()),
        ("console colors", USUAL, with(console, FORCED)),
        ("console unsorted", USUAL, with(console, "sort_keys = false, repr_native_str = true")),
        ("console narrow", USUAL, with(console, "pad_event_to = 5, pad_level = false")),
        ("console keys", USUAL, with(console, "event_key = 'msg', timestamp_key = 'at'")),
        ("console styles", USUAL, with(console, &with(FORCED, styles))),
        ("console columns", USUAL, with(console, &with(FORCED, &columns))),
        ("console columns plain", USUAL, with(console, &with("sort_keys = false", &columns))),
        ("console exceptions", r#""format_exception""#, console.into()),
    ];
    let made = [
        ("json unix", timestamp("fmt = 'unix'")),
        ("json maybe", timestamp("only_if_absent = true")),
        ("json strftime", utc),
        ("json strftime local", local),
        ("json decoded", unicode("to = 'text'")),
        (
            "json decoded ascii",
            unicode("to = 'text', encoding = 'ascii', errors = 'backslashreplace'"),
        ),
        ("json encoded", unicode("to = 'bytes'")),
        ("json encoded ascii", unicode("to = 'bytes', encoding = 'ascii'")),
        ("json encoded latin-1", unicode("to = 'bytes', encoding = 'latin-1', errors = 'replace'")),
        ("json callsite", callsite),
    ];
    let list = list
        .into_iter()
        .map(|(name, processors, renderer)| (name, processors.to_owned(), renderer));
    list.chain(made.map(|(name, processors)| (name, processors, json.to_owned()))).collect()
}

fn tryout(processors: &str, renderer: &str, exact: bool) -> Tryout {
    let named = |text: &str| Named::parse(text).unwrap();
    let list: toml::Value =
        toml::from_str::<toml::Table>(&format!("x = [{processors}]")).unwrap()["x"].clone();
    let processors = list.as_array().unwrap().iter().map(|one| named(&one.to_string())).collect();
    let renderer = Some(named(&format!("{{ {renderer}, exact = {exact} }}")));
    Tryout::new(&[], vec![Sink { processors, renderer, ..Sink::json("") }]).unwrap()
}

fn ours(tryout: &mut Tryout, event: &Event<'static>) -> String {
    tryout.run(&mut event.clone());
    let (_, bytes) = tryout.take().next().unwrap();
    let mut line = String::from_utf8(bytes).unwrap();
    assert_eq!(line.pop(), Some('\n'));
    line
}

/// Whether structlog's output has something that ours escapes unless `exact`.
fn is_harmful(name: &str, has_escape: bool, line: &str) -> bool {
    // Among the renderer's own control sequences the event's could not be told.
    let sequence = name.starts_with("console") && has_escape;
    let no_json = ["NaN", "Infinity"].iter().any(|word| line.contains(word));
    sequence || uncoloured(name, line).contains(harmful) || (name.starts_with("json") && no_json)
}

/// The line without the beginnings of control sequences, where the renderer makes any.
fn uncoloured(name: &str, line: &str) -> String {
    let has_colours = matches!(name, "console colors" | "console styles" | "console columns");
    if has_colours { line.replace("\x1b[", "") } else { line.to_owned() }
}

/// The class of a difference that `docs/parity.md` lists.
fn class(name: &str, event: &Event<'_>) -> Option<&'static str> {
    let structlog = ["debug", "info", "warning", "error", "critical"];
    if name == "console colors" && !structlog.contains(&event.level.to_string().as_str()) {
        return Some("levels that structlog does not have are in colour");
    }
    let causes = event
        .get("exc_info")
        .is_some_and(|value| matches!(value, AnyValue::Error(chain) if chain.messages.len() > 1));
    if name == "json tracebacks" && causes {
        return Some("causes without a traceback are listed");
    }
    None
}

fn compare(seed: u64, count: usize) {
    println!("seed {seed}, {count} events");
    let mut random = Random(seed);
    let events: Vec<Event<'static>> = (0..count).map(|_| random.event()).collect();
    let escapes: Vec<bool> =
        events.iter().map(|event| format!("{event:?}").contains("\\u{1b}")).collect();
    let pipelines = pipelines();
    let names: Vec<&str> = pipelines.iter().map(|(name, _, _)| *name).collect();
    let first = serde_json::to_string(&names).unwrap();
    let theirs = theirs("structlog_side.py", first, &events);
    assert_eq!(theirs.len(), count);
    let mut faults: Vec<(&str, String)> = Vec::new();
    let mut classes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, (name, processors, renderer)) in pipelines.iter().enumerate() {
        let mut exact = tryout(processors, renderer, true);
        let mut safe = tryout(processors, renderer, false);
        let mut compared = 0;
        for ((event, has_escape), theirs) in events.iter().zip(&escapes).zip(&theirs) {
            let exactly = ours(&mut exact, event);
            let safely = ours(&mut safe, event);
            // Beneath a line of the console stand indented blocks.
            let alone = uncoloured(name, &safely).replace("\n    ", "");
            assert!(!alone.contains(harmful), "{name}: {safely:?} of {event:?}");
            // Where structlog raises, ours has a line.
            let Some(theirs) = &theirs[at] else { continue };
            compared += 1;
            let differs =
                exactly != *theirs || (!is_harmful(name, *has_escape, theirs) && safely != *theirs);
            if differs {
                match class(name, event) {
                    Some(class) => *classes.entry((name, class)).or_default() += 1,
                    None => faults.push((name, format!(
                        "{name}\n  structlog {theirs:?}\n  exact     {exactly:?}\n  default   {safely:?}\n  of {event:?}"
                    ))),
                }
            }
        }
        println!("{name}: {compared} compared");
        assert!(compared * 3 > count, "{name}: structlog raised for most events");
    }
    println!("classes: {classes:?}");
    // One of each pipeline.
    let mut shown = faults.clone();
    shown.dedup_by_key(|(name, _)| *name);
    let text: String = shown.iter().map(|(_, fault)| format!("{fault}\n")).collect();
    assert!(faults.is_empty(), "seed {seed}: {} differences, the first:\n{text}", faults.len());
}

#[test]
fn the_same_bytes_as_structlog_for_a_fixed_seed() {
    compare(FIXED_SEED, FIXED_EVENTS);
}

#[test]
fn the_same_bytes_as_structlog_for_a_fresh_seed() {
    compare(fresh_seed(), FRESH_EVENTS);
}
