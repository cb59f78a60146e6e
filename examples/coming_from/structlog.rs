//! What a user of structlog does every day, as it is done in a Rust service here.
//! `docs/guide/from-structlog.md` has both side by side.

use logring::{Level, critical, error, info, kv, warn};
use logring_drain::{Embed, Event, Flow, Options, Sink};

fn main() -> logring::Result<()> {
    let options = Options::new([Sink::console(), Sink::json("shop.jsonl")])
        .processor("drop health checks", drop_health);
    let _guard = logring::builder("shop").level(Level::Info).embedded(options)?;

    let log = logring::logger();
    let log = log.bind(kv! { request_id = "7f3a", user = "ann" });
    info!(logger: log, "order placed", order_id = 42, total_cents = 1_999);
    info!(logger: log, "charge of {} failed", order_id = 42);
    let log = log.unbind(&["user"])?;
    let log = log.try_unbind(&["user", "no such key"]);
    warn!(logger: log, "stock is low", item = "tea");
    let log = log.new(kv! { job = "nightly" });
    critical!(logger: log, "disk is full");
    if let Err(err) = std::fs::read("prices.toml") {
        error!(logger: log, "cannot read the prices", err);
    }
    info!(logger: log, "checked", path = "/health");
    Ok(())
}

fn drop_health(event: &mut Event<'_>) -> Flow {
    let is_health = |field: &logring::record::Field<'_>| {
        field.key == "path" && field.value == logring::record::AnyValue::Str("/health".into())
    };
    if event.fields.iter().any(is_health) { Flow::Drop } else { Flow::Keep }
}
