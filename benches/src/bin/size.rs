//! How many bytes does a record take: in the ring, and in the file?

use std::process::ExitCode;

use clap::Parser;
use logring_bench::Failure;
use logring_bench::contender::{Case, Contender, Logring};
use logring_bench::drain::{Drain, Place};
use logring_bench::report::Report;

/// How many bytes a record takes, in the ring and in the file
#[derive(Debug, Parser)]
struct Args {
    /// Records of each kind
    #[arg(long, default_value_t = 1000)]
    records: u64,
}

fn main() -> ExitCode {
    logring_bench::exit("size", measure(&Args::parse()))
}

fn measure(args: &Args) -> Result<(), Failure> {
    let program = Drain::build()?;
    let place = Place::new("size")?;
    let (json, logfmt) = (place.file("out.jsonl"), place.file("out.log"));
    let sinks = [format!("json:{}", json.display()), format!("logfmt:{}", logfmt.display())];
    let drain = Drain::start_with(&program, &place, &[&sinks[0], &sinks[1]], &[])?;
    let contender = Logring::join(place.segment())?;
    let slot = contender.slot_bytes();
    let size = |file: &std::path::Path| std::fs::metadata(file).map_or(0, |file| file.len());
    for case in Case::ALL.into_iter().filter(|case| case.writes()) {
        let records = args.records.max(1);
        let (json_before, logfmt_before) = (size(&json), size(&logfmt));
        let scope = contender.enter(case);
        contender.burst(case, records);
        drop(scope);
        logring::flush(std::time::Duration::from_secs(10))?;
        let each = |bytes: u64| bytes as f64 / records as f64;
        let (json_line, logfmt_line) =
            (each(size(&json) - json_before), each(size(&logfmt) - logfmt_before));
        Report::new("size")
            .word("case", case.name())
            .count("slot_bytes", slot)
            .figure("json_bytes", json_line)
            .figure("logfmt_bytes", logfmt_line)
            .print();
        println!(
            "size: {}: a slot of {slot} bytes in the ring, {json_line:.0} bytes of JSON, \
             {logfmt_line:.0} of logfmt",
            case.name()
        );
    }
    drain.end()?;
    Ok(())
}
