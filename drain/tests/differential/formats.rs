//! Formats of lines: a list of those that people use and of the odd ones, and random ones.

use serde_json::{Value, json};

use crate::generate::Random;

/// A format and its options, for both sides.
#[derive(Debug)]
pub(crate) struct Format {
    style: &'static str,
    pub(crate) text: String,
    datefmt: Option<&'static str>,
    pub(crate) colors: bool,
    /// It names fields that not every event has.
    pub(crate) names_fields: bool,
    has_defaults: bool,
}

impl Format {
    fn new(style: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        let (datefmt, colors, names_fields, has_defaults) = (None, false, false, false);
        Self { style, text, datefmt, colors, names_fields, has_defaults }
    }

    /// For the configuration.
    pub(crate) fn table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("name".into(), "pattern".into());
        table.insert("style".into(), self.style.into());
        table.insert("format".into(), self.text.clone().into());
        if let Some(datefmt) = self.datefmt {
            table.insert("datefmt".into(), datefmt.into());
        }
        if self.colors {
            table.insert("colors".into(), true.into());
            table.insert("force_colors".into(), true.into());
        }
        if self.has_defaults {
            let defaults = [("a", 7.into()), ("user", "nobody".into())];
            let defaults = defaults.map(|(key, value): (_, toml::Value)| (key.to_owned(), value));
            table.insert("defaults".into(), toml::Table::from_iter(defaults).into());
        }
        table
    }

    /// For the other side.
    pub(crate) fn as_json(&self) -> Value {
        let defaults =
            if self.has_defaults { json!({ "a": 7, "user": "nobody" }) } else { json!(null) };
        json!({
            "style": self.style,
            "format": self.text,
            "datefmt": self.datefmt,
            "colors": self.colors,
            "defaults": defaults,
        })
    }

    /// The line without the beginnings of control sequences, where the format makes any.
    pub(crate) fn uncoloured(&self, line: &str) -> String {
        if self.colors { line.replace("\x1b[", "") } else { line.to_owned() }
    }
}

const DATE: &str = "%a %d %b %Y %I:%M:%S %p %z %j %U %%";

/// The list, and `made` more of each style.
pub(crate) fn all(random: &mut Random, made: usize) -> Vec<Format> {
    let mut all = list();
    for _ in 0..made {
        all.push(percent(random));
        all.push(brace(random));
        all.push(dollar(random));
        all.push(loguru(random));
    }
    all
}

