//! Which levels go out for which targets: the `LOGRING` specification.
//!
//! ```text
//!  info,db=debug,shop::cart=off
//! ```
//!
//! Parts are separated by commas. `level` is the default; `target=level` holds for that target and
//! everything below it (`db` for `db::pool`, not for `dbx`), the longest one wins; `target` alone
//! lets all of it through. `off` lets nothing through. Of two parts for the same target the later
//! one wins. The rules that an operator sets for a segment are written in the same way.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::level::{LEVELS, Level};

/// The threshold of `off`. Level 0 is below every threshold, since 0 marks a word not in use yet.
const OFF: u8 = u8::MAX;
/// The lowest threshold.
const ALL: u8 = 1;

/// Thresholds by target. Printed, it is a specification again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `None`: it says nothing of other targets.
    default: Option<u8>,
    /// Longest target first.
    targets: Vec<(String, u8)>,
}

impl Filter {
    /// Records of this level and above, whatever their target.
    #[must_use]
    pub fn at(level: Level) -> Self {
        Self { default: Some(level.number().max(ALL)), targets: Vec::new() }
    }

    /// A filter that says nothing of any target: rules to be laid over other filters.
    #[must_use]
    pub fn nothing() -> Self {
        Self { default: None, targets: Vec::new() }
    }

    /// This filter with the parts of `spec` in force before its own.
    ///
    /// # Errors
    /// A part that is not `level`, `target=level` or `target`; the sentence has the part in it.
    pub fn with(mut self, spec: &str) -> Result<Self> {
        match self.take(spec) {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    /// Takes the parts of `spec` that are well formed; gives the error of the first one that is not.
    pub fn take(&mut self, spec: &str) -> Option<Error> {
        let mut first = None;
        for part in spec.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if let Err(error) = self.add(part) {
                first.get_or_insert_with(|| error.within(format!("filter {spec:?}")));
            }
        }
        self.targets.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        first
    }

    /// Takes out what it says of exactly this target. False: it says nothing of it.
    pub fn forget(&mut self, target: &str) -> bool {
        let before = self.targets.len();
        self.targets.retain(|(known, _)| known != target);
        self.targets.len() < before
    }

    /// The targets that it names.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|(target, _)| &**target)
    }

    /// Whether it says nothing of any target.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.default.is_none() && self.targets.is_empty()
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
                    self.default = Some(threshold);
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

    /// The lowest level number that goes out for `target`; 255 where none does. Of what it says
    /// nothing of, `info` and above goes out.
    #[must_use]
    pub fn threshold(&self, target: &str) -> u8 {
        self.covering(target).unwrap_or(Level::Info.number())
    }

    /// The same where it says something of `target`.
    #[must_use]
    pub fn covering(&self, target: &str) -> Option<u8> {
        let covers = |prefix: &str| match target.strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || rest.starts_with("::"),
            None => false,
        };
        let found = self.targets.iter().find(|(prefix, _)| covers(prefix));
        found.map(|(_, threshold)| *threshold).or(self.default)
    }

    /// The lowest threshold in it.
    #[cfg(feature = "log")]
    pub(crate) fn lowest(&self) -> Option<u8> {
        self.targets.iter().map(|(_, threshold)| *threshold).chain(self.default).min()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = self.default.map(word);
        let mut targets: Vec<_> = self.targets.iter().collect();
        targets.sort();
        let targets = targets.iter().map(|(target, level)| format!("{target}={}", word(*level)));
        let parts: Vec<String> = default.into_iter().chain(targets).collect();
        f.write_str(&parts.join(","))
    }
}

/// A threshold as a specification has it. Levels of a program's own go by number, since another
/// process may not know their names.
#[must_use]
pub fn word(threshold: u8) -> String {
    let ten = LEVELS.iter().find(|(level, _)| level.number() == threshold);
    match (threshold, ten) {
        (OFF, _) => "off".to_owned(),
        (ALL, _) => "all".to_owned(),
        (_, Some((_, word))) => (*word).to_owned(),
        (number, None) => number.to_string(),
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
    fn a_filter_is_printed_as_it_is_read() {
        for spec in ["info", "off,db=debug,net=35", "all", "db::pool=warning", ""] {
            let filter = Filter::nothing().with(spec).unwrap();
            assert_eq!(filter.to_string(), spec);
        }
        let mut rules = Filter::nothing().with("b=debug,a=off").unwrap();
        assert_eq!((rules.covering("a::x"), rules.covering("c")), (Some(255), None));
        assert!(rules.forget("a") && !rules.forget("a::x") && !rules.is_nothing());
        assert_eq!(rules.to_string(), "b=debug");
    }

    #[test]
    fn the_parts_that_are_well_formed_are_taken() {
        let mut filter = Filter::at(Level::Warning);
        let error = filter.take("db=loud,net=debug,x=y=z,error").unwrap().to_string();
        assert!(error.contains("\"db=loud\""), "{error}");
        assert_eq!(["db", "net", "x"].map(|target| filter.threshold(target)), [40, 10, 40]);
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
