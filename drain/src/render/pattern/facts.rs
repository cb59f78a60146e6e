//! What the tokens of a format stand for, under the names of Python's `LogRecord` and of loguru's
//! record. Facts that records do not carry come from fields of structlog's names, where producers log
//! such: `func_name`, `thread_name`, `process_name`, `task_name`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use logring::record::{AnyValue, Event};

use super::levels;
use crate::render::python;
use crate::render::python::strftime::Strftime;
use crate::render::structlog::Pair;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Message,
    /// All fields that have no place of their own.
    Extra,
    /// A field, and keys or indexes into it.
    Field(Vec<String>),
    Time,
    AscTime,
    Created,
    Milliseconds,
    Level,
    LevelNumber,
    LevelIcon,
    Target,
    Path,
    FileName,
    Module,
    Line,
    Thread,
    Process,
    /// Of a field that producers may log.
    Told(&'static str),
}

impl Source {
    /// An attribute of Python's `LogRecord`; all else is a field of the event.
    pub(super) fn python(name: &str) -> Self {
        match name {
            "name" => Self::Target,
            "levelno" => Self::LevelNumber,
            "levelname" => Self::Level,
            "pathname" => Self::Path,
            "filename" => Self::FileName,
            "module" => Self::Module,
            "lineno" => Self::Line,
            "funcName" => Self::Told("func_name"),
            "created" => Self::Created,
            "asctime" => Self::AscTime,
            "msecs" => Self::Milliseconds,
            "thread" => Self::Thread,
            "threadName" => Self::Told("thread_name"),
            "process" => Self::Process,
            "processName" => Self::Told("process_name"),
            "taskName" => Self::Told("task_name"),
            "message" => Self::Message,
            "extra" => Self::Extra,
            name => Self::Field(vec![name.to_owned()]),
        }
    }
}

/// What stands where nothing is known.
const UNKNOWN: &str = "-";

/// An event, taken apart for a format.
pub(super) struct Facts<'e, 'a> {
    event: &'e Event<'a>,
    text: &'e AnyValue<'a>,
    extra: Vec<Pair<'e, 'a>>,
    /// What stands beneath the line.
    beneath: Vec<String>,
    zone: &'e TimeZone,
    date: Option<&'e Strftime>,
    defaults: &'e BTreeMap<String, AnyValue<'static>>,
}

impl<'e, 'a> Facts<'e, 'a> {
    pub(super) fn new(
        event: &'e Event<'a>,
        text: &'e AnyValue<'a>,
        mut extra: Vec<Pair<'e, 'a>>,
        zone: &'e TimeZone,
        date: Option<&'e Strftime>,
        defaults: &'e BTreeMap<String, AnyValue<'static>>,
    ) -> Self {
        // The text is the message, wherever processors moved it.
        extra.retain(
            |(_, value)| !matches!(value, Cow::Borrowed(value) if std::ptr::eq(*value, text)),
        );
        let mut take = |key: &str| {
            let at = extra.iter().position(|(other, _)| *other == key)?;
            Some(extra.remove(at).1).filter(|value| **value != AnyValue::Null)
        };
        let (stack, exception, exc_info) = (take("stack"), take("exception"), take("exc_info"));
        let error = match exc_info.as_deref() {
            Some(AnyValue::Error(chain)) => Some(python::traceback(chain)),
            _ => exception.map(|exception| python::str(&exception)),
        };
        let stack = stack.map(|stack| python::str(&stack));
        let beneath = error.into_iter().chain(stack).filter(|text| !text.is_empty()).collect();
        Self { event, text, extra, beneath, zone, date, defaults }
    }

    /// Whether there are fields.
    pub(super) fn has_extra(&self) -> bool {
        !self.extra.is_empty()
    }

    /// Texts that stand beneath the line.
    pub(super) fn beneath(&self) -> &[String] {
        &self.beneath
    }

    /// When it was logged.
    pub(super) fn time(&self) -> Zoned {
        Timestamp::from_nanosecond(self.event.timestamp_ns.into())
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }

