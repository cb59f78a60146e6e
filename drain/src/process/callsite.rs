//! `callsite`: where an event was logged, as structlog's `CallsiteParameterAdder`.

use std::borrow::Cow;
use std::path::Path;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};

/// Adds facts of the call under structlog's names, in the order of `parameters`; all of them by
/// default. What is unknown of an event is left out.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#"{ name = "callsite", parameters = ["filename", "lineno", "process"] }"#,
///         r#"{"event":"x","file":"src/db.rs","line":12,"pid":4711}"#
///     ),
///     r#"{"event": "x", "filename": "db.rs", "lineno": 12, "process": 4711}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callsite {
    #[serde(default = "all")]
    parameters: Vec<Parameter>,
}

/// What a record carries of structlog's `CallsiteParameter`; functions, and the names of threads
/// and processes, it does not.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Parameter {
    Pathname,
    Filename,
    Module,
    QualModule,
    Lineno,
    Thread,
    Process,
}

fn all() -> Vec<Parameter> {
    use Parameter::{Filename, Lineno, Module, Pathname, Process, QualModule, Thread};
    vec![Pathname, Filename, Module, QualModule, Lineno, Thread, Process]
}

impl Configured for Callsite {
    const SHAPES: bool = true;
}

impl Processor for Callsite {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        for parameter in &self.parameters {
            let (key, value) = parameter.of(event);
            if let Some(value) = value {
                event.set(key, value);
            }
        }
        Flow::Keep
    }
}

impl Parameter {
    fn of(self, event: &Event<'_>) -> (&'static str, Option<AnyValue<'static>>) {
        let text =
            |text: &str| (!text.is_empty()).then(|| AnyValue::Str(Cow::Owned(text.to_owned())));
        let number = |number: u32| (number != 0).then(|| AnyValue::U64(number.into()));
        let path = Path::new(&*event.file);
        let part = |part: Option<&std::ffi::OsStr>| part.and_then(|part| text(part.to_str()?));
        match self {
            Self::Pathname => ("pathname", text(&event.file)),
            Self::Filename => ("filename", part(path.file_name())),
            Self::Module => ("module", part(path.file_stem())),
            Self::QualModule => ("qual_module", text(&event.target)),
            Self::Lineno => ("lineno", number(event.line)),
            Self::Thread => ("thread", number(event.tid)),
            Self::Process => ("process", number(event.pid)),
        }
    }
}
