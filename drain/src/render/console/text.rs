//! Text on the console: bare where it stands alone, quoted as a Python literal where it is a value
//! that would not read as one word. In quotes a backslash is doubled, so what is unquoted is literal.

use crate::render::escape::{self, Classes, digit, four_digits, is_harmful};
use crate::render::line::Line;

/// Appends a value's text, or a key: as it is if it reads as one word, else in quotes.
#[inline(always)]
pub(super) fn word(text: &str, line: &mut Line<'_>) {
    if !line.short(b"", text.as_bytes(), b"", |words| escape::any_of(words, b'!', b"=\"'")) {
        in_quotes(text, long_word, line);
    }
}

/// Appends text in quotes.
pub(super) fn literal(text: &str, line: &mut Line<'_>) {
    in_quotes(text, long_literal, line);
}

/// Appends text in quotes, if it is short and is its own literal; else `long` does.
#[inline(always)]
fn in_quotes(text: &str, long: fn(&str, &mut Vec<u8>), line: &mut Line<'_>) {
    if !line.short(b"'", text.as_bytes(), b"'", |words| escape::any_of(words, b' ', b"'\\")) {
        line.with_vec(|out| long(text, out));
    }
}

/// Appends a value's text, or a key.
pub(super) fn long_word(text: &str, out: &mut Vec<u8>) {
    let odd = |code: char| matches!(code, ' ' | '=' | '"' | '\'') || is_harmful(u32::from(code));
    if text.contains(odd) {
        long_literal(text, out)
    } else {
        out.extend_from_slice(text.as_bytes())
    }
}

/// Appends text in quotes: double ones only where that saves escapes.
fn long_literal(text: &str, out: &mut Vec<u8>) {
    const SINGLE: Classes = escape::classes(b"'\\");
    const DOUBLE: Classes = escape::classes(b"\"\\");
    let (quote, classes) =
        if text.contains('\'') && !text.contains('"') { (b'"', &DOUBLE) } else { (b'\'', &SINGLE) };
    out.push(quote);
    escape::escape(text.as_bytes(), classes, code, out);
    out.push(quote);
}

/// Appends text that stands alone: only what harms is escaped. Returns how many characters it has
/// then.
pub(super) fn bare(text: &str, line: &mut Line<'_>) -> usize {
    if line.short(b"", text.as_bytes(), b"", |words| escape::any_of(words, b' ', b"")) {
        return text.len();
    }
    let mut width = 0;
    line.with_vec(|out| {
        let start = out.len();
        long_bare(text, out);
        width = out[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    });
    width
}

/// The same for a vector, for text that is rare or long.
pub(super) fn long_bare(text: &str, out: &mut Vec<u8>) {
    const CLASSES: Classes = escape::classes(b"");
    escape::escape(text.as_bytes(), &CLASSES, code, out);
}

/// Appends bytes as a Python literal.
pub(super) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let has = |wanted| bytes.contains(&wanted);
    let quote = if has(b'\'') && !has(b'"') { b'"' } else { b'\'' };
    out.extend_from_slice(&[b'b', quote]);
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte if byte == quote => out.extend_from_slice(&[b'\\', quote]),
            b' '..=b'~' => out.push(byte),
            byte => code(byte.into(), out),
        }
    }
    out.push(quote);
}

/// Appends what stands for a character.
fn code(code: u32, out: &mut Vec<u8>) {
    let short = match code {
        0x09 => b't',
        0x0a => b'n',
        0x0d => b'r',
        0x22 => b'"',
        0x27 => b'\'',
        0x5c => b'\\',
        ..0x100 => return out.extend_from_slice(&[b'\\', b'x', digit(code >> 4), digit(code)]),
        _ => return four_digits(code, out),
    };
    out.extend_from_slice(&[b'\\', short]);
}
