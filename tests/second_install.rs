//! Claim: a process has one installed logger; a second `install` is an error and changes nothing.

mod common;

use common::Name;
use common::drain::{Site, lines, number};
use common::watch::watchdog;
use logring::{Level, Overflow, debug, info};

#[test]
fn a_second_install_is_an_error_and_the_first_goes_on() {
    let _watchdog = watchdog();
    let (site, other) = (Site::new(), Name::new());
    let builder = logring::builder(site.segment()).overflow(Overflow::BlockForever);
    let guard = builder.clone().install().expect("installed");
    let drain = site.start_drain();
    info!("counted", n = 0);

    // Another segment, the same one, and from another thread.
    let again = logring::builder(&*other.0).level(Level::Debug).install();
    let again = again.expect_err("there is one");
    assert!(again.is_already_installed() && again.to_string().contains("`open`"), "{again}");
    assert!(builder.clone().install().expect_err("there is one").is_already_installed());
    let thread = std::thread::spawn(move || builder.install().map(drop));
    assert!(thread.join().expect("thread").expect_err("there is one").is_already_installed());
    let paths = other.paths();
    assert!(![paths.segment, paths.lock, paths.drain].iter().any(|path| path.exists()));

    info!("counted", n = 1);
    debug!("counted", n = 100);
    // The guard is a token: what it stands for lasts as long as the process.
    drop(guard);
    info!("counted", n = 2);
    let again = logring::builder(&*other.0).install();
    assert!(again.expect_err("there is one").is_already_installed());
    drain.stop();
    let found: Vec<_> = lines(&site.output()).map(|line| number(&line, "n")).collect();
    assert_eq!(found, [0, 1, 2]);
}
