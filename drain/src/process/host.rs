//! `host`: facts of the machine that the drain runs on, which is the producers' machine.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::registry::Configured;
use super::{Flow, Processor};

/// Adds `facts`, each under its name; the `hostname` by default. They are read once, at the start.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let line = tried(r#"{ name = "host", facts = ["os", "hostname"] }"#, r#"{"event":"x"}"#);
/// assert!(line.starts_with(r#"{"event": "x", "os": "linux", "hostname": ""#), "{line}");
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    #[serde(default = "hostname", deserialize_with = "read")]
    facts: Vec<(Fact, String)>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact {
    Hostname,
    Os,
    Arch,
    Kernel,
    BootId,
}

impl Configured for Host {
    const SHAPES: bool = true;
}

impl Processor for Host {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        for (fact, value) in &self.facts {
            event.set(fact.key(), AnyValue::Str(Cow::Owned(value.clone())));
        }
        Flow::Keep
    }
}

fn hostname() -> Vec<(Fact, String)> {
    Fact::Hostname.read().map(|value| (Fact::Hostname, value)).into_iter().collect()
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(Fact, String)>, D::Error> {
    let facts = Vec::<Fact>::deserialize(from)?;
    facts
        .into_iter()
        .map(|fact| match fact.read() {
            Some(value) => Ok((fact, value)),
            None => Err(D::Error::custom(format!("this machine does not tell its {}", fact.key()))),
        })
        .collect()
}

impl Fact {
    fn key(self) -> &'static str {
        match self {
            Self::Hostname => "hostname",
            Self::Os => "os",
            Self::Arch => "arch",
            Self::Kernel => "kernel",
            Self::BootId => "boot_id",
        }
    }

    fn read(self) -> Option<String> {
        let file = |name| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
        let value = match self {
            Self::Hostname => file("hostname")?,
            Self::Os => std::env::consts::OS.to_owned(),
            Self::Arch => std::env::consts::ARCH.to_owned(),
            Self::Kernel => file("osrelease")?,
            Self::BootId => file("random/boot_id")?,
        };
        Some(value.trim().to_owned())
    }
}
