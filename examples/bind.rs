//! Binds fields once to a logger; each of its records carries them.

use logring::{Logger, info, kv, warn};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").embedded(Sink::console())?;
    let log = logring::logger().bind(kv! { service = "checkout", version = 3 });
    for id in ["7f3a", "91c0"] {
        handle(&log.bind(kv! { request_id = id }));
    }
    let log = log.unbind(&["version"])?;
    info!(logger: log, "done");
    Ok(())
}

/// Whatever is logged here carries the request's id.
fn handle(log: &Logger) {
    info!(logger: log, "request began", items = 3);
    warn!(logger: log, "stock of {item} is low", item = "tea", left = 2);
}
