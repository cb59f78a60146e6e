//! Claim: an embedded drain begins and ends with its guard, any number of times; its segment has one
//! drain at a time; what is not written when it ends stays in the segment for the next one.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io;
use std::time::Duration;

use common::drain::{Drain, Site, is_notice, lines, number};
use common::watch::watchdog;
use common::{Name, hear, role, say};
use logring::{Builder, Logger, Overflow, info};
use logring_drain::{Embed, Options, OwnSink, Sink};

fn builder(segment: &str) -> Builder {
    logring::builder(segment).ring_bytes(1 << 20).overflow(Overflow::BlockForever)
}

fn log(numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!("counted", n);
    }
}

/// The file has the numbers from 0 below `end`, in order, and nothing else.
fn expect_all(site: &Site, end: u64) {
    let found: Vec<_> = lines(&site.output())
        .inspect(|line| assert!(!is_notice(line), "{line}"))
        .map(|line| number(&line, "n"))
        .collect();
    assert!(found.iter().copied().eq(0..end), "0..{end} expected: {found:?}");
}

fn argument(site: &Site) -> String {
    format!("{} {}", site.segment(), site.output().display())
}

fn attach_drop_attach(segment: &str, path: &str) {
    for round in 0..3 {
        let guard = builder(segment).embedded(Sink::json(path)).expect("embedded");
        log(round * 100..round * 100 + 50);
        if round == 1 {
            // While it lives there is no other, by whatever name it is called for.
            let again = builder(segment).embedded(Sink::json(path)).expect_err("one at a time");
            let text = again.to_string();
            assert!(again.is_held() && text.contains("by this process"), "{text}");
            let further = builder(segment).open_embedded(Sink::json(path));
            assert!(further.expect_err("one at a time").is_held());
            let other = Name::new();
            let error = builder(&other.0).embedded(Sink::json(path)).expect_err("installed");
            assert!(error.is_already_installed(), "{error}");
            assert!(!other.paths().segment.exists(), "made for nothing");
        }
        drop(guard);
        let error = logring::flush(Duration::from_secs(60)).expect_err("no drain");
        assert!(error.is_no_drain(), "{error}");
        // These wait for the next one.
        log(round * 100 + 50..round * 100 + 100);
    }
    drop(builder(segment).embedded(Sink::json(path)).expect("embedded"));
}

#[test]
fn a_drain_can_be_embedded_again_and_again() {
    const TEST: &str = "a_drain_can_be_embedded_again_and_again";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        return attach_drop_attach(segment, path);
    }
    let site = Site::new();
    site.peer(TEST, "process", &argument(&site)).end();
    expect_all(&site, 300);
}

#[test]
fn what_cannot_be_started_leaves_nothing_behind() {
    const TEST: &str = "what_cannot_be_started_leaves_nothing_behind";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        for (options, expected) in [
            (Options::new([]), "no sink"),
            (Options::from(Sink::json("/absent/out.jsonl")), "/absent does not exist"),
            (Options::new([Sink::json(path), Sink::json(path)]), "two sinks are json:/"),
            (Options::from(OwnSink::new("a\nb", io::sink())), "\"a\\nb\" cannot be, expected 1 to"),
        ] {
            let error = builder(segment).embedded(options).expect_err("no such sink").to_string();
            assert!(error.contains(expected), "{error}");
        }
        let other = Name::new();
        assert!(!other.paths().segment.exists());
        // Nothing was installed.
        let _guard = builder(&other.0).install().expect("installed");
        return;
    }
    let site = Site::new();
    site.peer(TEST, "process", &argument(&site)).end();
    assert!(!site.name.paths().segment.exists(), "a segment was made for nothing");
}

#[test]
fn a_separate_drain_waits_its_turn() {
    const TEST: &str = "a_separate_drain_waits_its_turn";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, path) = argument.split_once(' ').expect("two words");
        let _guard = builder(segment).embedded(Sink::json(path)).expect("embedded");
        log(0..100);
        say("logged");
        hear();
        log(100..200);
        // No unwinding, no destructors.
        std::process::exit(0);
    }
    let site = Site::new();
    let mut process = site.peer(TEST, "process", &argument(&site));
    assert_eq!(process.hear(), "logged");
    let (status, said) = Drain::spawn(site.command(&[&site.output()])).wait();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("pid {} ", process.pid())), "{said}");
    process.say("go on");
    process.end();
    site.start_drain().stop();
    expect_all(&site, 200);
    // And the other way round: an embedded one is refused while a separate one runs.
    let drain = site.start_drain();
    let error = builder(site.segment())
        .open_embedded(Options::from(Sink::json(site.output())).state_dir(site.path("run")))
        .expect_err("held");
    assert!(error.is_held() && error.to_string().contains(&format!("pid {}", drain.pid())));
    drain.stop();
}

#[test]
fn records_survive_an_abort_and_are_written_once() {
    const TEST: &str = "records_survive_an_abort_and_are_written_once";
    const EACH: u64 = 2_000;
    const ROUNDS: u64 = 6;
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let words: Vec<_> = argument.split(' ').collect();
        let [segment, path, round] = words[..] else { panic!("three words") };
        let round: u64 = round.parse().expect("a number");
        let _guard = builder(segment).embedded(Sink::json(path)).expect("embedded");
        log(round * EACH..(round + 1) * EACH);
        std::process::abort();
    }
    let site = Site::new();
    for round in 0..ROUNDS {
        let mut process = site.peer(TEST, "process", &format!("{} {round}", argument(&site)));
        let status = process.child.wait().expect("our child");
        common::watch::unwatch(process.pid());
        assert!(!status.success(), "it aborts: {status}");
        if round % 2 == 1 {
            site.start_drain().stop();
            expect_all(&site, (round + 1) * EACH);
        }
    }
}

/// Options whose ledger stands in the site's directory.
fn kept(site: &Site, options: impl Into<Options>) -> Options {
    options.into().state_dir(&site.directory.0)
}

/// Has another thread log a record for each batch that it takes: there is always one more.
struct Echo(Logger);

impl io::Write for Echo {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let log = self.0.clone();
        std::thread::spawn(move || info!(logger: log, "echo")).join().expect("a log call");
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_drain_ends_while_others_log_on() {
    let _watchdog = watchdog();
    let site = Site::new();
    let log = builder(site.segment()).open().expect("opened");
    let options =
        Options::from(Sink::json(site.output())).own_sink(OwnSink::new("echo", Echo(log)));
    let guard = builder(site.segment()).open_embedded(kept(&site, options)).expect("embedded");
    let log = guard.logger();
    info!(logger: log, "counted", n = 0);
    log.flush(Duration::from_secs(60)).expect("a drain runs");
    info!(logger: log, "counted", n = 1);
    drop(guard);
    let counted: Vec<_> = lines(&site.output()).filter(|line| line["event"] == "counted").collect();
    assert_eq!(counted.len(), 2);
    assert!(lines(&site.output()).any(|line| line["event"] == "echo"));
}

#[test]
fn a_sink_that_takes_nothing_does_not_hold_up_the_end() {
    let _watchdog = watchdog();
    let site = Site::new();
    let open = || builder(site.segment());
    let broken = OwnSink::new("broken", Broken);
    let guard = open().open_embedded(kept(&site, broken)).expect("embedded");
    let log = guard.logger();
    for n in 0..100u64 {
        info!(logger: log, "counted", n);
    }
    drop(guard);
    let guard = open().open_embedded(kept(&site, Sink::json(site.output()))).expect("embedded");
    drop(guard);
    expect_all(&site, 100);
}

/// Takes nothing.
struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("broken"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
