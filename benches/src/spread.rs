//! How figures are spread: a histogram of nanoseconds, to a tenth. Histograms of several processes and
//! rounds are added; they travel as text.

use hdrhistogram::Histogram;

use crate::Failure;
use crate::report::Report;

/// Figures in nanoseconds.
#[derive(Clone, Debug)]
pub struct Spread(Histogram<u64>);

/// A histogram's unit is a tenth of a nanosecond.
const UNITS: f64 = 10.0;
/// Up to a second.
const MAX: u64 = 10_000_000_000;
/// The shares at which a curve is drawn.
const CURVE: [f64; 12] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0];

impl Spread {
    /// No figures yet.
    ///
    /// # Errors
    /// Never, as long as the bounds are what they are.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self(Histogram::new_with_bounds(1, MAX, 3)?))
    }

    /// Adds a figure; less than nothing counts as nothing.
    pub fn add(&mut self, ns: f64) {
        self.0.saturating_record((ns * UNITS).round().clamp(0.0, MAX as f64) as u64);
    }

    /// Adds the figures of another.
    ///
    /// # Errors
    /// Never: all have the same bounds.
    pub fn append(&mut self, other: &Self) -> Result<(), Failure> {
        Ok(self.0.add(&other.0)?)
    }

    /// How many figures there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The average.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.mean() / UNITS
    }

    /// The figure below which the share `share` of all lies.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / UNITS
    }

    /// Adds the figures that stand for all to a report, under keys that begin with `name`, and the
    /// curve for its picture.
    #[must_use]
    pub fn report(&self, name: &str, report: Report) -> Report {
        let report = report
            .count(&format!("{name}_count"), self.len())
            .figure(&format!("{name}_mean_ns"), self.mean());
        let shares = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)];
        let report = shares.into_iter().fold(report, |report, (word, share)| {
            report.figure(&format!("{name}_{word}_ns"), self.quantile(share))
        });
        report.curve(&format!("{name}_curve"), CURVE.map(|share| (share, self.quantile(share))))
    }

    /// As text: pairs of a value and its count.
    #[must_use]
    pub fn to_text(&self) -> String {
        let pairs = self.0.iter_recorded().map(|step| {
            format!("{}:{}", step.value_iterated_to(), step.count_since_last_iteration())
        });
        pairs.collect::<Vec<_>>().join(",")
    }

    /// Out of such text.
    ///
    /// # Errors
    /// It is other text.
    pub fn from_text(text: &str) -> Result<Self, Failure> {
        let mut spread = Self::new()?;
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (value, count) = pair.split_once(':').ok_or("a histogram's pair has no colon")?;
            spread.0.saturating_record_n(value.parse()?, count.parse()?);
        }
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travelled_as_text_is_what_it_was() {
        let mut spread = Spread::new().unwrap();
        for number in 1..=1000 {
            spread.add(f64::from(number) / 4.0);
        }
        let back = Spread::from_text(&spread.to_text()).unwrap();
        assert_eq!(back.len(), 1000);
        assert_eq!(back.quantile(0.5).to_bits(), spread.quantile(0.5).to_bits());
        assert!((back.quantile(0.99) - 247.5).abs() < 0.5);
        assert!(Spread::from_text("1;2").is_err());
    }
}
