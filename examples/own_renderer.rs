//! A renderer of your own: an event becomes a line of whatever form you like.

use logring::info;
use logring_drain::{Embed, Event, Options, OwnSink, Renderer};

/// The level's first letter and the text, for small screens.
struct Short;

impl Renderer for Short {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let letter = event.level.to_string()[..1].to_uppercase();
        let user = event.get("user").map_or(String::new(), |user| format!(" {user:?}"));
        out.extend_from_slice(format!("{letter} {:?}{user}\n", event.event).as_bytes());
    }
}

fn main() -> logring::Result<()> {
    let screen = OwnSink::new("screen", std::io::stdout()).renderer(Short);
    let _guard = logring::builder("shop").embedded(Options::new([]).own_sink(screen))?;
    info!("user logged in", user = "ann");
    Ok(())
}
