//! `positional_args`: arguments put into the event's text by `%`, as structlog's
//! `PositionalArgumentsFormatter`.

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};
use crate::render::python::percent::Directive;

/// Takes the list (or the map) under `positional_args` away and puts its values into the text where
/// it says `%s`, `%d`, `%r`, `%x`, `%f`, `%(name)s` and the like, as Python's `%` does. Where the
/// values do not fit the text, text and field stay as they are.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(
///         r#""positional_args""#,
///         r#"{"event":"logging %s for %05.1f","positional_args":["7",2.5]}"#
///     ),
///     r#"{"event": "logging 7 for 002.5"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionalArgs {}

impl Configured for PositionalArgs {}

impl Processor for PositionalArgs {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let Some(arguments) = event.get("positional_args") else { return Flow::Keep };
        let arguments = match arguments {
            // As in Python's logging, a single map is for names.
            AnyValue::List(list) => match &list[..] {
                [map @ AnyValue::Map(pairs)] if !pairs.is_empty() => map,
                _ => arguments,
            },
            map => map,
        };
        let empty = matches!(arguments, AnyValue::List(list) if list.is_empty());
        if !empty {
            let whole = text::filled(event);
            let Some(formatted) = percent(&whole, arguments) else { return Flow::Keep };
            text::replace(event, formatted);
        }
        event.remove("positional_args");
        Flow::Keep
    }
}

/// `text % arguments`; `None` where Python raises.
fn percent(text: &str, arguments: &AnyValue<'_>) -> Option<String> {
    let mut out = String::new();
    let mut used = 0;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let mut name = None;
        if let Some(behind) = rest.strip_prefix('(') {
            let (found, behind) = behind.split_once(')')?;
            (name, rest) = (Some(found), behind);
        }
        let directive;
        (directive, rest) = Directive::parse(rest)?;
        let value = match (arguments, name) {
            (AnyValue::Map(pairs), Some(name)) => {
                &pairs.iter().rev().find(|(key, _)| key == name)?.1
            }
            // It is the one value for the first place without a name.
            (map @ AnyValue::Map(_), None) if used == 0 => {
                used = 1;
                map
            }
            (AnyValue::List(list), None) => {
                used += 1;
                list.get(used - 1)?
            }
            _ => return None,
        };
        directive.put(value, &mut out)?;
    }
    out.push_str(rest);
    let all = match arguments {
        AnyValue::List(list) => list.len() == used,
        AnyValue::Map(_) => true,
        _ => false,
    };
    all.then_some(out)
}
