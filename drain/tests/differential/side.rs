//! The other side of a comparison: a script that runs the real thing in `target/venv`, which
//! `ci/setup.sh python` makes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use logring::record::Event;

use crate::generate::as_json;

/// The zone of that side, whose times are UTC or local.
pub(crate) const ZONE: &str = "Europe/Vienna";

/// The one that was given by `LOGRING_SEED`, or another one each time.
pub(crate) fn fresh_seed() -> u64 {
    let given = std::env::var("LOGRING_SEED").ok().and_then(|seed| seed.parse().ok());
    let fresh = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_nanos() as u64
    };
    given.unwrap_or_else(fresh)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What `script` gives for each event: a list, with nothing where the real thing raised. `first` is
/// the line before the events.
pub(crate) fn theirs(
    script: &str,
    first: String,
    events: &[Event<'static>],
) -> Vec<Vec<Option<String>>> {
    let set_up = Command::new("ci/setup.sh").arg("python").current_dir(root()).status().unwrap();
    assert!(set_up.success(), "ci/setup.sh python failed");
    let mut child = Command::new(root().join("target/venv/bin/python"))
        .arg("-B")
        .arg(Path::new("drain/tests/differential").join(script))
        .current_dir(root())
        .env("TZ", ZONE)
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut input = first;
    for event in events {
        input.push('\n');
        input.push_str(&as_json(event).to_string());
    }
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    println!("against {}", lines.next().unwrap().unwrap());
    let results = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    results
}

/// Characters that are escaped by default.
pub(crate) fn harmful(char: char) -> bool {
    matches!(
        u32::from(char),
        ..0x20 | 0x7f..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069
    )
}
