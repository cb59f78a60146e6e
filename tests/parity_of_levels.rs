//! Claim: what structlog and loguru have of levels and filters at the log call, under their names.

mod common;

use common::Name;
use common::watch::watchdog;
use logring::testing::{capture_at, logged};
use logring::{Level, debug, enabled, error, info};

#[test]
fn is_enabled_for_and_get_effective_level() {
    let _watchdog = watchdog();
    let name = Name::new();
    name.create();
    let _guard = logring::builder(&*name.0).filter("info,db=debug").install().expect("installed");
    let log = logring::logger();
    let ask = |_: ()| [enabled!(Level::Debug), enabled!(target: "db::pool", Level::Debug)];
    assert_eq!(ask(()), [false, true]);
    assert_eq!(log.effective_level("db::pool"), Some(Level::Debug));
    assert_eq!(log.effective_level("web"), Some(Level::Info));
    // What a program changes itself holds for all processes, as the command does.
    let rules = log.change_levels(|rules| rules.take("debug,db=off").map_or(Ok(()), Err));
    assert_eq!(rules.expect("there is room").to_string(), "debug,db=off");
    assert_eq!(ask(()), [true, false]);
    assert_eq!(log.effective_level("db::pool"), None);
    let failed = log.change_levels(|rules| rules.take("x=loud").map_or(Ok(()), Err));
    assert!(failed.expect_err("no level").is_invalid());
    assert_eq!(ask(()), [true, false]);
}

#[test]
fn filter_by_level_enable_and_disable() {
    let logs = capture_at("info,lib=off,lib::loud").expect("a filter");
    debug!("below");
    info!(target: "lib", "disabled");
    debug!(target: "lib::loud", "enabled");
    let texts: Vec<_> = logs.take().iter().map(|event| event.event().to_owned()).collect();
    assert_eq!(texts, ["enabled"]);
}

#[test]
fn exception() {
    let events = logged(|| {
        if let Err(err) = "x".parse::<u8>() {
            error!("cannot parse", err);
        }
    });
    assert!(events[0]["err"].to_string().contains("invalid digit"), "{:?}", events[0]);
}
