//! Which levels go out for which targets: the `LOGRING` specification.
//!
//! ```text
//!  info,db=debug,shop::cart=off
//! ```
//!
//! Parts are separated by commas. `level` is the default; `target=level` holds for that target and
//! everything below it (`db` for `db::pool`, not for `dbx`), the longest one wins; `target` alone
//! lets all of it through. `off` lets nothing through. Of two parts for the same target the later
//! one wins.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::level::Level;

/// The threshold of `off`. Level 0 is below every threshold, since 0 marks a word not in use yet.
const OFF: u8 = u8::MAX;
/// The lowest threshold.
const ALL: u8 = 1;

/// Thresholds by target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    default: u8,
    /// Longest target first.
    targets: Vec<(String, u8)>,
}

impl Filter {
    /// Records of this level and above, whatever their target.
    #[must_use]
    pub fn at(level: Level) -> Self {
        Self { default: level.number().max(ALL), targets: Vec::new() }
    }

    /// This filter with the parts of `spec` in force before its own.
    ///
    /// # Errors
    /// A part that is not `level`, `target=level` or `target`; the sentence has the part in it.
    pub fn with(mut self, spec: &str) -> Result<Self> {
        for part in spec.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            self.add(part).map_err(|error| error.within(format!("filter {spec:?}")))?;
        }
        self.targets.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        Ok(self)
    }

    fn add(&mut self, part: &str) -> Result<()> {
        let (target, threshold) = match part.split_once('=') {
            Some((target, level)) => {
                let threshold = threshold(level)
                    .map_err(|error| error.within(format!("in the part {part:?}")))?;
                (target.trim(), threshold)
            }
            None => match threshold(part) {
                Ok(threshold) => {
                    self.default = threshold;
                    return Ok(());
                }
                // A lone word that is no level is a target.
                Err(_) => (part, ALL),
            },
        };
        if target.is_empty() || target.contains(|c: char| c.is_whitespace() || c == '=') {
            return Err(Error::invalid(format!(
                "the part {part:?} has no proper target, expected `level`, `target=level` or `target`"
            )));
        }
        self.targets.retain(|(known, _)| known != target);
        self.targets.push((target.to_owned(), threshold));
        Ok(())
    }

    /// The lowest level number that goes out for `target`; 255 where none does.
    #[must_use]
    pub fn threshold(&self, target: &str) -> u8 {
        let covers = |prefix: &str| match target.strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || rest.starts_with("::"),
            None => false,
        };
        let found = self.targets.iter().find(|(prefix, _)| covers(prefix));
        found.map_or(self.default, |(_, threshold)| *threshold)
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::at(Level::Info)
    }
}

impl FromStr for Filter {
    type Err = Error;

    /// A specification over the default level, info.
    fn from_str(spec: &str) -> Result<Self> {
        Self::default().with(spec)
    }
}

fn threshold(level: &str) -> Result<u8> {
    match level.trim() {
        word if word.eq_ignore_ascii_case("off") => Ok(OFF),
        word if word.eq_ignore_ascii_case("all") => Ok(ALL),
        word => Ok(word.parse::<Level>()?.number().max(ALL)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(spec: &str, targets: &[&str]) -> Vec<u8> {
        let filter: Filter = spec.parse().unwrap();
        targets.iter().map(|target| filter.threshold(target)).collect()
    }

    #[test]
    fn the_longest_target_wins_at_a_boundary() {
        let targets = ["app", "db", "db::pool", "db::pool::idle", "dbx", "d", ""];
        let got = thresholds("warn, db=debug ,db::pool=off", &targets);
        assert_eq!(got, [30, 10, 255, 255, 30, 30, 30]);
    }

    #[test]
    fn every_form_of_a_part() {
        assert_eq!(thresholds("", &["a"]), [20]);
        assert_eq!(thresholds("off", &["a"]), [255]);
        assert_eq!(thresholds("db", &["db", "a"]), [1, 20]);
        assert_eq!(thresholds("a=warn,a=trace,debug,error", &["a", "b"]), [5, 40]);
        assert_eq!(thresholds("a=33,b=LEVEL7,c=0,,", &["a", "b", "c"]), [33, 7, 1]);
        assert_eq!(thresholds("info,db=debug,off", &["db::x", "a"]), [10, 255]);
    }

    #[test]
    fn errors_name_the_part() {
        for (spec, part) in [
            ("info,db=loud", "\"db=loud\""),
            ("=info", "\"=info\""),
            ("a=b=info", "\"a=b=info\""),
            ("two words", "\"two words\""),
            ("a=300", "\"a=300\""),
        ] {
            let error = spec.parse::<Filter>().unwrap_err();
            assert!(error.is_invalid(), "{error}");
            let text = error.to_string();
            assert!(text.contains(part) && text.contains(spec), "{text}");
        }
    }
}
