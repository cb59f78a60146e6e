//! loguru's tokens for times: `YYYY-MM-DD HH:mm:ss.SSS`, `[` `]` around what is none, `!UTC` behind.

use std::fmt::Write;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::render::python::strftime::{DAYS, MONTHS, Strftime};

/// A format of times.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    is_utc: bool,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Strftime(Strftime),
    Tokens(Vec<Token>),
}

#[derive(Clone, Debug)]
enum Token {
    Text(String),
    Known(&'static str),
}

/// Longest first among those that begin alike.
const KNOWN: [&str; 32] = [
    "HH", "H", "hh", "h", "mm", "m", "ss", "s", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S",
    "YYYY", "YY", "MMMM", "MMM", "MM", "M", "DDDD", "DDD", "DD", "D", "ZZ", "Z", "zz", "A", "X",
    "x", "E", "Q",
];
/// Behind all others, as loguru tries them.
const WEEKDAYS: [&str; 3] = ["dddd", "ddd", "d"];

impl Tokens {
    /// The format that `text` is; nothing means ISO 8601.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (is_utc, text) = match text.strip_suffix("!UTC") {
            Some(text) => (true, text),
            None => (false, text),
        };
        let text = if text.is_empty() { "%Y-%m-%dT%H:%M:%S.%f%z" } else { text };
        if text.contains('%') {
            return Ok(Self { is_utc, form: Form::Strftime(Strftime::parse(text)?) });
        }
        if text.contains("SSSSSSS") {
            return Err(format!("more than six S in `{text}`, expected up to SSSSSS"));
        }
        let mut tokens = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let bracketed = rest.strip_prefix('[').and_then(escaped);
            let known = known(rest);
            match (bracketed, known) {
                (Some(inner), _) => {
                    plain.push_str(inner);
                    rest = &rest[inner.len() + 2..];
                }
                (None, Some(token)) => {
                    if !plain.is_empty() {
                        tokens.push(Token::Text(std::mem::take(&mut plain)));
                    }
                    tokens.push(Token::Known(token));
                    rest = &rest[token.len()..];
                }
                (None, None) => {
                    plain.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        if !plain.is_empty() {
            tokens.push(Token::Text(plain));
        }
        Ok(Self { is_utc, form: Form::Tokens(tokens) })
    }

    /// Appends the time.
    pub(super) fn put(&self, time: &Zoned, out: &mut String) {
        let utc = self.is_utc.then(|| time.with_time_zone(TimeZone::UTC));
        let time = utc.as_ref().unwrap_or(time);
        match &self.form {
            Form::Strftime(format) => out.push_str(&format.text(time)),
            Form::Tokens(tokens) => {
                for token in tokens {
                    match token {
                        Token::Text(text) => out.push_str(text),
                        // Writing to a string does not fail.
                        Token::Known(token) => drop(put(token, time, out)),
                    }
                }
            }
        }
    }
}

fn known(rest: &str) -> Option<&'static str> {
    KNOWN.iter().chain(&WEEKDAYS).find(|token| rest.starts_with(**token)).copied()
}

/// A token, `!UTC` or nothing between brackets: it stands for itself.
fn escaped(behind: &str) -> Option<&str> {
    let (inner, _) = behind.split_once(']')?;
    let is_token = known(inner).is_some_and(|token| token.len() == inner.len());
    (is_token || inner.is_empty() || inner == "!UTC").then_some(inner)
}

fn put(token: &str, time: &Zoned, out: &mut String) -> std::fmt::Result {
    let weekday = time.weekday().to_monday_zero_offset();
    let day_name = DAYS[usize::try_from(weekday + 1).unwrap_or(0) % 7];
    let month_name = MONTHS[usize::try_from(time.month() - 1).unwrap_or(0) % 12];
    let hour12 = (time.hour() + 11) % 12 + 1;
    let micros = time.subsec_nanosecond() / 1000;
    match token {
        "YYYY" => write!(out, "{:04}", time.year()),
        "YY" => write!(out, "{:02}", time.year() % 100),
        "Q" => write!(out, "{}", (time.month() - 1) / 3 + 1),
        "MMMM" => out.write_str(month_name),
        "MMM" => out.write_str(&month_name[..3]),
        "MM" => write!(out, "{:02}", time.month()),
        "M" => write!(out, "{}", time.month()),
        "DDDD" => write!(out, "{:03}", time.day_of_year()),
        "DDD" => write!(out, "{}", time.day_of_year()),
        "DD" => write!(out, "{:02}", time.day()),
        "D" => write!(out, "{}", time.day()),
        "dddd" => out.write_str(day_name),
        "ddd" => out.write_str(&day_name[..3]),
        "d" => write!(out, "{weekday}"),
        "E" => write!(out, "{}", weekday + 1),
        "HH" => write!(out, "{:02}", time.hour()),
        "H" => write!(out, "{}", time.hour()),
        "hh" => write!(out, "{hour12:02}"),
        "h" => write!(out, "{hour12}"),
        "mm" => write!(out, "{:02}", time.minute()),
        "m" => write!(out, "{}", time.minute()),
        "ss" => write!(out, "{:02}", time.second()),
        "s" => write!(out, "{}", time.second()),
        "A" => out.write_str(if time.hour() < 12 { "AM" } else { "PM" }),
        "Z" => offset(time, ":", out),
        "ZZ" => offset(time, "", out),
        "zz" => {
            let info = time.time_zone().to_offset_info(time.timestamp());
            out.write_str(info.abbreviation())
        }
        "X" => write!(out, "{}", seconds(time) as i64),
        // Its microseconds count twice, as in loguru.
        "x" => write!(out, "{}", (seconds(time) * 1e6 + f64::from(micros)) as i64),
        fraction => {
            let digits = fraction.len();
            let text = format!("{micros:06}");
            out.write_str(&text[..digits.min(6)])
        }
    }
}

/// As Python's `timestamp`.
fn seconds(time: &Zoned) -> f64 {
    time.timestamp().as_nanosecond().div_euclid(1000) as f64 / 1e6
}

fn offset(time: &Zoned, between: &str, out: &mut String) -> std::fmt::Result {
    let seconds = time.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    // Whole minutes by floor, and the seconds of the offset without its sign, as loguru has them.
    let minutes = seconds.div_euclid(60).abs();
    write!(out, "{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)?;
    match seconds.abs() % 60 {
        0 => Ok(()),
        rest => write!(out, "{between}{rest:02}"),
    }
}
