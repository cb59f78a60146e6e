//! An HTTP service as it would run in production: several worker processes on one port, each of them
//! logging, one drain beside them, one ordered file.
//!
//! `cargo run --release -p http-service -- --workers 4 --requests 20000` starts all of it, sends real
//! requests over loopback, and holds the file against what was answered. `--requests 0` serves until
//! Ctrl-C. The same program is also its workers and its drain, so that one command builds everything.
//!
//! Read `worker.rs` to see how a service logs; the rest starts processes, makes load and checks.

mod load;
mod report;
mod supervisor;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// What went wrong: a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Several worker processes, one ordered log.
#[derive(Parser, Debug)]
struct Args {
    /// Worker processes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,
    /// Requests to send; 0 serves until Ctrl-C.
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
    /// Connections that the load generator keeps open.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Kill a worker (SIGKILL) when half of the requests are answered, and start another.
    #[arg(long)]
    kill_one: bool,
    /// The log; lines that stand there already are left alone.
    #[arg(long, default_value = "http-service.jsonl")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        [_, "worker", segment, port] => worker::run(segment, port).map(|()| true),
        // As if `logring-drain` had been called with what follows.
        [_, options @ ..] if options.first() == Some(&"drain") => {
            return logring_drain::cli::main(options.iter().map(Into::into));
        }
        _ => supervisor::run(&Args::parse()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("http-service: {failure}");
            ExitCode::FAILURE
        }
    }
}
