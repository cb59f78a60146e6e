//! Formats like `<green>{time:HH:mm:ss}</green> | {level: <8} | {message} {extra[user]}`.

use super::brace::{Field, Part, how, parts, unknown};
use super::facts::Source;
use super::markup::Markup;
use super::times::Tokens;
use super::{How, Piece};

const EXPECTED: &str = "expected one of {time} {level} {message} {name} {function} {file} {line} \
                        {module} {process} {thread} {extra} {extra[…]}";

/// The format's pieces, or what is wrong with it.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let mut markup = Markup::default();
    let mut pieces = Vec::new();
    for part in parts(format, EXPECTED)? {
        match part {
            Part::Text(text) => markup.read(&text, &mut pieces)?,
            Part::Field(field) => pieces.push(piece(&field)?),
        }
    }
    markup.end()?;
    Ok(pieces)
}

fn piece(field: &Field<'_>) -> Result<Piece, String> {
    let source = match (field.name, field.attribute) {
        ("time", None) if field.conversion.is_none() && field.keys.is_empty() => {
            let how = How::Time(Tokens::parse(field.spec)?);
            return Ok(Piece::Field { source: Source::Time, how });
        }
        ("level", None | Some("name")) => Source::Level,
        ("level", Some("no")) => Source::LevelNumber,
        ("level", Some("icon")) => Source::LevelIcon,
        ("message", None) => Source::Message,
        ("name", None) => Source::Target,
        ("function", None) => Source::Told("func_name"),
        ("file", None | Some("name")) => Source::FileName,
        ("file", Some("path")) => Source::Path,
        ("line", None) => Source::Line,
        ("module", None) => Source::Module,
        ("process", None | Some("id")) => Source::Process,
        ("process", Some("name")) => Source::Told("process_name"),
        ("thread", None | Some("id")) => Source::Thread,
        ("thread", Some("name")) => Source::Told("thread_name"),
        ("extra", None) if field.keys.is_empty() => Source::Extra,
        ("extra", None) => Source::Field(field.keys.clone()),
        _ => return Err(unknown(field, EXPECTED)),
    };
    let takes_keys = field.name == "extra";
    let is_object = matches!(field.name, "level" | "file" | "process" | "thread");
    let converted = is_object && field.attribute.is_none() && field.conversion.is_some();
    if (!takes_keys && !field.keys.is_empty()) || converted {
        return Err(unknown(field, EXPECTED));
    }
    Ok(Piece::Field { source, how: how(field)? })
}
