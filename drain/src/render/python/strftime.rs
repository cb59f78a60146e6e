//! Times by a format of `strftime`, as Python prints them in the C locale.

use std::fmt::Write;

use jiff::Zoned;

/// A format, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Strftime(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    /// The letter behind `%`.
    Directive(char),
}

/// All that [`write`] knows.
const KNOWN: &str = "aAbBcCdDefFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ";

pub(crate) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Strftime {
    /// Parses a format.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                literal.push(char);
                continue;
            }
            match chars.next() {
                Some('%') => literal.push('%'),
                Some(letter) if KNOWN.contains(letter) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Directive(letter));
                }
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!(
                        "unknown directive `%{other}` in `{text}`, expected % and one of {KNOWN}%"
                    ));
                }
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// The time as text.
    pub(crate) fn text(&self, time: &Zoned) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                // Writing to a string does not fail.
                Piece::Directive(letter) => drop(write(*letter, time, &mut out)),
            }
        }
        out
    }
}

fn write(letter: char, time: &Zoned, out: &mut String) -> std::fmt::Result {
    let weekday = time.weekday().to_sunday_zero_offset();
    let day_name = DAYS[usize::try_from(weekday).unwrap_or(0) % 7];
    let month_name = MONTHS[usize::try_from(time.month() - 1).unwrap_or(0) % 12];
    let hour12 = (time.hour() + 11) % 12 + 1;
    let yday = time.day_of_year();
    let monday_first = (i16::from(weekday) + 6) % 7;
    let several = |out: &mut String, letters: &str, between: &str| {
        letters.chars().enumerate().try_for_each(|(index, letter)| {
            if index > 0 {
                out.push_str(between);
            }
            write(letter, time, out)
        })
    };
    match letter {
        'a' => out.write_str(&day_name[..3]),
        'A' => out.write_str(day_name),
        'b' | 'h' => out.write_str(&month_name[..3]),
        'B' => out.write_str(month_name),
        'c' => several(out, "abeTY", " "),
        'C' => write!(out, "{:02}", time.year() / 100),
        'd' => write!(out, "{:02}", time.day()),
        'D' | 'x' => several(out, "mdy", "/"),
        'e' => write!(out, "{:2}", time.day()),
        'f' => write!(out, "{:06}", time.subsec_nanosecond() / 1000),
        'F' => several(out, "Ymd", "-"),
        'g' => write!(out, "{:02}", time.date().iso_week_date().year() % 100),
        'G' => write!(out, "{}", time.date().iso_week_date().year()),
        'H' => write!(out, "{:02}", time.hour()),
        'I' => write!(out, "{hour12:02}"),
        'j' => write!(out, "{yday:03}"),
        'k' => write!(out, "{:2}", time.hour()),
        'l' => write!(out, "{hour12:2}"),
        'm' => write!(out, "{:02}", time.month()),
        'M' => write!(out, "{:02}", time.minute()),
        'n' => out.write_char('\n'),
        'p' => out.write_str(if time.hour() < 12 { "AM" } else { "PM" }),
        'P' => out.write_str(if time.hour() < 12 { "am" } else { "pm" }),
        'r' => several(out, "IMS", ":")
            .and_then(|()| out.write_char(' '))
            .and_then(|()| several(out, "p", "")),
        'R' => several(out, "HM", ":"),
        's' => write!(out, "{}", time.timestamp().as_nanosecond().div_euclid(1_000_000_000)),
        'S' => write!(out, "{:02}", time.second()),
        't' => out.write_char('\t'),
        'T' | 'X' => several(out, "HMS", ":"),
        'u' => write!(out, "{}", monday_first + 1),
        'U' => write!(out, "{:02}", (yday - 1 + 7 - i16::from(weekday)) / 7),
        'V' => write!(out, "{:02}", time.date().iso_week_date().week()),
        'w' => write!(out, "{weekday}"),
        'W' => write!(out, "{:02}", (yday - 1 + 7 - monday_first) / 7),
        'y' => write!(out, "{:02}", time.year() % 100),
        'Y' => write!(out, "{}", time.year()),
        'z' => {
            let offset = time.offset().seconds();
            let sign = if offset < 0 { '-' } else { '+' };
            let (minutes, seconds) = (offset.abs() / 60, offset.abs() % 60);
            write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)?;
            if seconds == 0 { Ok(()) } else { write!(out, "{seconds:02}") }
        }
        'Z' => {
            let info = time.time_zone().to_offset_info(time.timestamp());
            out.write_str(info.abbreviation())
        }
        _ => Ok(()),
    }
}
