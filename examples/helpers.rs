//! Log calls that go out now and then, and panics that are logged.

use std::time::Duration;

use logring::{Level, info, warn};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let builder = logring::builder("shop").level(Level::Info);
    let _guard = builder.embedded(Sink::console())?;
    for n in 0..250 {
        info!(every_n: 100, "served", n);
        warn!(once, "the cache is cold", n);
        info!(every: Duration::from_secs(60), "still here", n);
    }
    info!(sample: 1.0, "hit", path = "/");

    // The report of the panic on stderr is not wanted here.
    std::panic::set_hook(Box::new(|_| ()));
    let price = logring::catch(|| price_of("tea"));
    info!("went on", price = price.unwrap_or(0));
    Ok(())
}

fn price_of(item: &str) -> u64 {
    panic!("no price for {item}")
}
