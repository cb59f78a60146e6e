//! Claim: `tail` shows what was asked for, in the form that was asked for; it ends with 0 when it is told
//! to or nobody reads, and says in a sentence what is wrong.

mod looking;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use common::drain::{Drain, Site};
use common::watch::watchdog;
use logring::layout::header;
use logring::{Logger, Overflow, error, info, kv, warn};
use looking::{bytes, command, common, logger, parsed, printed, refused};

/// A few records of several levels, targets and fields.
fn log(logger: &Logger) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            info!(logger: logger, "a", id = 1, text = "1");
            info!(logger: logger, target: "db", "b", id = 2, ok = true);
            warn!(logger: logger, target: "db::pool", "c", id = 3, ms = 2.5);
            error!(logger: logger, target: "dbx", "d", id = 91);
            let bound = logger.bind(kv! { tenant = "acme" });
            info!(logger: bound, "e", id = 1);
            info!(logger: bound, "f", tenant = "beta");
        });
    });
}

#[test]
fn by_level_target_and_fields() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, 1 << 20, Overflow::Drop);
    log(&logger);
    let pid = format!("pid={}", std::process::id());
    for (arguments, expected) in [
        (&[][..], "abcdef"),
        (&["-n", "2"], "ef"),
        (&["-n", "0"], ""),
        (&["--level", "warning"], "cd"),
        (&["--level", "info", "-n", "3"], "def"),
        (&["--target", "db"], "bc"),
        (&["--target", "db::pool"], "c"),
        (&["--field", "id=1"], "ae"),
        (&["--field", "id=\"1\""], ""),
        (&["--field", "text=\"1\""], "a"),
        (&["--field", "ok=true"], "b"),
        (&["--field", "ms=2.5"], "c"),
        (&["--field", "tenant"], "ef"),
        (&["--field", "tenant=acme"], "e"),
        (&["--field", "id", "--field", "tenant"], "e"),
        (&["--field", &pid], "abcdef"),
        (&["--field", "pid=1"], ""),
        (&["--target", "db", "--level", "warning", "--field", "id=3"], "c"),
    ] {
        let all = [&["tail", "--segment", site.segment(), "--no-follow"], arguments].concat();
        let (text, said) = printed(&site, &all);
        assert_eq!(said, "");
        let events: String =
            parsed(&text).iter().map(|line| line["event"].as_str().expect("text")).collect();
        assert_eq!(events, expected, "{arguments:?}");
    }
    let tail = ["tail", "--segment", site.segment(), "--no-follow", "-n", "1", "--format"];
    let (text, _) = printed(&site, &[&tail[..], &["logfmt"]].concat());
    assert!(text.contains("level=info event=f"), "{text}");
    let (text, _) = printed(&site, &[&tail[..], &["console"]].concat());
    assert!(
        text.contains("[info     ] f") && !text.contains('\x1b'),
        "no colours in a pipe: {text}"
    );
}

/// A tail that prints into a pipe.
fn into_pipe(site: &Site) -> (Drain, BufReader<std::process::ChildStdout>) {
    let mut command = command(site, &["tail", "--segment", site.segment(), "-n", "100"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the tail starts");
    let lines = BufReader::new(child.stdout.take().expect("piped"));
    (Drain::adopt(child), lines)
}

#[test]
fn by_signals_and_when_nobody_reads() {
    let _watchdog = watchdog();
    let site = Site::new();
    let logger = logger(&site, 1 << 20, Overflow::Drop);
    log(&logger);
    for number in [libc::SIGINT, libc::SIGTERM] {
        let (tail, mut lines) = into_pipe(&site);
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(line.contains("\"event\":\"a\""), "{line}");
        tail.end_by(number);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("text");
        assert!(rest.is_empty() || rest.ends_with('\n'), "{rest}");
    }
    // Nothing comes any more, and it ends all the same.
    let (tail, mut lines) = into_pipe(&site);
    lines.read_line(&mut String::new()).expect("a line");
    drop(lines);
    let (status, said) = tail.wait();
    assert!(status.success() && said.is_empty(), "{status}: {said}");
    // Nor does it hang in a write that nobody takes.
    let (tail, mut lines) = into_pipe(&site);
    lines.read_line(&mut String::new()).expect("a line");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..3_000 {
                info!(logger: logger, "fills the pipe", n);
            }
        });
    });
    tail.end_by(libc::SIGTERM);
}

#[test]
fn what_is_wrong_is_one_sentence() {
    let site = Site::new();
    let tail = |arguments: &[&str]| refused(&site, &[&["tail"], arguments].concat());
    for (arguments, expected, code) in [
        (&["--segment", "absent"][..], "segment \"absent\": there is no /dev/shm/", 6),
        (&["--segment", "a/b"], "segment name \"a/b\" cannot be", 2),
        (&[], "the following required arguments were not provided: --segment <NAME>", 2),
        (&["--segment", "a", "--level", "loud"], "invalid value 'loud' for '--level <LEVEL>'", 2),
        (&["--segment", "a", "--field", "=1"], "invalid value '=1' for '--field <KEY[=VALUE]>'", 2),
        (&["--segment", "a", "--format", "xml"], "invalid value 'xml' for '--format <FORM>'", 2),
        (&["--segment", "a", "-n", "many"], "invalid value 'many' for '--lines <LINES>'", 2),
    ] {
        let (sentence, found) = tail(arguments);
        assert!(sentence.starts_with(expected), "{arguments:?}: {sentence}");
        assert_eq!(found, code, "{sentence}");
    }
    let _logger = logger(&site, 1 << 20, Overflow::Drop);
    let path = site.name.paths().segment;
    let mut foreign = bytes(&path);
    foreign[header::LAYOUT_VERSION] = 9;
    std::fs::write(&path, &foreign).expect("written");
    for command in ["tail", "stats"] {
        let (sentence, code) = refused(&site, &[command, "--segment", site.segment()]);
        assert!(sentence.contains("layout version 9, this build reads 0"), "{sentence}");
        assert_eq!(code, 4);
    }
}
