//! Results as a page for people: reads the lines of JSON that the benches printed, and writes an HTML
//! page with pictures, and `docs/benchmarks.md`. Ratios come first.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use logring_bench::Failure;
use logring_bench::checks::{Check, checks};
use logring_bench::contender::Case;
use logring_bench::results::{Results, cell, is_ours, number, word};
use logring_bench::setting::Setting;
use logring_bench::svg::{Bar, BarKind, Curve, bars, curves, escaped};
use serde_json::Value;

/// Writes a page of what the benches have printed
#[derive(Debug, Parser)]
struct Args {
    /// Files with the lines of JSON; other lines in them are passed over
    files: Vec<PathBuf>,
    /// The HTML page
    #[arg(long)]
    html: PathBuf,
    /// The part of a Markdown page between its `<!-- results -->` marks; pictures go to `images` beside it
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
    let mut results = Results::default();
    for file in &args.files {
        results.read(&std::fs::read_to_string(file)?)?;
    }
    if results.is_empty() {
        return Err("there is no result in these files".into());
    }
    let checks = checks(&results);
    for check in &checks {
        let verdict = if check.holds { "holds" } else { "does not hold" };
        println!("report: {}: {}, goal {}: {verdict}", check.what, check.found, check.goal);
    }
    let mut tables = vec![check_table(&checks)];
    tables.extend(self::tables(&results));
    let pictures = pictures(&results);
    std::fs::write(&args.html, html(&pictures, &tables)?)?;
    if let Some(docs) = &args.docs {
        const MARK: &str = "<!-- results -->";
        let page = std::fs::read_to_string(docs)?;
        let parts: Vec<&str> = page.split(MARK).collect();
        let [before, _, behind] = parts[..] else {
            return Err(format!("{} has not two lines {MARK}", docs.display()).into());
        };
        let folder = docs.parent().ok_or("the page has no folder")?.join("images");
        std::fs::create_dir_all(&folder)?;
        for picture in pictures.iter().filter(|picture| picture.is_in_docs) {
            std::fs::write(folder.join(format!("{}.svg", picture.name)), &picture.svg)?;
        }
        let text = markdown(&pictures, &tables, &args.commands)?;
        std::fs::write(docs, format!("{before}{MARK}\n{text}\n{MARK}{behind}"))?;
    }
    Ok(())
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
    let simple: [(&str, &str, &[Column]); 8] = [
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
                ("ours, of it", "ours_of_it", 1),
                ("M records/s", "million_records_a_second", 2),
                ("slowest", "slowest", 2),
                ("fastest", "fastest", 2),
                ("made text by another program, s", "decode_seconds", 2),
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
            "demo",
            "A thousand processes at once",
            &[
                ("processes", "processes", 0),
                ("records", "records", 0),
                ("M records/s", "run_million_a_second", 2),
                ("slowest", "slowest", 2),
                ("fastest", "fastest", 2),
                ("start, s", "start_seconds", 2),
                ("run, s", "run_seconds", 2),
                ("end, s", "end_seconds", 2),
                ("drain, s", "drain_seconds", 2),
                ("lost", "lost", 0),
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
                ("in the second behind a record", "awake_core_percent", 2),
                ("a loop that only sleeps so often", "sleeper_core_percent", 2),
                ("a lone record in the file, p50 ns", "delay_p50_ns", 0),
                ("p99", "delay_p99_ns", 0),
                ("its call", "call_p50_ns", 0),
                ("the first in seconds, p50 ns", "rare_delay_p50_ns", 0),
                ("its call", "rare_call_p50_ns", 0),
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

/// Lines of `latency` of one setting and case by neighbourhood of cores, ours first.
fn latencies<'r>(
    results: &'r Results,
    setting: &str,
    case: &str,
) -> Vec<(&'r str, Vec<&'r Value>)> {
    let of = |cores| {
        let mut lines: Vec<&Value> =
            results.calls(setting, case).filter(|line| word(line, "cores") == cores).collect();
        lines.sort_by(|one, other| {
            let key = |line| (!is_ours(line), number(line, "net_p50_ns"));
            key(one).partial_cmp(&key(other)).unwrap_or(Ordering::Equal)
        });
        (cores, lines)
    };
    results.neighbourhoods().into_iter().map(of).filter(|(_, lines)| !lines.is_empty()).collect()
}

fn check_table(checks: &[Check]) -> Table {
    let row = |check: &Check| {
        let verdict = if check.holds { "yes" } else { "**no**" };
        vec![check.what.clone(), check.goal.clone(), check.found.clone(), verdict.to_owned()]
    };
    Table {
        title: "At a glance".to_owned(),
        head: vec!["", "goal", "found", "holds"],
        rows: checks.iter().map(row).collect(),
    }
}

/// Plain calls, a table a case; then one of ours in all settings, and one of several threads.
fn latency_tables(results: &Results) -> Vec<Table> {
    let columns: [Column; 10] = [
        ("contender", "contender", 0),
        ("p50, of ours", "p50_of_ours", 1),
        ("p99.9, of ours", "p999_of_ours", 1),
        ("mean, of the floor", "ratio_mean", 2),
        ("p99", "ratio_p99", 2),
        ("net p50, ns", "net_p50_ns", 1),
        ("p99.9", "net_p999_ns", 0),
        ("mean", "call_mean_ns", 1),
        ("alone, p50", "single_p50_ns", 0),
        ("bursts", "call_count", 0),
    ];
    let head: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    let row = |line: &Value| -> Vec<String> {
        columns.iter().map(|(_, key, digits)| cell(line, key, *digits)).collect()
    };
    let mut tables = Vec::new();
    for case in Case::ALL {
        for (cores, lines) in latencies(results, "plain", case.name()) {
            tables.push(Table {
                title: format!("A call, {}, {cores}", title(case)),
                head: head.clone(),
                rows: lines.into_iter().map(row).collect(),
            });
        }
    }
    for cores in results.neighbourhoods() {
        let mut rows = Vec::new();
        for setting in Setting::ALL {
            for line in results.calls(setting.name(), "numbers") {
                if word(line, "cores") == cores && (is_ours(line) || setting.threads() > 1) {
                    let mut row = row(line);
                    row[0] = format!("{}, {}", setting.name(), row[0]);
                    row.push(cell(line, "drain_core_percent", 0));
                    rows.push(row);
                }
            }
        }
        let title =
            format!("Two integers and a double, by who else logs and what the drain does, {cores}");
        let head = head.iter().copied().chain(["drain, % of a core"]).collect();
        tables.push(Table { title, head, rows });
    }
    tables
}

fn title(case: Case) -> &'static str {
    match case {
        Case::Literal => "a literal",
        Case::Numbers => "two integers and a double",
        Case::Text => "a text of 35 bytes",
        Case::Context => "two integers and a double, three fields bound before",
        Case::Four => "two integers, a double and the text",
        Case::Disabled => "below the level",
    }
}

/// A picture of the page.
struct Picture {
    name: String,
    title: String,
    svg: String,
    is_in_docs: bool,
}

fn pictures(results: &Results) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for case in Case::ALL.into_iter().filter(|case| case.writes()) {
        for (cores, lines) in latencies(results, "plain", case.name()) {
            let drawn: Vec<Curve> = lines.iter().map(|line| curve(line)).collect();
            pictures.push(Picture {
                name: format!("latency-{}-{}", case.name(), cores.replace(' ', "-")),
                title: format!("A call: {}; {cores}", title(case)),
                svg: curves(&drawn, "nanoseconds a call, in bursts of 20, by share of the bursts"),
                is_in_docs: case == Case::Numbers,
            });
        }
    }
    let rates = throughputs(results);
    if !rates.is_empty() {
        let first = pictures.iter().filter(|picture| picture.is_in_docs).count();
        pictures.insert(
            first.min(pictures.len()),
            Picture {
                name: "throughput".to_owned(),
                title: "From the first call to the complete file, million records a second"
                    .to_owned(),
                svg: bars(&rates, "M/s"),
                is_in_docs: true,
            },
        );
    }
    // The case that others are held against comes first.
    pictures.sort_by_key(|picture| !picture.is_in_docs);
    pictures
}

