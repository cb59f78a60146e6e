//! A record of any length up to `max_record_bytes` arrives whole; a longer one is cut and marked.

use logring::info;
use logring_drain::{Embed, Sink};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = logring::builder("long").max_record_bytes(500_000);
    let drain = builder.embedded(Sink::json("long.jsonl"))?;
    info!("short", body = "x".repeat(10));
    info!("long", body = "x".repeat(400_000));
    info!("too long", body = "x".repeat(600_000));
    // Writes what has been logged.
    drop(drain);

    for line in std::fs::read_to_string("long.jsonl")?.lines() {
        let body = line.matches('x').count();
        println!("{body} bytes, cut: {}", line.ends_with("\"truncated\":true}"));
    }
    Ok(())
}