fn list() -> Vec<Format> {
    let percent = |text: &str| Format::new("%", text);
    let brace = |text: &str| Format::new("{", text);
    let dollar = |text: &str| Format::new("$", text);
    let loguru = |text: &str| Format::new("loguru", text);
    vec![
        percent("%(message)s"),
        percent("%(levelname)s:%(name)s:%(message)s"),
        percent("%(asctime)s %(levelname)-8s %(processName)s %(process)d %(name)s %(message)s"),
        percent(
            "[%(levelname)8.3s] %(filename)s:%(lineno)05d %(module)s %(pathname)s 100 %%: %(message).10s",
        ),
        percent(
            "%(created)f %(created).3e %(msecs)03d %(msecs)g %(levelno)#x %(thread)+d %(threadName)r %(funcName)a",
        ),
        percent("%(asctime)30s|%(extra)s|%(message)r|%(message)a"),
        Format { datefmt: Some(DATE), ..percent("%(asctime)s %(message)s") },
        Format { has_defaults: true, ..percent("%(a)s %(user)-10s %(message)s") },
        Format { names_fields: true, ..percent("%(a)-12s|%(é)r|%(A)12s %(message)s") },
        Format { names_fields: true, ..percent("%(a)012.3f %(message)s") },
        Format { names_fields: true, ..percent("%(a)+d %(b)x %(message)s") },
        brace("{asctime} {levelname:<8} {name}: {message}"),
        brace(
            "{{{message!r:>20}}} {levelno:#06x} {lineno:^9,} {process:_} {msecs:07.3f} {created:e}",
        ),
        brace("{filename:*^20}|{module!s:.3}|{pathname!a}|{thread:+,d}|{threadName}|{extra}"),
        brace("{levelno:12c}|{levelno:<5c}|{levelno:05c}|{levelno:x^5c}|{levelno:x=5c}"),
        Format { datefmt: Some("%H:%M"), ..brace("{asctime:>10} {message:.40}") },
        Format { has_defaults: true, ..brace("{a} {user:-<10} {message}") },
        Format { names_fields: true, ..brace("{a:>12} {b!r:<20} {message}") },
        Format { names_fields: true, ..brace("{a:010.3f} {message}") },
        Format { names_fields: true, ..brace("{a:,} {a[b]} {message}") },
        dollar("$asctime $levelname ${name}: $message"),
        dollar("$$ ${levelno}0 $lineno:$process $extra $created $msecs"),
        Format { datefmt: Some(DATE), ..dollar("${asctime}x $message") },
        Format { has_defaults: true, ..dollar("$a $user $message") },
        Format { names_fields: true, ..dollar("$a ${b} $message") },
        loguru("{time} {level} {message}"),
        loguru(
            "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {name}:{function}:{line} - {message} {extra}",
        ),
        loguru(
            "{time:dddd D MMMM YY hh:mm:ss A [HH] Q E d DDDD DDD ZZ Z zz X x SSSSSS!UTC}{message}",
        ),
        loguru(
            "{time:ddd, MMM M h:m:s SS SSSS SSSSS S H DD [!UTC] [] [nothing] o'clock} {message}",
        ),
        loguru("{time:%Y%m%d %f}|{time:!UTC}|{level.no:>4}|{level.name}|{level.icon}|{message!r}"),
        loguru(
            "{file} {file.name:>12} {file.path} {module} {process} {process.id:06} {process.name} {thread:,} {thread.id} {thread.name}",
        ),
        Format { names_fields: true, ..loguru("{extra[a]} {message}") },
        Format { names_fields: true, ..loguru("{extra[a]:>12} {extra[b]!r} {message}") },
        Format { names_fields: true, ..loguru("{extra[a][b]} {message}") },
        Format {
            colors: true,
            ..loguru(
                "<green>{time:HH:mm:ss}</green> | <level>{level: <8}</level> | <bold><red>{message}</red>!</bold> <LIGHT-BLUE>x</> <fg 208>a<bg #102030>b</bg #102030></> <fg #abc>c</><bg 1,2,3>d</> <lk>e</lk> \\<red> \\\\<b>f</b> a < b > <bg RED>g</> <fg light-green>h</><G>i</G>",
            )
        },
        loguru(
            "<green>{time:HH:mm:ss}</green> <lvl>{message}</lvl> \\<red> <level>{extra}</level>",
        ),
    ]
}

const PYTHON: [&str; 12] = [
    "name",
    "levelname",
    "message",
    "pathname",
    "filename",
    "module",
    "asctime",
    "levelno",
    "lineno",
    "created",
    "msecs",
    "process",
];

fn is_text(name: &str) -> bool {
    !matches!(name, "levelno" | "lineno" | "created" | "msecs" | "process")
}

fn between(random: &mut Random) -> &'static str {
    random.of(&[" ", "", " | ", " - ", "é", ": ", "[", "] "])
}

fn percent(random: &mut Random) -> Format {
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        let name = random.of(&PYTHON);
        let flags = random.of(&["", "", "-", "0", "+", " ", "#", "-+", "0 "]);
        let width = random.of(&["", "", "3", "12", "25"]);
        let precision = random.of(&["", "", ".0", ".3", ".12"]);
        let kinds: &[&str] = if is_text(name) {
            &["s", "r", "a"]
        } else {
            &["s", "d", "i", "x", "X", "o", "e", "E", "f", "F", "g", "G"]
        };
        let kind = match random.of(kinds) {
            // Floats are no integers of other bases.
            "x" | "X" | "o" if matches!(name, "created" | "msecs") => "d",
            kind => kind,
        };
        text.push_str(&format!("%({name}){flags}{width}{precision}{kind}{}", between(random)));
    }
    Format::new("%", text)
}

