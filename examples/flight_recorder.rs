//! Debug records that cost no line until something fails: each thread keeps its newest, and an error
//! has them written before it.

use logring::{Level, debug, error, info};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let builder = logring::builder("flight").level(Level::Info);
    let builder = builder.flight_recorder(Level::Debug, Level::Error, 2);
    let _guard = builder.embedded(Sink::json("flight.jsonl"))?;
    for order in 1..=3 {
        debug!("price asked", order);
        info!("order placed", order);
    }
    debug!("card refused", order = 4, code = 51);
    error!("order failed", order = 4);
    Ok(())
}
