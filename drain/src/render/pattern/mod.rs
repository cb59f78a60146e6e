//! `pattern`: lines by a format of the user's own, in the styles of Python's logging (`%`, `{`, `$`) or
//! of loguru and Logly (`{time:HH:mm:ss} | {level: <8} | {message}`).
//!
//! The format is parsed once, when the configuration is read: a token that there is not is refused
//! there. Text of strangers is never a format: neither placeholders nor colour markup mean anything in
//! it. Where Python would raise for a value, the value is printed as text.

mod brace;
mod dollar;
mod facts;
mod levels;
mod loguru;
mod markup;
mod percent;
mod times;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::Renderer;
use super::python::format::Spec;
use super::python::percent::Directive;
use super::python::strftime::Strftime;
use super::python::{self};
use super::structlog::{self, block, safe};
use super::template::Templates;
use super::zone::Zone;
use facts::{Facts, Source};
use times::Tokens;

/// A format with its options, as the configuration says them; see `docs/processors.md`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct Pattern {
    pieces: Vec<Piece>,
    /// Pieces from here on are printed only if there are fields: of the default formats.
    if_extra: usize,
    date: Option<Strftime>,
    zone: TimeZone,
    defaults: BTreeMap<String, AnyValue<'static>>,
    colors: bool,
    /// Python's logging begins no other line where one has ended.
    joins_lines: bool,
    exact: bool,
    templates: Templates,
    line: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    style: Style,
    format: Option<String>,
    datefmt: Option<String>,
    utc: Option<bool>,
    tz: Option<Zone>,
    #[serde(default)]
    defaults: BTreeMap<String, toml::Value>,
    #[serde(default)]
    colors: bool,
    #[serde(default)]
    force_colors: bool,
    #[serde(default)]
    exact: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Style {
    #[default]
    #[serde(rename = "%")]
    Percent,
    #[serde(rename = "{")]
    Brace,
    #[serde(rename = "$")]
    Dollar,
    #[serde(rename = "loguru")]
    Loguru,
}

/// A part of a format.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    /// A control sequence, where there are colours.
    Color(String),
    /// The colour of the event's level.
    LevelColor,
    Field {
        source: Source,
        how: How,
    },
}

/// How a value is printed.
#[derive(Clone, Debug)]
enum How {
    Str,
    Percent(Directive),
    Format {
        conversion: Option<char>,
        spec: Spec,
    },
    /// The event's time.
    Time(Tokens),
}

impl Style {
    fn parse(self, format: &str) -> Result<Vec<Piece>, String> {
        match self {
            Self::Percent => percent::parse(format),
            Self::Brace => brace::parse(format),
            Self::Dollar => dollar::parse(format),
            Self::Loguru => loguru::parse(format),
        }
    }

    /// The format without one, and what follows it where there are fields.
    const fn default_format(self) -> [&'static str; 2] {
        match self {
            Self::Percent => ["%(asctime)s %(levelname)-8s %(name)s: %(message)s", " %(extra)s"],
            Self::Brace => ["{asctime} {levelname:<8} {name}: {message}", " {extra}"],
            Self::Dollar => ["$asctime $levelname $name: $message", " $extra"],
            Self::Loguru => [
                "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> | <level>{level: <8}</level> | \
                 <cyan>{name}</cyan>:<cyan>{line}</cyan> - <level>{message}</level>",
                " {extra}",
            ],
        }
    }
}

impl TryFrom<Options> for Pattern {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let Options { style, format, datefmt, utc, tz, defaults, colors, force_colors, exact } =
            options;
        if tz.is_some() && utc.is_some() {
            return Err("expected `utc` or `tz`, not both".to_owned());
        }
        if datefmt.is_some() && style == Style::Loguru {
            return Err("`datefmt` is for asctime, expected {time:…} in this style".to_owned());
        }
        let [format, tail] = match &format {
            Some(format) => [format.as_str(), ""],
            None => style.default_format(),
        };
        if let Some(char) = format.chars().find(|char| safe::is_harmful(*char)) {
            let colors = if style == Style::Loguru { "" } else { " (colours have style loguru)" };
            return Err(format!("{char:?} in the format, expected one line of text{colors}"));
        }
        let mut pieces = style.parse(format)?;
        let if_extra = pieces.len();
        pieces.extend(style.parse(tail)?);
        let zone = match (tz, utc) {
            (Some(Zone(zone)), _) => zone,
            (None, Some(true)) => TimeZone::UTC,
            // As in Python: local.
            _ => TimeZone::system(),
        };
        let date = datefmt.as_deref().map(Strftime::parse).transpose()?;
        let colors = super::colors::on(colors, force_colors);
        let defaults = defaults.into_iter().map(|(key, value)| (key, facts::any(value))).collect();
        let (templates, line) = (Templates::new(), String::new());
        let joins_lines = exact && style != Style::Loguru;
        Ok(Self {
            pieces,
            if_extra,
            date,
            zone,
            defaults,
            colors,
            joins_lines,
            exact,
            templates,
            line,
        })
    }
}

impl Renderer for Pattern {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let text = AnyValue::Str(Cow::Owned(self.templates.filled(event).to_owned()));
        let pairs = structlog::pairs(event, &text);
        let facts = Facts::new(event, &text, pairs, &self.zone, self.date.as_ref(), &self.defaults);
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let count = if facts.has_extra() { self.pieces.len() } else { self.if_extra };
        let mut field = String::new();
        for piece in &self.pieces[..count] {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Color(sequence) if self.colors => line.push_str(sequence),
                Piece::LevelColor if self.colors => line.push_str(levels::look(event.level).color),
                Piece::Color(_) | Piece::LevelColor => {}
                Piece::Field { source, how } => {
                    field.clear();
                    how.put(source, &facts, &mut field);
                    safe::put(&field, self.exact, &mut line);
                }
            }
        }
        for beneath in facts.beneath() {
            if !(self.joins_lines && line.ends_with('\n')) {
                line.push('\n');
            }
            block::put(beneath, self.exact, &mut line);
        }
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
        self.line = line;
    }
}

impl How {
    fn put(&self, source: &Source, facts: &Facts<'_, '_>, out: &mut String) {
        if let Self::Time(tokens) = self {
            return tokens.put(&facts.time(), out);
        }
        let value = facts.value(source);
        match self {
            Self::Percent(directive) => directive.put_any(&value, out),
            Self::Format { conversion, spec } => {
                let text = match conversion {
                    Some('r') => python::repr(&value),
                    Some('a') => python::ascii(&value),
                    Some(_) => python::str(&value),
                    None => return spec.put_any(&value, out),
                };
                spec.put_any(&AnyValue::Str(Cow::Owned(text)), out);
            }
            Self::Str | Self::Time(_) => out.push_str(&python::str(&value)),
        }
    }
}
