//! All processors by name: the one place where a configuration's names meet their code. A new one is
//! a file beside this one and a line in `ALL`; `docs/add-a-processor.md` walks through it.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

use super::Processor;
use super::{
    callsite, dedup, drop_keys, filter, format_exception, host, keep_keys, level, level_number,
    logger_name, positional_args, rate_limit, redact, rename, sample, set, stack_info, timestamp,
    unicode,
};

/// What a configuration can name, in alphabetical order.
const ALL: &[(&str, Make)] = &[
    ("callsite", make::<callsite::Callsite>),
    ("dedup", make::<dedup::Dedup>),
    ("drop_keys", make::<drop_keys::DropKeys>),
    ("filter", make::<filter::Filter>),
    ("format_exception", make::<format_exception::FormatException>),
    ("host", make::<host::Host>),
    ("keep_keys", make::<keep_keys::KeepKeys>),
    ("level", make::<level::AddLevel>),
    ("level_number", make::<level_number::LevelNumber>),
    ("logger_name", make::<logger_name::LoggerName>),
    ("positional_args", make::<positional_args::PositionalArgs>),
    ("rate_limit", make::<rate_limit::RateLimit>),
    ("redact", make::<redact::Redact>),
    ("rename", make::<rename::Rename>),
    ("sample", make::<sample::Sample>),
    #[cfg(feature = "rhai")]
    ("script", make::<super::script::Script>),
    ("set", make::<set::Set>),
    ("stack_info", make::<stack_info::StackInfo>),
    ("timestamp", make::<timestamp::Timestamp>),
    ("unicode", make::<unicode::Unicode>),
];

type Make = fn(ValueDeserializer<'_>) -> Result<Made, Error>;

/// A processor whose options are its own fields, read by serde from the table that names it.
pub trait Configured: Processor + DeserializeOwned + 'static {
    /// Whether it only says what a line looks like, so that the drain's own events, which no
    /// processor may drop or change in what they say, go through it too.
    const SHAPES: bool = false;

    /// The key that it would take from the default line, which has it already: then it belongs to a
    /// sink with a renderer of its own.
    fn takes(&self) -> Option<&str> {
        None
    }
}

/// A processor as a configuration wants it.
pub struct Made {
    /// Its name in the configuration.
    pub name: String,
    /// It.
    pub processor: Box<dyn Processor>,
    /// [`Configured::SHAPES`].
    pub shapes: bool,
    /// [`Configured::takes`].
    pub takes: Option<String>,
}

/// What is wrong with a part of a configuration, and which bytes of its text that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// One sentence.
    pub message: String,
}

impl Fault {
    /// A fault at these bytes.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

/// The processor that `value` names: a text, or a table with `name` and its options.
///
/// # Errors
/// An unknown name, a wrong option: where, and what was expected.
pub fn build(value: Spanned<DeValue<'_>>) -> Result<Made, Fault> {
    let (name, options) = named(value, "processor")?;
    let known = ALL.iter().find(|(known, _)| *known == name.get_ref());
    let Some((_, make)) = known else {
        if name.get_ref() == "script" {
            let message = "`script` is not in this build, expected one with the feature `rhai`";
            return Err(Fault::new(name.span(), message));
        }
        let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        return Err(unknown(&name, "processor", &names));
    };
    let span = options.span();
    match make(ValueDeserializer::from(options)) {
        Ok(made) => Ok(Made { name: name.into_inner(), ..made }),
        Err(error) => Err(fault(&error, span, name.get_ref())),
    }
}

/// The processor that a text of TOML names: `"level"`, `{ name = "drop_keys", keys = ["a"] }`.
///
/// # Errors
/// As for [`build`], and what is no TOML.
pub fn build_text(text: &str) -> Result<Made, Fault> {
    let parsed = DeValue::parse(text);
    build(parsed.map_err(|error| fault(&error, 0..text.len(), "processor"))?)
}

/// Splits a text, or a table with `name`, into the name and a table of all else.
pub(crate) fn named<'i>(
    value: Spanned<DeValue<'i>>,
    what: &str,
) -> Result<(Spanned<String>, Spanned<DeValue<'i>>), Fault> {
    let span = value.span();
    let expected = format!("expected a {what}'s name, or a table like {{ name = \"…\" }}");
    match value.into_inner() {
        DeValue::String(name) => {
            let options = DeValue::Table(toml::de::DeTable::new());
            Ok((Spanned::new(span.clone(), name.into_owned()), Spanned::new(span, options)))
        }
        DeValue::Table(mut table) => {
            let Some(name) = table.remove("name") else {
                return Err(Fault::new(span, format!("missing `name`, {expected}")));
            };
            let at = name.span();
            let DeValue::String(name) = name.into_inner() else {
                return Err(Fault::new(at, expected));
            };
            let name = Spanned::new(at, name.into_owned());
            Ok((name, Spanned::new(span, DeValue::Table(table))))
        }
        _ => Err(Fault::new(span, expected)),
    }
}

/// The fault of a name that is none of `names`.
pub(crate) fn unknown(name: &Spanned<String>, what: &str, names: &[&str]) -> Fault {
    let message =
        format!("unknown {what} `{}`, expected one of {}", name.get_ref(), names.join(", "));
    Fault::new(name.span(), message)
}

/// What serde said, at its place or at `whole`.
pub(crate) fn fault(error: &Error, whole: Range<usize>, name: &str) -> Fault {
    let message = error.message().trim().replace('\n', ", ");
    Fault::new(error.span().unwrap_or(whole), format!("{name}: {message}"))
}

fn make<P: Configured>(options: ValueDeserializer<'_>) -> Result<Made, Error> {
    let processor = P::deserialize(options)?;
    let takes = processor.takes().map(str::to_owned);
    Ok(Made { name: String::new(), processor: Box::new(processor), shapes: P::SHAPES, takes })
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("name", &self.name).finish_non_exhaustive()
    }
}
