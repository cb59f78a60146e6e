//! Claim: sinks of all forms in one drain get the same records, each in its own form and from its own
//! level on; colours stand where they were asked for, and the environment puts none into a file.

mod common;

use std::fs::{self, File};

use common::drain::{Drain, Site, lines};
use common::watch::watchdog;
use logring::{info, warn};

#[test]
fn each_sink_has_its_form() {
    let _watchdog = watchdog();
    let site = Site::new();
    let path = |name: &str| site.path(name).display().to_string();
    let config = format!(
        "[[sink]]\nkind = \"console\"\nlevel = \"warning\"\n\
         [[sink]]\nkind = \"console\"\npath = {:?}\n\
         [[sink]]\nkind = \"console\"\npath = {:?}\ncolors = \"always\"\n\
         [[sink]]\nkind = \"logfmt\"\npath = {:?}\n\
         [[sink]]\nkind = \"json\"\npath = {:?}\n",
        path("plain.txt"),
        path("colored.txt"),
        path("out.logfmt"),
        path("out.jsonl"),
    );
    fs::write(site.path("drain.toml"), config).expect("the config is written");
    let mut command = site.command(&[]);
    command.arg("--config").arg(site.path("drain.toml"));
    command.env_remove("NO_COLOR").env("FORCE_COLOR", "1");
    let stdout = File::create(site.path("stdout.txt")).expect("a file for stdout");
    let mut drain = Drain::spawn_into(command, stdout.into());
    drain.wait_until_it_reads(site.segment());

    let _guard = logring::builder(site.segment()).install().expect("installed");
    info!(target: "shop", "order {id} placed", id = 42, who = "Smith & Sons");
    warn!(target: "shop", "evil\nline \u{1b}[2J", key = "\u{202e}x");
    let error = fs::File::open("/dev/null/absent").expect_err("no directory");
    warn!(target: "shop", "cannot open", err = error);
    drain.stop();

    let read = |name: &str| fs::read_to_string(site.path(name)).expect("an output");
    let plain = read("plain.txt");
    // Behind the timestamp, and without the process's id.
    let pid = format!(" pid={}\n", std::process::id());
    let shown: Vec<_> = plain.split_inclusive('\n').map(|line| &line[27..]).collect();
    let padded = |text: &str| format!("{text:30} [shop] ");
    assert_eq!(shown.len(), 3, "{plain}");
    assert_eq!(
        shown[0],
        format!(" [info     ] {}id=42 who='Smith & Sons'{pid}", padded("order 42 placed"))
    );
    assert_eq!(
        shown[1],
        format!(" [warning  ] {}key='\\u202ex'{pid}", padded("evil\\nline \\x1b[2J"))
    );
    assert!(shown[2].starts_with(" [warning  ] cannot open"), "{plain}");

    let colored = read("colored.txt");
    assert_eq!(without_colors(&colored), plain);
    let from_warning: String = colored.split_inclusive('\n').skip(1).collect();
    assert_eq!(read("stdout.txt"), from_warning, "the same lines, from its level on");

    let logfmt = read("out.logfmt");
    assert_eq!(logfmt.lines().count(), 3, "{logfmt}");
    let first = "level=info event=\"order 42 placed\" target=shop pid=";
    assert!(logfmt.lines().next().is_some_and(|line| line.contains(first)), "{logfmt}");
    let events: Vec<_> = lines(&site.path("out.jsonl")).map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["order 42 placed", "evil\nline \u{1b}[2J", "cannot open"]);
}

/// What is left without sequences of ESC, `[`, digits, `m`; there must be some.
fn without_colors(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let mut left = pieces.next().expect("a first piece").to_owned();
    for piece in pieces {
        let (sequence, rest) = piece.split_once('m').expect("a sequence ends");
        let digits = sequence.strip_prefix('[').expect("a sequence begins");
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{piece:?}");
        left.push_str(rest);
    }
    assert_ne!(left, text, "there are no colours");
    left
}