fn spec(random: &mut Random, is_text: bool, is_integer: bool) -> String {
    let align = random.of(&["", "", "<", ">", "^", "*>", "é<", "0^"]);
    let width = random.of(&["", "3", "12", "25"]);
    let precision = random.of(&["", "", ".0", ".3", ".12"]);
    if is_text {
        return format!("{align}{width}{precision}{}", random.of(&["", "s"]));
    }
    let sign = random.of(&["", "", "+", " ", "-"]);
    let align = random.of(&[align, align, "=", "x="]);
    let alternate = random.of(&["", "", "#"]);
    let zero = random.of(&["", "", "0"]);
    let grouping = random.of(&["", "", ",", "_"]);
    if is_integer && random.chance(2) {
        let kind = random.of(&["", "d", "x", "X", "o", "b", "n", "c"]);
        return match kind {
            "c" => format!("{align}{width}c"),
            "n" => format!("{align}{sign}{zero}{width}n"),
            "" | "d" => format!("{align}{sign}{alternate}{zero}{width}{grouping}{kind}"),
            _ => format!("{align}{sign}{alternate}{zero}{width}{}{kind}", random.of(&["", "_"])),
        };
    }
    let kinds: &[&str] = if is_integer {
        &["e", "E", "f", "F", "g", "G", "%"]
    } else {
        &["", "e", "E", "f", "F", "g", "G", "%"]
    };
    let kind = random.of(kinds);
    format!("{align}{sign}{alternate}{zero}{width}{grouping}{precision}{kind}")
}

fn brace(random: &mut Random) -> Format {
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        let name = random.of(&PYTHON);
        let conversion = random.of(&["", "", "", "!r", "!s", "!a"]);
        let is_text = is_text(name) || !conversion.is_empty();
        let spec = spec(random, is_text, matches!(name, "levelno" | "lineno" | "process"));
        // What logging itself takes for no spec.
        let refused = spec.contains('=') && is_text
            || spec.ends_with('F')
            || spec.ends_with('E')
            || spec.ends_with('G')
            || spec.ends_with('X');
        let spec = if spec.is_empty() || refused { String::new() } else { format!(":{spec}") };
        text.push_str(&format!("{{{name}{conversion}{spec}}}{}", between(random)));
    }
    Format::new("{", text)
}

fn dollar(random: &mut Random) -> Format {
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        let name = random.of(&PYTHON);
        text.push_str(&format!("${{{name}}}{} ${name} ", between(random)));
    }
    Format::new("$", text)
}

fn loguru(random: &mut Random) -> Format {
    let times = [
        "YYYY", "YY", "Q", "MMMM", "MMM", "MM", "M", "DDDD", "DDD", "DD", "D", "dddd", "ddd", "d",
        "E", "HH", "H", "hh", "h", "mm", "m", "ss", "s", "S", "SS", "SSS", "SSSS", "SSSSS",
        "SSSSSS", "A", "Z", "ZZ", "zz", "X", "x", "-", ":", " ", ".", "[YYYY]", "[x", "T",
    ];
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        if random.chance(3) {
            let tokens: String = (0..=random.below(6)).map(|_| random.of(&times)).collect();
            // More than six S in a row are refused.
            let tokens = tokens.replace("SSSSSSS", "S");
            let tokens = if tokens.contains("SSSSSSS") { "HH".to_owned() } else { tokens };
            text.push_str(&format!("{{time:{tokens}}}{}", between(random)));
            continue;
        }
        let name = random.of(&["level", "message", "name", "line", "file", "module", "process.id"]);
        let number = matches!(name, "line" | "process.id");
        let spec = spec(random, !number, number);
        let spec = if spec.is_empty() { spec } else { format!(":{spec}") };
        text.push_str(&format!("{{{name}{spec}}}{}", between(random)));
    }
    Format { colors: random.chance(2), ..Format::new("loguru", text) }
}
