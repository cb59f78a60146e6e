//! Claim: of a log call below its level nothing is evaluated and nothing arrives, whether the program
//! or `LOGRING` says the level.

mod common;

use std::cell::RefCell;

use common::drain::{Site, lines};
use common::watch::watchdog;
use common::{Peer, role, say};
use logring::{Level, Logger, Overflow};

/// The macros, from the lowest level up.
const LEVELS: [&str; 10] =
    ["trace", "debug", "info", "notice", "success", "warn", "error", "fail", "critical", "fatal"];

thread_local! {
    static EVALUATED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn note<T>(what: &'static str, value: T) -> T {
    EVALUATED.with_borrow_mut(|seen| seen.push(what));
    value
}

/// One whose `Debug` and `Display` are noticed.
struct Noted;

impl std::fmt::Debug for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        note("debug", f.write_str("noted"))
    }
}

impl std::fmt::Display for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        note("display", f.write_str("noted"))
    }
}

/// A statement of each level and target, in which everything is noticed. What of them was evaluated,
/// as `level target`; each such statement is evaluated as a whole.
///
/// A statement's first call asks the logger whose filter decides; nothing else of it is evaluated.
fn all(log: &Logger, is_first: bool) -> Vec<String> {
    let mut on = Vec::new();
    macro_rules! say_all {
        ($($target:literal)*) => {$(
            say_all!(@ $target trace debug info notice success warn error fail critical fatal);
        )*};
        (@ $target:literal $($level:ident)*) => {$(
            logring::$level!(
                logger: *note("logger", log), target: $target, "said",
                value = note("value", 1), to = $target, debug = ?Noted, display = %Noted,
            );
            let seen = EVALUATED.take();
            if !seen.is_empty() && !(is_first && seen == ["logger"]) {
                assert_eq!(seen, ["logger", "value", "debug", "display"]);
                on.push(concat!(stringify!($level), " ", $target).to_owned());
            }
        )*};
    }
    say_all!("app" "db" "db::pool" "dbx");
    on
}

#[test]
fn nothing_is_evaluated_below_the_level() {
    const TEST: &str = "nothing_is_evaluated_below_the_level";
    let _watchdog = watchdog();
    if let Some((filter, segment)) = role() {
        let builder =
            logring::builder(segment).level(Level::Warning).overflow(Overflow::BlockForever);
        let builder = if filter == "-" { builder } else { builder.filter(filter) };
        let _guard = builder.install().expect("installed");
        let log = logring::logger();
        let first = all(&log, true);
        assert_eq!(all(&log, false), first, "the second time as the first");
        return say(first.join(","));
    }
    let at = |target: &str, least: &str| -> Vec<String> {
        let on = LEVELS.iter().skip_while(|level| **level != least);
        on.map(|level| format!("{level} {target}")).collect()
    };
    // Filter, environment, and from which level on `app`, `db`, `db::pool` and `dbx` go out.
    for (filter, environment, least) in [
        ("-", None, ["warn"; 4]),
        ("info,db=error", None, ["info", "error", "error", "info"]),
        ("off,db::pool", None, ["", "", "trace", ""]),
        // The environment wins, also over what the program wants to see.
        ("trace", Some("error,db=debug"), ["error", "debug", "debug", "error"]),
        ("trace", Some("off"), [""; 4]),
        ("off", Some(""), [""; 4]),
    ] {
        let site = Site::new();
        let drain = site.start_drain();
        let variable = environment.map(|spec| format!("LOGRING={spec}"));
        let wrapper = match &variable {
            Some(variable) => ["env", variable],
            None => ["env", "--unset=LOGRING"],
        };
        let mut peer = Peer::start_under(&wrapper, TEST, filter, site.segment());
        let said = peer.hear();
        peer.end();
        drain.stop();
        let expected: Vec<_> = ["app", "db", "db::pool", "dbx"]
            .iter()
            .zip(least)
            .flat_map(|(target, least)| at(target, least))
            .collect();
        assert_eq!(said, expected.join(","), "{filter:?} {environment:?}: evaluated");
        let arrived: Vec<_> = lines(&site.output())
            .map(|line| {
                assert_eq!((&line["debug"], &line["display"]), (&"noted".into(), &"noted".into()));
                let text = |key: &str| line[key].as_str().expect("text").to_owned();
                // The macro's name is shorter than the level's word.
                format!("{} {}", text("level").replace("warning", "warn"), text("to"))
            })
            .collect();
        assert_eq!(
            arrived,
            [expected.clone(), expected].concat(),
            "{filter:?} {environment:?}: arrived"
        );
    }
}