    /// The value of a token.
    pub(super) fn value(&self, source: &Source) -> Cow<'_, AnyValue<'a>> {
        let event = self.event;
        let text = |text: &str| Cow::Owned(AnyValue::Str(Cow::Owned(text.to_owned())));
        let number = |number: u32| Cow::Owned(AnyValue::U64(number.into()));
        let part = |part: Option<&std::ffi::OsStr>| {
            text(part.and_then(|part| part.to_str()).unwrap_or(""))
        };
        let path = Path::new(&*event.file);
        match source {
            Source::Message => Cow::Borrowed(self.text),
            Source::Extra => Cow::Owned(self.all()),
            Source::Field(path) => self.field(path).unwrap_or_else(|| text(UNKNOWN)),
            Source::Told(key) => self.get(key).unwrap_or_else(|| text(UNKNOWN)),
            Source::Time => Cow::Owned(AnyValue::Timestamp(event.timestamp_ns)),
            Source::AscTime => text(&self.asctime()),
            Source::Created => Cow::Owned(AnyValue::F64(event.timestamp_ns as f64 / 1e9)),
            Source::Milliseconds => Cow::Owned(AnyValue::F64(self.milliseconds() as f64)),
            Source::Level => text(&event.level.to_string().to_uppercase()),
            Source::LevelNumber => number(event.level.number().into()),
            Source::LevelIcon => text(levels::look(event.level).icon),
            Source::Target => text(&event.target),
            Source::Path => text(&event.file),
            Source::FileName => part(path.file_name()),
            Source::Module => part(path.file_stem()),
            Source::Line => number(event.line),
            Source::Thread => number(event.tid),
            Source::Process => number(event.pid),
        }
    }

    fn milliseconds(&self) -> i64 {
        self.event.timestamp_ns.rem_euclid(1_000_000_000) / 1_000_000
    }

    /// As Python's `Formatter`: by `datefmt`, or to the millisecond.
    fn asctime(&self) -> String {
        let time = self.time();
        match self.date {
            Some(date) => date.text(&time),
            None => format!("{},{:03}", time.strftime("%Y-%m-%d %H:%M:%S"), self.milliseconds()),
        }
    }

    fn all(&self) -> AnyValue<'a> {
        let pairs = self.extra.iter();
        AnyValue::Map(
            pairs.map(|(key, value)| (Cow::Owned((*key).to_owned()), (**value).clone())).collect(),
        )
    }

    fn get(&self, key: &str) -> Option<Cow<'_, AnyValue<'a>>> {
        let found = self.extra.iter().find(|(other, _)| *other == key);
        let found = found.map(|(_, value)| Cow::Borrowed(&**value));
        found.or_else(|| self.defaults.get(key).map(|value| Cow::Owned(value.clone())))
    }

    fn field(&self, path: &[String]) -> Option<Cow<'_, AnyValue<'a>>> {
        let (first, rest) = path.split_first()?;
        let value = self.get(first)?;
        if rest.is_empty() {
            return Some(value);
        }
        rest.iter().try_fold(value.into_owned(), |value, key| step(value, key)).map(Cow::Owned)
    }
}

/// What stands in a map under a key, or in a list at an index.
fn step<'a>(value: AnyValue<'a>, key: &str) -> Option<AnyValue<'a>> {
    match value {
        AnyValue::Map(pairs) => {
            pairs.into_iter().rev().find(|(other, _)| other == key).map(|(_, value)| value)
        }
        AnyValue::List(items) => items.into_iter().nth(key.parse().ok()?),
        _ => None,
    }
}

/// A value of TOML.
pub(super) fn any(value: toml::Value) -> AnyValue<'static> {
    match value {
        toml::Value::Integer(number) => AnyValue::I64(number),
        toml::Value::Float(number) => AnyValue::F64(number),
        toml::Value::Boolean(truth) => AnyValue::Bool(truth),
        toml::Value::String(text) => AnyValue::Str(Cow::Owned(text)),
        other => AnyValue::Str(Cow::Owned(other.to_string())),
    }
}
