//! What happens when the ring is full: one policy waits for the drain, another drops the record and
//! tells how many are missing, in the output itself.

use std::fs;

use logring::{Level, Logger, Overflow, error, info};
use logring_drain::{Embed, Sink};

const RECORDS: u32 = 50_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A megabyte holds some thousand records: far fewer than are logged.
    let patient = logring::builder("patient").ring_bytes(1 << 20).overflow(Overflow::BlockForever);
    let drain = patient.open_embedded(Sink::json("patient.jsonl"))?;
    log_all(&drain.logger());
    drop(drain);

    let hasty = logring::builder("hasty").ring_bytes(1 << 20).overflow(Overflow::Drop);
    log_all(&hasty.clone().open()?);
    // Nobody read meanwhile; this drain finds what the ring holds, and what it could not hold.
    drop(hasty.open_embedded(Sink::json("hasty.jsonl"))?);

    let mixed = logring::builder("mixed").overflow(Overflow::Drop);
    let mixed = mixed.overflow_from(Level::Error, Overflow::BlockForever).open()?;
    error!(logger: mixed, "would be waited for");

    for path in ["patient.jsonl", "hasty.jsonl"] {
        let text = fs::read_to_string(path)?;
        let (ticks, notices): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| line.contains("tick"));
        println!("{path}: {} records", ticks.len());
        notices.iter().for_each(|notice| println!("{notice}"));
    }
    Ok(())
}

fn log_all(log: &Logger) {
    for n in 0..RECORDS {
        info!(logger: log, "tick", n);
    }
}
