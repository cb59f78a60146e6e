//! What an expression says, and whether it holds for an event.

use std::borrow::Cow;
use std::cmp::Ordering;

use logring::Level;
use logring::record::{AnyValue, Event};
use regex::Regex;

use crate::process::text;

/// A condition.
#[derive(Debug)]
pub(super) enum Expression {
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    Has(String),
    Level(Comparison, Level),
    Number(Name, Comparison, f64),
    Text(Name, Comparison, String),
    Truth(Name, bool),
    Part(Name, Part, String),
    Matches(Name, Regex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Start,
    End,
    Anywhere,
}

/// What is looked at.
#[derive(Debug, PartialEq)]
pub(super) enum Name {
    Target,
    Event,
    Pid,
    Thread,
    File,
    Line,
    Field(String),
}

impl Expression {
    pub(super) fn holds(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Or(all) => all.iter().any(|one| one.holds(event)),
            Self::And(all) => all.iter().all(|one| one.holds(event)),
            Self::Not(one) => !one.holds(event),
            Self::Has(key) => event.get(key).is_some(),
            Self::Level(comparison, level) => comparison.is(event.level.cmp(level)),
            Self::Number(name, comparison, number) => name
                .number(event)
                .and_then(|value| value.partial_cmp(number))
                .is_some_and(|ordering| comparison.is(ordering)),
            Self::Text(name, comparison, text) => {
                name.text(event).is_some_and(|value| comparison.is((*value).cmp(text.as_str())))
            }
            Self::Truth(name, truth) => match name {
                Name::Field(key) => event.get(key) == Some(&AnyValue::Bool(*truth)),
                _ => false,
            },
            Self::Part(name, part, text) => {
                name.text(event).is_some_and(|value| part.is_in(&value, text))
            }
            Self::Matches(name, regex) => {
                name.text(event).is_some_and(|value| regex.is_match(&value))
            }
        }
    }
}

impl Comparison {
    fn is(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Part {
    fn is_in(self, value: &str, text: &str) -> bool {
        match self {
            Self::Start => value.starts_with(text),
            Self::End => value.ends_with(text),
            Self::Anywhere => value.contains(text),
        }
    }
}

impl Name {
    fn number(&self, event: &Event<'_>) -> Option<f64> {
        let value = match self {
            Self::Pid => return Some(event.pid.into()),
            Self::Thread => return Some(event.tid.into()),
            Self::Line => return Some(event.line.into()),
            Self::Target | Self::Event | Self::File => return None,
            Self::Field(key) => event.get(key)?,
        };
        match value {
            AnyValue::I64(value) => Some(*value as f64),
            AnyValue::U64(value) => Some(*value as f64),
            AnyValue::I128(value) => Some(*value as f64),
            AnyValue::U128(value) => Some(*value as f64),
            AnyValue::F64(value) => Some(*value),
            AnyValue::Duration(nanoseconds) => Some(*nanoseconds as f64 / 1e9),
            _ => None,
        }
    }

    fn text<'e>(&self, event: &'e Event<'_>) -> Option<Cow<'e, str>> {
        match self {
            Self::Target => Some(Cow::Borrowed(&event.target)),
            Self::File => Some(Cow::Borrowed(&event.file)),
            Self::Event => Some(Cow::Owned(text::filled(event))),
            Self::Pid | Self::Thread | Self::Line => None,
            Self::Field(key) => match event.get(key)? {
                AnyValue::Str(text) | AnyValue::Text(text) => Some(Cow::Borrowed(text)),
                AnyValue::Error(chain) => chain.messages.first().map(|text| Cow::Borrowed(&**text)),
                _ => None,
            },
        }
    }
}
