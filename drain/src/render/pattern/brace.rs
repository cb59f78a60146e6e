//! Formats like `{asctime} {levelname:<8} {message}`, and how Python's `str.format` takes any format
//! in braces apart, which loguru's style shares.

use super::facts::Source;
use super::{How, Piece};
use crate::render::python::format::Spec;

/// A replacement field: its name, then keys; conversion; spec.
pub(super) struct Field<'f> {
    /// As it was written, for errors.
    pub(super) source: &'f str,
    pub(super) name: &'f str,
    pub(super) keys: Vec<String>,
    pub(super) attribute: Option<&'f str>,
    pub(super) conversion: Option<char>,
    pub(super) spec: &'f str,
}

/// What `str.format` finds in a format.
pub(super) enum Part<'f> {
    Text(String),
    Field(Field<'f>),
}

/// The format's pieces, or what is wrong with it.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let expected = "expected one like {message} or {levelname:<8}";
    parts(format, expected)?
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => Ok(Piece::Text(text)),
            Part::Field(field) => {
                let source = match Source::python(field.name) {
                    source if field.keys.is_empty() => source,
                    Source::Field(mut path) => {
                        path.extend(field.keys.iter().cloned());
                        Source::Field(path)
                    }
                    Source::Extra => Source::Field(field.keys.clone()),
                    _ => return Err(unknown(&field, expected)),
                };
                if field.attribute.is_some() {
                    return Err(unknown(&field, expected));
                }
                Ok(Piece::Field { source, how: how(&field)? })
            }
        })
        .collect()
}

/// How a field says that its value be printed.
pub(super) fn how(field: &Field<'_>) -> Result<How, String> {
    let spec = Spec::parse(field.spec).ok_or_else(|| {
        format!("`{}` is no format in `{}`, expected one like <8 or .3f", field.spec, field.source)
    })?;
    Ok(How::Format { conversion: field.conversion, spec })
}

/// The fault of a field that there is not.
pub(super) fn unknown(field: &Field<'_>, expected: &str) -> String {
    format!("unknown token `{}`, {expected}", field.source)
}

/// Takes a format apart.
pub(super) fn parts<'f>(format: &'f str, expected: &str) -> Result<Vec<Part<'f>>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let here = &rest[at..];
        if here.starts_with("{{") || here.starts_with("}}") {
            text.push_str(&here[..1]);
            rest = &here[2..];
            continue;
        }
        let wrong = || {
            let here: String = here.chars().take(16).collect();
            format!("unknown token at `{here}`, {expected}")
        };
        let field = here.strip_prefix('{').ok_or_else(wrong)?;
        let end = end_of_field(field).ok_or_else(wrong)?;
        let parsed = read(&here[..end + 2], &field[..end]).ok_or_else(wrong)?;
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Field(parsed));
        rest = &field[end + 1..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// Where the closing brace stands; a brace in a key is none.
fn end_of_field(field: &str) -> Option<usize> {
    let mut in_key = false;
    let mut in_spec = false;
    for (at, char) in field.char_indices() {
        match char {
            '[' if !in_spec => in_key = true,
            ']' if !in_spec => in_key = false,
            _ if in_key => {}
            ':' => in_spec = true,
            '}' => return Some(at),
            '{' => return None,
            _ => {}
        }
    }
    None
}

fn read<'f>(source: &'f str, field: &'f str) -> Option<Field<'f>> {
    let name_end = field.find(['[', '.', '!', ':']).unwrap_or(field.len());
    let (name, mut rest) = field.split_at(name_end);
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    if !is_name(name) || name.starts_with(|char: char| char.is_ascii_digit()) {
        return None;
    }
    let (mut keys, mut attribute) = (Vec::new(), None);
    loop {
        if let Some(behind) = rest.strip_prefix('[') {
            let (key, behind) = behind.split_once(']')?;
            if key.is_empty() || attribute.is_some() {
                return None;
            }
            keys.push(key.to_owned());
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('.') {
            let (found, behind) =
                behind.split_at(behind.find(['[', '.', '!', ':']).unwrap_or(behind.len()));
            if !is_name(found) || attribute.is_some() || !keys.is_empty() {
                return None;
            }
            (attribute, rest) = (Some(found), behind);
        } else {
            break;
        }
    }
    let mut conversion = None;
    if let Some(behind) = rest.strip_prefix('!') {
        conversion = behind.chars().next().filter(|char| matches!(char, 'r' | 's' | 'a'));
        conversion?;
        rest = &behind[1..];
    }
    let spec = match rest.strip_prefix(':') {
        Some(spec) => spec,
        None if rest.is_empty() => "",
        None => return None,
    };
    Some(Field { source, name, keys, attribute, conversion, spec })
}
