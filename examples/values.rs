//! Logs types of one's own: derived, by hand, by serde; errors with sources and backtraces; secrets.

use std::backtrace::Backtrace;
use std::time::{Duration, SystemTime};
use std::{error::Error, fmt, io};

use logring::{AsSerde, Secret, Value, WithBacktrace, Writer, error, info};
use logring_drain::{Embed, Sink};

#[derive(Value)]
struct Order {
    id: u64,
    #[log(rename = "amount")]
    total_cents: u64,
    #[log(redact)]
    card: String,
    #[log(skip)]
    cache: Vec<u8>,
    #[log(display)]
    currency: Currency,
    state: State,
}

#[derive(Value)]
enum State {
    Open,
    Paid { method: String },
}

struct Currency(&'static str);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct Route(Vec<&'static str>);

impl Value for Route {
    fn encode(&self, out: &mut Writer) {
        out.map(|map| {
            map.pair("stops", &self.0.len()).pair("via", &self.0);
        });
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipment {
    parcel_count: u32,
    weights: Vec<f32>,
}

#[derive(Debug)]
struct ChargeFailed {
    source: io::Error,
    backtrace: Backtrace,
}

impl fmt::Display for ChargeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("charge failed")
    }
}

impl Error for ChargeFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn main() -> logring::Result<()> {
    let _guard = logring::builder("values").embedded(Sink::json("values.jsonl"))?;

    let paid = State::Paid { method: "card".into() };
    let order = Order {
        id: 7,
        total_cents: 1_999,
        card: "4111 1111 1111 1111".into(),
        cache: vec![0; 1_000_000],
        currency: Currency("EUR"),
        state: paid,
    };
    info!("order placed", order, before = State::Open);
    assert_eq!(order.card.len(), 19);
    info!("planned", route = Route(vec!["Ulm", "Bonn"]));
    info!("shipped", shipment = AsSerde(&Shipment { parcel_count: 2, weights: vec![0.1, 2.5] }));

    let password = Secret::new(String::from("hunter2"));
    info!("login", user = "ann", password, shown = ?password);
    assert_eq!(password.expose(), "hunter2");

    info!(
        "all sorts",
        tags = ["new", "gift"],
        point = (1, 2.5),
        took = Duration::from_millis(1_500),
        since = SystemTime::UNIX_EPOCH,
        coupon = None::<&str>,
        raw = logring::Bytes(&[0, 255]),
    );

    let source = io::Error::new(io::ErrorKind::TimedOut, "no answer within 3 s");
    let err = ChargeFailed { source, backtrace: Backtrace::capture() };
    error!("cannot place the order", err = WithBacktrace(&err, &err.backtrace));

    let more: Vec<_> = order.cache.iter().take(10_000).collect();
    info!("long", more);
    Ok(())
}
