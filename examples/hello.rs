//! The shortest way to a log: the drain runs on a thread of this process and writes to the console.

use logring::{error, info, warn};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("hello").embedded(Sink::console())?;
    info!("order placed", order_id = 42, total_cents = 1_999);
    warn!("stock of {item} is low", item = "tea", left = 2);
    if let Err(err) = std::fs::read("prices.toml") {
        error!("cannot read the prices", err);
    }
    Ok(())
}
