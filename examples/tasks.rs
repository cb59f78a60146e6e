//! Fields of a task: over `.await`, into what it spawns, and on to a thread.

use logring::context::{self, Context, WithContext};
use logring::{info, kv};
use logring_drain::{Embed, Sink};

#[tokio::main]
async fn main() -> logring::Result<()> {
    let _guard = logring::builder("shop").embedded(Sink::console())?;

    for request_id in ["7f3a", "91c0"] {
        tokio::spawn(serve().with_context(kv! { request_id })).await.expect("it ends");
    }
    info!("idle");
    Ok(())
}

async fn serve() {
    info!("request began");
    // Stays with the task from here on, whatever thread goes on with it.
    context::bind(kv! { user = "ann" });
    tokio::task::yield_now().await;

    let paid = pay().with_context(kv! { step = "pay" });
    let packed = pack().with_context(kv! { step = "pack" });
    tokio::join!(paid, packed);

    // What is spawned begins without a context, unless it is given one.
    tokio::spawn(mail().in_scope(Context::current())).await.expect("it ends");

    let here = Context::current();
    let audit = std::thread::spawn(move || {
        let _attached = here.attach();
        info!("request audited");
    });
    audit.join().expect("it ends");
}

async fn pay() {
    context::bind(kv! { bank = "north" });
    tokio::task::yield_now().await;
    info!("order paid");
}

async fn pack() {
    info!("order packed");
}

async fn mail() {
    info!("mail sent");
}
