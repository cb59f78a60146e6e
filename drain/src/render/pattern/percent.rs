//! Formats like `%(asctime)s %(levelname)-8s %(message)s`.

use super::facts::Source;
use super::{How, Piece};
use crate::render::python::percent::Directive;

/// The format's pieces, or what is wrong with it.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let here = &rest[at..];
        rest = &here[1..];
        if let Some(behind) = rest.strip_prefix('%') {
            text.push('%');
            rest = behind;
            continue;
        }
        let named = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let parsed = named.and_then(|(name, behind)| Some((name, Directive::parse(behind)?)));
        let Some((name, (directive, behind))) = parsed.filter(|(name, _)| !name.is_empty()) else {
            let here: String = here.chars().take(16).collect();
            return Err(format!("unknown token at `{here}`, expected one like %(message)s"));
        };
        pieces.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
        pieces.push(Piece::Field { source: Source::python(name), how: How::Percent(directive) });
        rest = behind;
    }
    text.push_str(rest);
    pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
    Ok(pieces)
}
