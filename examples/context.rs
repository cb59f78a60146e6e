//! Binds fields to what is going on: a process, a thread, a scope, a future. Whoever logs meanwhile need
//! not know of them.

use std::pin::pin;
use std::task::{Context, Waker};

use logring::context::{self, WithContext};
use logring::{info, kv};
use logring_drain::{Embed, Sink};

fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").embedded(Sink::console())?;
    context::bind_process(kv! { version = 3 });
    context::bind(kv! { worker = "a" });
    {
        let _scope = context::bound(kv! { request_id = "7f3a" });
        place_order();
    }
    run(async { place_order() }.with_context(kv! { request_id = "91c0" }));
    info!("idle");
    Ok(())
}

fn place_order() {
    info!("order placed", total_cents = 1_999);
}

/// Stands for your executor; this future is ready at once.
fn run(future: impl Future<Output = ()>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(future).poll(&mut context).is_ready());
}
