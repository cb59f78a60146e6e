//! A sink of your own is anything that implements `std::io::Write`; it gets whole lines.

use std::io::{self, Write};

use logring::{Level, error, info};
use logring_drain::{Embed, Options, OwnSink, Sink};

/// Would call somebody out of bed.
struct Pager;

impl Write for Pager {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(lines).lines() {
            println!("page: {line}");
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> logring::Result<()> {
    let pager = OwnSink::new("pager", Pager).level(Level::Error);
    let options = Options::new([Sink::json("shop.jsonl")]).own_sink(pager);
    let _guard = logring::builder("shop").embedded(options)?;
    info!("order placed", order_id = 42);
    error!("database is gone", host = "db1");
    Ok(())
}
