//! Logs into a segment that a drain beside this process reads, before it or after it.

use logring::{Level, error, info, kv};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("billing").level(Level::Info).install()?;
    let log = logring::logger().bind(kv! { tenant = "acme" });
    let order_id = 42;
    info!(logger: log, "order placed", order_id, total_cents = 1_999);
    error!(logger: log, target: "db", "charge of {order_id} failed after {ms:.1} ms", order_id, ms = 3.17);
    Ok(())
}
