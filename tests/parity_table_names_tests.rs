//! Claim: each test that `docs/parity.md` names in its table of log calls is there, and each test of the
//! parity files stands in that table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the tests in a file.
fn tests_of(path: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(root().join(path)).expect("a test file");
    let mut lines = source.lines();
    let mut names = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line == "#[test]" {
            let head = lines.next().expect("a function").trim_start_matches("fn ");
            names.insert(head.split('(').next().expect("a name").to_owned());
        }
    }
    names
}

#[test]
fn the_table_and_the_tests_name_each_other() {
    let page = fs::read_to_string(root().join("docs/parity.md")).expect("the page");
    let part = page.split("\n## ").find(|part| part.starts_with("At the log call"));
    let rows = part.expect("the table").lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let named: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let own = ["tests/parity_structlog.rs", "tests/parity_logly.rs"].map(tests_of);
    let own: BTreeSet<String> = own.into_iter().flatten().collect();
    assert!(own.len() > 20 && named.len() > own.len());
    for name in &named {
        let is_there =
            if name.contains('/') { root().join(name).exists() } else { own.contains(*name) };
        assert!(is_there, "{name:?} is named and absent");
    }
    for name in &own {
        let is_named = named.contains(name.as_str()) || page.contains(&format!("`{name}`"));
        assert!(is_named, "no row of docs/parity.md names {name:?}");
    }
}
