//! What a user of `log` and `env_logger` does every day, as it is done here.
//! `docs/guide/from-log.md` has both side by side.

use std::path::Path;

use logring::{Level, debug, error, info, kv, log, warn};
use logring_drain::{Embed, Sink};

#[derive(Debug)]
struct Order {
    id: u64,
}

fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").level(Level::Info).embedded(Sink::console())?;

    let (order_id, ms, path) = (42, 3.17, Path::new("/orders"));
    let order = Order { id: order_id };
    info!("order {} placed", order_id);
    info!("order placed", order_id, total_cents = 1_999);
    info!("order placed", ?order, path = %path.display());
    error!(target: "db", "charge failed after {:.1} ms", ms);
    debug!("cart has {}", order = ?order);
    log!(Level::Warning, "stock is low");
    if let Err(err) = std::fs::read("prices.toml") {
        error!("cannot read the prices", err);
    }
    let log = logring::logger().bind(kv! { request_id = "7f3a" });
    warn!(logger: log, "stock is low", item = "tea", order_id = order.id);
    Ok(())
}
