//! `log -`: each line of stdin a record, in order, none lost. Called by `log`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use logring::shm::Segment;
use logring::{Bytes, Error, Level, Logger, Site};

use super::field::Field;
use super::json;
use super::lines::Lines;
use super::waiting::Waiting;
use crate::cli::exit::{Exit, Failure};
use crate::cli::log::LogArgs;

/// The field of a line that is not UTF-8: all of its bytes.
const BYTES: &str = "bytes";
/// The field of a line that is no JSON object: why.
const JSON_ERROR: &str = "json_error";
/// Between two tries to find room in the segment's tables.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Logs the lines until stdin ends.
///
/// # Errors
/// Stdin cannot be read; a record was not taken, which only a damaged segment does.
pub(super) fn run(args: &LogArgs, fields: &[Field], logger: &Logger) -> Result<Exit, Failure> {
    let segment = Segment::attach_static(&args.segment)?;
    let waiting = Waiting::watch(segment);
    waiting.during(|| {
        while !logger.register() {
            std::thread::sleep(TRY_EVERY);
        }
    });
    let mut stream = Stream {
        site: Site::new(args.level, &*args.target),
        level: args.level,
        logger,
        fields,
        json: args.json,
        number: 0,
        wrong: false,
    };
    let mut lines = Lines::new(io::stdin().lock(), segment.max_record_bytes() as usize);
    loop {
        let line = lines.next().map_err(|error| Error::os("read stdin", error))?;
        let Some((line, is_cut)) = line else { break };
        stream.number += 1;
        if !waiting.during(|| stream.log(line, is_cut)) {
            let number = stream.number;
            let sentence = format!("segment {:?} does not take line {number}", args.segment);
            return Err(Failure::new(Exit::Difference, sentence));
        }
    }
    Ok(if stream.wrong { Exit::Difference } else { Exit::Ok })
}

struct Stream<'a> {
    site: Site,
    /// Of lines that say nothing of it.
    level: Level,
    logger: &'a Logger,
    /// Those of the command line, which each record has.
    fields: &'a [Field],
    json: bool,
    /// Of the line, from 1.
    number: u64,
    /// Whether a line was no JSON object.
    wrong: bool,
}

impl Stream<'_> {
    /// Logs a line; false when it was not taken.
    fn log(&mut self, line: &[u8], is_cut: bool) -> bool {
        let text = String::from_utf8_lossy(line);
        let whole = matches!(text, std::borrow::Cow::Borrowed(_));
        if !self.json {
            return self.log_text(&text, (!whole).then_some(line), None);
        }
        let read = match (whole, is_cut) {
            (_, true) => Err("longer than a record".to_owned()),
            (false, _) => Err("not UTF-8".to_owned()),
            (true, false) => json::read(&text),
        };
        match read {
            Ok(line) => self.log_fields(&line),
            Err(reason) => {
                self.tell(&reason);
                self.log_text(&text, (!whole).then_some(line), Some(&reason))
            }
        }
    }

    fn log_text(&self, text: &str, bytes: Option<&[u8]>, reason: Option<&str>) -> bool {
        if !self.site.enabled(self.logger) {
            return true;
        }
        let mut record = self.site.record(self.logger, &[]).text(text);
        for Field { key, value } in self.fields {
            record = record.field(key, value);
        }
        if let Some(reason) = reason {
            record = record.field(JSON_ERROR, &reason);
        }
        if let Some(bytes) = bytes {
            record = record.field(BYTES, &Bytes(bytes));
        }
        record.try_log()
    }

    fn log_fields(&self, line: &json::Line) -> bool {
        let level = line.level.unwrap_or(self.level);
        if !self.site.enabled_at(self.logger, level) {
            return true;
        }
        let mut record = self.site.record(self.logger, &[]).text(&line.text).level(level);
        // A line's fields win over those that all lines have, and of an object's equal keys the last.
        let last: HashMap<&str, usize> =
            line.fields.iter().enumerate().map(|(at, (key, _))| (&**key, at)).collect();
        for Field { key, value } in self.fields {
            if !last.contains_key(&**key) {
                record = record.field(key, value);
            }
        }
        for (at, (key, value)) in line.fields.iter().enumerate() {
            if last.get(&**key) == Some(&at) {
                // As the drain would: that of a line of somebody else's is nothing to be told.
                let own = matches!(&**key, "timestamp" | "level" | "event");
                record = if own {
                    record.field(&format!("{key}_"), value)
                } else {
                    record.field(key, value)
                };
            }
        }
        record.try_log()
    }

    /// Tells of the first line that is no JSON object.
    fn tell(&mut self, reason: &str) {
        if !self.wrong {
            // Nobody is left to tell if stderr is gone.
            let _ = writeln!(
                io::stderr(),
                "logring-drain: line {} is no JSON object: {reason}; it and others like it become \
                 records of their text with the field {JSON_ERROR}",
                self.number
            );
        }
        self.wrong = true;
    }
}
