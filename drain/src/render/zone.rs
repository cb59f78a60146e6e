//! A time zone as an option says it, for processors and renderers.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A time zone of this machine's database.
#[derive(Clone, Debug)]
pub(crate) struct Zone(pub(crate) TimeZone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            D::Error::custom(format!(
                "unknown time zone `{name}`, expected a name of the system's database like \
                 Europe/Vienna or UTC"
            ))
        })
    }
}
