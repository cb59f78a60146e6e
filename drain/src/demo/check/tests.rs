//! The check sees each fault that it is there for.

use super::{Tally, check};

const PIDS: [u32; 2] = [100, 200];

fn line(micros: u32, pid: u32, n: u32) -> String {
    format!(
        "{{\"timestamp\":\"2026-11-21T22:14:03.{micros:06}Z\",\"level\":\"info\",\
         \"event\":\"This is logging {n} for TEST\",\"target\":\"demo\",\"pid\":{pid},\"n\":{n}}}\n"
    )
}

/// Two processes, three records each, all right.
fn lines() -> Vec<String> {
    (0..6).map(|at| line(at, PIDS[at as usize % 2], at / 2)).collect()
}

fn perfect() -> Tally {
    Tally { records: 6, delivered: 6, ..Tally::default() }
}

#[track_caller]
fn found(lines: &[String]) -> Tally {
    let tally = check(lines.concat().as_bytes(), &PIDS, 3);
    // The slow way must find the same: a blank in each line keeps it off the fast one.
    let slow: Vec<String> = lines.iter().map(|line| line.replacen('{', "{ ", 1)).collect();
    assert_eq!(tally, check(slow.concat().as_bytes(), &PIDS, 3), "fast and slow differ");
    assert_eq!(tally.is_perfect(), tally == perfect());
    tally
}

#[test]
fn a_perfect_file_is_perfect() {
    assert_eq!(found(&lines()), perfect());
}

#[test]
fn a_missing_record_is_lost() {
    let mut lines = lines();
    lines.remove(2);
    assert_eq!(found(&lines), Tally { delivered: 5, lost: 1, ..perfect() });
}

#[test]
fn a_record_that_stands_twice_is_duplicated() {
    let mut lines = lines();
    lines.push(lines[5].clone());
    assert_eq!(found(&lines), Tally { duplicated: 1, ..perfect() });
}

#[test]
fn a_lane_out_of_order_is_seen_at_equal_times() {
    let lines = [(0, 0), (0, 2), (0, 1), (1, 0), (1, 1), (1, 2)];
    let lines: Vec<String> = lines.iter().map(|(place, n)| line(7, PIDS[*place], *n)).collect();
    assert_eq!(found(&lines), Tally { out_of_order: 1, ..perfect() });
}

#[test]
fn time_out_of_order_is_seen_across_processes() {
    let mut lines = lines();
    lines.swap(0, 1);
    assert_eq!(found(&lines), Tally { out_of_order: 1, ..perfect() });
}

#[test]
fn rubbish_is_malformed() {
    for rubbish in ["", "{\"a\":1}", "null", "{\"timestamp\":\"2026-11-21T22:14:03.0", "\u{0}"] {
        let mut lines = lines();
        lines.insert(3, format!("{rubbish}\n"));
        assert_eq!(found(&lines), Tally { malformed: 1, ..perfect() }, "{rubbish:?}");
    }
}

#[test]
fn a_line_without_end_is_malformed() {
    let mut lines = lines();
    lines[5].pop();
    assert_eq!(found(&lines), Tally { delivered: 5, lost: 1, malformed: 1, ..perfect() });
}

#[test]
fn a_foreign_process_or_number_is_malformed() {
    for foreign in [line(9, 300, 0), line(9, 100, 3), line(9, 100, u32::MAX)] {
        let mut lines = lines();
        lines.push(foreign);
        assert_eq!(found(&lines), Tally { malformed: 1, ..perfect() });
    }
}

#[test]
fn a_number_that_differs_from_its_text_is_malformed() {
    let mut lines = lines();
    lines[0] = lines[0].replace("\"n\":0", "\"n\":1");
    assert_eq!(found(&lines), Tally { delivered: 5, lost: 1, malformed: 1, ..perfect() });
}

#[test]
fn notices_count_what_they_say() {
    let notice = |kind: &str| {
        format!(
            "{{\"timestamp\":\"2026-11-21T22:14:03.000003Z\",\"level\":\"warning\",\"event\":\"x\",\
             \"target\":\"logring\",\"kind\":\"{kind}\",\"count\":2}}\n"
        )
    };
    for (kind, wanted) in [
        ("torn", Tally { torn: 2, ..perfect() }),
        ("malformed", Tally { malformed: 2, ..perfect() }),
        ("clock-step", perfect()),
    ] {
        let mut lines = lines();
        lines.insert(4, notice(kind));
        assert_eq!(found(&lines), wanted, "{kind}");
    }
}
