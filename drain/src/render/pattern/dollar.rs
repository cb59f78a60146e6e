//! Formats like `$asctime ${levelname}: $message`.

use super::facts::Source;
use super::{How, Piece};

/// The format's pieces, or what is wrong with it.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let here = &rest[at..];
        rest = &here[1..];
        if let Some(behind) = rest.strip_prefix('$') {
            text.push('$');
            rest = behind;
            continue;
        }
        let (name, behind) = match rest.strip_prefix('{').map(|rest| rest.split_once('}')) {
            Some(braced) => braced.unwrap_or(("", "")),
            None => rest.split_at(end_of_name(rest)),
        };
        if name.is_empty() || end_of_name(name) < name.len() {
            let here: String = here.chars().take(16).collect();
            return Err(format!(
                "unknown token at `{here}`, expected one like $message or ${{message}}"
            ));
        }
        pieces.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
        pieces.push(Piece::Field { source: Source::python(name), how: How::Str });
        rest = behind;
    }
    text.push_str(rest);
    pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
    Ok(pieces)
}

/// Where a name of Python's templates ends: letters of ASCII, digits and `_`, no digit first.
fn end_of_name(text: &str) -> usize {
    if text.starts_with(|char: char| char.is_ascii_digit()) {
        return 0;
    }
    text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len())
}
