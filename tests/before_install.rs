//! A log call before `install` goes nowhere: it is counted, told once on stderr, and evaluates
//! nothing. From `install` on the same statements and loggers log.

mod common;

use std::process::Command;

use common::drain::{Site, lines, number};
use common::watch::watchdog;
use logring::{Logger, Overflow};

const CHILD: &str = "LOGRING_TEST_BEFORE_INSTALL";

#[test]
fn calls_before_install_are_counted_and_told_once() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let name = "calls_before_install_are_counted_and_told_once";
    let program = std::env::current_exe().expect("a test knows its program");
    let output = Command::new(program)
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("the test's own program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("before logring::builder(..).install()").count(), 1, "{stderr}");
    assert!(stderr.contains(&format!("{}:", file!())), "{stderr}");
}

fn child() {
    let log = logring::logger().bind(logring::kv! { tenant = "acme" });
    for n in 0..5 {
        logring::error!("early", n, never = { unreachable() });
        logring::error!(logger: log, "early", n, never = { unreachable() });
    }
    assert_eq!(logring::early_calls(), 10);
}

fn unreachable() -> u8 {
    unreachable!("a call that goes nowhere evaluates nothing")
}

fn statement(log: &Logger, n: u64) {
    logring::info!(logger: log, "counted", n);
}

#[test]
fn what_was_called_too_early_logs_after_install() {
    let _watchdog = watchdog();
    let site = Site::new();
    // Made before there is a segment.
    let plain = logring::logger();
    let bound = plain.bind(logring::kv! { tenant = "acme" });
    statement(&plain, 0);
    statement(&bound, 1);
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    assert_eq!(logring::early_calls(), 2);
    let drain = site.start_drain();
    statement(&plain, 2);
    statement(&bound, 3);
    drain.stop();
    assert_eq!(logring::early_calls(), 2);
    let found: Vec<_> = lines(&site.output())
        .map(|line| (number(&line, "n"), line.get("tenant").is_some_and(|name| name == "acme")))
        .collect();
    assert_eq!(found, [(2, false), (3, true)]);
}
