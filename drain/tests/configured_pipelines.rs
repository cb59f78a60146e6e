//! Claim: the processors and renderers that a config names run in the drain: a secret reaches no
//! sink, structlog's line holds what its processors leave, and what they have still to tell is told
//! before the drain ends; `render` shows the same, and tells all faults of a config at once.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use common::drain::Site;
use common::watch::watchdog;
use common::{role, say};
use logring::info;
use logring_drain::config::Settings;
use logring_drain::{Embed, Options};

/// Of a config at `path`, with two sinks beside it.
fn config(segment: &str, path: &str) -> String {
    format!(
        "segment = '{segment}'\n\
         processors = [{{ name = 'redact', keys = ['password'] }}]\n\
         [[sink]]\nkind = 'json'\npath = '{path}'\n\
         [[sink]]\npath = '{path}.kv'\nrenderer = 'key_value'\n\
         processors = [{{ name = 'dedup', by = ['event'] }}, 'level', 'logger_name']\n"
    )
}

fn log(segment: &str, path: &str) {
    let settings = Settings::parse(&config(segment, path), "config").expect("a config");
    let options = Options::from(settings.effective().expect("a whole config"));
    let guard = logring::builder(segment).ring_bytes(1 << 20).embedded(options).expect("embedded");
    for n in 0..5 {
        info!(target: "app", "login with {password}", password = "hunter2", n);
    }
    info!(target: "app", "other");
    drop(guard);
}

#[test]
fn what_a_config_names_runs_in_the_drain() {
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        log(segment, path);
        return say("done");
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let argument = format!("{} {}", site.segment(), site.output().display());
    let name = "what_a_config_names_runs_in_the_drain";
    let mut peer = site.peer(name, "log", &argument);
    assert_eq!(peer.hear(), "done");
    peer.end();
    let default = std::fs::read_to_string(site.output()).expect("the default lines");
    assert_eq!(default.matches("login with [redacted]").count(), 5, "{default}");
    assert!(!default.contains("hunter2"), "{default}");
    let key_value = format!("{}.kv", site.output().display());
    let key_value = std::fs::read_to_string(key_value).expect("structlog's lines");
    assert_eq!(
        key_value,
        "password='[redacted]' n=0 event='login with [redacted]' level='info' logger='app'\n\
         event='other' level='info' logger='app'\n\
         password='[redacted]' n=4 event='login with [redacted]' repeated=4 level='info' \
         logger='app'\n"
    );
}

/// Exit code, stdout and stderr of `render` over these events.
fn render(config: &str, events: &str) -> (Option<i32>, String, String) {
    let path = std::env::temp_dir().join(format!("logring-render-{}.toml", std::process::id()));
    std::fs::write(&path, config).expect("a config file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_logring-drain"))
        .args(["render", "--config"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the drain's binary");
    // It may have ended before it read anything.
    let _ = child.stdin.take().expect("piped").write_all(events.as_bytes());
    let output = child.wait_with_output().expect("its output");
    std::fs::remove_file(&path).expect("the config file");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn render_tries_a_config_out() {
    let events =
        "{\"event\":\"hi {x}\",\"level\":\"warn\",\"password\":\"p\"}\n\n{\"event\":\"bye\"}\n";
    let (code, out, _) = render(&config("s", "a"), events);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "a: {\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"warning\",\"event\":\"hi {x}\",\
         \"target\":\"\",\"pid\":0,\"password\":\"[redacted]\"}\n\
         a.kv: password='[redacted]' event='hi {x}' level='warning' logger=''\n\
         a: {\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\",\"event\":\"bye\",\
         \"target\":\"\",\"pid\":0}\n\
         a.kv: event='bye' level='info' logger=''\n"
    );
    let (code, out, error) = render("processors = ['a', 'b']\n", events);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(
        lines[0].starts_with("logring-drain: ") && lines[0].contains(":1:15: unknown"),
        "{error}"
    );
    assert!(
        lines[1].starts_with("logring-drain: ") && lines[1].contains(":1:20: unknown"),
        "{error}"
    );
    let (code, _, error) = render("", "{\"event\":\"x\"}\n{]\n");
    assert_eq!(code, Some(2));
    assert!(error.starts_with("logring-drain: event in line 2: "), "{error}");
}
