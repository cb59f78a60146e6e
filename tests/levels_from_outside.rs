//! Claim: `logring-drain level` is in force in every process when it has returned: for callsites that
//! have logged, for those that have not, for processes that come later; until it is reset. What it is
//! told wrong changes nothing.

mod common;

use std::process::Output;

use common::drain::{Site, drain_command, lines};
use common::watch::watchdog;
use common::{Peer, hear, role, say};
use logring::{debug, info, trace};

/// Runs `logring-drain level` on the segment.
fn level(segment: &str, arguments: &[&str]) -> Output {
    let mut command = drain_command();
    command.args(["level", "--segment", segment]).args(arguments);
    command.output().expect("it starts")
}

fn set(segment: &str, arguments: &[&str]) -> String {
    let output = level(segment, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// What a process logs when it is told to, each from one callsite.
fn log(what: &str) {
    match what {
        "db" => debug!(target: "billing::db", "db"),
        "pool" => trace!(target: "billing::db::pool", "pool"),
        "hyper" => info!(target: "hyper", "hyper"),
        other => panic!("{other}"),
    }
}

/// Plays a process that logs what it is told, and says when it has.
fn play(segment: &str) {
    let _guard =
        logring::builder(segment).level(logring::Level::Info).install().expect("installed");
    say("ready");
    loop {
        match &*hear() {
            "end" => return,
            what => log(what),
        }
        say("logged");
    }
}

fn tell(peers: &mut [Peer], what: &str) {
    for peer in &mut *peers {
        peer.say(what);
        assert_eq!(peer.hear(), "logged");
    }
}

fn start(test: &str, site: &Site) -> Peer {
    let mut peer = Peer::start_under(&["env", "-u", "LOGRING"], test, "log", site.segment());
    assert_eq!(peer.hear(), "ready");
    peer
}

#[test]
fn the_next_call_of_every_process_obeys() {
    const TEST: &str = "the_next_call_of_every_process_obeys";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return play(&segment);
    }
    let site = Site::new();
    let drain = site.start_drain();
    let mut peers: Vec<Peer> = (0..3).map(|_| start(TEST, &site)).collect();
    let segment = site.segment();

    // `pool` is left for later: its callsite is not known to the segment yet.
    for what in ["db", "hyper"] {
        tell(&mut peers, what);
    }
    let said = set(segment, &["billing::db=debug,hyper=off"]);
    assert_eq!(said, "rules: billing::db=debug,hyper=off\n");
    for what in ["db", "hyper", "pool"] {
        tell(&mut peers, what);
    }
    let said = set(segment, &["billing::db::pool=trace", "nobody=error"]);
    assert!(said.contains("note: nothing has logged for \"nobody\" yet"), "{said}");
    // Two callsites that are known, one process that is not.
    peers.push(start(TEST, &site));
    for what in ["db", "hyper", "pool"] {
        tell(&mut peers, what);
    }
    let shown = set(segment, &[]);
    for line in [
        "rules: billing::db=debug,billing::db::pool=trace,hyper=off,nobody=error",
        "debug     info        billing::db",
        "trace     info        billing::db::pool",
        "off       info        hyper",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    set(segment, &["--reset", "hyper"]);
    tell(&mut peers, "hyper");
    assert!(set(segment, &["--reset"]).starts_with("rules: none"));
    for what in ["db", "hyper", "pool"] {
        tell(&mut peers, what);
    }
    for mut peer in peers {
        peer.say("end");
        peer.end();
    }
    drain.stop();
    let events: Vec<String> = lines(&site.output())
        .map(|line| line["event"].as_str().expect("text").to_owned())
        .collect();
    let count = |event: &str| events.iter().filter(|it| *it == event).count();
    // db: 0, 3, 4, then 0. hyper: 3, 0, 0, then 4 and 4. pool: 0, 4, 0.
    assert_eq!(["db", "hyper", "pool"].map(count), [7, 11, 4], "{events:?}");
}

#[test]
fn what_cannot_be_is_one_sentence_and_changes_nothing() {
    let _watchdog = watchdog();
    let site = Site::new();
    let fails = |arguments: &[&str], code: i32, parts: &[&str]| {
        let output = level(site.segment(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!((said.lines().count(), output.stdout.len()), (1, 0), "{said}");
        assert!(said.starts_with("logring-drain: "), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}: no {parts:?}");
    };
    fails(&[], 6, &[site.segment()]);
    fails(&["info"], 6, &[site.segment()]);
    assert!(!site.name.paths().segment.exists(), "it makes no segment");
    let log = logring::builder(site.segment()).open().expect("opened");
    assert!(set(site.segment(), &[]).contains("nothing has logged yet"));
    set(site.segment(), &["net=debug"]);
    fails(&["db=debug,net=loud"], 2, &["\"net=loud\""]);
    fails(&["--reset", "db"], 2, &["\"db\"", "net=debug"]);
    let rules = logring::levels::rules(log.segment().expect("a segment"));
    assert_eq!(rules.to_string(), "net=debug");
}

#[test]
fn more_targets_than_words_obey_as_well() {
    let _watchdog = watchdog();
    let site = Site::new();
    let segment = site.name.create();
    let log = logring::builder(site.segment()).level(logring::Level::Info).open().expect("opened");
    assert!(log.register());
    // Targets of others have taken all words.
    let mut other = 1;
    while segment.level_word(other, 20, |_| 20).is_some() {
        other += 1;
    }
    let evaluated = std::cell::Cell::new(0);
    let call = || {
        debug!(logger: log, target: "late", "one", n = { evaluated.set(evaluated.get() + 1); 1 });
    };
    call();
    assert!(set(site.segment(), &[]).contains("all 16 level words are taken"));
    set(site.segment(), &["late=debug"]);
    assert_eq!(log.effective_level("late::below"), Some(logring::Level::Debug));
    call();
    set(site.segment(), &["late=off"]);
    assert_eq!(log.effective_level("late"), None);
    call();
    assert_eq!(evaluated.get(), 1, "obeyed, and nothing was evaluated below it");
}
