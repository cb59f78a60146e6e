//! What a user of quill does every day, as it is done here. `docs/guide/from-quill.md` has both side
//! by side.

use std::time::Duration;

use logring::{Level, Overflow, error, info, kv, notice};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let builder = logring::builder("trader").level(Level::Info);
    let builder = builder.ring_bytes(64 << 20).overflow(Overflow::Drop);
    let _guard = builder.embedded([Sink::console(), Sink::json("trader.jsonl")])?;
    let db = logring::logger().bind(kv! { request_id = 42, user = "alice" });

    let (order_id, price, levels) = (42, 3.17, vec![1, 2, 3]);
    info!("order {} placed at {:.2}", order_id, price);
    info!("order placed", order_id, price);
    info!("book changed", levels);
    notice!(logger: db, "session opened");
    let db = db.unbind(&["user"])?;
    error!(logger: db, target: "db", "no answer");
    logring::flush(Duration::from_secs(10))?;
    Ok(())
}
