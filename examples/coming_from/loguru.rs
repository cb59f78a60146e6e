//! What a user of loguru does every day, as it is done in a Rust service here.
//! `docs/guide/from-loguru.md` has both side by side.

use std::time::Duration;

use logring::{Level, context, debug, error, info, kv, log, success};
use logring_drain::{Embed, Event, Flow, Options, Sink};

const AUDIT: Level = Level::new(35);

fn main() -> logring::Result<()> {
    let sinks = [Sink::console(), Sink::json("shop.jsonl").level(Level::Warning)];
    let options = Options::new(sinks).processor("only ours", |event: &mut Event<'_>| {
        if event.target.starts_with("lib") { Flow::Drop } else { Flow::Keep }
    });
    let builder = logring::builder("shop").own_level(AUDIT, "audit");
    let _guard = builder.filter("info,lib=off").embedded(options)?;

    info!("order placed");
    info!("charge of {order_id} failed after {ms:.1} ms", order_id = 42, ms = 3.17);
    let log = logring::logger().bind(kv! { request_id = "7f3a" });
    success!(logger: log, "order placed");
    let _scope = context::bound(kv! { task_id = 7 });
    log!(AUDIT, "a door was opened", door = 7);
    debug!("sum is {sum}", sum = costly());
    if let Err(err) = std::fs::read("prices.toml") {
        error!("cannot read the prices", err);
    }
    logring::flush(Duration::from_secs(10))?;
    Ok(())
}

/// Not called: nothing is evaluated below the level.
fn costly() -> u64 {
    unreachable!("debug is off")
}
