//! What the results must show, line by line: the goal, what was found, and whether that is enough.

use serde_json::Value;

use crate::results::{Results, is_bound_crate, is_ours, number, word};

/// A goal and what was found.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is looked at.
    pub what: String,
    /// The goal.
    pub goal: String,
    /// What was found.
    pub found: String,
    /// Whether it is enough.
    pub holds: bool,
}

/// All goals that these results say something about.
#[must_use]
pub fn checks(results: &Results) -> Vec<Check> {
    let mut list = List(Vec::new());
    for cores in results.neighbourhoods() {
        calls(results, cores, &mut list);
        peers(results, cores, &mut list);
    }
    throughput(results, &mut list);
    processes(results, &mut list);
    list.0
}

struct List(Vec<Check>);

impl List {
    fn at_most(&mut self, what: String, found: f64, most: f64, unit: &str) {
        let goal = format!("at most {most}{unit}");
        self.push(what, goal, found, unit, found <= most);
    }

    fn at_least(&mut self, what: String, found: f64, least: f64, unit: &str) {
        let goal = format!("at least {least}{unit}");
        self.push(what, goal, found, unit, found >= least);
    }

    fn push(&mut self, what: String, goal: String, found: f64, unit: &str, holds: bool) {
        if found.is_finite() {
            self.0.push(Check { what, goal, found: format!("{found:.2}{unit}"), holds });
        }
    }
}

fn least(figures: impl Iterator<Item = f64>) -> f64 {
    figures.filter(|figure| figure.is_finite()).fold(f64::INFINITY, f64::min)
}

/// Ours against the floor.
fn calls(results: &Results, cores: &str, list: &mut List) {
    let ours = |case| {
        results.calls("plain", case).find(move |line| is_ours(line) && word(line, "cores") == cores)
    };
    let (bursts, singles) = match cores {
        "two caches" => ([4.0, 8.0], [1.4, 2.5, 8.0]),
        _ => ([1.5, 2.5], [1.3, 2.0, 5.0]),
    };
    if let Some(line) = ours("numbers") {
        let name = |what: &str| format!("two integers and a double, {what}, {cores}");
        list.at_most(name("bursts, mean"), number(line, "ratio_mean"), bursts[0], " x the floor");
        list.at_most(name("bursts, p99"), number(line, "ratio_p99"), bursts[1], " x the floor");
        for (part, most) in ["mean", "p99", "p999"].into_iter().zip(singles) {
            let ratio = number(line, &format!("single_{part}_ns"))
                / number(line, &format!("single_floor_{part}_ns"));
            list.at_most(name(&format!("single, {part}")), ratio, most, " x the floor");
        }
    }
    if cores != "two caches" {
        for (case, most) in [("literal", 1.4), ("text", 2.0)] {
            let ratio = ours(case).map_or(f64::NAN, |line| number(line, "ratio_mean"));
            list.at_most(format!("{case}, bursts, mean, {cores}"), ratio, most, " x the floor");
        }
    }
    let net = |line: &Value| number(line, "call_mean_ns") - number(line, "empty_mean_ns");
    list.at_most(
        format!("disabled level, {cores}"),
        ours("disabled").map_or(f64::NAN, net),
        1.0,
        " ns",
    );
}

/// Others against ours: the one that comes closest counts.
fn peers(results: &Results, cores: &str, list: &mut List) {
    let closest = |case, key, of: fn(&Value) -> bool| {
        let lines = results.calls("plain", case);
        least(
            lines
                .filter(|line| of(line) && word(line, "cores") == cores)
                .map(|line| number(line, key)),
        )
    };
    for (key, share, wanted) in [("p50_of_ours", "p50", 5.0), ("p999_of_ours", "p99.9", 20.0)] {
        let what = format!("two integers and a double, the closest crate's {share}, {cores}");
        list.at_least(what, closest("numbers", key, is_bound_crate), wanted, " x ours");
    }
    for case in ["literal", "text", "context", "four"] {
        let what = format!("{case}, the closest other's p50, {cores}");
        let found = closest(case, "p50_of_ours", |line| {
            !is_ours(line) && !["kvlog", "quicklog"].contains(&word(line, "contender"))
        });
        list.at_least(what, found, 1.0, " x ours");
    }
    let is_lttng = |line: &Value| word(line, "contender") == "lttng-ust";
    let what = format!("LTTng-UST, four values, p50, {cores}");
    list.at_least(what, closest("four", "p50_of_ours", is_lttng), 3.0, " x ours");
}

