//! Events of all kinds, from a seed.

use logring::Level;
use logring::record::{AnyValue, ErrorChain, Event, Field};
use serde_json::{Value, json};

/// Splitmix64: short, and good enough to pick by.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    /// Of a kind that both sides know by the same name: whether a code point is assigned depends on
    /// Python's version of Unicode.
    fn char(&mut self) -> char {
        let ranges: [(u32, u32); 22] = [
            (0x20, 0x7e),
            (0x61, 0x7a),
            (0x61, 0x7a),
            (0x61, 0x7a),
            (0x20, 0x20),
            (0x09, 0x0d),
            (0x00, 0x1f),
            (0x7f, 0x9f),
            (0xa0, 0xff),
            (0x22, 0x27),
            (0x5c, 0x5c),
            (0x3d, 0x3d),
            (0x100, 0x17f),
            (0x300, 0x30f),
            (0x430, 0x44f),
            (0x200b, 0x2060),
            (0x2066, 0x2069),
            (0x4e00, 0x9fa5),
            (0xe000, 0xe010),
            (0xfff9, 0xffff),
            (0x1f300, 0x1f5ff),
            (0x10_fff0, 0x10_ffff),
        ];
        let (first, last) = self.of(&ranges);
        char::from_u32(first + self.below(u64::from(last - first + 1)) as u32).unwrap_or('?')
    }

    fn text(&mut self) -> String {
        let words = [
            "",
            "order placed",
            "naïve 日本 🦀",
            "it's",
            "say \"hi\"",
            "a=b",
            "C:\\temp",
            "one\ntwo",
            "[31m",
            "plain",
            "{not} {} {{this}}",
            "100 %",
            "  padded  ",
            "None",
            "true",
            "1.0",
            "a\\\"b c",
            "tab\there",
            "\u{1b}[31mred",
            "\u{202e}gpj",
            "cr\rlf\r\n",
            "\u{2028}",
        ];
        match self.below(3) {
            0 => self.of(&words).to_owned(),
            1 => (0..self.below(12)).map(|_| self.char()).collect(),
            _ => (0..self.below(40)).map(|_| char::from(b'a' + self.below(26) as u8)).collect(),
        }
    }

    fn key(&mut self) -> String {
        let names = [
            "a",
            "b",
            "order_id",
            "user",
            "http.status",
            "timestamp",
            "level",
            "logger",
            "logger_name",
            "_event",
            "msg",
            "at",
            "stack",
            "exception",
            "pid",
            "A",
            "é",
            "late_",
        ];
        if self.chance(12) { self.text().replace("event", "e") } else { self.of(&names).to_owned() }
    }

    fn float(&mut self) -> f64 {
        let floats = [
            0.0,
            -0.0,
            1.0,
            0.1,
            1e15,
            1e16,
            1e17,
            1e21,
            1e22,
            1e-4,
            1e-5,
            5e-324,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            123_456_789.25,
            1.0 / 3.0,
            9_007_199_254_740_993.0,
            2.5e-7,
        ];
        match self.below(5) {
            0 => self.of(&floats),
            1 => f64::from_bits(self.next()),
            // Large numbers of a few binary places: two shortest texts may be equally near.
            2 => (self.next() >> self.below(16)) as f64 / 4096.0,
            3 => self.below(1_000_000) as f64 / 1000.0,
            _ => (self.below(1_000_000) as f64) * 10f64.powi(self.below(60) as i32 - 30),
        }
    }

    fn value(&mut self, depth: u64) -> AnyValue<'static> {
        match self.below(if depth < 3 { 20 } else { 16 }) {
            0 => AnyValue::Null,
            1 => AnyValue::Bool(self.chance(2)),
            2 => AnyValue::I64(self.next() as i64 >> self.below(64)),
            3 => AnyValue::U64(self.next() >> self.below(64)),
            4 => AnyValue::I128((i128::from(self.next()) << 60) - (i128::from(self.next()) << 55)),
            5 => AnyValue::U128(u128::MAX - u128::from(self.next())),
            6 | 7 => AnyValue::F64(self.float()),
            8..=10 => AnyValue::Str(self.text().into()),
            11 => AnyValue::Text(self.text().into()),
            12 => {
                let bytes = if self.chance(2) {
                    self.text().into_bytes()
                } else {
                    self.bytes::<9>().into()
                };
                AnyValue::Bytes(bytes.into())
            }
            13 => AnyValue::Timestamp(self.timestamp()),
            14 => AnyValue::Duration(self.next() as i64 >> self.below(64)),
            15 if depth > 0 || self.chance(2) => AnyValue::Uuid(self.bytes()),
            15 => self.error(1),
            16 | 17 => AnyValue::List((0..self.below(5)).map(|_| self.value(depth + 1)).collect()),
            _ => AnyValue::Map(
                (0..self.below(5)).map(|_| (self.key().into(), self.value(depth + 1))).collect(),
            ),
        }
    }

    fn error(&mut self, most: u64) -> AnyValue<'static> {
        let messages = (0..=self.below(most)).map(|_| self.text().into()).collect();
        AnyValue::Error(ErrorChain { messages, frames: Vec::new() })
    }

    /// Of the years in which both sides know the zones' rules: 1902 to 2037; every tenth on a second.
    fn timestamp(&mut self) -> i64 {
        let second = self.below(4_286_000_000) as i64 - 2_145_000_000;
        let rest = if self.chance(10) { 0 } else { self.below(1_000_000_000) as i64 };
        second * 1_000_000_000 + rest
    }

    /// An event, and whether a chain of errors is in it, which `dict_tracebacks` cuts short.
    pub(crate) fn event(&mut self) -> Event<'static> {
        let levels = [
            Level::Debug,
            Level::Info,
            Level::Info,
            Level::Warning,
            Level::Error,
            Level::Critical,
            Level::Trace,
            Level::Notice,
            Level::Success,
            Level::Fail,
            Level::Fatal,
        ];
        let field = |key: String, value| Field { key: key.into(), value };
        let fields = |random: &mut Self, most| -> Vec<Field<'static>> {
            (0..random.below(most)).map(|_| field(random.key(), random.value(0))).collect()
        };
        let mut event = Event {
            timestamp_ns: self.timestamp(),
            level: self.of(&levels),
            target: self.of(&["billing::db", "app", "a b", ""]).into(),
            file: self.of(&["src/db.rs", "/usr/lib/x.py", "main.rs", "a.b/c.d.rs"]).into(),
            line: self.below(5000) as u32 + 1,
            pid: self.below(4_000_000) as u32 + 1,
            tid: self.below(4_000_000) as u32 + 1,
            context: fields(self, 4),
            fields: fields(self, 6),
            ..Event::default()
        };
        if self.chance(8) {
            let exc_info =
                if self.chance(6) { AnyValue::Bool(self.chance(2)) } else { self.error(4) };
            event.fields.push(field("exc_info".to_owned(), exc_info));
        }
        if self.chance(8) {
            let (text, arguments) = self.positional();
            event.event = text.replace('{', "{{").replace('}', "}}").into();
            event.fields.push(field("positional_args".to_owned(), AnyValue::List(arguments)));
        } else {
            event.event = self.text().replace('{', "{{").replace('}', "}}").into();
        }
        event
    }

    /// A text of `%` and what fits it, mostly.
    fn positional(&mut self) -> (String, Vec<AnyValue<'static>>) {
        let mut text = self.text().replace('%', "%%");
        let mut arguments = Vec::new();
        for _ in 0..self.below(4) {
            let kind = self.of(&["s", "s", "r", "d", "i", "x", "X", "o", "f", "c"]);
            let flags = self.of(&["", "", "", "-", "0", "+", " ", "#", "-0"]);
            let width = self.of(&["", "", "3", "12"]);
            let precision = self.of(&["", "", ".0", ".3"]);
            text.push_str(&format!("%{flags}{width}{precision}{kind} "));
            arguments.push(match kind {
                "d" | "i" if self.chance(3) => {
                    AnyValue::F64(self.below(100_000) as f64 / 7.0 - 99.0)
                }
                "f" => AnyValue::F64(self.below(100_000_000) as f64 / 7.0 - 99.0),
                "d" | "i" | "x" | "X" | "o" => AnyValue::I64(self.next() as i64 >> self.below(64)),
                "c" => AnyValue::Str(self.char().to_string().into()),
                _ => self.value(2),
            });
        }
        if self.chance(10) {
            arguments.push(AnyValue::Null);
        }
        (text, arguments)
    }
}

