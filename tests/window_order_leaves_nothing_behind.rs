//! Claim: in window order, too, a flush that succeeds and an end of the drain are for all that was logged
//! before them: what is younger than the window is waited for.

mod common;

use std::process::Command;
use std::time::Duration;

use common::drain::{Drain, Site, drain_command, lines, number};
use common::watch::watchdog;
use logring::{Logger, Overflow, info};

/// Far longer than anything takes here.
const TIMEOUT: Duration = Duration::from_secs(60);
const ROUNDS: u64 = 20;

fn command(site: &Site) -> Command {
    let text = format!(
        "segment = '{}'\norder = 'window'\n[[sink]]\nkind = 'json'\npath = '{}'\n",
        site.segment(),
        site.output().display()
    );
    let config = site.path("drain.toml");
    std::fs::write(&config, text).expect("written");
    let mut command = drain_command();
    command.env("LOGRING_RUNTIME_DIR", site.path("run"));
    command.arg("run").arg("--config").arg(config);
    command
}

fn logger(site: &Site) -> Logger {
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    builder.open().expect("opened")
}

/// The numbers that stand in the file.
fn written(site: &Site) -> Vec<u64> {
    lines(&site.output()).map(|line| number(&line, "n")).collect()
}

#[test]
fn a_flush_is_for_all_that_was_logged_before() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site);
    let drain: Drain = site.start(command(&site));
    for n in 0..ROUNDS {
        info!(logger: logger, "young", n);
        logger.flush(TIMEOUT).expect("flushed");
        assert_eq!(written(&site), Vec::from_iter(0..=n));
    }
    drain.stop();
}

#[test]
fn an_end_is_for_all_that_was_logged_before() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site);
    for n in 0..ROUNDS {
        let drain = site.start(command(&site));
        info!(logger: logger, "young", n);
        drain.stop();
        assert_eq!(written(&site), Vec::from_iter(0..=n));
    }
}
