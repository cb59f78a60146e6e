//! Lines of JSON that the benches have printed, read back: for the report and its checks.

use serde_json::Value;

use crate::Failure;

/// All lines.
#[derive(Debug, Default)]
pub struct Results(Vec<Value>);

impl Results {
    /// Adds the results among the lines of a text; other lines are passed over.
    ///
    /// # Errors
    /// A line that begins like a result and is none.
    pub fn read(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.lines().filter(|line| line.starts_with('{')) {
            self.0.push(serde_json::from_str(line)?);
        }
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a bench.
    pub fn of(&self, bench: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |line| word(line, "bench") == bench)
    }

    /// Calls measured in this setting and case.
    pub fn calls(&self, setting: &str, case: &str) -> impl Iterator<Item = &Value> {
        self.of("latency")
            .filter(move |line| word(line, "setting") == setting && word(line, "case") == case)
    }

    /// The neighbourhoods of cores in which enough of our plain calls were measured to go by.
    #[must_use]
    pub fn neighbourhoods(&self) -> Vec<&str> {
        const ENOUGH: f64 = 100.0;
        let mut all: Vec<&str> = self
            .calls("plain", "numbers")
            .filter(|line| is_ours(line) && number(line, "call_count") >= ENOUGH)
            .map(|line| word(line, "cores"))
            .collect();
        all.sort_unstable();
        all
    }
}

/// Whether a line is of logring's calls.
#[must_use]
pub fn is_ours(line: &Value) -> bool {
    word(line, "contender") == "logring"
}

/// Whether a line is of a crate that ours is held against.
#[must_use]
pub fn is_bound_crate(line: &Value) -> bool {
    !["logring", "kvlog", "quicklog", "spdlog", "lttng-ust"].contains(&word(line, "contender"))
}

/// A word of a line, empty if it has none.
#[must_use]
pub fn word<'v>(line: &'v Value, key: &str) -> &'v str {
    line.get(key).and_then(Value::as_str).unwrap_or("")
}

/// A figure of a line, NaN if it has none.
#[must_use]
pub fn number(line: &Value, key: &str) -> f64 {
    line.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// A word or figure as it stands in a table.
#[must_use]
pub fn cell(line: &Value, key: &str, digits: usize) -> String {
    match line.get(key) {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Number(number)) => {
            number.as_f64().map_or_else(String::new, |number| format!("{number:.digits$}"))
        }
        _ => String::new(),
    }
}
