//! Several processes, one log: this program starts itself three times, and all four log into the
//! same segment. The drain is embedded in the first; it could as well stand beside them all.

use std::process::Command;

use logring::{info, kv};
use logring_drain::{Embed, Sink};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(worker) = std::env::args().nth(1) {
        let _guard = logring::builder("jobs").install()?;
        let log = logring::logger().bind(kv! { worker });
        info!(logger: log, "job done", files = 12);
        return Ok(());
    }
    let _guard = logring::builder("jobs").embedded(Sink::console())?;
    info!("run started");
    for worker in ["a", "b", "c"] {
        // One after the other here, so that this example prints the same each time.
        Command::new(std::env::current_exe()?).arg(worker).status()?;
    }
    info!("run finished");
    Ok(())
}
