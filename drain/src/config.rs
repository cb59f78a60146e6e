//! What a drain is to do: the TOML file, what the command line says over it, and the effective
//! whole of both. Called by `cli`; every value is checked here, so that what follows can rely on it.

mod levels;
pub mod pipeline;
mod sink;
mod value;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use logring::layout::geometry::RING_BYTES;
use logring::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::process::Fault;

/// How records of different lanes are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By their timestamps, whatever it takes up to `max_hold`.
    #[default]
    Strict,
    /// By their timestamps as far as records of the last moments have come.
    Window,
}

/// Settings of which each may be absent: those of a file, or of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The segment's name.
    pub segment: Option<String>,
    /// How records are ordered.
    pub order: Option<Order>,
    /// How long order waits for one record.
    #[serde(default, deserialize_with = "value::duration")]
    pub max_hold: Option<Duration>,
    /// Bytes of the ring of a segment that this drain creates.
    #[serde(default, deserialize_with = "value::size")]
    pub ring_bytes: Option<u64>,
    /// Wait for the segment instead of creating it.
    pub wait: Option<bool>,
    /// Processors that run once for all sinks.
    #[serde(default)]
    pub processors: Vec<Named>,
    /// Names and colours of programs' own levels.
    #[serde(default)]
    pub levels: OwnLevels,
    /// The sinks; empty means that nothing is said of them.
    #[serde(default, rename = "sink")]
    pub sinks: Vec<Sink>,
}

/// All settings in effect, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// The segment's name.
    pub segment: String,
    /// How records are ordered.
    pub order: Order,
    /// How long order waits for one record.
    #[serde(serialize_with = "value::write_duration")]
    pub max_hold: Duration,
    /// Bytes of the ring of a segment that this drain creates.
    pub ring_bytes: u64,
    /// Wait for the segment instead of creating it.
    pub wait: bool,
    /// Ask the drain that holds the segment to end, and go on where it was. No setting of a file.
    #[serde(skip)]
    pub takeover: bool,
    /// Processors that run once for all sinks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processors: Vec<Named>,
    /// Names and colours of programs' own levels.
    #[serde(skip_serializing_if = "OwnLevels::is_empty")]
    pub levels: OwnLevels,
    /// The sinks, at least one, each with a path of its own.
    #[serde(rename = "sink")]
    pub sinks: Vec<Sink>,
}

/// How long order waits for one record unless a setting says otherwise.
pub const MAX_HOLD: Duration = Duration::from_secs(2);

pub use levels::{OwnLevel, OwnLevels};
pub use pipeline::Named;
pub use sink::Sink;
pub use value::{parse_duration, parse_size};

impl Settings {
    /// The settings of a file.
    ///
    /// # Errors
    /// A file that cannot be read; keys or values that cannot be, one a line, as
    /// `<file>:<line>:<column>: <what is wrong and what was expected>`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::invalid(format!("cannot read {}: {error}", path.display())))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The settings of a file's text; `name` stands in errors.
    ///
    /// # Errors
    /// As for [`Settings::read`].
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let settings = toml::from_str(text);
        let mut faults = pipeline::faults(text);
        if let Err(error) = &settings {
            let message = error.message().trim().replace('\n', ", ");
            faults.push(Fault::new(error.span().unwrap_or(0..0), message));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let place = |fault: &Fault| {
            let before = text.get(..fault.span.start).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("{name}:{line}:{column}: {}", fault.message)
        };
        let told: Vec<String> = faults.iter().map(place).collect();
        match settings {
            Ok(settings) if told.is_empty() => Ok(settings),
            _ => Err(Error::invalid(told.join("\n"))),
        }
    }

    /// These settings where they say something, else `base`'s.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            segment: self.segment.or(base.segment),
            order: self.order.or(base.order),
            max_hold: self.max_hold.or(base.max_hold),
            ring_bytes: self.ring_bytes.or(base.ring_bytes),
            wait: self.wait.or(base.wait),
            processors: if self.processors.is_empty() { base.processors } else { self.processors },
            levels: if self.levels.is_empty() { base.levels } else { self.levels },
            sinks: if self.sinks.is_empty() { base.sinks } else { self.sinks },
        }
    }

    /// The whole, with defaults for what is not said.
    ///
    /// # Errors
    /// No segment, no sink, a sink that cannot be, or two sinks into one file.
    pub fn effective(self) -> Result<Config> {
        let segment = self.segment.ok_or_else(|| {
            Error::invalid("no segment: give `--segment NAME`, or `segment` in the config")
        })?;
        if self.sinks.is_empty() {
            return Err(Error::invalid(
                "no sink: give `--sink console` or `--sink json:PATH`, or a `[[sink]]` in the config",
            ));
        }
        levels::check(&self.levels)?;
        for (index, sink) in self.sinks.iter().enumerate() {
            sink.check()?;
            if self.sinks[..index].iter().any(|other| other.path == sink.path) {
                return Err(Error::invalid(format!(
                    "two sinks write to {}, expected a path of its own for each",
                    sink.path.display()
                )));
            }
        }
        Ok(Config {
            segment,
            order: self.order.unwrap_or_default(),
            max_hold: self.max_hold.unwrap_or(MAX_HOLD),
            ring_bytes: self.ring_bytes.unwrap_or(RING_BYTES),
            wait: self.wait.unwrap_or(false),
            takeover: false,
            processors: self.processors,
            levels: self.levels,
            sinks: self.sinks,
        })
    }
}

impl fmt::Display for Config {
    /// As a config file that has the same effect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
