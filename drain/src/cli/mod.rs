//! The command line: arguments to a call, a call's end to an exit code. `main.rs` calls [`main`];
//! each subcommand has a file here with its arguments and help.
//!
//! What goes wrong is one line on stderr, `logring-drain: <sentence>`; faults of a config file are
//! told all at once, each on a line of its own.

pub mod check;
pub mod demo;
pub mod exit;
pub mod level;
pub mod log;
pub mod parse;
pub mod recover;
pub mod render;
pub mod run;
pub mod segments;
pub mod stats;
pub mod tail;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use exit::{Exit, Failure};

/// Writes what processes logged: one drain beside any number of producers.
///
/// Processes log through the `logring` library into a segment, a named piece of shared memory. A
/// drain reads the segment, puts all records into one order by time, and writes them to files.
/// Start it before or after the processes; if it is killed, start it again: it goes on where it
/// was, without a line lost or doubled.
#[derive(Debug, Parser)]
#[command(
    name = "logring-drain",
    version,
    after_help = "Example:\n  logring-drain run --segment billing --sink json:billing.jsonl\n\n\
                  Exit codes:\n  0 ok\n  1 a check or the demo found a difference\n  \
                  2 usage or config\n  3 another drain holds the segment\n  \
                  4 the segment has another layout\n  5 a sink cannot be written\n  \
                  6 the segment is absent or not permitted"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Check(check::CheckArgs),
    Render(render::RenderArgs),
    Parse(parse::ParseArgs),
    Demo(demo::DemoArgs),
    Log(log::LogArgs),
    Segments(segments::SegmentsArgs),
    Recover(recover::RecoverArgs),
    Stats(stats::StatsArgs),
    Level(level::LevelArgs),
    Tail(tail::TailArgs),
}

/// Does what the arguments (the program's name first) say.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => call(cli.command),
        Err(error) => explain(&error),
    };
    let exit = result.unwrap_or_else(|failure| {
        // Nobody is left to tell if stderr is gone.
        for line in failure.lines() {
            let _ = writeln!(std::io::stderr(), "logring-drain: {line}");
        }
        failure.exit()
    });
    ExitCode::from(exit)
}

fn call(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => crate::run::run(args.config()?),
        Command::Check(args) => check::check(&args),
        Command::Render(args) => render::render(&args),
        Command::Parse(args) => parse::parse(&args),
        Command::Demo(args) => crate::demo::run(&args),
        Command::Log(args) => crate::log::run(&args),
        Command::Segments(args) => crate::segments::run(&args),
        Command::Recover(args) => crate::recover::run(&args.into()),
        Command::Stats(args) => crate::stats::run(&args.into()),
        Command::Level(args) => crate::level::run(&args.into()),
        Command::Tail(args) => crate::tail::run(&args.into()),
    }
}

/// Prints help that was asked for; else, what is wrong with the arguments.
fn explain(error: &clap::Error) -> Result<Exit, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that went away, as `head` does, has what it wanted.
            let _ = write!(std::io::stdout(), "{error}");
            Ok(Exit::Ok)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(std::io::stderr(), "{error}");
            Ok(Exit::Usage)
        }
        _ => Err(Failure::new(Exit::Usage, one_line(&error.to_string()))),
    }
}

/// clap's message up to its usage text, tips included, as one line.
fn one_line(message: &str) -> String {
    let said = message.split("\nUsage:").next().unwrap_or(message);
    let said = said.split("\nFor more information").next().unwrap_or(said);
    let said = said.strip_prefix("error: ").unwrap_or(said);
    let paragraphs = said.split("\n\n").map(|lines| {
        let words: Vec<&str> = lines.split_whitespace().collect();
        words.join(" ")
    });
    let paragraphs: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    format!("{}; see --help", paragraphs.join("; "))
}
