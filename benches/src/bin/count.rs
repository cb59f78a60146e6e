//! Makes so many calls and ends: for whoever counts instructions (`ci/bench-smoke.sh`), by running this
//! under callgrind with two numbers of calls and taking the difference.

use std::process::ExitCode;

use clap::Parser;
use logring_bench::Failure;
use logring_bench::contender::{Case, Contender, Logring};

/// Makes so many calls and ends; there need be no drain
#[derive(Debug, Parser)]
struct Args {
    /// What is logged
    #[arg(long, value_enum, default_value = "numbers")]
    case: Case,
    /// How often; the default ring holds 100000
    #[arg(long, default_value_t = 1000)]
    calls: u64,
    /// The segment, which stays
    #[arg(long)]
    segment: String,
}

fn main() -> ExitCode {
    let args = Args::parse();
    logring_bench::exit("count", count(&args))
}

fn count(args: &Args) -> Result<(), Failure> {
    let contender = Logring::join(&args.segment)?;
    let scope = contender.enter(args.case);
    contender.burst(args.case, args.calls);
    drop(scope);
    Ok(())
}
