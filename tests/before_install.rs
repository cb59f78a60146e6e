//! A log call before `install` goes nowhere: it is counted, told once on stderr, and evaluates
//! nothing.

use std::process::Command;

const CHILD: &str = "LOGRING_TEST_BEFORE_INSTALL";

#[test]
fn calls_before_install_are_counted_and_told_once() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let name = "calls_before_install_are_counted_and_told_once";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
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
