//! Text as it stands between the quotes of a JSON string, and what all forms of lines escape. Called
//! for every key and text of a line.
//!
//! Escaped are what JSON demands (below 0x20, `"`, `\`) and what could deceive a reader of the
//! file: DEL, C1 controls, line and paragraph separators, and characters that reorder text.

use super::line::Line;

/// Appends `text`, escaped, between two constants.
#[inline(always)]
pub(crate) fn text<const A: usize, const B: usize>(
    before: &[u8; A],
    text: &str,
    after: &[u8; B],
    line: &mut Line<'_>,
) {
    if !line.short(before, text.as_bytes(), after, suspicious) {
        line.put(before);
        let at = long_text(text, line.reborrow());
        line.resume(at);
        line.put(after);
    }
}

#[inline(never)]
fn long_text(text: &str, mut line: Line<'_>) -> usize {
    let bytes = text.as_bytes();
    // The last sixteen bytes overlap the others.
    let mut chunks = bytes.as_chunks::<16>().0.iter().chain(bytes.last_chunk());
    if bytes.len() >= 16 && !chunks.any(suspicious16) {
        line.bytes(bytes);
    } else {
        line.with_vec(|out| json_text(text, out));
    }
    line.at()
}

/// Appends `text`, escaped, without quotes; the same for a vector, for text that is rare or long.
pub fn json_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let (chunks, _) = bytes.as_chunks::<16>();
    let clean = chunks.iter().take_while(|chunk| !suspicious16(chunk)).count() * 16;
    out.extend_from_slice(&bytes[..clean]);
    escape(&bytes[clean..], &JSON, json_code, out);
}

#[inline(always)]
fn suspicious16(chunk: &[u8; 16]) -> bool {
    let both = u128::from_le_bytes(*chunk);
    suspicious([both as u64, (both >> 64) as u64])
}

/// Whether any of the bytes is outside printable ASCII or `"` or `\`, by arithmetic on eight of
/// them at once. Each term sets the high bit of a byte that it finds; it may set others' too, but
/// only those of 0x80 and above, which are found anyway, or by a borrow or carry from one found.
#[inline(always)]
pub(crate) fn suspicious(words: [u64; 2]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let [found, other] = words.map(|word| {
        // Swapping 0x20 and 0x22 puts `"` next to the control characters: all are below 0x21 then.
        let control_or_quote = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
        let delete = word.wrapping_add(ONES);
        word | delete | control_or_quote | backslash
    });
    (found | other) & (ONES << 7) != 0
}

/// What a byte means for [`escape`], by its value.
pub(super) type Classes = [u8; 256];

const CLEAN: u8 = 0;
const ESCAPE: u8 = 1;
/// The first byte of a character that may be one of [`deceives`].
const LEAD: u8 = 2;

const JSON: Classes = classes(b"\"\\");

/// Control characters, what deceives, and `also`, which are ASCII.
pub(super) const fn classes(also: &[u8]) -> Classes {
    let mut class = [CLEAN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        class[byte] = ESCAPE;
        byte += 1;
    }
    class[0x7f] = ESCAPE;
    class[0xc2] = LEAD; // U+0080 to U+00BF
    class[0xd8] = LEAD; // U+0600 to U+063F
    class[0xe2] = LEAD; // U+2000 to U+2FFF
    let mut at = 0;
    while at < also.len() {
        class[also[at] as usize] = ESCAPE;
        at += 1;
    }
    class
}

/// Whether a character is escaped in every form of lines: controls, line and paragraph separators,
/// characters that reorder text.
pub(super) const fn is_harmful(code: u32) -> bool {
    code < 0x20 || deceives(code)
}

/// Whether a character is escaped although JSON does not demand it.
const fn deceives(code: u32) -> bool {
    matches!(code, 0x7f..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
}

/// Appends `bytes`, which are UTF-8; `code` appends what stands for a character of these classes.
#[inline(always)]
pub(super) fn escape(
    bytes: &[u8],
    classes: &Classes,
    code: impl Fn(u32, &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    let mut start = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let class = classes[byte as usize];
        if class == CLEAN {
            at += 1;
            continue;
        }
        let (found, len) =
            if class == ESCAPE { (u32::from(byte), 1) } else { decode(&bytes[at..]) };
        if class == ESCAPE || deceives(found) {
            out.extend_from_slice(&bytes[start..at]);
            code(found, out);
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
        (((u32::from(bytes[0]) & 0x1f) << 6) | low(1), 2)
    } else {
        (((u32::from(bytes[0]) & 0x0f) << 12) | (low(1) << 6) | low(2), 3)
    }
}

fn json_code(code: u32, out: &mut Vec<u8>) {
    let short = match code {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x22 => b'"',
        0x5c => b'\\',
        _ => return four_digits(code, out),
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends a character below 0x10000 as `\u` and its number.
pub(super) fn four_digits(code: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[
        b'\\',
        b'u',
        digit(code >> 12),
        digit(code >> 8),
        digit(code >> 4),
        digit(code),
    ]);
}

/// The last hexadecimal digit of a number.
pub(super) fn digit(number: u32) -> u8 {
    b"0123456789abcdef"[(number & 0xf) as usize]
}

/// Whether any of the bytes is below `least`, above printable ASCII, or one of `also`; as
/// [`suspicious`], by arithmetic on eight of them at once.
#[inline(always)]
pub(super) fn any_of<const N: usize>(words: [u64; 2], least: u8, also: &[u8; N]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let [found, other] = words.map(|word| {
        let mut found = word | word.wrapping_add(ONES);
        found |= word.wrapping_sub(ONES * u64::from(least));
        for byte in also {
            found |= (word ^ (ONES * u64::from(*byte))).wrapping_sub(ONES);
        }
        found
    });
    (found | other) & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        let mut line = Line::new(&mut out, 0);
        super::text(b"", text, b"", &mut line);
        line.end();
        let mut vec = Vec::new();
        json_text(text, &mut vec);
        assert_eq!(out, vec);
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
    fn bytes_are_found_wherever_they_stand() {
        for byte in 0..=u8::MAX {
            for at in 0..16 {
                let mut bytes = *b"abcdefgh~!}|zyxw";
                bytes[at] = byte;
                let both = u128::from_le_bytes(bytes);
                let words = [both as u64, (both >> 64) as u64];
                let odd = |least| byte < least || byte > b'~' || b"=\"".contains(&byte);
                assert_eq!(any_of(words, 0x21, b"=\""), odd(0x21), "{byte:#x} at {at}");
                assert_eq!(any_of(words, 0x20, b"=\""), odd(0x20), "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn escapes_have_their_short_form_where_json_has_one() {
        assert_eq!(escaped("\u{8}\t\n\u{c}\r\"\\\0\u{1b}"), r#"\b\t\n\f\r\"\\\u0000\u001b"#);
        assert_eq!(escaped("é\u{202e}日本\u{85}x"), "é\\u202e日本\\u0085x");
    }
}
