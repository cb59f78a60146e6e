//! `logring-drain log`: its arguments.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use logring::{Error, Level, Result};

/// Log a record, or lines from stdin, from a shell script
///
/// Ends with exit code 0 once the record is in the segment: it outlives this command, and is
/// written when a drain runs. Creates the segment if it is absent. `{name}` in the text is filled
/// from the field of that name, `{}` from the next one; `{{` and `}}` are braces.
///
/// With `-` instead of a text, each line of stdin becomes a record, as it is: braces mean nothing.
/// While the ring is full it waits, so that no line is lost.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        logring-drain log --segment billing --level warning 'disk {pct}% full' pct=91 host=a\n  \
        backup.sh 2>&1 | logring-drain log --segment billing --target backup -\n  \
        app-with-json-logs | logring-drain log --segment billing --json -\n\n\
        LOGRING in the environment filters by level and target, as in every process that logs.\n\n\
        Exit codes beside the usual ones:\n  \
        1 the record was dropped, since the ring is full; with --json: a line was no JSON object")]
pub struct LogArgs {
    /// The segment's name: the one that the drain is given
    #[arg(long, value_name = "NAME")]
    pub segment: String,
    /// trace, debug, info, notice, success, warning, error, fail, critical, fatal, or a number
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = parse_level)]
    pub level: Level,
    /// What the record's target says
    #[arg(long, value_name = "TEXT", default_value = "shell")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub target: String,
    /// Each line of stdin is a JSON object: its `event`, `message` or `msg` is the text, its `level`
    /// the level, all else fields. Other lines become records with the field `json_error`
    #[arg(long)]
    pub json: bool,
    /// The event's text; `-` = read lines from stdin
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// Fields; a value is a JSON number, true, false, null or quoted string, and else text. With `-`
    /// each line has them
    #[arg(value_name = "KEY=VALUE")]
    pub fields: Vec<String>,
}

/// A level that a record can have.
fn parse_level(text: &str) -> Result<Level> {
    match text.parse()? {
        level if level > Level::new(0) => Ok(level),
        _ => Err(Error::invalid("level 0 is below every threshold, expected 1 to 255")),
    }
}
