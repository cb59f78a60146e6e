//! Log files of any form, read back into events by a regular expression with named groups: loguru's
//! `parse`. Called by `logring-drain parse`; touches no segment, and writes nothing but its lines.

use std::io::{BufRead, Write};

use logring::{Error, Result};
use regex::{Captures, Regex};

use crate::process::options::pattern;

/// What a group's text is read as; one that is no such value stays a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// A whole number.
    Int,
    /// A finite number.
    Float,
    /// `true` or `false`, in whatever case.
    Bool,
}

/// How lines are read.
#[derive(Clone, Debug)]
pub struct Parser {
    pattern: Regex,
    /// The named groups in their order: what stands before their values, and what these are.
    groups: Vec<(usize, String, Option<Cast>)>,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Events that were found; a line can have several.
    pub events: u64,
    /// Lines, those without text left out.
    pub lines: u64,
    /// Lines in which there was none.
    pub without: u64,
}

impl Parser {
    /// A parser by a regular expression whose named groups are the events' keys.
    ///
    /// # Errors
    /// One that is malformed or has no named group; a cast of a group that it does not have.
    pub fn new(text: &str, casts: &[(String, Cast)]) -> Result<Self> {
        let pattern = pattern(text).map_err(Error::invalid)?;
        let named = || pattern.capture_names().flatten();
        if named().next().is_none() {
            return Err(Error::invalid(format!(
                "`{text}` has no named group: name what is to be a key, as in `(?<level>\\w+)`"
            )));
        }
        if let Some((key, _)) = casts.iter().find(|(key, _)| named().all(|name| name != key)) {
            let names: Vec<&str> = named().collect();
            return Err(Error::invalid(format!(
                "there is no group `{key}` to cast, the pattern has `{}`",
                names.join("`, `")
            )));
        }
        let cast = |name: &str| casts.iter().rfind(|(key, _)| key == name).map(|(_, cast)| *cast);
        let group = |(at, name): (usize, Option<&str>)| {
            let name = name?;
            Some((at, format!("{}:", quoted(name)), cast(name)))
        };
        let groups = pattern.capture_names().enumerate().filter_map(group).collect();
        Ok(Self { pattern, groups })
    }

    /// Appends the events that stand in a line, each as a line of JSON; how many.
    pub fn line(&self, line: &str, to: &mut String) -> u64 {
        let mut events = 0;
        for found in self.pattern.captures_iter(line) {
            self.event(&found, to);
            events += 1;
        }
        events
    }

    /// Prints the events in all lines; bytes that are no text are replaced.
    ///
    /// # Errors
    /// Input or output that fails.
    pub fn run(&self, mut from: impl BufRead, to: &mut impl Write) -> Result<Count> {
        let (mut count, mut line, mut out) = (Count::default(), Vec::new(), String::new());
        loop {
            line.clear();
            let read = from.read_until(b'\n', &mut line);
            if read.map_err(|error| Error::os("read lines", error))? == 0 {
                return Ok(count);
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() {
                continue;
            }
            let events = self.line(text, &mut out);
            count.lines += 1;
            count.events += events;
            count.without += u64::from(events == 0);
            to.write_all(out.as_bytes()).map_err(|error| Error::os("write events", error))?;
            out.clear();
        }
    }

    fn event(&self, found: &Captures<'_>, to: &mut String) {
        let mut before = '{';
        for (at, key, cast) in &self.groups {
            to.push(before);
            to.push_str(key);
            match found.get(*at) {
                None => to.push_str("null"),
                Some(text) => to.push_str(&value(text.as_str(), *cast)),
            }
            before = ',';
        }
        to.push_str("}\n");
    }
}

/// A text as JSON.
fn value(text: &str, cast: Option<Cast>) -> String {
    let cast = match cast {
        Some(Cast::Int) => text.trim().parse::<i128>().ok().map(|number| number.to_string()),
        Some(Cast::Float) => text.trim().parse::<f64>().ok().and_then(|number| {
            serde_json::Number::from_f64(number).map(|number| number.to_string())
        }),
        Some(Cast::Bool) => {
            text.trim().to_ascii_lowercase().parse::<bool>().ok().map(|is| is.to_string())
        }
        None => None,
    };
    cast.unwrap_or_else(|| quoted(text))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
