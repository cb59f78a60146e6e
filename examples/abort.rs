//! Logs, then dies at once: nothing is called before the end, no destructor runs.

use logring::{error, info};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("crashing").embedded(Sink::json("crashing.jsonl"))?;
    info!("began", step = 1);
    error!("cannot go on", step = 2);
    std::process::abort();
}
