//! Levels: a filter, a level of the program's own, and a question for what is costly and no field.

use logring::{Level, debug, enabled, info, log, warn};

const AUDIT: Level = Level::new(35);

fn main() -> logring::Result<()> {
    let builder = logring::builder("shop").own_level(AUDIT, "audit");
    let _guard = builder.filter("info,hyper=off").install()?;

    info!("order placed", order_id = 42);
    debug!(target: "shop::db", "connected", pool = 3);
    warn!(target: "hyper", "connection reset");
    log!(AUDIT, "a door was opened", door = 7);
    if enabled!(target: "shop::db", Level::Debug) {
        debug!(target: "shop::db", "plan", steps = explain());
    }
    Ok(())
}

/// Costly.
fn explain() -> Vec<&'static str> {
    vec!["scan orders", "sort"]
}
