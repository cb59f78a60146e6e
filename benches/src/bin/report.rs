//! Results as a page for people: reads the lines of JSON that the benches printed, and writes an HTML
//! page with pictures, and `docs/benchmarks.md`. Ratios come first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use logring_bench::Failure;
use logring_bench::svg::{Bar, Curve, bars, curves, escaped};
use serde_json::Value;

/// Writes a page of what the benches have printed
#[derive(Debug, Parser)]
struct Args {
    /// Files with the lines of JSON; other lines in them are passed over
    files: Vec<PathBuf>,
    /// The HTML page
    #[arg(long)]
    html: PathBuf,
    /// The part of a Markdown page between its `<!-- results -->` marks
    #[arg(long)]
    docs: Option<PathBuf>,
    /// How the results were made, a line each
    #[arg(long = "command")]
    commands: Vec<String>,
}

fn main() -> ExitCode {
    logring_bench::exit("report", write(&Args::parse()))
}

fn write(args: &Args) -> Result<(), Failure> {
    let mut results = Results(Vec::new());
    for file in &args.files {
        let text = std::fs::read_to_string(file)?;
        for line in text.lines().filter(|line| line.starts_with('{')) {
            results.0.push(serde_json::from_str(line)?);
        }
    }
    if results.0.is_empty() {
        return Err("there is no result in these files".into());
    }
    let tables = tables(&results);
    std::fs::write(&args.html, html(&results, &tables))?;
    if let Some(docs) = &args.docs {
        const MARK: &str = "<!-- results -->";
        let page = std::fs::read_to_string(docs)?;
        let parts: Vec<&str> = page.split(MARK).collect();
        let [before, _, behind] = parts[..] else {
            return Err(format!("{} has not two lines {MARK}", docs.display()).into());
        };
        let text = markdown(&tables, &args.commands)?;
        std::fs::write(docs, format!("{before}{MARK}\n{text}\n{MARK}{behind}"))?;
    }
    Ok(())
}

/// All lines.
struct Results(Vec<Value>);

impl Results {
    fn of(&self, bench: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |line| word(line, "bench") == bench)
    }
}

fn word<'v>(line: &'v Value, key: &str) -> &'v str {
    line.get(key).and_then(Value::as_str).unwrap_or("")
}

