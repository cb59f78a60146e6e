//! What a user of `slog` does every day, as it is done here. `docs/guide/from-slog.md` has both side
//! by side.

use std::fmt;

use logring::{Level, Logger, Value, Writer, critical, error, info, kv, warn};
use logring_drain::{Embed, Sink};

#[derive(Debug)]
struct Order {
    id: u64,
    cents: u32,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.id)
    }
}

impl Value for Order {
    fn encode(&self, out: &mut Writer) {
        out.map(|map| {
            map.pair("id", &self.id).pair("cents", &self.cents);
        });
    }
}

fn main() -> logring::Result<()> {
    let sinks = [Sink::console(), Sink::json("shop.jsonl").level(Level::Warning)];
    let _guard = logring::builder("shop").embedded(sinks)?;

    let log = logring::logger().bind(kv! { service = "checkout", version = 3 });
    let request = log.bind(kv! { request_id = "7f3a" });
    let (order, order_id, ms) = (Order { id: 42, cents: 1_999 }, 42, 3.17);
    info!(logger: request, "order placed", order_id, total_cents = 1_999);
    info!(logger: request, "order {} placed", order_id);
    info!(logger: request, "order placed", order = %order);
    info!(logger: request, "order placed", order = ?order);
    info!(logger: request, "order placed", order);
    warn!(logger: request, target: "db", "charge took {ms:.1} ms", ms);
    if let Err(err) = std::fs::read("prices.toml") {
        error!(logger: request, "cannot read the prices", err);
    }
    finish(&request);
    critical!("no logger needed here");
    Ok(())
}

fn finish(log: &Logger) {
    info!(logger: log, "request served");
}
