//! What a user of `tracing` does every day, as it is done here. `docs/guide/from-tracing.md` has
//! both side by side.

use std::path::Path;

use logring::{Level, Logger, debug, error, info, kv, log, warn};
use logring_drain::{Embed, Sink};

#[derive(Debug)]
struct Order {
    id: u64,
}

fn main() -> logring::Result<()> {
    let builder = logring::builder("shop").filter("info,db=debug");
    let _guard =
        builder.embedded([Sink::console(), Sink::json("shop.jsonl").level(Level::Warning)])?;

    let (order_id, ms, path) = (42, 3.17, Path::new("/orders"));
    let order = Order { id: order_id };
    info!("order placed", order_id, total_cents = 1_999);
    info!("order {order_id} placed", order_id);
    info!("order placed", ?order, path = %path.display());
    info!("request served", http.status = 200, "http.method" = "GET");
    error!(target: "db", "charge failed after {ms:.1} ms", ms);
    debug!(target: "db", "pool has {idle} idle connections", idle = 3);
    log!(Level::Info, "order placed", order_id);
    if let Err(err) = std::fs::read("prices.toml") {
        error!("cannot read the prices", err);
    }

    let log = logring::logger().bind(kv! { request_id = "7f3a" });
    handle(&log, &order);
    Ok(())
}

fn handle(log: &Logger, order: &Order) {
    let log = log.bind(kv! { order_id = order.id });
    warn!(logger: log, "stock is low", item = "tea");
}
