//! Holds the log against what was answered: each answered request has one line, with its status; no
//! other request has one, except those whose connection was cut after they had been logged.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;

use crate::Failure;
use crate::load::Answers;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    answered: u64,
    cut: u64,
    /// Answered requests with their line.
    lines: u64,
    /// Cut requests that had been logged.
    logged_of_cut: u64,
    missing: u64,
    duplicated: u64,
    /// Lines of requests that nobody sent, or with another status than was answered.
    foreign: u64,
    malformed: u64,
    out_of_order: u64,
    lost: u64,
}

/// Compares the lines of the log beyond `base` with the answers.
pub(crate) fn compare(log: &Path, base: u64, answers: &Answers) -> Result<Report, Failure> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(base))?;
    let mut report = Report {
        answered: answers.answered.len() as u64,
        cut: answers.cut.len() as u64,
        ..Report::default()
    };
    let (mut seen, mut newest) = (BTreeSet::new(), String::new());
    for line in BufReader::new(file).lines() {
        let Ok(line) = serde_json::from_str::<Value>(&line?) else {
            report.malformed += 1;
            continue;
        };
        report.line(&line, answers, &mut seen, &mut newest);
    }
    report.missing = report.answered - report.lines;
    Ok(report)
}

impl Report {
    /// Whether the log is as it must be.
    pub(crate) fn is_right(&self) -> bool {
        let faults = [
            self.missing,
            self.duplicated,
            self.foreign,
            self.malformed,
            self.out_of_order,
            self.lost,
        ];
        self.answered > 0 && faults == [0; 6]
    }

    fn line(
        &mut self,
        line: &Value,
        answers: &Answers,
        seen: &mut BTreeSet<u64>,
        newest: &mut String,
    ) {
        if line["target"] == "logring" {
            let count = line["count"].as_u64().unwrap_or(1);
            self.lost += if line["kind"] == "lost" { count } else { 0 };
            return;
        }
        let Some(timestamp) = line["timestamp"].as_str() else {
            self.malformed += 1;
            return;
        };
        if timestamp < newest.as_str() {
            self.out_of_order += 1;
        } else {
            timestamp.clone_into(newest);
        }
        if line["event"] != "request served" {
            return;
        }
        let id = line["request_id"].as_str().and_then(|id| id.parse::<u64>().ok());
        let whole = line["method"].is_string()
            && line["path"].is_string()
            && line["duration_us"].is_u64()
            && line["pid"].is_u64();
        let (Some(id), Some(status), true) = (id, line["status"].as_u64(), whole) else {
            self.malformed += 1;
            return;
        };
        if !seen.insert(id) {
            self.duplicated += 1;
        } else if answers.answered.get(&id).is_some_and(|answered| u64::from(*answered) == status) {
            self.lines += 1;
        } else if answers.cut.contains(&id) {
            self.logged_of_cut += 1;
        } else {
            self.foreign += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "requests answered {} with-line {} missing {} cut {} logged-of-cut {} duplicated {} \
             foreign {} malformed {} out-of-order {} lost {}",
            self.answered,
            self.lines,
            self.missing,
            self.cut,
            self.logged_of_cut,
            self.duplicated,
            self.foreign,
            self.malformed,
            self.out_of_order,
            self.lost
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(micros: u32, id: u64, status: u16) -> String {
        format!(
            "{{\"timestamp\":\"2026-11-21T22:14:03.{micros:06}Z\",\"level\":\"info\",\
             \"event\":\"request served\",\"target\":\"http_service::worker\",\"pid\":7,\
             \"request_id\":\"{id}\",\"method\":\"GET\",\"path\":\"/\",\"status\":{status},\
             \"duration_us\":9}}\n"
        )
    }

    #[track_caller]
    fn found(text: &str) -> Report {
        let path = std::env::temp_dir().join(format!(
            "http-service-report-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, format!("an older line\n{text}")).expect("a writable file");
        let answers = Answers { answered: [(1, 200), (2, 404)].into(), cut: [3].into() };
        let report = compare(&path, "an older line\n".len() as u64, &answers);
        std::fs::remove_file(&path).expect("the file was written");
        report.expect("a readable file")
    }

    fn right() -> Report {
        Report { answered: 2, cut: 1, lines: 2, ..Report::default() }
    }

    #[test]
    fn the_lines_of_the_answered_requests_are_right_and_those_of_cut_ones_are_told() {
        let lines = [line(1, 1, 200), line(2, 2, 404)].concat();
        assert_eq!(found(&lines), right());
        assert!(right().is_right());
        assert_eq!(found(&(lines + &line(3, 3, 200))), Report { logged_of_cut: 1, ..right() });
    }

    #[test]
    fn each_fault_is_seen() {
        let (one, two) = (line(1, 1, 200), line(2, 2, 404));
        let lost = "{\"target\":\"logring\",\"kind\":\"lost\",\"count\":5}\n";
        let cases = [
            (one.clone(), Report { lines: 1, missing: 1, ..right() }),
            ([&*one, &*two, &*two].concat(), Report { duplicated: 1, ..right() }),
            ([&*one, &*two, &line(3, 4, 200)].concat(), Report { foreign: 1, ..right() }),
            (
                [&*one, &line(2, 2, 200)].concat(),
                Report { lines: 1, missing: 1, foreign: 1, ..right() },
            ),
            ([&*one, &*two, "{\n"].concat(), Report { malformed: 1, ..right() }),
            ([&*two, &*one].concat(), Report { out_of_order: 1, ..right() }),
            ([&*one, &*two, lost].concat(), Report { lost: 5, ..right() }),
        ];
        for (text, wanted) in cases {
            assert_eq!(found(&text), wanted, "{text}");
            assert!(!wanted.is_right(), "{text}");
        }
    }
}
