//! Claim: each fault that docs/guarantees.md lists has a test or a reason why it has none yet, and the
//! list and the first lines of the tests say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const DOCUMENT: &str = "docs/guarantees.md";
const HEADING: &str = "## Faults, and the tests that cause them";
/// The lists and their lengths: producers, segments, drains. D15 comes with remote sinks.
const LISTS: [(char, u32); 3] = [('P', 20), ('S', 7), ('D', 16)];
const ABSENT: [&str; 1] = ["D15"];
/// What stands where a row has no test.
const NOT_YET: &str = "not yet: ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `P7`, `D14`.
fn is_row(word: &str) -> bool {
    word.strip_prefix(['P', 'S', 'D']).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The rows that a test's first line names, before anything else.
fn rows_of(first_line: &str) -> BTreeSet<String> {
    let text = first_line.strip_prefix("//! ").unwrap_or_default();
    let words = text.split([' ', ',', ':']).filter(|word| !word.is_empty());
    words.take_while(|word| is_row(word)).map(str::to_owned).collect()
}

/// All test files below the root, with the rows that they name.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    fn collect(folder: &Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    collect(&path, found);
                }
                continue;
            }
            let inside =
                path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            let is_test =
                inside.starts_with("tests/") || inside.contains("/tests") || name == "tests.rs";
            if is_test && name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("a source");
                found.insert(inside, rows_of(text.lines().next().unwrap_or_default()));
            }
        }
    }
    let mut found = BTreeMap::new();
    for folder in ["tests", "src", "drain"] {
        collect(&root().join(folder), &mut found);
    }
    found
}

/// The targets of the links in a cell, from the root.
fn links(cell: &str) -> Vec<String> {
    let targets = cell.split("](../").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// What is wrong between the document's table and the tests.
fn faults(document: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    let section = document.split(HEADING).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut told: BTreeMap<&str, &str> = BTreeMap::new();
    for line in section.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [row, _, cell] = cells[..] else { continue };
        if is_row(row) && told.insert(row, cell).is_some() {
            faults.push(format!("{row} stands twice"));
        }
    }
    for (list, count) in LISTS {
        for row in (1..=count).map(|number| format!("{list}{number}")) {
            if !told.contains_key(&*row) && !ABSENT.contains(&&*row) {
                faults.push(format!("{row} is not in the table"));
            }
        }
    }
    for (row, cell) in told {
        let linked = links(cell);
        if let Some(reason) = cell.strip_prefix(NOT_YET) {
            if reason.len() < 20 {
                faults.push(format!("{row}: {reason:?} is no reason"));
            }
        } else if linked.is_empty() {
            faults.push(format!("{row} has no test, and no reason why"));
        }
        let names_it: BTreeSet<&String> =
            tests.iter().filter(|(_, rows)| rows.contains(row)).map(|(path, _)| path).collect();
        for path in &linked {
            if !names_it.contains(path) {
                faults.push(format!("{row}: the first line of {path} does not name it"));
            }
        }
        for path in names_it.iter().filter(|path| !linked.contains(path)) {
            faults.push(format!("{row}: {path} names it and is not linked"));
        }
    }
    faults
}

#[test]
fn the_table_and_the_tests_agree() {
    let document = fs::read_to_string(root().join(DOCUMENT)).expect("the document");
    let tests = tests();
    assert!(tests.len() > 40, "only {} test files found", tests.len());
    let faults = faults(&document, &tests);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let open = document.lines().filter(|line| line.contains(&format!("| {NOT_YET}"))).count();
    println!("{open} rows have no test yet");
}

#[test]
fn each_disagreement_is_seen() {
    let document = fs::read_to_string(root().join(DOCUMENT)).expect("the document");
    let tests = tests();
    let without = |row: &str| {
        let keep = |line: &&str| !line.starts_with(&format!("| {row} |"));
        document.lines().filter(keep).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(faults(&without("D1"), &tests), ["D1 is not in the table"]);
    assert_eq!(faults(&without("S3"), &tests), ["S3 is not in the table"]);
    let mute = document
        .replace("[failing disks hold one sink](../tests/failing_disks_hold_one_sink.rs)", "");
    assert!(faults(&mute, &tests).iter().any(|fault| fault == "D5 has no test, and no reason why"));
    let mut fewer = tests.clone();
    fewer.insert("tests/killed_at_every_syscall.rs".to_owned(), BTreeSet::new());
    assert_eq!(
        faults(&document, &fewer),
        ["D1: the first line of tests/killed_at_every_syscall.rs does not name it"]
    );
    let mut more = tests;
    more.insert("tests/new.rs".to_owned(), rows_of("//! P1, D2 Claim: new"));
    assert_eq!(
        faults(&document, &more),
        [
            "D2: tests/new.rs names it and is not linked",
            "P1: tests/new.rs names it and is not linked"
        ]
    );
}
