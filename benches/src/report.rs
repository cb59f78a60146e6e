//! Results: the figure that stands for many, and the line of JSON.

use std::fmt::Write as _;

/// The middle one of some figures; NaN for none.
#[must_use]
pub fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

/// The figure below which the share `share` of all lies; NaN for none.
#[must_use]
pub fn quantile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The average; NaN for none.
#[must_use]
pub fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len() as f64
}

/// A result as one line of JSON: `{"bench":"...","records":...}`.
#[derive(Debug)]
pub struct Report(String);

impl Report {
    /// The result of the benchmark `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(format!("{{\"bench\":\"{name}\""))
    }

    /// With a count.
    #[must_use]
    pub fn count(mut self, key: &str, value: u64) -> Self {
        let _ = write!(self.0, ",\"{key}\":{value}");
        self
    }

    /// With a word.
    #[must_use]
    pub fn word(mut self, key: &str, value: &str) -> Self {
        let _ = write!(self.0, ",\"{key}\":\"{value}\"");
        self
    }

    /// With a figure, to three decimals; `null` when it is no number.
    #[must_use]
    pub fn figure(mut self, key: &str, value: f64) -> Self {
        let _ = if value.is_finite() {
            write!(self.0, ",\"{key}\":{value:.3}")
        } else {
            write!(self.0, ",\"{key}\":null")
        };
        self
    }

    /// With points of a curve.
    #[must_use]
    pub fn curve<const N: usize>(mut self, key: &str, points: [(f64, f64); N]) -> Self {
        let pairs = points.map(|(share, ns)| format!("[{share},{ns:.1}]")).join(",");
        let _ = write!(self.0, ",\"{key}\":[{pairs}]");
        self
    }

    /// Prints the line.
    pub fn print(mut self) {
        self.0.push('}');
        println!("{}", self.0);
    }
}