/// The event for the other side.
pub(crate) fn as_json(event: &Event<'_>) -> Value {
    let fields: Vec<Value> = event
        .context
        .iter()
        .chain(&event.fields)
        .map(|field| json!([field.key, tagged(&field.value)]))
        .collect();
    json!({
        "t": event.timestamp_ns,
        "level": event.level.to_string(),
        "levelno": event.level.number(),
        "target": event.target,
        "file": event.file,
        "line": event.line,
        "pid": event.pid,
        "tid": event.tid,
        "event": event.event.replace("{{", "{").replace("}}", "}"),
        "fields": fields,
    })
}

fn tagged(value: &AnyValue<'_>) -> Value {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Bool(value) => json!(value),
        AnyValue::I64(value) => json!({ "i": value.to_string() }),
        AnyValue::U64(value) => json!({ "i": value.to_string() }),
        AnyValue::I128(value) => json!({ "i": value.to_string() }),
        AnyValue::U128(value) => json!({ "i": value.to_string() }),
        AnyValue::F64(value) => json!({ "f": hex(&value.to_be_bytes()) }),
        AnyValue::Str(text) | AnyValue::Text(text) => json!(text),
        AnyValue::Bytes(bytes) => json!({ "b": hex(bytes) }),
        AnyValue::Timestamp(nanoseconds) => json!({ "t": nanoseconds }),
        AnyValue::Duration(nanoseconds) => json!({ "d": nanoseconds }),
        AnyValue::Uuid(bytes) => json!({ "u": hex(bytes) }),
        AnyValue::List(items) => Value::Array(items.iter().map(tagged).collect()),
        AnyValue::Map(pairs) => {
            let pairs: Vec<Value> =
                pairs.iter().map(|(key, value)| json!([key, tagged(value)])).collect();
            json!({ "m": pairs })
        }
        AnyValue::Error(chain) => json!({ "e": chain.messages }),
    }
}
