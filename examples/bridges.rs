//! A program with `log` and `tracing` macros alone, as its libraries have them, that logs through the
//! ring. One line is logring's.

use std::net::TcpListener;

use logring_drain::{Embed, Sink};
use tracing::{Instrument, info, info_span, instrument, warn};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").log_bridge().tracing_bridge().embedded(Sink::console())?;

    log::info!("shop opens");
    log::info!(order_id = 42, total_cents = 1_999; "order placed");
    log::warn!(target: "db", "pool has {} idle connections", 0);

    info!(order_id = 42, total_cents = 1_999, "order placed");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let request = info_span!("request", request_id = "7f3a", user = tracing::field::Empty);
    runtime.block_on(serve().instrument(request));
    Ok(())
}

async fn serve() {
    tracing::Span::current().record("user", "ann");
    checkout(42).await;
    logring::info!("request served", status = 200);
}

#[instrument]
async fn checkout(order_id: u64) {
    if let Err(err) = TcpListener::bind("203.0.113.1:80") {
        let err: &(dyn std::error::Error + 'static) = &err;
        warn!(err, "no connection to the bank");
    }
    log::info!(item = "tea"; "item added");
}
