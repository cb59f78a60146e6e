//! Smoke.
use logring::{Level, Overflow, info};
fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap();
    let n: u64 = args.next().unwrap().parse().unwrap();
    let _guard = logring::builder(name).level(Level::Info).overflow(Overflow::BlockForever).install().unwrap();
    let start = std::time::Instant::now();
    for i in 0..n {
        info!("This is logging {n} for TEST", n = i, other = 7u64, ratio = 0.5f64);
    }
    let t = start.elapsed();
    eprintln!("{} ns per call", t.as_nanos() as f64 / n as f64);
}
