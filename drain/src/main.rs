//! The `logring-drain` command.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (segment, _) =
        logring::shm::Segment::open_or_create_static(&logring::shm::SegmentSpec::new(&args[1]))
            .unwrap();
    let options = logring_drain::Options {
        sinks: args[2..]
            .iter()
            .map(|s| logring_drain::sink::SinkSpec::parse(s, &["json"]).unwrap())
            .collect(),
        max_hold: Duration::from_secs(2),
        state_dir: None,
    };
    let mut service = logring_drain::Service::start(
        segment,
        &options,
        logring_drain::process::Chain::new(),
        |_| Box::new(logring_drain::render::JsonRenderer::default()),
    )
    .map_err(|_| ())
    .unwrap();
    static STOP: AtomicBool = AtomicBool::new(false);
    extern "C" fn on(_: i32) {
        STOP.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(15, on as *const () as usize);
        libc::signal(2, on as *const () as usize);
    }
    service.run(&STOP);
}