fn number(line: &Value, key: &str) -> f64 {
    line.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// A table of the page.
struct Table {
    title: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// A column's head, the key of its figures, and their digits.
type Column = (&'static str, &'static str, usize);

fn tables(results: &Results) -> Vec<Table> {
    let mut tables = latency_tables(results);
    let simple: [(&str, &str, &[Column]); 7] = [
        (
            "throughput",
            "From the first call to the complete file",
            &[
                ("form", "form", 0),
                ("processes", "processes", 0),
                ("threads", "threads", 0),
                ("of the ceiling", "ratio", 2),
                ("of it, by processor time", "cpu_ratio", 2),
                ("M records/s", "million_records_a_second", 2),
                ("slowest", "slowest", 2),
                ("fastest", "fastest", 2),
                ("ceiling", "ceiling", 2),
                ("drain, ns/record", "drain_cpu_ns", 0),
                ("drain, MiB", "drain_peak_mib", 0),
                ("lost", "lost", 0),
            ],
        ),
        (
            "throughput-peer",
            "The same by others, into text",
            &[
                ("contender", "contender", 0),
                ("M records/s", "million_records_a_second", 2),
                ("memory, MiB", "peak_mib", 0),
                ("lost", "lost", 0),
            ],
        ),
        (
            "scale",
            "As producers grow in number",
            &[
                ("processes", "processes", 0),
                ("idle threads each", "idle_threads", 0),
                ("a call, of the first run's", "producer_ratio", 2),
                ("a call, ns of processor time", "producer_cpu_ns", 1),
                ("a record in the drain, ns", "drain_cpu_ns", 0),
                ("drain, MiB", "drain_peak_mib", 0),
            ],
        ),
        (
            "attach",
            "A new process",
            &[
                ("ring", "ring", 0),
                ("attach p50, ns", "attach_p50_ns", 0),
                ("p99", "attach_p99_ns", 0),
                ("first record p50, ns", "first_p50_ns", 0),
                ("p99", "first_p99_ns", 0),
            ],
        ),
        (
            "idle",
            "An idle drain",
            &[
                ("processes attached", "processes", 0),
                ("% of a core", "core_percent", 2),
                ("a lone record in the file, p50 ns", "delay_p50_ns", 0),
                ("p99", "delay_p99_ns", 0),
            ],
        ),
        (
            "size",
            "Bytes of a record",
            &[
                ("case", "case", 0),
                ("slot", "slot_bytes", 0),
                ("JSON", "json_bytes", 0),
                ("logfmt", "logfmt_bytes", 0),
            ],
        ),
        ("processors", "Processors", &[("processor", "processor", 0), ("ns", "ns", 1)]),
    ];
    for (bench, title, columns) in simple {
        let rows: Vec<Vec<String>> = results
            .of(bench)
            .map(|line| columns.iter().map(|(_, key, digits)| cell(line, key, *digits)).collect())
            .collect();
        if !rows.is_empty() {
            let head = columns.iter().map(|(name, ..)| *name).collect();
            tables.push(Table { title: title.to_owned(), head, rows });
        }
    }
    tables
}

fn cell(line: &Value, key: &str, digits: usize) -> String {
    match line.get(key) {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Number(number)) => {
            number.as_f64().map_or_else(String::new, |number| format!("{number:.digits$}"))
        }
        _ => String::new(),
    }
}

/// Lines of `latency` by case and regime, ours first.
fn latencies(results: &Results) -> BTreeMap<(String, String), Vec<&Value>> {
    let mut groups: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
    for line in results.of("latency") {
        let key = (word(line, "case").to_owned(), word(line, "cores").to_owned());
        groups.entry(key).or_default().push(line);
    }
    for lines in groups.values_mut() {
        lines.sort_by_key(|line| {
            (word(line, "contender") != "logring", number(line, "call_mean_ns") as u64)
        });
    }
    groups
}

fn latency_tables(results: &Results) -> Vec<Table> {
    let head = vec![
        "contender",
        "p50, of ours",
        "p99.9, of ours",
        "of the floor, mean",
        "p99",
        "mean ns",
        "p50, net",
        "p99",
        "p99.9",
        "bursts",
    ];
    let groups = latencies(results);
    let table = |((case, cores), lines): (&(String, String), &Vec<&Value>)| {
        let ours = lines.first().filter(|line| word(line, "contender") == "logring");
        let of_ours = |line: &Value, key: &str| {
            ours.map_or_else(String::new, |ours| {
                format!("{:.1}", number(line, key) / number(ours, key))
            })
        };
        let rows = lines.iter().map(|line| {
            vec![
                word(line, "contender").to_owned(),
                of_ours(line, "net_p50_ns"),
                of_ours(line, "call_p999_ns"),
                cell(line, "ratio_mean", 2),
                cell(line, "ratio_p99", 2),
                cell(line, "call_mean_ns", 1),
                cell(line, "net_p50_ns", 1),
                cell(line, "call_p99_ns", 1),
                cell(line, "call_p999_ns", 0),
                cell(line, "call_count", 0),
            ]
        });
        Table {
            title: format!("A call, {case}, {cores}"),
            head: head.clone(),
            rows: rows.collect(),
        }
    };
    groups.iter().map(table).collect()
}

fn html(results: &Results, tables: &[Table]) -> String {
    let mut page = String::from(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>logring: benchmarks</title>\
         <style>body{font-family:sans-serif;max-width:900px;margin:2em auto;color:#222}\
         table{border-collapse:collapse;font-size:14px}td,th{padding:3px 9px;text-align:right;\
         border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}</style>\
         <h1>logring: benchmarks</h1>",
    );
    for ((case, cores), lines) in &latencies(results) {
        let _ = write!(page, "<h2>A call, {}, {}</h2>", escaped(case), escaped(cores));
        page.push_str(&curves(&lines.iter().map(|line| curve(line)).collect::<Vec<_>>()));
    }
    let rates = throughputs(results);
    if !rates.is_empty() {
        page.push_str("<h2>First call to complete file, million records a second</h2>");
        page.push_str(&bars(&rates, "M/s"));
    }
    for table in tables {
        let _ = write!(page, "<h2>{}</h2><table><tr>", escaped(&table.title));
        table.head.iter().for_each(|cell| page.push_str(&format!("<th>{}</th>", escaped(cell))));
        for row in &table.rows {
            page.push_str("</tr><tr>");
            row.iter().for_each(|cell| page.push_str(&format!("<td>{}</td>", escaped(cell))));
        }
        page.push_str("</tr></table>");
    }
    page + "</html>\n"
}

fn curve(line: &Value) -> Curve {
    let pairs = line.get("call_curve").and_then(Value::as_array).into_iter().flatten();
    let points = pairs.filter_map(|pair| Some((pair.get(0)?.as_f64()?, pair.get(1)?.as_f64()?)));
    let points = points.filter(|(share, _)| *share < 1.0).collect();
    Curve { name: word(line, "contender").to_owned(), points }
}

fn throughputs(results: &Results) -> Vec<Bar> {
    let mut rates = Vec::new();
    for line in results.of("throughput") {
        let producers = format!("{} x {}", number(line, "processes"), number(line, "threads"));
        let name = format!("logring, {}, {producers}", word(line, "form"));
        let value = number(line, "million_records_a_second");
        rates.push(Bar { name, value, is_measure: false });
    }
    for line in results.of("throughput-peer") {
        let value = number(line, "million_records_a_second");
        rates.push(Bar { name: word(line, "contender").to_owned(), value, is_measure: false });
    }
    for form in ["json", "logfmt"] {
        if let Some(line) = results.of("throughput").find(|line| word(line, "form") == form) {
            let (name, value) = (format!("ceiling, {form}"), number(line, "ceiling"));
            rates.push(Bar { name, value, is_measure: true });
        }
    }
    rates
}

fn markdown(tables: &[Table], commands: &[String]) -> Result<String, Failure> {
    let mut page = String::new();
    for table in tables {
        let _ = write!(page, "\n### {}\n\n| {} |\n|", table.title, table.head.join(" | "));
        page.push_str(&"--:|".repeat(table.head.len()));
        for row in &table.rows {
            let _ = write!(page, "\n| {} |", row.join(" | "));
        }
        page.push('\n');
    }
    let _ = write!(page, "\n### Machine and commands\n\n{}.\n\n```sh\n", machine()?);
    commands.iter().for_each(|command| page.push_str(&format!("{command}\n")));
    Ok(page + "```\n")
}

fn machine() -> Result<String, Failure> {
    let info = std::fs::read_to_string("/proc/cpuinfo")?;
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1));
    let gib =
        memory.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / f64::from(1 << 20);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let model = model.trim_start_matches([' ', '\t', ':']);
    Ok(format!("{cores} cores of {model}, {gib:.0} GiB, Linux {}", kernel.trim()))
}
