//! Logs an error with everything that led to it.

use std::{error::Error, fmt, io};

use logring::error;
use logring_drain::{Embed, Sink};

#[derive(Debug)]
struct ChargeFailed {
    order_id: u64,
    source: io::Error,
}

impl fmt::Display for ChargeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "charge of order {} failed", self.order_id)
    }
}

impl Error for ChargeFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").embedded([Sink::console(), Sink::json("shop.jsonl")])?;
    let source = io::Error::new(io::ErrorKind::TimedOut, "no answer within 3 s");
    let err = ChargeFailed { order_id: 42, source };
    error!("cannot place the order", err, tenant = "acme");
    Ok(())
}
