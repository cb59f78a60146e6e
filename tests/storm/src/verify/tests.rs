//! The check sees each fault that it is there for.

use super::{Found, verify};
use crate::acks::{Told, who};
use crate::producer::pad;

/// Two threads that have acknowledged three records and one; the second one was killed in a call.
const TOLD: [Told; 2] =
    [Told { acked: 3, begun: 3, who: who(7, 70) }, Told { acked: 1, begun: 2, who: who(7, 71) }];

fn line(micros: u32, id: u64, n: u64, more: &str) -> String {
    format!(
        "{{\"timestamp\":\"2026-11-21T22:14:03.{micros:06}Z\",\"level\":\"info\",\"event\":\"storm\",\
         \"target\":\"storm\",\"pid\":7,\"id\":{id},\"n\":{n}{more}}}\n"
    )
}

fn lines() -> Vec<String> {
    vec![line(1, 0, 1, ""), line(2, 1, 1, ""), line(3, 0, 2, ""), line(4, 0, 3, "")]
}

fn perfect() -> Found {
    Found { delivered: 4, ..Found::default() }
}

#[track_caller]
fn expect(lines: &[String], wanted: Found) {
    let path = std::env::temp_dir().join(format!(
        "logring-storm-verify-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    // With a blank in each line the parser reads it and must find the same.
    for blank in ["{", "{ "] {
        std::fs::write(&path, lines.concat().replace('{', blank)).expect("a writable file");
        let found = verify(&path, &TOLD);
        std::fs::remove_file(&path).expect("the file was written");
        assert_eq!(found.expect("a readable file"), wanted);
    }
}

#[track_caller]
fn expect_with(more: String, wanted: Found) {
    let mut lines = lines();
    lines.push(more);
    expect(&lines, wanted);
}

#[test]
fn a_perfect_file_is_perfect() {
    expect(&lines(), perfect());
}

fn notice(kind: &str, thread: u32, count: u32) -> String {
    format!(
        "{{\"target\":\"logring\",\"kind\":\"{kind}\",\"pid\":7,\"thread\":{thread},\"count\":{count}}}\n"
    )
}

#[test]
fn a_missing_record_is_lost_and_must_be_reported_of_its_thread() {
    let mut lines = lines();
    lines.remove(2);
    let lost = Found { delivered: 3, lost: 1, ..perfect() };
    expect(&lines, Found { misreported: 1, ..lost });
    lines.push(notice("lost", 70, 1));
    expect(&lines, Found { reported: 1, ..lost });
    lines.push(notice("lost", 70, 1));
    expect(&lines, Found { reported: 2, misreported: 1, ..lost });
    lines.truncate(3);
    // One that nobody is.
    lines.push(notice("lost", 69, 1));
    expect(&lines, Found { reported: 1, misreported: 2, ..lost });
}

#[test]
fn what_is_reported_and_nobody_lost_is_the_record_in_flight() {
    expect_with(notice("lost", 70, 1), Found { reported: 1, misreported: 1, ..perfect() });
    let in_flight = Found { lost: 1, lost_in_flight: 1, ..perfect() };
    expect_with(notice("lost", 71, 1), Found { reported: 1, ..in_flight });
    expect_with(notice("lost", 71, 2), Found { reported: 2, misreported: 1, ..in_flight });
    let torn = Found { torn: 1, ..perfect() };
    expect_with(notice("torn", 71, 1), torn.clone());
    expect_with(notice("torn", 70, 1), Found { overfull: 1, ..torn });
    let both = notice("torn", 71, 1) + &notice("lost", 71, 1);
    expect_with(both, Found { reported: 1, misreported: 1, ..torn });
    expect_with(notice("torn", 71, 2), Found { torn: 2, overfull: 1, ..perfect() });
    let both = notice("torn", 71, 1) + &line(5, 1, 2, "");
    expect_with(both, Found { torn: 1, unacknowledged: 1, overfull: 1, ..perfect() });
}

#[test]
fn a_record_that_stands_twice_is_duplicated() {
    expect_with(line(4, 0, 3, ""), Found { duplicated: 1, ..perfect() });
}

#[test]
fn the_record_in_flight_may_stand_there_and_the_one_after_it_may_not() {
    expect_with(line(5, 1, 2, ""), Found { unacknowledged: 1, ..perfect() });
    expect_with(line(5, 1, 3, ""), Found { malformed: 1, ..perfect() });
    expect_with(line(5, 0, 4, ""), Found { malformed: 1, ..perfect() });
}

#[test]
fn order_is_kept_in_time_and_per_thread() {
    let mut swapped = lines();
    swapped.swap(0, 1);
    expect(&swapped, Found { out_of_order: 1, ..perfect() });
    let same_time = [line(1, 0, 2, ""), line(1, 0, 1, ""), line(1, 0, 3, ""), line(1, 1, 1, "")];
    expect(&same_time, Found { out_of_order: 1, ..perfect() });
}

#[test]
fn a_late_record_may_stand_behind_its_time() {
    let late =
        [line(2, 1, 1, ""), line(3, 0, 1, ""), line(1, 0, 2, ",\"late\":true"), line(4, 0, 3, "")];
    expect(&late, Found { late: 1, ..perfect() });
}

#[test]
fn a_cut_line_is_torn_and_so_is_rubbish() {
    let mut cut = lines();
    cut[3].truncate(40);
    expect(&cut, Found { delivered: 3, lost: 1, misreported: 1, torn_lines: 1, ..perfect() });
    expect_with("{\"timestamp\":\n".to_owned(), Found { torn_lines: 1, ..perfect() });
}

#[test]
fn a_padded_record_must_be_whole() {
    let padded = |pad: &str| line(5, 1, 2, &format!(",\"pad\":\"{pad}\""));
    let whole = pad(2, 500);
    expect_with(padded(&whole), Found { unacknowledged: 1, ..perfect() });
    expect_with(padded(&whole[..whole.len() - 1]), Found { malformed: 1, ..perfect() });
    expect_with(padded(&pad(3, 500)), Found { malformed: 1, ..perfect() });
    expect_with(padded("18446744073709551615:a"), Found { malformed: 1, ..perfect() });
}

#[test]
fn a_record_that_nobody_wrote_is_malformed() {
    expect_with(line(5, 2, 1, ""), Found { malformed: 1, ..perfect() });
    expect_with(line(5, 0, u64::MAX, ""), Found { malformed: 1, ..perfect() });
    expect_with("{\"a\":1}\n".to_owned(), Found { malformed: 1, ..perfect() });
}
