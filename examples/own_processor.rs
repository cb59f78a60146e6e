//! Processors of your own: each event passes through them in the drain, before it becomes a line.

use logring::info;
use logring::record::AnyValue;
use logring_drain::{Embed, Event, Flow, Options, Sink};

fn main() -> logring::Result<()> {
    let options = Options::new([Sink::console()])
        .processor("drop health checks", |event: &mut Event<'_>| {
            if event.event == "health checked" { Flow::Drop } else { Flow::Keep }
        })
        .processor("hide secrets", hide_secrets);
    let _guard = logring::builder("shop").embedded(options)?;
    info!("health checked");
    info!("user logged in", user = "ann", password = "hunter2");
    Ok(())
}

fn hide_secrets(event: &mut Event<'_>) -> Flow {
    for field in &mut event.fields {
        if field.key == "password" {
            field.value = AnyValue::Str("***".into());
        }
    }
    Flow::Keep
}