fn throughput(results: &Results, list: &mut List) {
    let peers = || results.of("throughput-peer");
    let ratio = least(peers().filter(|l| is_bound_crate(l)).map(|l| number(l, "ours_of_it")));
    list.at_least("text throughput, ours".into(), ratio, 4.0, " x the best crate's");
    let lttng = peers().find(|line| word(line, "contender") == "lttng-ust");
    list.at_least(
        "babeltrace2's time to make text of LTTng-UST's trace".into(),
        lttng.map_or(f64::NAN, |line| number(line, "decode_of_ours")),
        1.0,
        " x ours from the first call",
    );
    for line in results.of("throughput") {
        if number(line, "processes") * number(line, "threads") == 1.0 {
            let what = format!("{} to a complete file", word(line, "form"));
            list.at_least(what, number(line, "cpu_ratio"), 0.65, " of the ceiling, CPU time");
        }
    }
    let lines = ["throughput", "throughput-peer", "demo"].into_iter().flat_map(|b| results.of(b));
    let lost: Vec<f64> = lines.map(|line| number(line, "lost")).collect();
    if !lost.is_empty() {
        list.at_most("records lost, by anybody".into(), lost.iter().sum(), 0.0, "");
    }
}

fn processes(results: &Results, list: &mut List) {
    for line in results.of("scale") {
        let processes = number(line, "processes");
        if [2.0, 4.0].contains(&processes) {
            let what = format!("{processes} processes, CPU time of a call");
            list.at_most(what, number(line, "producer_ratio"), 1.3, " x that of one");
        }
    }
    for line in results.of("demo") {
        let what = format!("{} processes at once, run phase", number(line, "processes"));
        list.at_least(what, number(line, "run_million_a_second"), 2.0, " M records/s");
    }
    for line in results.of("idle") {
        let processes = number(line, "processes");
        let (name, most) = match processes {
            0.0 => ("nobody attached".to_owned(), 0.5),
            _ => (format!("{processes} idle processes attached"), 1.0),
        };
        list.at_most(format!("drain, {name}"), number(line, "core_percent"), most, " % of a core");
        let delay = number(line, "delay_p99_ns") / 1e6;
        list.at_most(format!("a lone record in the file, {name}, p99"), delay, 5.0, " ms");
    }
    for line in results.of("attach") {
        list.at_most("attach, p50".into(), number(line, "attach_p50_ns") / 1e6, 1.0, " ms");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_peer_counts_and_what_is_only_shown_does_not() {
        let mut results = Results::default();
        let peer = |name: &str, p50: f64| {
            format!(
                "{{\"bench\":\"latency\",\"contender\":\"{name}\",\"case\":\"numbers\",\"setting\":\"plain\",\
                 \"cores\":\"one cache\",\"call_count\":500,\"p50_of_ours\":{p50}}}\n"
            )
        };
        let text = [("logring", 1.0), ("ftlog", 6.0), ("fast_log", 4.5), ("kvlog", 2.0)]
            .map(|(name, p50)| peer(name, p50));
        results.read(&text.concat()).unwrap();
        let checks = checks(&results);
        let [check] = &checks[..] else { panic!("{checks:?}") };
        assert_eq!(check.found, "4.50 x ours");
        assert!(!check.holds);
    }
}
