//! The event's text while processors work on it. A producer sends it with its placeholders unfilled;
//! it is filled last, by the renderer, so that what a processor redacts is redacted in the text too.
//!
//! In a sink with a renderer of its own the text has a place among the fields, at which a mark
//! stands until then: a processor can move that place, or put another value there.

use std::borrow::Cow;

use logring::record::{AnyValue, Event, Field};

use crate::render::template::{Template, Templates};

pub use crate::render::template::mark::{is_mark, mark};

/// Gives the text its place behind the fields, under `event`; a user's key of that name gets `_`
/// appended as in the default line.
pub fn place(event: &mut Event<'_>) {
    if event.get("event").is_some() {
        let mut name = "event_".to_owned();
        while event.get(&name).is_some() {
            name.push('_');
        }
        for field in event.context.iter_mut().chain(&mut event.fields) {
            if field.key == "event" {
                field.key = Cow::Owned(name.clone());
            }
        }
    }
    event.fields.push(Field { key: Cow::Borrowed("event"), value: mark() });
}

/// The text, filled.
#[must_use]
pub fn filled(event: &Event<'_>) -> String {
    let mut text = String::new();
    Templates::new().event(event, |piece| text.push_str(piece));
    text
}

/// A text that is filled already, as one without placeholders.
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Puts `text`, in which braces are no placeholders, in the place of the event's.
pub fn replace(event: &mut Event<'_>, text: String) {
    event.event = Cow::Owned(text);
    event.literal = true;
}

/// A copy that borrows nothing; the place of the event's text stays one.
#[must_use]
pub fn kept(event: &Event<'_>) -> Event<'static> {
    let mut copy = event.to_static();
    for (copy, field) in copy.fields.iter_mut().zip(&event.fields) {
        if is_mark(&field.value) {
            copy.value = mark();
        }
    }
    copy
}

/// Fills the text before fields are taken away, which its placeholders may count; those that name a
/// field which `goes` stand as they are.
pub fn pin(event: &mut Event<'_>, goes: impl Fn(&str) -> bool) {
    if event.literal || !event.event.contains(['{', '}']) {
        return;
    }
    let fields: Vec<Field<'_>> = event
        .fields
        .iter()
        .map(|field| {
            let hidden = || AnyValue::Text(Cow::Owned(format!("{{{}}}", field.key)));
            let value = if goes(&field.key) { hidden() } else { field.value.clone() };
            Field { key: field.key.clone(), value }
        })
        .collect();
    let mut text = String::new();
    let template = Template::parse(&event.event);
    Templates::new().fill_in(&template, &fields, |piece| text.push_str(piece));
    replace(event, text);
}

/// Takes a field out; a placeholder that names it is filled before.
pub(super) fn take<'a>(event: &mut Event<'a>, key: &str) -> Option<AnyValue<'a>> {
    if event.fields.iter().any(|field| field.key == key && !is_mark(&field.value)) {
        pin(event, |_| false);
    }
    event.remove(key)
}
