//! `sample`: a part of the events, the same part each time.

use std::hash::{DefaultHasher, Hash, Hasher};

use logring::Level;
use logring::record::{AnyValue, Event};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::options::Least;
use super::registry::Configured;
use super::{Flow, Processor};

/// Keeps the share `rate` (above 0, up to 1) of the events below the level `below` (`warning`), and
/// all others. With `by`, events that have the same value under that key stay or go together. An
/// event that could have been dropped carries `sample_rate`, so that readers can scale up.
///
/// It keeps no state: whether an event stays follows from the event alone, so a batch that is
/// rendered twice, after a kill, has the same events both times.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let half = r#"{ name = "sample", rate = 0.5, by = "id" }"#;
/// let kept = |id: u32| !tried(half, &format!(r#"{{"event":"x","id":{id}}}"#)).is_empty();
/// let count = (0..1000).filter(|id| kept(*id)).count();
/// assert!((400..600).contains(&count), "{count}");
/// assert!(!tried(half, r#"{"event":"x","level":"error"}"#).contains("sample_rate"));
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    #[serde(deserialize_with = "rate")]
    rate: f64,
    by: Option<String>,
    #[serde(default = "warning")]
    below: Least,
}

fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let rate = f64::deserialize(from)?;
    if rate > 0.0 && rate <= 1.0 {
        return Ok(rate);
    }
    Err(D::Error::custom(format!("rate {rate}, expected one above 0 and up to 1")))
}

fn warning() -> Least {
    Least(Level::Warning)
}

impl Configured for Sample {}

impl Processor for Sample {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        if event.level >= self.below.0 {
            return Flow::Keep;
        }
        let mut hasher = DefaultHasher::new();
        match self.by.as_ref().and_then(|key| event.get(key)) {
            Some(value) => format!("{value:?}").hash(&mut hasher),
            None => (event.timestamp_ns, event.pid, event.tid, &event.event).hash(&mut hasher),
        }
        // The hash as a number from 0 up to 1.
        let share = (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64;
        if share >= self.rate {
            return Flow::Drop;
        }
        event.set("sample_rate", AnyValue::F64(self.rate));
        Flow::Keep
    }
}
