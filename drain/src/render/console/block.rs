//! What stands beneath a line: what led to an error and where, and tracebacks that came as text.
//! Each line of it is indented, so that nothing in it can pass for a line of its own.

use logring::record::{AnyValue, ErrorChain, Event, Field};

use super::style::Styles;
use super::text::{long_bare, long_word};
use super::value::has_more;
use crate::render::keys::Keys;

/// Before each line of a block.
const INDENT: &[u8] = b"    ";
/// Before each line of a text behind its first.
const DEEPER: &[u8] = b"      ";

/// Whether a field stands beneath the line and not on it.
pub(super) fn is_beneath(field: &Field<'_>) -> bool {
    matches!(&*field.key, "exception" | "stack")
        && matches!(&field.value, AnyValue::Str(text) | AnyValue::Text(text) if !text.is_empty())
}

/// Appends what belongs beneath the event's line.
#[cold]
pub(super) fn write(event: &Event<'_>, styles: &Styles, out: &mut Vec<u8>) {
    let keys = Keys::of(event);
    let standing: Vec<&Field<'_>> = keys
        .pairs()
        .enumerate()
        .filter(|(index, _)| !keys.is_overridden(*index))
        .map(|(_, field)| field)
        .collect();
    let errors = standing.iter().filter_map(|field| match &field.value {
        AnyValue::Error(chain) if has_more(chain) => Some((*field, chain)),
        _ => None,
    });
    let are_several = errors.clone().count() > 1;
    for (field, chain) in errors {
        let key = keys.other_name(&field.key).unwrap_or_else(|| field.key.to_string());
        error(&key, are_several, chain, styles, out);
    }
    for field in standing.into_iter().filter(|field| is_beneath(field)) {
        if let AnyValue::Str(text) | AnyValue::Text(text) = &field.value {
            lines(INDENT, text, out);
        }
    }
}

/// Appends an error's chain; its key and text where these are `needed` to tell it from others, or
/// where its text has more lines than one.
fn error(key: &str, needed: bool, chain: &ErrorChain<'_>, styles: &Styles, out: &mut Vec<u8>) {
    let (message, sources) = chain.messages.split_at(chain.messages.len().min(1));
    let message = message.first().map_or("", |message| message);
    if needed || message.contains('\n') {
        labelled(|out| long_word(key, out), message, styles, out);
    }
    for source in sources {
        labelled(|out| out.extend_from_slice(b"caused by"), source, styles, out);
    }
    for (number, frame) in chain.frames.iter().enumerate() {
        out.extend_from_slice(INDENT);
        out.extend_from_slice(styles.frame.as_bytes());
        out.extend_from_slice(format!("{number:4}: ").as_bytes());
        let mut frame = frame.lines();
        text(frame.next().unwrap_or(""), out);
        out.extend_from_slice(styles.reset.as_bytes());
        out.push(b'\n');
        for more in frame {
            out.extend_from_slice(DEEPER);
            out.extend_from_slice(DEEPER);
            text(more, out);
            out.push(b'\n');
        }
    }
}

fn labelled(label: impl FnOnce(&mut Vec<u8>), of: &str, styles: &Styles, out: &mut Vec<u8>) {
    out.extend_from_slice(INDENT);
    out.extend_from_slice(styles.label.as_bytes());
    label(out);
    out.extend_from_slice(styles.reset.as_bytes());
    out.extend_from_slice(b": ");
    let (first, rest) = of.split_once('\n').unwrap_or((of, ""));
    text(first.strip_suffix('\r').unwrap_or(first), out);
    out.push(b'\n');
    lines(DEEPER, rest, out);
}

fn lines(indent: &[u8], of: &str, out: &mut Vec<u8>) {
    for line in of.lines() {
        out.extend_from_slice(indent);
        text(line, out);
        out.push(b'\n');
    }
}

/// One line of text; tabs, by which many indent their frames, are spaces.
fn text(line: &str, out: &mut Vec<u8>) {
    for (index, piece) in line.split('\t').enumerate() {
        if index > 0 {
            out.extend_from_slice(INDENT);
        }
        long_bare(piece, out);
    }
}
