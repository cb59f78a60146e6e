//! `logring-drain parse`: log files of any form into events.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use logring::Error;

use super::exit::{Exit, Failure};
use crate::parse::{Cast, Count, Parser};

/// Read a log file of any form back into events
///
/// Looks for a regular expression in each line and prints a line of JSON for each place that matches:
/// its named groups, as keys. Groups called `timestamp`, `level`, `event` and `target` are what
/// `logring-drain render` takes them for. Says on stderr in how many lines there was no match.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    logring-drain parse '^(?<timestamp>\\S+) +(?<level>\\w+) (?<event>.*)$' old.log\n\n\
    And written as a config says:\n  \
    logring-drain parse '(?<level>\\w+): (?<event>.*) took (?<ms>\\d+)' --cast ms=int old.log |\n    \
    logring-drain render --config drain.toml")]
pub struct ParseArgs {
    /// The regular expression, with a named group, `(?<key>...)`, for each key
    #[arg(value_name = "PATTERN")]
    pattern: String,
    /// The file; without one, standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Read a group as int, float or bool; what is none stays text. May be given again
    #[arg(long, value_name = "KEY=TYPE", value_parser = cast)]
    cast: Vec<(String, Cast)>,
}

/// Prints the events of a file or of standard input.
///
/// # Errors
/// A pattern or cast that is not right; a file that cannot be read.
pub fn parse(args: &ParseArgs) -> Result<Exit, Failure> {
    let parser = Parser::new(&args.pattern, &args.cast)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let count = match &args.file {
        Some(path) => parser.run(BufReader::new(open(path)?), &mut out),
        None => parser.run(std::io::stdin().lock(), &mut out),
    };
    // A reader that went away has seen enough.
    let _ = out.flush();
    let Count { lines, without, .. } = count?;
    if without > 0 {
        // Nobody is left to tell if stderr is gone.
        let _ = writeln!(
            std::io::stderr(),
            "logring-drain: {without} of {lines} lines do not match the pattern and were left out"
        );
    }
    Ok(Exit::Ok)
}

fn open(path: &Path) -> Result<File, Failure> {
    let failed = |error| Error::os(format!("read {}", path.display()), error).to_string();
    File::open(path).map_err(|error| Failure::new(Exit::Usage, failed(error)))
}

fn cast(text: &str) -> Result<(String, Cast), String> {
    let found = text.split_once('=').and_then(|(key, kind)| {
        let kind = match kind {
            "int" => Cast::Int,
            "float" => Cast::Float,
            "bool" => Cast::Bool,
            _ => return None,
        };
        Some((key.to_owned(), kind))
    });
    found.ok_or_else(|| format!("`{text}` is no cast, expected one like ms=int, t=float, ok=bool"))
}
