//! Text as it stands between the quotes of a JSON string. Called for every key and text of a line.
//!
//! Escaped are what JSON demands (below 0x20, `"`, `\`) and what could deceive a reader of the
//! file: DEL, C1 controls, line and paragraph separators, and characters that reorder text.

/// Appends `text`, escaped, without quotes.
#[inline]
pub fn json_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let clean = clean_len(bytes);
    out.extend_from_slice(&bytes[..clean]);
    if clean < bytes.len() {
        escape_rest(&bytes[clean..], out);
    }
}

/// Whether any of 16 bytes is outside printable ASCII or `"` or `\`. Branchless, so that it
/// compiles to vector instructions.
#[inline]
fn suspicious(chunk: &[u8; 16]) -> bool {
    let mut found = 0u8;
    for &byte in chunk {
        // 0x20..=0x7e is clean: moved down by 0x20, everything from 0x5f on is not.
        found |= u8::from(byte.wrapping_sub(0x20) >= 0x5f);
        found |= u8::from(byte == b'"') | u8::from(byte == b'\\');
    }
    found != 0
}

/// A length up to which `bytes` is printable ASCII that needs no escape: all of it, or the start
/// of the chunk in which something else stands.
#[inline]
fn clean_len(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (index, chunk) in chunks.iter().enumerate() {
        if suspicious(chunk) {
            return index * 16;
        }
    }
    let mut last = [b' '; 16];
    last[..rest.len()].copy_from_slice(rest);
    if suspicious(&last) { bytes.len() - rest.len() } else { bytes.len() }
}

/// What a byte means for [`escape_rest`].
const CLEAN: u8 = 0;
const ESCAPE: u8 = 1;
/// The first byte of a character that may be one of [`deceives`].
const LEAD: u8 = 2;

const CLASS: [u8; 256] = {
    let mut class = [CLEAN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        class[byte] = ESCAPE;
        byte += 1;
    }
    class[b'"' as usize] = ESCAPE;
    class[b'\\' as usize] = ESCAPE;
    class[0x7f] = ESCAPE;
    class[0xc2] = LEAD; // U+0080 to U+00BF
    class[0xd8] = LEAD; // U+0600 to U+063F
    class[0xe2] = LEAD; // U+2000 to U+2FFF
    class
};

/// Whether a character is escaped although JSON does not demand it.
const fn deceives(code: u32) -> bool {
    matches!(code, 0x7f..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
}

#[cold]
fn escape_rest(bytes: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let class = CLASS[byte as usize];
        if class == CLEAN {
            at += 1;
            continue;
        }
        let (code, len) = if class == ESCAPE { (u32::from(byte), 1) } else { decode(&bytes[at..]) };
        if class == ESCAPE || deceives(code) {
            out.extend_from_slice(&bytes[start..at]);
            escape_code(code, out);
            start = at + len;
        }
        at += len;
    }
    out.extend_from_slice(&bytes[start..]);
}

/// The character of two or three bytes at the start of `bytes`, which is valid UTF-8, and its
/// length in bytes.
fn decode(bytes: &[u8]) -> (u32, usize) {
    let low = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0)) & 0x3f;
    if bytes[0] < 0xe0 {
        ((u32::from(bytes[0]) & 0x1f) << 6 | low(1), 2)
    } else {
        ((u32::from(bytes[0]) & 0x0f) << 12 | low(1) << 6 | low(2), 3)
    }
}

fn escape_code(code: u32, out: &mut Vec<u8>) {
    let short = match code {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x22 => b'"',
        0x5c => b'\\',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digit = |shift: u32| HEX[(code >> shift & 0xf) as usize];
            out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        json_text(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_is_itself_or_escaped_at_every_offset() {
        for code in (0..0x3000).chain(0xfe00..0x1_0100) {
            let Some(character) = char::from_u32(code) else { continue };
            let harmful = code < 0x20
                || matches!(character, '"' | '\\')
                || (0x7f..=0x9f).contains(&code)
                || matches!(code, 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069);
            for offset in [0, 1, 7, 15, 16, 20] {
                let text = format!("{}{character}tail", "a".repeat(offset));
                let out = escaped(&text);
                assert_eq!(out != text, harmful, "U+{code:04X} at {offset}: {out}");
                let back: String = serde_json::from_str(&format!("\"{out}\"")).unwrap();
                assert_eq!(back, text);
            }
        }
    }

    #[test]
    fn escapes_have_their_short_form_where_json_has_one() {
        assert_eq!(escaped("\u{8}\t\n\u{c}\r\"\\\0\u{1b}"), r#"\b\t\n\f\r\"\\\u0000\u001b"#);
        assert_eq!(escaped("é\u{202e}日本\u{85}x"), "é\\u202e日本\\u0085x");
    }
}
