//! Two logs out of one process: what the application says, and an audit trail in a file of its own,
//! with a ring and a drain of its own, so that neither can hold up the other.

use logring::{info, kv};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let _app = logring::builder("app").embedded(Sink::console())?;
    let audit = logring::builder("audit").open_embedded(Sink::json("audit.jsonl"))?;
    let log = audit.logger().bind(kv! { actor = "ann" });

    info!("service started", port = 8080);
    info!(logger: log, "door opened", door = 7);
    info!(logger: log, "door closed", door = 7);
    info!("service stopped");
    Ok(())
}