fn html(pictures: &[Picture], tables: &[Table]) -> Result<String, Failure> {
    let mut page = String::from(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>logring: benchmarks</title>\
         <style>body{font-family:sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}\
         table{border-collapse:collapse;font-size:13px}td,th{padding:3px 9px;text-align:right;\
         border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}\
         th{vertical-align:bottom;background:#f6f6f6}tr:hover td{background:#f0f6fb}\
         .yes{color:#00734f}.no{color:#b03a00;font-weight:bold}svg{max-width:100%;height:auto}</style>\
         <h1>logring: benchmarks</h1>",
    );
    let _ = write!(page, "<p>{}.</p>", escaped(&machine()?));
    let (first, others) = tables.split_first().ok_or("there is no table")?;
    html_table(&mut page, first);
    for picture in pictures {
        let _ = write!(page, "<h2>{}</h2>{}", escaped(&picture.title), picture.svg);
    }
    others.iter().for_each(|table| html_table(&mut page, table));
    Ok(page + "</html>\n")
}

fn html_table(page: &mut String, table: &Table) {
    let _ = write!(page, "<h2>{}</h2><table><tr>", escaped(&table.title));
    table.head.iter().for_each(|cell| page.push_str(&format!("<th>{}</th>", escaped(cell))));
    for row in &table.rows {
        page.push_str("</tr><tr>");
        for cell in row {
            let class = match cell.as_str() {
                "yes" => " class=\"yes\"",
                "**no**" => " class=\"no\"",
                _ => "",
            };
            let text = escaped(cell.trim_matches('*'));
            let _ = write!(page, "<td{class}>{text}</td>");
        }
    }
    page.push_str("</tr></table>");
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
        let producers = match (number(line, "processes"), number(line, "threads")) {
            (processes, 1.0) if processes > 1.0 => format!(", {processes} processes"),
            (1.0, threads) if threads > 1.0 => format!(", {threads} threads"),
            _ => String::new(),
        };
        let name = format!("logring, {}{producers}", word(line, "form"));
        let value = number(line, "million_records_a_second");
        rates.push(Bar { name, value, kind: BarKind::Ours });
    }
    for line in results.of("throughput-peer") {
        let value = number(line, "million_records_a_second");
        let name = format!("{}, text", word(line, "contender"));
        rates.push(Bar { name, value, kind: BarKind::Other });
    }
    // The fastest first, and measures last.
    rates.sort_by(|one, other| other.value.total_cmp(&one.value));
    for form in ["json", "logfmt"] {
        if let Some(line) = results.of("throughput").find(|line| word(line, "form") == form) {
            let (name, value) = (format!("a plain loop, {form}"), number(line, "ceiling"));
            rates.push(Bar { name, value, kind: BarKind::Measure });
        }
    }
    rates
}

fn markdown(
    pictures: &[Picture],
    tables: &[Table],
    commands: &[String],
) -> Result<String, Failure> {
    let mut page = String::new();
    for (index, table) in tables.iter().enumerate() {
        let _ = write!(page, "\n### {}\n\n| {} |\n|", table.title, table.head.join(" | "));
        page.push_str(":--|");
        page.push_str(&"--:|".repeat(table.head.len() - 1));
        for row in &table.rows {
            let _ = write!(page, "\n| {} |", row.join(" | "));
        }
        page.push('\n');
        for picture in pictures.iter().filter(|picture| picture.is_in_docs && index == 0) {
            let Picture { name, title, .. } = picture;
            let _ = write!(page, "\n{title}:\n\n![{title}](images/{name}.svg)\n");
        }
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
