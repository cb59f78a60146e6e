//! D13: a suspend is told once and for as long as it was: on clocks that are made up, and by the kernel's
//! own in a time namespace, which sets them as a suspend does.

use std::process::Command;

use super::*;

const TEST: &str = "suspend::tests::the_kernels_clocks_tell_it";
/// What the clocks said of it outside of the namespace, in nanoseconds.
const BEFORE: &str = "LOGRING_TEST_SUSPENDED_BEFORE";
const SUSPENDED: Duration = Duration::from_secs(4_000);

#[test]
fn a_suspend_is_told_once() {
    let seconds = Duration::from_secs;
    let mut suspends = Suspends { known: seconds(100) };
    assert_eq!(suspends.note(seconds(100)), None);
    // Readings that were interrupted say too little, those of two moments a little too much.
    assert_eq!(suspends.note(seconds(99)), None);
    assert_eq!(suspends.note(seconds(100) + LEAST / 2), None);
    assert_eq!(suspends.note(seconds(130)), Some(seconds(30)));
    assert_eq!(suspends.note(seconds(130)), None);
    assert_eq!(suspends.note(seconds(131)), Some(seconds(1)));
}

#[test]
fn a_machine_that_runs_is_not_suspended() {
    let mut suspends = Suspends::new();
    assert_eq!(suspends.take(), None);
}

#[test]
fn the_kernels_clocks_tell_it() {
    if let Ok(before) = std::env::var(BEFORE) {
        let mut suspends =
            Suspends { known: Duration::from_nanos(before.parse().expect("a number")) };
        let told = suspends.take().expect("a suspend");
        assert!(told.abs_diff(SUSPENDED) < LEAST, "{told:?}");
        return;
    }
    let shifted = ["unshare", "-T", "--fork", "--boottime", "5000", "--monotonic", "1000"];
    let shifted = |command: &str| {
        let mut unshare = Command::new(shifted[0]);
        unshare.args(&shifted[1..]).arg(command);
        unshare
    };
    if !shifted("true").status().is_ok_and(|status| status.success()) {
        return println!("no time namespaces here: not tried");
    }
    let own = std::env::current_exe().expect("own path");
    let status = shifted(own.to_str().expect("text"))
        .args(["--exact", TEST])
        .env(BEFORE, in_all().as_nanos().to_string())
        .status();
    assert!(status.expect("it starts").success());
}
